//! Adding a passkey: its name and the password, then the browser's own dialog; then recovery codes, when it is the first second
//! factor.

use wire::api::{ApiError, BeginPasskey, Fault, NewPasskey};
use wire::{SecretText, validate};
use yew::prelude::*;

use crate::appliance_api::{Answer, Api};
use crate::components::dialog::FormDialog;
use crate::components::field::{TextField, kept_in};
use crate::console::use_console;
use crate::passkeys;
use crate::submission::use_submission;

/// Properties of [`PasskeyDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct PasskeyDialogProps {
    /// Whether the password is asked for.
    pub(super) asks_password: bool,
    /// It was added; with recovery codes when it is the first second factor.
    pub(super) ondone: Callback<Option<Vec<SecretText>>>,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// The dialog.
#[component]
pub(super) fn PasskeyDialog(props: &PasskeyDialogProps) -> Html {
    let console = use_console();
    let name = use_state(|| "This device".to_owned());
    let password = use_state(String::new);
    let sending = use_submission();
    let asks = props.asks_password;
    let wrong_name = validate::name(&name);
    let wrong_password = (asks && password.is_empty()).then(|| "Enter your present password.".to_owned());
    let onsubmit = {
        let (name, password, sending, ondone) = (name.clone(), password.clone(), sending.clone(), props.ondone.clone());
        let is_right = wrong_name.is_none() && wrong_password.is_none();
        Callback::from(move |()| {
            let password = asks.then(|| SecretText::new((*password).clone()));
            let (api, name, ondone) = (console.api().clone(), name.trim().to_owned(), ondone.clone());
            sending.send(is_right, add(api, name, password), move |codes| ondone.emit(codes));
        })
    };
    html! {
        <FormDialog name="passkey" title="Add a passkey" deed="Go on" sending={sending.clone()} {onsubmit} onclose={props.onclose.clone()}>
            <p>{ "The browser will ask for a security key, this device, or your telephone. It has to recognise you: by a PIN, a finger or a face." }</p>
            <TextField id="passkey-name" label="Name" required={true} value={(*name).clone()} help="By which you tell it from others."
                error={sending.said("name", wrong_name)} oninput={kept_in(&name)} />
            if asks {
                <TextField id="passkey-password" label="Present password" kind="password" required={true} value={(*password).clone()} autocomplete="current-password"
                    error={sending.said("password", wrong_password)} oninput={kept_in(&password)} />
            }
        </FormDialog>
    }
}

async fn add(api: Api, name: String, password: Option<SecretText>) -> Answer<Option<Vec<SecretText>>> {
    let asked = api.begin_passkey(&BeginPasskey { password }).await?;
    let made = passkeys::make(&asked).await.map_err(|message| ApiError {
        code: "no_passkey".into(),
        message,
        next_step: "Try again, or choose an authenticator app.".into(),
        fault: Fault::User,
        fields: Vec::new(),
        request_id: String::new(),
    })?;
    Ok(api.add_passkey(&NewPasskey { name, made }).await?.recovery_codes)
}
