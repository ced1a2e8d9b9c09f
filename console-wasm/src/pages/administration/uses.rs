//! What depends on a user or a team, told before they are removed.

use wire::api::Principal;
use yew::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::spinner;
use crate::loaded::use_loaded;
use crate::state::uses::lines;

/// Properties of [`Uses`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct UsesProps {
    /// Its id in the page.
    pub(super) id: AttrValue,
    /// Who.
    pub(super) who: Principal,
}

/// The list.
#[component]
pub(super) fn Uses(props: &UsesProps) -> Html {
    let who = props.who;
    let uses = use_loaded(who, move |api| async move { api.uses(who).await });
    let id = props.id.clone();
    if let Some(error) = &*uses.error {
        return html! { <ErrorAlert {id} error={error.clone()} /> };
    }
    match uses.value.as_ref().map(|uses| lines(who, uses)) {
        None => spinner("Looking what depends on it"),
        Some(lines) if lines.is_empty() => {
            html! { <p {id}>{ "No policy, jump group, team or sign-on provider names it." }</p> }
        }
        Some(lines) => html! {
            <ul {id} class="sp-uses">
                { for lines.into_iter().map(|line| html! {
                    <li>
                        if line.first {
                            <strong>{ line.words }</strong>
                        } else {
                            { line.words }
                        }
                    </li>
                }) }
            </ul>
        },
    }
}
