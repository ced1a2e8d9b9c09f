//! Taking a user's second factors away, for who lost them.

use wire::api::{ResetSecondFactors, User};
use wire::validate;
use yew::prelude::*;

use crate::components::dialog::FormDialog;
use crate::components::field::{TextField, kept_in};
use crate::console::use_console;
use crate::state::toasts::ToastKind;
use crate::submission::use_submission;

/// Properties of [`ResetDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct ResetDialogProps {
    /// Whose.
    pub(super) user: User,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// The dialog.
#[component]
pub(super) fn ResetDialog(props: &ResetDialogProps) -> Html {
    let console = use_console();
    let reason = use_state(String::new);
    let sending = use_submission();
    let wrong = validate::reason(&reason);
    let onsubmit = {
        let (reason, sending, onclose) = (reason.clone(), sending.clone(), props.onclose.clone());
        let (id, name, is_right) = (props.user.id, props.user.user_name.clone(), wrong.is_none());
        Callback::from(move |()| {
            let request = ResetSecondFactors { reason: reason.trim().to_owned() };
            let (api, console, onclose, name) = (console.api().clone(), console.clone(), onclose.clone(), name.clone());
            sending.send(is_right, async move { api.reset_second_factors(id, &request).await }, move |()| {
                console.tell(ToastKind::Success, format!("The second factors of {name} were reset"), "");
                onclose.emit(());
            });
        })
    };
    html! {
        <FormDialog name="reset-factors" title={format!("Reset the second factors of {}", props.user.user_name)} deed="Reset" sending={sending.clone()} {onsubmit} onclose={props.onclose.clone()}>
            <p>{ format!("{} is signed out everywhere, and signs in with the password alone until an authenticator app is set up again. Make sure that it is them who ask.", props.user.display_name) }</p>
            <TextField id="reset-factors-reason" label="Why" required={true} value={(*reason).clone()} help="The user reads it at the next sign-in."
                error={sending.said("reason", wrong)} oninput={kept_in(&reason)} />
        </FormDialog>
    }
}
