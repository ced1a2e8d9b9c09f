//! An address that leads nowhere.

use yew::prelude::*;
use yew_router::prelude::*;

use crate::components::empty_state::EmptyState;
use crate::components::icon::Icon;
use crate::routes::Route;

/// The page.
#[component]
pub(crate) fn NotFound() -> Html {
    html! {
        <EmptyState id="not-found" icon={Icon::Search} title="There is no such page">
            <p>{ "The address may be misspelt, or what it showed was removed. " }
                <Link<Route> to={Route::Jump}>{ "Go to the Jump interface" }</Link<Route>>{ "." }</p>
        </EmptyState>
    }
}
