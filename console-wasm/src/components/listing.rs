//! A section with a table of things that are made, changed and removed: the frame that such pages share.

use wire::api::ApiError;
use yew::prelude::*;

use super::alert::ErrorAlert;
use super::button::{Button, Kind};
use super::icon::Icon;
use super::spinner;

/// Properties of [`Listing`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct ListingProps {
    /// Its id in the page; its error is `{id}-error`.
    pub(crate) id: &'static str,
    /// Its heading.
    pub(crate) title: &'static str,
    /// What it is about.
    pub(crate) intro: AttrValue,
    /// Id of the button that makes one.
    pub(crate) create_id: &'static str,
    /// What that says.
    pub(crate) create: &'static str,
    /// Why none can be made; empty when one can.
    #[prop_or_default]
    pub(crate) obstacle: AttrValue,
    /// Makes one.
    pub(crate) oncreate: Callback<MouseEvent>,
    /// Why it could not be loaded, each.
    pub(crate) errors: Vec<ApiError>,
    /// Whether nothing came yet.
    pub(crate) loading: bool,
    /// Headings of the columns before that of the buttons.
    pub(crate) headings: &'static [&'static str],
    /// Its rows.
    pub(crate) rows: Vec<Html>,
    /// What stands there while there are none.
    pub(crate) empty: AttrValue,
    /// What is open above it.
    #[prop_or_default]
    pub(crate) children: Html,
}

/// The section.
#[component]
pub(crate) fn Listing(props: &ListingProps) -> Html {
    let id = props.id;
    let heading = format!("{id}-title");
    html! {
        <section class="sp-card" {id} aria-labelledby={heading.clone()}>
            <div class="sp-card__head">
                <h2 id={heading}>{ props.title }</h2>
                <div class="sp-card__actions">
                    <Button id={props.create_id} kind={Kind::Primary} small={true} icon={Icon::Plus} label={props.create}
                        obstacle={props.obstacle.clone()} onclick={props.oncreate.clone()} />
                </div>
            </div>
            <p class="sp-pale">{ &props.intro }</p>
            { for props.errors.iter().map(|error| html! { <ErrorAlert id={format!("{id}-error")} error={error.clone()} /> }) }
            if props.loading {
                { spinner(&format!("Loading {}", props.title.to_lowercase())) }
            } else {
                <div class="sp-table-scroll">
                <table class="pf-v6-c-table pf-m-compact" aria-label={props.title}>
                    <thead class="pf-v6-c-table__thead">
                        <tr class="pf-v6-c-table__tr">
                            { for props.headings.iter().map(|heading| html! { <th class="pf-v6-c-table__th" scope="col">{ *heading }</th> }) }
                            <td class="pf-v6-c-table__td"></td>
                        </tr>
                    </thead>
                    <tbody class="pf-v6-c-table__tbody">
                        if props.rows.is_empty() {
                            <tr class="pf-v6-c-table__tr">
                                <td class="pf-v6-c-table__td sp-pale" colspan={(props.headings.len() + 1).to_string()}>{ &props.empty }</td>
                            </tr>
                        }
                        { for props.rows.iter().cloned() }
                    </tbody>
                </table>
                </div>
            }
            { props.children.clone() }
        </section>
    }
}
