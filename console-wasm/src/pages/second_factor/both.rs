//! A dialog that asks for password and code before it does something that weakens a sign-in.

use wire::SecretText;
use wire::api::BothFactors;
use yew::prelude::*;

use crate::components::dialog::FormDialog;
use crate::components::field::{TextField, kept_in};
use crate::console::use_console;
use crate::submission::use_submission;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// The authenticator app is turned off.
    TurnOff,
    /// Other recovery codes are made.
    Renew,
}

/// Properties of [`BothDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct BothDialogProps {
    /// What is done.
    pub(super) deed: Deed,
    /// It was done; with the new codes when there are some.
    pub(super) ondone: Callback<Option<Vec<SecretText>>>,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// The dialog.
#[component]
pub(super) fn BothDialog(props: &BothDialogProps) -> Html {
    let console = use_console();
    let password = use_state(String::new);
    let code = use_state(String::new);
    let sending = use_submission();
    let wrong_password = password.is_empty().then(|| "Enter your present password.".to_owned());
    let wrong_code = code.trim().is_empty().then(|| "Enter a code.".to_owned());
    let deed = props.deed;
    let onsubmit = {
        let (password, code, sending, ondone) = (password.clone(), code.clone(), sending.clone(), props.ondone.clone());
        let is_right = wrong_password.is_none() && wrong_code.is_none();
        Callback::from(move |()| {
            let both =
                BothFactors { password: SecretText::new((*password).clone()), code: SecretText::new((*code).clone()) };
            let (api, ondone) = (console.api().clone(), ondone.clone());
            let doing = async move {
                match deed {
                    Deed::TurnOff => api.remove_totp(&both).await.map(|()| None),
                    Deed::Renew => api.renew_recovery_codes(&both).await.map(|renewed| Some(renewed.codes)),
                }
            };
            sending.send(is_right, doing, move |codes| ondone.emit(codes));
        })
    };
    let (title, button, what) = match deed {
        Deed::TurnOff => (
            "Turn the authenticator app off",
            "Turn off",
            "Your password alone will sign you in then, and your recovery codes are worth nothing any more.",
        ),
        Deed::Renew => {
            ("New recovery codes", "Make new codes", "The codes you have now are worth nothing any more afterwards.")
        }
    };
    html! {
        <FormDialog name="both" {title} deed={button} sending={sending.clone()} {onsubmit} onclose={props.onclose.clone()}>
            <p>{ what }</p>
            <TextField id="both-password" label="Present password" kind="password" required={true} value={(*password).clone()} autocomplete="current-password"
                error={sending.said("password", wrong_password)} oninput={kept_in(&password)} />
            <TextField id="both-code" label="Code of the authenticator app" required={true} value={(*code).clone()} autocomplete="one-time-code"
                help="Or one of your recovery codes." error={sending.said("code", wrong_code)} oninput={kept_in(&code)} />
        </FormDialog>
    }
}
