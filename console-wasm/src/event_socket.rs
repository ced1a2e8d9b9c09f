//! The event socket: what happens on the appliance arrives here, and after every loss all that is shown is loaded
//! again, because events are not kept.

use futures_channel::oneshot;
use futures_util::{FutureExt, StreamExt, select_biased};
use gloo::net::websocket::Message;
use gloo::net::websocket::futures::WebSocket;
use gloo::timers::future::TimeoutFuture;
use wire::SessionId;
use wire::api::{ConsoleEvent, Session, SessionEnd, SessionEvent, SessionState};

use crate::console::{Console, now};
use crate::state::backoff::Backoff;
use crate::state::store::Action;
use crate::state::toasts::ToastKind;

/// Follows the appliance until nobody is signed in any more. Dropping the future closes the socket.
pub(crate) async fn follow(console: Console) {
    let mut backoff = Backoff::SOCKET;
    while console.current().me().is_some() {
        if let Some(mut socket) = open() {
            while let Some(Ok(message)) = socket.next().await {
                if let Message::Text(text) = message
                    && let Ok(event) = serde_json::from_str::<ConsoleEvent>(&text)
                {
                    backoff.reset();
                    take(&console, event);
                }
            }
        }
        if console.current().me().is_none() || !wait_for_appliance(&console, &mut backoff).await {
            return;
        }
    }
}

fn open() -> Option<WebSocket> {
    let location = gloo::utils::window().location();
    let host = location.host().ok()?;
    WebSocket::open(&format!("wss://{host}/api/events")).ok()
}

/// One event: what follows from it, and then itself.
fn take(console: &Console, event: ConsoleEvent) {
    match &event {
        ConsoleEvent::Hello { .. } | ConsoleEvent::Lagged => console.load_everything(),
        ConsoleEvent::ItemsChanged => console.load_items(),
        ConsoleEvent::ApprovalsChanged => console.load_approvals(),
        ConsoleEvent::JumpointsChanged => {
            console.load_jumpoints();
            console.load_items();
        }
        ConsoleEvent::SignedOut { message } => {
            console.dispatch(Action::SignedOut(Some(message.clone())));
            return;
        }
        ConsoleEvent::SessionChanged { session } => tell_of_end(console, session),
        ConsoleEvent::ConnectionRefused { session_id, message, .. } => tell_of_refusal(console, *session_id, message),
        ConsoleEvent::SessionEvent { session_id, event } => tell_of_others(console, *session_id, event),
        ConsoleEvent::SessionLive { .. }
        | ConsoleEvent::AccessChanged
        | ConsoleEvent::RecordingsChanged { .. }
        | ConsoleEvent::HealthChanged
        | ConsoleEvent::UsersChanged
        | ConsoleEvent::Stopping { .. } => {}
    }
    console.dispatch(Action::Event(Box::new(event), now()));
}

/// A session of one's own that ended unasked is told of on every page: whoever works through it wants to know.
fn tell_of_end(console: &Console, session: &Session) {
    let store = console.current();
    let ran = store.view(session.id).is_some_and(|view| view.session.state != SessionState::Ended);
    let unasked = session.state == SessionState::Ended && session.end != Some(SessionEnd::ByUser);
    if ran && unasked && store.is_own(session) && !is_shown(session.id) {
        let why = session.end_message.clone().unwrap_or_default();
        console.tell(ToastKind::Info, format!("The session {} ended", session.item_name), why);
    }
}

/// Who comes into one's own session, goes or looks on is told of on every page, and that nothing goes through it unrecorded.
fn tell_of_others(console: &Console, id: SessionId, event: &SessionEvent) {
    let store = console.current();
    let Some(view) = store.view(id).filter(|view| store.is_own(&view.session)) else { return };
    let kind = event.kind.as_str();
    // The session's own page says it at its top, with what to do.
    let is_pause = kind == "recording_paused" && !is_shown(id);
    if is_pause || ["joined", "left", "watched"].contains(&kind) {
        console.tell(ToastKind::Info, view.session.item_name.clone(), event.message.clone());
    }
}

/// A connection that could not be made is told of where its session's tab is not open.
fn tell_of_refusal(console: &Console, id: SessionId, message: &str) {
    let store = console.current();
    let Some(view) = store.view(id) else { return };
    if store.is_own(&view.session) && !is_shown(id) {
        console.tell(
            ToastKind::Failure,
            format!("{}: a connection could not be made", view.session.item_name),
            message,
        );
    }
}

/// Whether the session's page is the one that is looked at.
fn is_shown(id: SessionId) -> bool {
    gloo::utils::window().location().pathname().is_ok_and(|path| path.ends_with(&id.to_string()))
}

/// Tries until the appliance answers who is signed in. False when nobody is.
async fn wait_for_appliance(console: &Console, backoff: &mut Backoff) -> bool {
    loop {
        let wait = backoff.next_millis(js_sys::Math::random());
        console.dispatch(Action::SocketLost { retry_at: now().plus_millis(i64::from(wait)) });
        let (pressed, retry) = oneshot::channel();
        console.set_retry(pressed);
        select_biased! {
            _ = retry.fuse() => {}
            () = TimeoutFuture::new(wait).fuse() => {}
        }
        match console.api().in_background().me().await {
            Ok(Some(me)) => {
                console.dispatch(Action::SignedIn(Box::new(me)));
                return true;
            }
            Ok(None) => {
                console.dispatch(Action::SignedOut(Some("Your sign-in ended while the appliance was away.".into())));
                return false;
            }
            Err(_) => {}
        }
    }
}
