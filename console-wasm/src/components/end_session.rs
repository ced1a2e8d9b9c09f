//! Ends a session: what that does, why where it is somebody else's, and what stood in the way.

use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, Session};
use wire::helper_messages::HelperRequest;
use wire::validate;
use yew::prelude::*;

use super::dialog::ConfirmDialog;
use super::field::{TextField, kept_in};
use crate::appliance_api::UNREACHABLE;
use crate::console::{Console, use_console, use_store};
use crate::state::format;
use crate::state::participants::ends_for_others;
use crate::state::store::Action;

/// Properties of [`EndSessionDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct EndSessionDialogProps {
    /// The session.
    pub(crate) session: Session,
    /// Closes it.
    pub(crate) onclose: Callback<()>,
}

/// The question, with a field for the reason when the session is somebody else's.
#[component]
pub(crate) fn EndSessionDialog(props: &EndSessionDialogProps) -> Html {
    let console = use_console();
    let store = use_store();
    let busy = use_state(|| false);
    let error = use_state(|| None::<ApiError>);
    let reason = use_state(String::new);
    let session = &props.session;
    let own = store.is_own(session);
    let wrong = validate::end_reason(reason.trim());
    let onconfirm = {
        let (busy, error, reason) = (busy.clone(), error.clone(), reason.clone());
        let (session, onclose, is_right) = (session.clone(), props.onclose.clone(), wrong.is_none());
        Callback::from(move |()| {
            if !is_right {
                return;
            }
            busy.set(true);
            error.set(None);
            let (console, busy, error, onclose) = (console.clone(), busy.clone(), error.clone(), onclose.clone());
            let (session, reason) = (session.clone(), reason.trim().to_owned());
            spawn_local(async move {
                match end(&console, &session, &reason).await {
                    Ok(()) => onclose.emit(()),
                    Err(failed) => error.set(Some(failed)),
                }
                busy.set(false);
            });
        })
    };
    html! {
        <ConfirmDialog id="end-dialog" title={title(session, own)} deed={deed(session, own)} busy={*busy} error={(*error).clone()}
            {onconfirm} onclose={props.onclose.clone()}>
            <p>{ ending(u64::from(session.connections_open)) }{ ends_for_others(session).map(|it| format!(" {it}")).unwrap_or_default() }</p>
            if !own {
                <div class="pf-v6-c-form">
                    <TextField id="end-reason" label={format!("Reason, for {}", session.user_name)} value={(*reason).clone()} help="May be empty."
                        error={wrong.map(AttrValue::from)} oninput={kept_in(&reason)} />
                </div>
            }
        </ConfirmDialog>
    }
}

/// What the button says.
pub(crate) fn deed(session: &Session, own: bool) -> &'static str {
    match (session.joined.is_some(), own) {
        (true, true) => "Leave session",
        (true, false) => "Take out",
        (false, _) => "End session",
    }
}

fn title(session: &Session, own: bool) -> String {
    match (&session.joined, own) {
        (Some(joined), true) => format!("Leave the session of {} on {}?", joined.owner_name, session.item_name),
        (Some(joined), false) => {
            format!("Take {} out of the session of {} on {}?", session.user_name, joined.owner_name, session.item_name)
        }
        (None, true) => format!("End the session {}?", session.item_name),
        (None, false) => format!("End the session of {} on {}?", session.user_name, session.item_name),
    }
}

/// Ends a session, for that reason if there is one.
pub(crate) async fn end(console: &Console, session: &Session, reason: &str) -> Result<(), ApiError> {
    match console.api().end_session(session.id, reason).await {
        Ok(session) => {
            console.dispatch(Action::Session(Box::new(session)));
            Ok(())
        }
        // The helper can close the tunnels of this workstation without the appliance.
        Err(failed) if console.current().is_own(session) && failed.code == UNREACHABLE => {
            let closing = HelperRequest::CloseTunnels { session_id: session.id };
            console.helper().request(closing).await.map(drop).map_err(|_| failed)
        }
        Err(failed) => Err(failed),
    }
}

/// What ending a running session does.
pub(crate) fn ending(open: u64) -> String {
    match open {
        0 => "Its tunnels close. No connection is open.".into(),
        _ => format!("Its tunnels close, and {} open now will be cut.", format::count(open, "connection")),
    }
}
