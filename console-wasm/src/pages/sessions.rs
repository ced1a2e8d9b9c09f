//! All sessions one may see, live and past.

use serde::{Deserialize, Serialize};
use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, Session, SessionState};
use wire::{JumpItemId, SessionId};
use yew::prelude::*;
use yew_router::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::empty_state::EmptyState;
use crate::components::end_session::EndSessionDialog;
use crate::components::icon::Icon;
use crate::components::spinner;
use crate::components::state_label::StateLabel;
use crate::components::time::TimeText;
use crate::console::{use_console, use_now, use_store};
use crate::routes::Route;
use crate::state::participants::company;
use crate::state::{format, words};

/// Headings, from left to right.
const HEADINGS: [&str; 11] = [
    "Item",
    "User",
    "Remote system",
    "State",
    "Started",
    "Lasted",
    "Connections",
    "Sent",
    "Received",
    "Why it ended",
    "Actions",
];

/// Whether a column holds numbers, which are read from the right.
fn is_number(heading: &str) -> bool {
    matches!(heading, "Connections" | "Sent" | "Received")
}

/// What of the view stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SessionsQuery {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    show: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    item: String,
}

impl SessionsQuery {
    /// Sessions on this item alone.
    pub(crate) fn on(item: JumpItemId) -> Self {
        Self { item: item.to_string(), ..Self::default() }
    }

    fn item(&self) -> Option<JumpItemId> {
        self.item.parse().ok()
    }

    fn live(&self) -> Option<bool> {
        match self.show.as_str() {
            "live" => Some(true),
            "past" => Some(false),
            _ => None,
        }
    }
}

/// The page.
#[component]
pub(crate) fn SessionsPage() -> Html {
    let console = use_console();
    let store = use_store();
    let navigator = use_navigator();
    let query = use_location().and_then(|location| location.query::<SessionsQuery>().ok()).unwrap_or_default();
    let sessions = use_state(|| None::<Vec<Session>>);
    let next = use_state(|| None::<SessionId>);
    let error = use_state(|| None::<ApiError>);
    let busy = use_state(|| false);
    let now = use_now(5_000);
    let shown = use_mut_ref(|| None::<(Option<JumpItemId>, Option<bool>)>);
    {
        let (console, sessions, next, error) = (console.clone(), sessions.clone(), next.clone(), error.clone());
        use_effect_with(((query.item(), query.live()), store.sessions_changed), move |(asked, _)| {
            let (item, live) = *asked;
            // The same list once more is what an event asked for, not a person.
            let person = shown.borrow_mut().replace((item, live)) != Some((item, live));
            spawn_local(async move {
                match console.api().by(person).sessions_on(item, live, None).await {
                    Ok(page) => {
                        sessions.set(Some(page.sessions));
                        next.set(page.next);
                        error.set(None);
                    }
                    Err(failed) => error.set(Some(failed)),
                }
            });
        });
    }
    let more = {
        let (sessions, next, error, busy) = (sessions.clone(), next.clone(), error.clone(), busy.clone());
        let (item, live) = (query.item(), query.live());
        Callback::from(move |_: MouseEvent| {
            busy.set(true);
            let (console, sessions, next, error, busy) =
                (console.clone(), sessions.clone(), next.clone(), error.clone(), busy.clone());
            spawn_local(async move {
                match console.api().sessions_on(item, live, *next).await {
                    Ok(page) => {
                        let mut all = (*sessions).clone().unwrap_or_default();
                        all.extend(page.sessions);
                        sessions.set(Some(all));
                        next.set(page.next);
                    }
                    Err(failed) => error.set(Some(failed)),
                }
                busy.set(false);
            });
        })
    };
    let ending = use_state(|| None::<Session>);
    let end = {
        let ending = ending.clone();
        Callback::from(move |session: Session| ending.set(Some(session)))
    };
    let ended = {
        let ending = ending.clone();
        Callback::from(move |()| ending.set(None))
    };
    let may_end = |it: &Session| it.state != SessionState::Ended && (store.is_administrator() || store.is_own(it));
    let go = |query: SessionsQuery| {
        let navigator = navigator.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(navigator) = &navigator {
                // Fails only for values that cannot stand in an address; these are text.
                let _ = navigator.replace_with_query(&Route::Sessions, &query);
            }
        })
    };
    let of_any_item = go(SessionsQuery { item: String::new(), ..query.clone() });
    let item_name = query.item().map(|id| {
        let known = store.items.list().iter().find(|it| it.id == id).map(|it| it.definition.name.clone());
        let told = || sessions.as_ref().and_then(|list| list.first()).map(|it| it.item_name.clone());
        known.or_else(told).unwrap_or_else(|| "one item".into())
    });
    let choice = |id: &'static str, show: &'static str, label: &'static str| {
        let selected = query.show == show;
        let onclick = go(SessionsQuery { show: show.into(), ..query.clone() });
        html! {
            <div class="pf-v6-c-toggle-group__item">
                <button {id} type="button" class={classes!("pf-v6-c-toggle-group__button", selected.then_some("pf-m-selected"))}
                    aria-pressed={if selected { "true" } else { "false" }} {onclick}>
                    <span class="pf-v6-c-toggle-group__text">{ label }</span>
                </button>
            </div>
        }
    };
    html! {
        <div class="sp-page" id="sessions-page">
            <div class="sp-page__head">
                <h1 class="pf-v6-c-title pf-m-xl">{ "Sessions" }</h1>
                <div class="pf-v6-c-toggle-group" role="group" aria-label="Which sessions">
                    { choice("sessions-all", "", "All") }
                    { choice("sessions-live", "live", "Live") }
                    { choice("sessions-past", "past", "Past") }
                </div>
            </div>
            if let Some(name) = item_name {
                <p id="sessions-item">
                    { format!("Only sessions on {name}. ") }
                    <Button id="sessions-any-item" kind={Kind::Link} class="pf-m-inline" label="Show those on every item" onclick={of_any_item} />
                </p>
            }
            if let Some(error) = &*error {
                <ErrorAlert id="sessions-error" error={error.clone()} />
            }
            { match &*sessions {
                None => html! { <div class="sp-waiting">{ spinner("Loading sessions") }</div> },
                Some(list) if list.is_empty() => html! {
                    <EmptyState id="no-sessions" icon={Icon::List} title={if query.live() == Some(true) { "Nothing runs now" } else { "No sessions yet" }}>
                        <p>{ "Each use of an item is recorded here, with its connections and why it ended. " }
                            <Link<Route> to={Route::Jump}>{ "Go to the Jump interface" }</Link<Route>></p>
                    </EmptyState>
                },
                Some(list) => html! {
                    <section class="sp-card" aria-label="Sessions">
                        <div class="sp-table-scroll">
                            <table class="pf-v6-c-table pf-m-compact" id="sessions" aria-label="Sessions">
                                <thead class="pf-v6-c-table__thead">
                                    <tr class="pf-v6-c-table__tr">
                                        { for HEADINGS.map(|heading| html! {
                                            <th class={classes!("pf-v6-c-table__th", is_number(heading).then_some("sp-number"))} scope="col">{ heading }</th>
                                        }) }
                                    </tr>
                                </thead>
                                <tbody class="pf-v6-c-table__tbody">
                                    { for list.iter().map(|session| row(session, now, may_end(session).then_some(&end))) }
                                </tbody>
                            </table>
                        </div>
                        if next.is_some() {
                            <Button id="more-sessions" kind={Kind::Link} label="Show older sessions" busy={*busy} onclick={more} />
                        }
                    </section>
                },
            } }
            if let Some(session) = &*ending {
                <EndSessionDialog session={session.clone()} onclose={ended} />
            }
        </div>
    }
}

