//! Tests of [`super::store`].

use wire::api::{ApiError, ConsoleEvent, Fault, Me, Role, Session, SessionDetails, SessionState};
use wire::helper_messages::{HelperGone, LocalSession};
use wire::{BrowserId, SecretText, SessionId, Timestamp};

use super::helper_state::HelperState;
use super::samples::{item, number, point, session, user};
use super::store::{Action, Load, SignIn, Socket, Store};
use super::toasts::ToastKind;

fn signed_in() -> Store {
    let me = Me {
        user: user(1, Role::Technician),
        csrf_token: SecretText::new("x".into()),
        browser_id: BrowserId(number(1)),
        appliance_version: String::new(),
        expires_at: Timestamp(0),
        must_enrol: false,
        factors_reset: None,
        reviews: false,
    };
    Store::default().reduce(Action::SignedIn(Box::new(me)))
}

fn event(store: Store, event: ConsoleEvent) -> Store {
    store.reduce(Action::Event(Box::new(event), Timestamp(0)))
}

fn changed(store: Store, session: Session) -> Store {
    event(store, ConsoleEvent::SessionChanged { session: Box::new(session) })
}

#[test]
fn own_live_sessions_get_a_tab_that_stays_after_their_end() {
    let store = changed(signed_in(), session(1, SessionState::Ready));
    assert_eq!(store.tabs, [SessionId(number(1))]);
    let store = changed(store, session(1, SessionState::Ended));
    assert_eq!(store.tabs.len(), 1);
    assert_eq!(store.view(SessionId(number(1))).unwrap().session.state, SessionState::Ended);
    let store = store.reduce(Action::CloseTab(SessionId(number(1))));
    let store = changed(store, session(1, SessionState::Ended));
    assert!(store.tabs.is_empty() && store.views.is_empty());
}

#[test]
fn sessions_of_others_get_no_tab_but_follow_where_they_are_shown() {
    let mut other = session(2, SessionState::Tunnelling);
    other.user_id = wire::UserId(number(9));
    let store = changed(signed_in(), other.clone());
    assert!(store.tabs.is_empty() && store.views.is_empty());
    let details = SessionDetails { session: other.clone(), connections: vec![], events: vec![], statistics: vec![] };
    let store = store.reduce(Action::SessionDetails(Box::new(details)));
    let store = event(
        store,
        ConsoleEvent::SessionLive {
            session_id: other.id,
            statistics: point(1, 5, 6),
            tunnels: vec![],
            connections: vec![],
        },
    );
    assert!(store.tabs.is_empty());
    assert_eq!(store.view(other.id).unwrap().session.bytes_received, 6);
}

#[test]
fn a_failed_load_does_not_take_away_what_is_shown() {
    let error = ApiError {
        code: "unreachable".into(),
        message: String::new(),
        next_step: String::new(),
        fault: Fault::Network,
        fields: vec![],
        request_id: String::new(),
    };
    let store = Store::default().reduce(Action::Items(Err(error.clone())));
    assert!(matches!(store.items, Load::Failed(_)));
    let store = store.reduce(Action::Items(Ok(vec![item("a")]))).reduce(Action::Items(Err(error)));
    assert_eq!(store.items.list().len(), 1);
}

#[test]
fn signing_out_leaves_nothing_of_the_user() {
    let store = changed(signed_in(), session(1, SessionState::Ready))
        .reduce(Action::Items(Ok(vec![item("a")])))
        .reduce(Action::Toast(ToastKind::Info, "x".into(), String::new()))
        .reduce(Action::Helper(HelperState::NoExtension))
        .reduce(Action::SignedOut(Some("Your password was changed.".into())));
    assert_eq!(store.sign_in, SignIn::Out(Some("Your password was changed.".into())));
    assert!(store.items.ready().is_none() && store.tabs.is_empty() && store.toasts.shown().is_empty());
    assert_eq!(store.helper, HelperState::NoExtension);
    let store = store.reduce(Action::SignedOut(Some("Your sign-in is over.".into())));
    assert_eq!(store.sign_in, SignIn::Out(Some("Your password was changed.".into())), "the first reason stays");
}

#[test]
fn a_stop_is_announced_until_the_appliance_is_back() {
    let store = event(signed_in(), ConsoleEvent::Stopping { in_seconds: 5 });
    assert_eq!(store.stopping_at, Some(Timestamp(5_000)));
    let store = store.reduce(Action::SocketLost { retry_at: Timestamp(1) });
    let hello = ConsoleEvent::Hello { appliance_version: "999.0.0".into(), boot_id: "b".into() };
    let store = event(store, hello);
    assert_eq!((store.stopping_at, store.socket), (None, Socket::Connected));
    assert_eq!(store.other_version.as_deref(), Some("999.0.0"));
}

#[test]
fn the_same_refusal_is_counted_and_read_once() {
    let id = SessionId(number(1));
    let refused = || ConsoleEvent::ConnectionRefused {
        session_id: id,
        connection_id: wire::ConnectionId(number(1)),
        tunnel: 0,
        message: "Nobody listens.".into(),
    };
    let store = changed(signed_in(), session(1, SessionState::Tunnelling));
    let store = event(event(store, refused()), refused());
    assert_eq!(store.view(id).unwrap().refusals[0].times, 2);
    let store = store.reduce(Action::RefusalsRead(id));
    assert!(store.view(id).unwrap().refusals.is_empty());
}

#[test]
fn a_helper_that_went_away_has_no_sessions() {
    let local = LocalSession { session_id: SessionId(number(1)), tunnels: vec![] };
    let store = signed_in().reduce(Action::LocalSessions(vec![local]));
    assert_eq!(store.local_sessions.len(), 1);
    let gone = HelperState::Gone { extension_version: "1".into(), cause: HelperGone::Exited, detail: String::new() };
    let store = store.reduce(Action::Helper(gone));
    assert!(store.local_sessions.is_empty() && store.died_with_helper.contains(&SessionId(number(1))));
    // Unless it was not gone at all.
    let local = LocalSession { session_id: SessionId(number(1)), tunnels: vec![] };
    assert!(store.reduce(Action::LocalSessions(vec![local])).died_with_helper.is_empty());
}
