//! Setting an authenticator app up: the password, the QR code and a first code, the recovery codes.

use wasm_bindgen_futures::spawn_local;
use wire::SecretText;
use wire::api::{ApiError, BeginTotp, ConfirmTotp, QrCode, TotpOffer};
use yew::prelude::*;

use super::codes::Codes;
use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::copy::Command;
use crate::components::field::{TextField, focus, kept_in};
use crate::components::spinner;
use crate::console::use_console;
use crate::submission::use_submission;

/// Properties of [`SetUp`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct SetUpProps {
    /// Whether it begins with the password.
    pub(super) asks_password: bool,
    /// All is done.
    pub(super) ondone: Callback<()>,
    /// Leaves it, where it can be left.
    #[prop_or_default]
    pub(super) oncancel: Option<Callback<()>>,
}

#[derive(Clone, PartialEq)]
enum Step {
    Password,
    App(TotpOffer),
    Codes(Vec<SecretText>),
}

/// The steps, one after another.
#[component]
pub(super) fn SetUp(props: &SetUpProps) -> Html {
    let console = use_console();
    let step = use_state(|| Step::Password);
    let failed = use_state(|| None::<ApiError>);
    {
        let (console, step, failed, asks) = (console.clone(), step.clone(), failed.clone(), props.asks_password);
        use_effect_with((), move |()| {
            if !asks {
                spawn_local(async move {
                    match console.api().begin_totp(&BeginTotp::default()).await {
                        Ok(offer) => step.set(Step::App(offer)),
                        Err(error) => failed.set(Some(error)),
                    }
                });
            }
        });
    }
    let offered = {
        let step = step.clone();
        Callback::from(move |offer| step.set(Step::App(offer)))
    };
    let confirmed = {
        let step = step.clone();
        Callback::from(move |codes| step.set(Step::Codes(codes)))
    };
    match &*step {
        Step::Password if props.asks_password => {
            html! { <Password ondone={offered} oncancel={props.oncancel.clone()} /> }
        }
        Step::Password => match &*failed {
            Some(error) => html! { <ErrorAlert id="totp-error" error={error.clone()} /> },
            None => spinner("Preparing"),
        },
        Step::App(offer) => {
            html! { <App offer={offer.clone()} ondone={confirmed} oncancel={props.oncancel.clone()} /> }
        }
        Step::Codes(codes) => html! { <Codes codes={codes.clone()} ondone={props.ondone.clone()} /> },
    }
}

#[derive(Clone, PartialEq, Properties)]
struct PasswordProps {
    ondone: Callback<TotpOffer>,
    oncancel: Option<Callback<()>>,
}

#[component]
fn Password(props: &PasswordProps) -> Html {
    let console = use_console();
    let password = use_state(String::new);
    let sending = use_submission();
    use_effect_with((), |()| focus("totp-password"));
    let wrong = password.is_empty().then(|| "Enter your present password.".to_owned());
    let onsubmit = {
        let (password, sending, ondone, is_right) =
            (password.clone(), sending.clone(), props.ondone.clone(), wrong.is_none());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let begin = BeginTotp { password: Some(SecretText::new((*password).clone())) };
            let (api, ondone) = (console.api().clone(), ondone.clone());
            sending.send(is_right, async move { api.begin_totp(&begin).await }, move |offer| ondone.emit(offer));
        })
    };
    html! {
        <form class="pf-v6-c-form sp-narrow" novalidate={true} {onsubmit}>
            if let Some(error) = sending.error() {
                <ErrorAlert id="totp-error" error={error.clone()} />
            }
            <TextField id="totp-password" label="Present password" kind="password" required={true} value={(*password).clone()} autocomplete="current-password"
                help="So that nobody sets an app of theirs up while you are away from your desk." error={sending.said("password", wrong)} oninput={kept_in(&password)} />
            <div class="sp-factor">
                <Button id="totp-begin" kind={Kind::Primary} label="Go on" busy={sending.is_busy()} submit={true} />
                { cancel(props.oncancel.as_ref()) }
            </div>
        </form>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct AppProps {
    offer: TotpOffer,
    ondone: Callback<Vec<SecretText>>,
    oncancel: Option<Callback<()>>,
}

#[component]
fn App(props: &AppProps) -> Html {
    let console = use_console();
    let code = use_state(String::new);
    let sending = use_submission();
    use_effect_with((), |()| focus("totp-code"));
    let wrong = code.trim().is_empty().then(|| "Enter the six digits that the app shows.".to_owned());
    let onsubmit = {
        let (code, sending, ondone, is_right) = (code.clone(), sending.clone(), props.ondone.clone(), wrong.is_none());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let confirm = ConfirmTotp { code: SecretText::new((*code).clone()) };
            let (api, ondone, code) = (console.api().clone(), ondone.clone(), code.clone());
            let sent = async move { api.confirm_totp(&confirm).await };
            sending.send_or(
                is_right,
                sent,
                move |made| ondone.emit(made.codes),
                move |_| {
                    code.set(String::new());
                    focus("totp-code");
                },
            );
        })
    };
    // A refusal empties the field: that is not what is wrong then.
    let wrong = wrong.filter(|_| sending.error().is_none());
    html! {
        <form class="pf-v6-c-form sp-enrol" novalidate={true} {onsubmit}>
            if let Some(error) = sending.error() {
                <ErrorAlert id="totp-error" error={error.clone()} />
            }
            <ol class="sp-enrol__steps">
                <li>
                    <p>{ "Scan this with an authenticator app on your telephone:" }</p>
                    { draw(&props.offer.qr_code) }
                    <p class="sp-pale">{ "Without a camera, type the secret into the app:" }</p>
                    <Command id="totp-secret" text={props.offer.secret.expose().to_owned()} what="the secret" />
                </li>
                <li>
                    <TextField id="totp-code" label="Type the six digits that the app shows" required={true} value={(*code).clone()} autocomplete="one-time-code" inputmode="numeric"
                        error={sending.said("code", wrong)} oninput={kept_in(&code)} />
                </li>
            </ol>
            <div class="sp-factor">
                <Button id="totp-confirm" kind={Kind::Primary} label="Turn on" busy={sending.is_busy()} submit={true} />
                { cancel(props.oncancel.as_ref()) }
            </div>
        </form>
    }
}

fn cancel(oncancel: Option<&Callback<()>>) -> Html {
    match oncancel {
        Some(oncancel) => {
            html! { <Button id="totp-cancel" kind={Kind::Link} label="Cancel" onclick={oncancel.reform(|_| ())} /> }
        }
        None => Html::default(),
    }
}

/// Black on white in either theme: what reads it looks for dark on light.
fn draw(code: &QrCode) -> Html {
    let whole = code.size + 8;
    html! {
        <svg class="sp-qr" id="totp-qr" viewBox={format!("-4 -4 {whole} {whole}")} role="img" aria-label="QR code for an authenticator app" shape-rendering="crispEdges">
            <rect x="-4" y="-4" width={whole.to_string()} height={whole.to_string()} fill="#fff" />
            <path d={code.path.expose().to_owned()} fill="#000" />
        </svg>
    }
}
