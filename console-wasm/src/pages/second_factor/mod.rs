//! What is asked for besides the password: setting an authenticator app up, its recovery codes, turning it off.

mod both;
mod codes;
mod first;
mod passkey_dialog;
mod set_up;
mod step;

use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, Passkey, SecondFactors};
use wire::{SecretText, Timestamp};
use yew::prelude::*;

pub(crate) use first::FirstFactor;
pub(crate) use step::SecondStep;

use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::spinner;
use crate::components::state_label::StateLabel;
use crate::components::time::TimeText;
use crate::console::{use_console, use_now, use_store};
use crate::passkeys;
use crate::state::store::Action;
use crate::state::toasts::ToastKind;
use crate::state::words;
use both::{BothDialog, Deed};
use codes::Codes;
use passkey_dialog::PasskeyDialog;
use set_up::SetUp;

/// What is open in the section.
#[derive(Clone, PartialEq)]
enum Open {
    Nothing,
    SetUp,
    Both(Deed),
    AddPasskey,
    /// Recovery codes; whether they come with the first second factor.
    Codes(Vec<SecretText>, bool),
}

/// The section of the account page.
#[component]
pub(crate) fn SecondFactorSection() -> Html {
    let console = use_console();
    let store = use_store();
    let state = use_state(|| None::<SecondFactors>);
    let error = use_state(|| None::<ApiError>);
    let reload = use_state(|| 0_u32);
    let open = use_state(|| Open::Nothing);
    let now = use_now(15_000);
    {
        let (console, state, error) = (console.clone(), state.clone(), error.clone());
        use_effect_with(*reload, move |_| {
            spawn_local(async move {
                match console.api().second_factors().await {
                    Ok(loaded) => state.set(Some(loaded)),
                    Err(failed) => error.set(Some(failed)),
                }
            });
        });
    }
    let show = |what: Open| {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(what.clone()))
    };
    let close = {
        let (open, reload) = (open.clone(), reload.clone());
        Callback::from(move |()| {
            open.set(Open::Nothing);
            reload.set(*reload + 1);
        })
    };
    let was_set_up = {
        let (close, console) = (close.clone(), console.clone());
        Callback::from(move |()| {
            console.tell(ToastKind::Success, "From now on a second factor is asked for when you sign in", "");
            let console = console.clone();
            spawn_local(async move {
                if let Ok(Some(me)) = console.api().me().await {
                    console.dispatch(Action::SignedIn(Box::new(me)));
                }
            });
            close.emit(());
        })
    };
    let were_shown = {
        let (open, close, console) = (open.clone(), close.clone(), console.clone());
        Callback::from(move |codes: Option<Vec<SecretText>>| match codes {
            Some(codes) => open.set(Open::Codes(codes, false)),
            None => {
                console.tell(ToastKind::Success, "It is not asked for any more", "");
                close.emit(());
            }
        })
    };
    let was_added = {
        let (open, was_set_up) = (open.clone(), was_set_up.clone());
        Callback::from(move |codes: Option<Vec<SecretText>>| match codes {
            Some(codes) => open.set(Open::Codes(codes, true)),
            None => was_set_up.emit(()),
        })
    };
    let reset = store.me().and_then(|me| me.factors_reset.clone());
    html! {
        <section class="sp-card" id="second-factor" aria-labelledby="second-factor-title">
            <h2 id="second-factor-title">{ "Second factor" }</h2>
            if let Some(error) = &*error {
                <ErrorAlert id="second-factor-error" error={error.clone()} />
            }
            if let Some(reset) = reset {
                <Alert id="factors-reset" severity={Severity::Warning} title="An administrator reset your second factors">
                    <p>{ &reset.reason }</p>
                </Alert>
            }
            { match &*state {
                None if error.is_some() => Html::default(),
                None => spinner("Loading second factors"),
                Some(state) => match (&*open, state.totp_since) {
                    (Open::SetUp, None) => html! { <SetUp asks_password={store.has_password()} ondone={was_set_up} oncancel={close} /> },
                    (Open::Codes(codes, first), _) => {
                        html! { <Codes codes={codes.clone()} ondone={if *first { was_set_up } else { close }} /> }
                    }
                    (open, since) => html! {
                        <>
                            if since.is_none() && state.passkeys.is_empty() {
                                <p>{ "Your password alone signs you in. With an authenticator app on your telephone, or a passkey, whoever learns your password still cannot." }</p>
                            }
                            { match since {
                                None => html! {
                                    <div><Button id="set-up-totp" kind={if state.passkeys.is_empty() { Kind::Primary } else { Kind::Secondary }} label="Set up an authenticator app" onclick={show(Open::SetUp)} /></div>
                                },
                                Some(since) => html! {
                                    <div class="sp-factor">
                                        <StateLabel id="totp-state" word={words::ON} />
                                        <span>{ "Authenticator app, set up " }<TimeText at={since} {now} /></span>
                                        <Button id="remove-totp" kind={Kind::DangerSecondary} small={true} label="Turn off"
                                            obstacle={last_one(state, 1)} onclick={show(Open::Both(Deed::TurnOff))} />
                                    </div>
                                },
                            } }
                            { for state.passkeys.iter().map(|it| passkey_row(it, now, last_one(state, usize::from(since.is_some()) + 1), show(Open::Both(Deed::RemovePasskey(it.id))))) }
                            if let Some(why) = &state.passkeys_unavailable {
                                <p class="sp-pale" id="passkeys-unavailable">{ why }</p>
                            } else {
                                <div><Button id="add-passkey" label="Add a passkey" obstacle={if passkeys::are_known() { "" } else { "This browser knows no passkeys, or is too old for them." }} onclick={show(Open::AddPasskey)} /></div>
                            }
                            if since.is_some() || !state.passkeys.is_empty() {
                                <div class="sp-factor">
                                    <Button id="renew-recovery-codes" small={true} label="New recovery codes" onclick={show(Open::Both(Deed::Renew))} />
                                    <span id="recovery-codes-left" class="sp-pale">{ words::recovery_codes(state.recovery_codes_left) }</span>
                                </div>
                            }
                            if let Open::Both(deed) = open {
                                <BothDialog deed={*deed} app={since.is_some()} passkey={!state.passkeys.is_empty()} ondone={were_shown} onclose={close} />
                            } else if *open == Open::AddPasskey {
                                <PasskeyDialog asks_password={store.has_password()} ondone={was_added} onclose={close} />
                            }
                        </>
                    },
                },
            } }
        </section>
    }
}

/// Why it cannot be taken away where everybody needs one; empty when it can. `position` is where it stands among those there are.
fn last_one(state: &SecondFactors, position: usize) -> &'static str {
    let count = usize::from(state.totp_since.is_some()) + state.passkeys.len();
    if state.required && count <= 1 && position >= count {
        "Everybody who signs in here needs a second factor."
    } else {
        ""
    }
}

fn passkey_row(it: &Passkey, now: Timestamp, obstacle: &'static str, remove: Callback<MouseEvent>) -> Html {
    html! {
        <div class="sp-factor" key={it.id.to_string()} data-testid="passkey-row" data-name={it.name.clone()}>
            <StateLabel word={words::ON} />
            <span>{ format!("Passkey {}, added ", it.name) }<TimeText at={it.created_at} {now} /></span>
            if let Some(at) = it.last_used_at {
                <span class="sp-pale">{ "used " }<TimeText {at} {now} /></span>
            }
            <Button class="sp-remove-passkey" kind={Kind::DangerSecondary} small={true} label="Remove" title={format!("Remove the passkey {}", it.name)} {obstacle} onclick={remove} />
        </div>
    }
}
