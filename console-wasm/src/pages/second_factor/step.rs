//! The second step of a sign-in: a passkey, the code of the authenticator app, or a recovery code.

use wire::SecretText;
use wire::api::{ApiError, SecondFactorRequest, SecondFactorStep, ShownFactor};
use yew::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::field::{TextField, focus, kept_in, use_first_focus};
use crate::components::passkey_button::{Asking, PasskeyButton};
use crate::console::use_console;
use crate::passkeys;
use crate::state::store::Action;
use crate::submission::use_submission;

/// Properties of [`SecondStep`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct SecondStepProps {
    /// What the appliance gave for the first step.
    pub(crate) step: SecondFactorStep,
    /// Back to the password; with the reason when it was not wished.
    pub(crate) onback: Callback<Option<ApiError>>,
}

/// Name of the refusal after which the password is asked for again.
const OVER: &str = "challenge_over";

/// The form.
#[component]
pub(crate) fn SecondStep(props: &SecondStepProps) -> Html {
    let console = use_console();
    let code = use_state(String::new);
    let recovery = use_state(|| false);
    let sending = use_submission();
    use_first_focus("code");
    let wrong = code.trim().is_empty().then(|| "Enter a code.".to_owned());
    let show = {
        let (code, sending, onback) = (code.clone(), sending.clone(), props.onback.clone());
        let challenge = props.step.challenge.clone();
        Callback::from(move |shown: ShownFactor| {
            let is_right =
                shown.passkey.is_some() || shown.code.as_ref().is_some_and(|it| !it.expose().trim().is_empty());
            let request = SecondFactorRequest { challenge: challenge.clone(), shown };
            let (api, console) = (console.api().clone(), console.clone());
            let (code, onback) = (code.clone(), onback.clone());
            sending.send_or(
                is_right,
                async move { api.show_second_factor(&request).await },
                move |me| console.dispatch(Action::SignedIn(Box::new(me))),
                move |error| {
                    if error.code == OVER {
                        return onback.emit(Some(error));
                    }
                    code.set(String::new());
                    focus("code");
                },
            );
        })
    };
    let onsubmit = {
        let (code, show) = (code.clone(), show.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            show.emit(ShownFactor::code(SecretText::new((*code).clone())));
        })
    };
    // A refusal empties the field: that is not what is wrong then.
    let wrong = wrong.filter(|_| sending.error().is_none());
    let other = {
        let (code, recovery) = (code.clone(), recovery.clone());
        Callback::from(move |_: MouseEvent| {
            code.set(String::new());
            recovery.set(!*recovery);
            focus("code");
        })
    };
    let asking = props.step.passkey.clone().filter(|_| passkeys::are_known());
    let asking = use_memo(asking, |asked| asked.clone().map(Asking::known));
    let (label, help, inputmode, instead) = if !props.step.app {
        ("Recovery code", "One of the ten that you kept. Each is good once.", "text", "")
    } else if *recovery {
        ("Recovery code", "One of the ten that you kept. Each is good once.", "text", "Use the authenticator app")
    } else {
        ("Code", "The six digits that your authenticator app shows.", "numeric", "Use a recovery code")
    };
    html! {
        <>
            if let Some(error) = sending.error() {
                <ErrorAlert id="code-error" error={error.clone()} />
            }
            if let Some(asking) = &*asking {
                <PasskeyButton id="use-passkey" kind={Kind::Primary} block={true} asking={asking.clone()} onshown={show.reform(ShownFactor::passkey)} />
                <p class="sp-pale">{ if props.step.app { "Or show a code:" } else { "Or use a recovery code:" } }</p>
            }
            <form class="pf-v6-c-form" novalidate={true} {onsubmit}>
                <TextField id="code" {label} {help} value={(*code).clone()} autocomplete="one-time-code" {inputmode}
                    error={sending.said("code", wrong)} oninput={kept_in(&code)} />
                <Button id="code-submit" kind={if asking.is_some() { Kind::Secondary } else { Kind::Primary }} label="Sign in" busy={sending.is_busy()} submit={true} block={true} />
                <div class="sp-factor sp-m-apart">
                    if !instead.is_empty() {
                        <Button id="other-factor" kind={Kind::Link} label={instead} onclick={other} />
                    }
                    <Button id="code-back" kind={Kind::Link} label="Back" onclick={props.onback.reform(|_| None)} />
                </div>
            </form>
        </>
    }
}
