//! What the session is, where it stands, and the button that ends it.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use wire::api::{Session, SessionState, ShownAtStart};
use yew::prelude::*;
use yew_router::prelude::*;

use crate::components::button::{Button, Kind};
use crate::components::end_session::{EndSessionDialog, deed, end};
use crate::components::icon::Icon;
use crate::components::state_label::StateLabel;
use crate::components::time::TimeText;
use crate::console::{Console, use_console, use_store};
use crate::routes::Route;
use crate::state::format;
use crate::state::participants::{company, others};
use crate::state::session_view::SessionView;
use crate::state::store::Action;
use crate::state::words;

/// Properties of [`Header`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct HeaderProps {
    /// The session.
    pub(super) view: Rc<SessionView>,
    /// Whether it is the user's own.
    pub(super) own: bool,
}

/// The header.
#[component]
pub(super) fn Header(props: &HeaderProps) -> Html {
    let console = use_console();
    let store = use_store();
    let session = &props.view.session;
    let asking = use_state(|| false);
    let busy = use_state(|| false);
    let error = use_state(|| None);
    let may_end = session.state != SessionState::Ended && (props.own || store.is_administrator());
    let ask = {
        let (console, asking, busy, error) = (console.clone(), asking.clone(), busy.clone(), error.clone());
        let (session, own) = (session.clone(), props.own);
        Callback::from(move |_: MouseEvent| {
            error.set(None);
            // With nothing open nothing is cut, so there is nothing to ask.
            if !own || session.connections_open > 0 || others(&session) > 0 {
                return asking.set(true);
            }
            busy.set(true);
            let (console, busy, error, session) = (console.clone(), busy.clone(), error.clone(), session.clone());
            spawn_local(async move {
                error.set(end(&console, &session, "").await.err());
                busy.set(false);
            });
        })
    };
    let close = {
        let asking = asking.clone();
        Callback::from(move |()| asking.set(false))
    };
    html! {
        <header class="sp-session__head">
            <div class="sp-session__name">
                <h1 class="pf-v6-c-title pf-m-xl" title={session.item_name.clone()}>{ &session.item_name }</h1>
                <StateLabel id="session-state" word={words::session_state(session)} live={true} />
            </div>
            <p class="sp-session__facts">{ facts(session, props.own) }</p>
            <div class="sp-session__actions">
                if may_end {
                    <Button id="end-session" kind={Kind::DangerSecondary} icon={Icon::Stop} label={deed(session, props.own)} busy={*busy && !*asking} onclick={ask} />
                } else if props.own {
                    <Again session={session.clone()} />
                }
            </div>
            if *asking {
                <EndSessionDialog session={session.clone()} onclose={close} />
            } else if let Some(error) = &*error {
                <div class="sp-session__error"><crate::components::alert::ErrorAlert id="end-error" error={error.clone()} /></div>
            }
        </header>
    }
}

fn facts(session: &Session, own: bool) -> Html {
    let node = session.node_hostname.as_ref().filter(|node| **node != session.jumpoint_name);
    html! {
        <>
            <span>{ &session.hostname }{ " via " }{ &session.jumpoint_name }
                if let Some(node) = node {
                    <span class="sp-pale">{ format!(" ({node})") }</span>
                }
            </span>
            if session.joined.is_some() || !session.participants.is_empty() {
                <span id="session-company">{ company(session) }</span>
            }
            if !own {
                <span>{ format!("{} from {}", session.user_name, session.user_address) }</span>
            }
            <span>{ "started " }<TimeText at={session.created_at} /></span>
            if let Some(ticket) = &session.ticket {
                <span id="session-ticket">{ format!("ticket {ticket}") }</span>
            }
            if let Some(at) = session.ends_at.filter(|_| session.state != SessionState::Ended) {
                <span id="ends-at" title={session.ends_because.clone()}>{ "ends " }<TimeText {at} />{ " by policy" }</span>
            }
            if let Some(minutes) = session.policy.as_ref().and_then(|it| it.idle_minutes).filter(|_| session.state != SessionState::Ended) {
                <span id="idle-end" title={session.policy.as_ref().map(|it| it.idle_source.words())}>{ format!("ends after {minutes} min idle") }</span>
            }
            if session.capture.is_some() {
                <span id="session-captures">{ if session.state == SessionState::Ended { "traffic was captured" } else { "traffic is captured" } }</span>
            }
            if let Some(at) = session.ended_at {
                <span>{ "ended " }<TimeText {at} />{ format!(", after {}", format::duration(at.millis_since(session.created_at))) }</span>
            }
        </>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct AgainProps {
    session: Session,
}

/// The item once more, after the end.
#[component]
fn Again(props: &AgainProps) -> Html {
    let console = use_console();
    let store = use_store();
    let navigator = use_navigator();
    let busy = use_state(|| false);
    let Some(item) = props.session.item_id.filter(|id| store.items.list().iter().any(|item| item.id == *id)) else {
        return Html::default();
    };
    let id = props.session.id;
    let onclick = {
        let busy = busy.clone();
        Callback::from(move |_: MouseEvent| {
            busy.set(true);
            let (console, navigator, busy) = (console.clone(), navigator.clone(), busy.clone());
            spawn_local(async move {
                again(&console, navigator, id, item).await;
                busy.set(false);
            });
        })
    };
    html! { <Button id="jump-again" kind={Kind::Primary} icon={Icon::Redo} label="Jump again" busy={*busy} {onclick} /> }
}

/// Starts a session of the item in the place of one that has ended.
pub(super) async fn again(
    console: &Console,
    navigator: Option<Navigator>,
    ended: wire::SessionId,
    item: wire::JumpItemId,
) {
    match console.api().jump_showing(item, ShownAtStart::default()).await {
        Ok(session) => {
            let id = session.id;
            console.dispatch(Action::Session(Box::new(session)));
            if let Some(navigator) = navigator {
                navigator.replace(&Route::Session { id });
            }
            console.dispatch(Action::CloseTab(ended));
        }
        Err(error) => console.tell_error("The session could not be started", &error),
    }
}