fn row(session: &Session, now: wire::Timestamp, end: Option<&Callback<Session>>) -> Html {
    let id = session.id;
    let company = company(session);
    let until = session.ended_at.unwrap_or(now);
    html! {
        <tr class="pf-v6-c-table__tr" key={id.to_string()} data-testid="session-row" data-item-name={session.item_name.clone()} data-session-id={id.to_string()}>
            <th class="pf-v6-c-table__th" scope="row">
                <Link<Route> to={Route::Session { id }} classes="sp-cut">{ &session.item_name }</Link<Route>>
            </th>
            <td class="pf-v6-c-table__td">{ &session.user_name }
                if !company.is_empty() {
                    <span class="sp-pale" data-testid="company">{ format!(" {company}") }</span>
                }
            </td>
            <td class="pf-v6-c-table__td"><span class="sp-cut" title={session.hostname.clone()}>{ &session.hostname }</span><span class="sp-pale">{ format!(" via {}", session.jumpoint_name) }</span></td>
            <td class="pf-v6-c-table__td"><StateLabel word={words::session_state(session)} /></td>
            <td class="pf-v6-c-table__td"><TimeText at={session.created_at} {now} /></td>
            <td class="pf-v6-c-table__td">{ format::duration(until.millis_since(session.created_at)) }</td>
            <td class="pf-v6-c-table__td sp-number">{ session.connections_total }</td>
            <td class="pf-v6-c-table__td sp-number">{ format::bytes(session.bytes_sent) }</td>
            <td class="pf-v6-c-table__td sp-number">{ format::bytes(session.bytes_received) }</td>
            <td class="pf-v6-c-table__td sp-reason">{ session.end_message.clone().unwrap_or_default() }</td>
            <td class="pf-v6-c-table__td">
                if let Some(end) = end {
                    { end_button(session, end) }
                }
            </td>
        </tr>
    }
}

/// Asks whether to end a session.
pub(crate) fn end_button(session: &Session, end: &Callback<Session>) -> Html {
    let whose = session.clone();
    let title = format!("End the session of {} on {}", session.user_name, session.item_name);
    html! {
        <Button class="sp-end-session" kind={Kind::DangerSecondary} small={true} icon={Icon::Stop} label="End…" {title}
            onclick={end.reform(move |_: MouseEvent| whose.clone())} />
    }
}
