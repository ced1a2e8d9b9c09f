//! What was done last with the item that is selected.

use gloo::timers::callback::Timeout;
use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, Session};
use wire::{JumpItemId, Timestamp};
use yew::prelude::*;
use yew_router::prelude::Link;

use crate::components::state_label::StateLabel;
use crate::components::time::TimeText;
use crate::console::{use_console, use_store};
use crate::pages::sessions::SessionsQuery;
use crate::routes::Route;
use crate::state::words;

/// Sessions that are shown.
const SHOWN: u32 = 5;
/// How long a row has to be selected until its sessions are asked for, in milliseconds: whoever walks through rows asks for none.
const SELECTED_MILLIS: u32 = 250;

/// Properties of [`LastSessions`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct LastSessionsProps {
    /// The item. Another one is another component: what is shown belongs to it alone.
    pub(super) item: JumpItemId,
    /// The present.
    pub(super) now: Timestamp,
}

/// The list, of one's own sessions, or for administrators of everybody's.
#[component]
pub(super) fn LastSessions(props: &LastSessionsProps) -> Html {
    let console = use_console();
    let store = use_store();
    let sessions = use_state(|| None::<Result<Vec<Session>, ApiError>>);
    let first = use_mut_ref(|| true);
    let item = props.item;
    {
        let sessions = sessions.clone();
        use_effect_with(store.sessions_changed, move |_| {
            let timeout = Timeout::new(SELECTED_MILLIS, move || {
                let api = console.api().by(first.replace(false));
                spawn_local(async move {
                    sessions.set(Some(api.last_sessions_on(item, SHOWN).await.map(|page| page.sessions)));
                });
            });
            move || drop(timeout)
        });
    }
    match &*sessions {
        None => html! { <span class="sp-pale">{ "…" }</span> },
        Some(Err(error)) => html! { <span class="sp-pale">{ &error.message }</span> },
        Some(Ok(list)) if list.is_empty() => {
            html! { <span class="sp-pale" id="details-no-sessions">{ "none yet" }</span> }
        }
        Some(Ok(list)) => html! {
            <>
                <ul class="sp-details__names" id="details-sessions">
                    { for list.iter().map(|session| html! {
                        <li key={session.id.to_string()} data-testid="last-session">
                            <Link<Route> to={Route::Session { id: session.id }}><TimeText at={session.created_at} now={props.now} /></Link<Route>>
                            { format!(" {} ", session.user_name) }
                            <StateLabel word={words::session_state(session)} />
                        </li>
                    }) }
                </ul>
                <span id="details-all-sessions">
                    <Link<Route, SessionsQuery> to={Route::Sessions} query={Some(SessionsQuery::on(item))}>{ "All sessions on this item" }</Link<Route, SessionsQuery>>
                </span>
            </>
        },
    }
}
