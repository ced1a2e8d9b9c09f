//! Filter sets of the Jump interface.

use wire::api::FilteredPage;
use yew::prelude::*;

use super::Command;
use super::rows::How;
use crate::components::saved_sets::SavedSets;
use crate::state::view::View;

/// Properties of [`SavedFilters`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct SavedFiltersProps {
    /// What is shown.
    pub(super) view: View,
    /// What is done.
    pub(super) command: Callback<Command>,
}

/// A menu of the filter sets, with what can be done with each.
#[component]
pub(super) fn SavedFilters(props: &SavedFiltersProps) -> Html {
    let view = props.view.clone();
    let is_shown = Callback::from(move |query: String| view_of(&query) == view);
    let onshow = props.command.reform(|query: String| Command::Show(view_of(&query), How::Push));
    html! { <SavedSets page={FilteredPage::Jump} path="/" now={query_of(&props.view)} {is_shown} {onshow} /> }
}

/// A view as it stands in an address after the `?`.
fn query_of(view: &View) -> String {
    yew_router::query::ToQuery::to_query(&view.to_pairs()).map(std::borrow::Cow::into_owned).unwrap_or_default()
}

/// The view of such a text.
fn view_of(query: &str) -> View {
    let pairs = <Vec<(String, String)> as yew_router::query::FromQuery>::from_query(query);
    View::from_pairs(&pairs.unwrap_or_default())
}
