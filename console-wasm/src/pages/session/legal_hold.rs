//! The legal hold of a session: who set it and why, and setting and lifting it.

use wire::SessionId;
use wire::api::{ChangeHold, LegalHold};
use wire::validate;
use yew::prelude::*;

use super::PartProps;
use crate::components::alert::{Alert, Severity};
use crate::components::button::Button;
use crate::components::dialog::FormDialog;
use crate::components::field::{TextField, kept_in};
use crate::components::time::TimeText;
use crate::console::{use_console, use_store};
use crate::loaded::use_loaded;
use crate::state::toasts::ToastKind;
use crate::submission::use_submission;

/// The section.
#[component]
pub(super) fn Hold(props: &PartProps) -> Html {
    let store = use_store();
    let id = props.view.session.id;
    let asking = use_state(|| false);
    let loaded = use_loaded(id, move |api| async move { api.legal_hold(id).await });
    let Some(state) = &*loaded.value else { return Html::default() };
    let ask = {
        let asking = asking.clone();
        Callback::from(move |_: MouseEvent| asking.set(true))
    };
    let onclose = {
        let (asking, reload) = (asking.clone(), loaded.reload.clone());
        Callback::from(move |done: bool| {
            asking.set(false);
            if done {
                reload.emit(());
            }
        })
    };
    let held = state.hold.is_some();
    html! {
        <>
            if let Some(hold) = &state.hold {
                <Alert id="legal-hold" severity={Severity::Warning} title="Legal hold: nothing of this session is deleted">
                    { said(hold) }
                    if store.is_administrator() {
                        <p><Button id="legal-hold-lift" small={true} label="Lift the hold" onclick={ask.clone()} /></p>
                    }
                </Alert>
            } else if store.is_administrator() {
                <p><Button id="legal-hold-set" small={true} label="Set a legal hold" onclick={ask} /></p>
            }
            if *asking {
                <HoldDialog {id} {held} {onclose} />
            }
        </>
    }
}

fn said(hold: &LegalHold) -> Html {
    html! { <p>{ format!("{}, set by {} ", hold.reason, hold.set_by) }<TimeText at={hold.set_at} /></p> }
}

#[derive(Clone, PartialEq, Properties)]
struct HoldDialogProps {
    id: SessionId,
    held: bool,
    /// Leaves it; true when something was changed.
    onclose: Callback<bool>,
}

/// Asks why.
#[component]
fn HoldDialog(props: &HoldDialogProps) -> Html {
    let console = use_console();
    let reason = use_state(String::new);
    let sending = use_submission();
    let wrong = validate::reason_on_record(&reason);
    let (id, held) = (props.id, props.held);
    let onsubmit = {
        let (reason, sending, onclose, is_right) =
            (reason.clone(), sending.clone(), props.onclose.clone(), wrong.is_none());
        Callback::from(move |()| {
            let change = ChangeHold { reason: reason.trim().to_owned() };
            let (api, console, onclose) = (console.api().clone(), console.clone(), onclose.clone());
            sending.send(is_right, async move { api.change_legal_hold(id, held, &change).await }, move |_| {
                let said = if held { "The legal hold was lifted" } else { "The session is under a legal hold" };
                console.tell(ToastKind::Success, said, "");
                onclose.emit(true);
            });
        })
    };
    let (title, deed, meaning) = if held {
        (
            "Lift the legal hold",
            "Lift",
            "From then on recordings and records of this session are deleted as the settings say.",
        )
    } else {
        (
            "Set a legal hold",
            "Set",
            "Recordings and records of this session are kept, whatever the settings say, until the hold is lifted.",
        )
    };
    html! {
        <FormDialog name="legal-hold" {title} {deed} sending={sending.clone()} {onsubmit} onclose={props.onclose.reform(|()| false)}>
            <p>{ meaning }</p>
            <TextField id="legal-hold-reason" label="Why" required={true} value={(*reason).clone()} help="It stands in the audit trail."
                error={sending.said("reason", wrong)} oninput={kept_in(&reason)} />
        </FormDialog>
    }
}
