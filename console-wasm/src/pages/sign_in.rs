//! Signing in. It stands at whatever address was asked for, so that signing in leads there.

use wasm_bindgen_futures::spawn_local;
use wire::SecretText;
use wire::api::{ApiError, Banner, FinishSignOn, Me, SIGN_ON_RETURN, SecondFactorStep, SignInAnswer, SignInRequest};
use yew::prelude::*;
use yew_router::history::{BrowserHistory, History};
use yew_router::prelude::use_location;

use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::field::{TextField, focus, kept_in};
use crate::components::frame::brand_mark;
use crate::components::sign_on_buttons::SignOnButtons;
use crate::components::spinner;
use crate::console::{Console, use_console};
use crate::pages::second_factor::SecondStep;
use crate::state::store::Action;
use crate::state::toasts::ToastKind;
use crate::submission::use_submission;

/// Properties of [`SignInPage`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct SignInPageProps {
    /// Why nobody is signed in any more, when that happened unasked.
    pub(crate) why: Option<String>,
}

/// The page.
#[component]
pub(crate) fn SignInPage(props: &SignInPageProps) -> Html {
    let console = use_console();
    let user_name = use_state(String::new);
    let password = use_state(String::new);
    let sending = use_submission();
    let second = use_state(|| None::<SecondFactorStep>);
    let over = use_state(|| None::<ApiError>);
    let setup_needed = use_state(|| false);
    // None as long as it is not known whether there is one.
    let banner = use_state(|| None::<Option<Banner>>);
    let came_back = use_location().filter(|it| it.path() == SIGN_ON_RETURN);
    // Who comes back from a provider agreed before they left.
    let agreed = use_state(|| came_back.is_some());
    // First the name; coming back from the second step, whose name is known.
    use_effect_with((second.is_some(), *agreed, banner.is_some()), {
        let named = !user_name.is_empty();
        move |(is_second, ..)| {
            if !is_second {
                focus(if named { "password" } else { "user-name" });
            }
        }
    });
    {
        let (console, setup_needed, banner) = (console.clone(), setup_needed.clone(), banner.clone());
        use_effect_with((), move |()| {
            spawn_local(async move {
                banner.set(Some(console.api().sign_in_banner().await.ok().and_then(|it| it.banner)));
                if let Ok(state) = console.api().setup_state().await {
                    setup_needed.set(state.needed);
                }
            });
        });
    }
    let finishing = use_state(|| came_back.is_some());
    {
        let (console, finishing, second, over) = (console.clone(), finishing.clone(), second.clone(), over.clone());
        use_effect_with((), move |()| {
            let Some(brought) = came_back.map(|it| it.query::<FinishSignOn>().unwrap_or_default()) else { return };
            // What it brought is good once: it need not stand in the address.
            BrowserHistory::new().replace("/");
            spawn_local(async move {
                match console.api().finish_sign_on(&brought).await {
                    Ok(finished) => {
                        BrowserHistory::new().replace(finished.return_to);
                        match finished.answer {
                            SignInAnswer::SignedIn(me) => arrive(&console, me),
                            SignInAnswer::SecondFactor(step) => second.set(Some(step)),
                        }
                    }
                    Err(error) => over.set(Some(error)),
                }
                finishing.set(false);
            });
        });
    }
    let onsubmit = {
        let (user_name, password, sending) = (user_name.clone(), password.clone(), sending.clone());
        let (second, over) = (second.clone(), over.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let request = SignInRequest {
                user_name: user_name.trim().to_owned(),
                password: SecretText::new((*password).clone()),
            };
            let api = console.api().clone();
            let (console, kept, second) = (console.clone(), password.clone(), second.clone());
            let password = password.clone();
            over.set(None);
            sending.send_or(
                true,
                async move { api.sign_in(&request).await },
                move |answer| match answer {
                    SignInAnswer::SignedIn(me) => arrive(&console, me),
                    SignInAnswer::SecondFactor(step) => {
                        kept.set(String::new());
                        second.set(Some(step));
                    }
                },
                move |_| {
                    password.set(String::new());
                    focus("password");
                },
            );
        })
    };
    let onback = {
        let (second, over) = (second.clone(), over.clone());
        Callback::from(move |why| {
            second.set(None);
            over.set(why);
        })
    };
    let onerror = {
        let over = over.clone();
        Callback::from(move |error| over.set(error))
    };
    if let Some(step) = &*second {
        return html! {
            <main class="sp-gate" id="second-step">
                <div class="sp-gate__card">
                    <div class="sp-gate__brand">{ brand_mark() }<span>{ "Sallyport" }</span></div>
                    <h1 class="pf-v6-c-title pf-m-xl">{ "Second factor" }</h1>
                    <SecondStep step={step.clone()} {onback} />
                </div>
            </main>
        };
    }
    let Some(banner) = &*banner else { return spinner("Loading the sign-in") };
    if let Some(banner) = banner.as_ref().filter(|it| it.must_agree && !*agreed) {
        let onagree = {
            let agreed = agreed.clone();
            Callback::from(move |_: MouseEvent| agreed.set(true))
        };
        return html! {
            <main class="sp-gate" id="sign-in-agree">
                <div class="sp-gate__card">
                    <div class="sp-gate__brand">{ brand_mark() }<span>{ "Sallyport" }</span></div>
                    <h1 class="pf-v6-c-title pf-m-xl">{ "Before you sign in" }</h1>
                    <p class="sp-gate__text" id="sign-in-banner">{ &banner.text }</p>
                    <Button id="sign-in-agreed" kind={Kind::Primary} label="I agree" block={true} onclick={onagree} />
                </div>
            </main>
        };
    }
    html! {
        <main class="sp-gate" id="sign-in">
            <div class="sp-gate__card">
                <div class="sp-gate__brand">{ brand_mark() }<span>{ "Sallyport" }</span></div>
                <h1 class="pf-v6-c-title pf-m-xl">{ "Sign in" }</h1>
                if *finishing {
                    { spinner("Signing in") }
                }
                if let Some(banner) = banner {
                    <p class="sp-gate__text" id="sign-in-banner">{ &banner.text }</p>
                }
                if *setup_needed {
                    <Alert id="setup-needed" severity={Severity::Info} title="This appliance is new">
                        <p>{ "Open the one-time link that it printed when it started: it makes the first administrator." }</p>
                    </Alert>
                }
                if let Some(error) = sending.error().or(over.as_ref()) {
                    <ErrorAlert id="sign-in-error" error={error.clone()} />
                } else if let Some(why) = &props.why {
                    <Alert id="signed-out" severity={Severity::Info} title={why.clone()}>
                        <p>{ "Sign in again to go on where you were." }</p>
                    </Alert>
                }
                <form class="pf-v6-c-form" novalidate={true} {onsubmit}>
                    <TextField id="user-name" label="User name" value={(*user_name).clone()} autocomplete="username" oninput={kept_in(&user_name)} />
                    <TextField id="password" label="Password" kind="password" value={(*password).clone()} autocomplete="current-password" oninput={kept_in(&password)} />
                    <Button id="sign-in-submit" kind={Kind::Primary} label="Sign in" busy={sending.is_busy()} submit={true} block={true} />
                </form>
                <SignOnButtons onerror={onerror} />
            </div>
        </main>
    }
}

/// They are signed in.
fn arrive(console: &Console, me: Box<Me>) {
    if let Some(reset) = &me.factors_reset {
        console.tell(ToastKind::Failure, "An administrator reset your second factors", &reset.reason);
    }
    console.dispatch(Action::SignedIn(me));
}
