//! A dialog that asks for password and second factor before it does something that weakens a sign-in.

use wire::api::{BothFactors, ShownFactor};
use wire::{PasskeyId, SecretText};
use yew::prelude::*;

use crate::components::dialog::FormDialog;
use crate::components::field::{TextField, kept_in};
use crate::components::passkey_button::{Asking, PasskeyButton};
use crate::console::{use_console, use_store};
use crate::passkeys;
use crate::state::words;
use crate::submission::use_submission;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// The authenticator app is turned off.
    TurnOff,
    /// Other recovery codes are made.
    Renew,
    /// A passkey is removed.
    RemovePasskey(PasskeyId),
}

/// Properties of [`BothDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct BothDialogProps {
    /// What is done.
    pub(super) deed: Deed,
    /// Whether a code of an authenticator app can be shown.
    pub(super) app: bool,
    /// Whether a passkey can be shown.
    pub(super) passkey: bool,
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
    let asks = use_store().has_password();
    let wrong_password = (asks && password.is_empty()).then(|| "Enter your present password.".to_owned());
    let wrong_code = code.trim().is_empty().then(|| "Enter a code.".to_owned());
    let deed = props.deed;
    let show = {
        let (password, sending, ondone) = (password.clone(), sending.clone(), props.ondone.clone());
        let has_password = wrong_password.is_none();
        Callback::from(move |shown: ShownFactor| {
            let is_right = has_password
                && (shown.passkey.is_some() || shown.code.as_ref().is_some_and(|it| !it.expose().trim().is_empty()));
            let both = BothFactors { password: SecretText::new((*password).clone()), shown };
            let (api, ondone) = (console.api().clone(), ondone.clone());
            let doing = async move {
                match deed {
                    Deed::TurnOff => api.remove_totp(&both).await.map(|()| None),
                    Deed::RemovePasskey(id) => api.remove_passkey(id, &both).await.map(|()| None),
                    Deed::Renew => api.renew_recovery_codes(&both).await.map(|renewed| Some(renewed.codes)),
                }
            };
            sending.send(is_right, doing, move |codes| ondone.emit(codes));
        })
    };
    let onsubmit = {
        let (code, show) = (code.clone(), show.clone());
        Callback::from(move |()| show.emit(ShownFactor::code(SecretText::new((*code).clone()))))
    };
    let asking = use_memo((), |()| Asking::appliance());
    let (title, button, what) = match deed {
        Deed::TurnOff => (
            "Turn the authenticator app off",
            "Turn off",
            "Without another second factor your password alone signs you in then, and your recovery codes are worth nothing any more.",
        ),
        Deed::RemovePasskey(_) => (
            "Remove a passkey",
            "Remove",
            "It signs you in no more. Without another second factor your password alone does, and your recovery codes are worth nothing any more.",
        ),
        Deed::Renew => {
            ("New recovery codes", "Make new codes", "The codes you have now are worth nothing any more afterwards.")
        }
    };
    html! {
        <FormDialog name="both" {title} deed={button} sending={sending.clone()} {onsubmit} onclose={props.onclose.clone()}>
            <p>{ what }</p>
            if asks {
                <TextField id="both-password" label="Present password" kind="password" required={true} value={(*password).clone()} autocomplete="current-password"
                    error={sending.said("password", wrong_password)} oninput={kept_in(&password)} />
            } else {
                <p class="sp-pale">{ words::JUST_SIGNED_IN }</p>
            }
            if props.passkey && passkeys::are_known() {
                <PasskeyButton id="both-passkey" asking={(*asking).clone()} onshown={show.reform(ShownFactor::passkey)} />
            }
            <TextField id="both-code" label={if props.app { "Code of the authenticator app" } else { "Recovery code" }} required={true} value={(*code).clone()} autocomplete="one-time-code"
                help={if props.app { "Or one of your recovery codes." } else { "" }} error={sending.said("code", wrong_code)} oninput={kept_in(&code)} />
        </FormDialog>
    }
}
