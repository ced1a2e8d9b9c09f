//! Where everybody needs a second factor and one has none yet: setting it up comes before anything else.

use wasm_bindgen_futures::spawn_local;
use wire::SecretText;
use wire::api::{ApiError, Me};
use yew::prelude::*;

use super::codes::Codes;
use super::passkey_dialog::PasskeyDialog;
use super::set_up::SetUp;
use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::frame::brand_mark;
use crate::console::{use_console, use_store};
use crate::passkeys;
use crate::state::store::Action;

/// What is set up, and how far it is.
#[derive(Clone, PartialEq)]
enum Open {
    App,
    Passkey,
    Codes(Vec<SecretText>),
}

/// The page.
#[component]
pub(crate) fn FirstFactor() -> Html {
    let console = use_console();
    let store = use_store();
    let failed = use_state(|| None::<ApiError>);
    let open = use_state(|| Open::App);
    let Some(me) = store.me().cloned() else { return Html::default() };
    let ondone = {
        let (console, failed) = (console.clone(), failed.clone());
        Callback::from(move |()| {
            let (console, failed) = (console.clone(), failed.clone());
            spawn_local(async move {
                match console.api().me().await {
                    Ok(Some(me)) => console.dispatch(Action::SignedIn(Box::new(me))),
                    Ok(None) => console.dispatch(Action::SignedOut(None)),
                    Err(error) => failed.set(Some(error)),
                }
            });
        })
    };
    let ask_for_passkey = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(Open::Passkey))
    };
    let back = {
        let open = open.clone();
        Callback::from(move |()| open.set(Open::App))
    };
    let added = {
        let (open, ondone) = (open.clone(), ondone.clone());
        Callback::from(move |codes: Option<Vec<SecretText>>| match codes {
            Some(codes) => open.set(Open::Codes(codes)),
            None => ondone.emit(()),
        })
    };
    let sign_out = Callback::from(move |_: MouseEvent| {
        let console = console.clone();
        spawn_local(async move {
            // Whatever comes of it: here is nothing else to do.
            let _ = console.api().sign_out().await;
            console.dispatch(Action::SignedOut(None));
        });
    });
    html! {
        <main class="sp-gate" id="first-factor">
            <div class="sp-gate__card">
                <div class="sp-gate__brand">{ brand_mark() }<span>{ "Sallyport" }</span></div>
                <h1 class="pf-v6-c-title pf-m-xl">{ "Set up a second factor" }</h1>
                { why(&me) }
                if let Some(error) = &*failed {
                    <ErrorAlert id="first-factor-error" error={error.clone()} />
                }
                { match &*open {
                    Open::App => html! {
                        <>
                            <SetUp asks_password={false} ondone={ondone.clone()} />
                            if passkeys::are_known() {
                                <div><Button id="first-passkey" kind={Kind::Link} label="Use a passkey instead" onclick={ask_for_passkey} /></div>
                            }
                        </>
                    },
                    Open::Passkey => html! { <PasskeyDialog asks_password={false} ondone={added} onclose={back} /> },
                    Open::Codes(codes) => html! { <Codes codes={codes.clone()} ondone={ondone.clone()} /> },
                } }
                <div><Button id="first-factor-sign-out" kind={Kind::Link} label="Sign out" onclick={sign_out} /></div>
            </div>
        </main>
    }
}

fn why(me: &Me) -> Html {
    match &me.factors_reset {
        Some(reset) => html! {
            <Alert id="factors-reset" severity={Severity::Warning} title="An administrator reset your second factors">
                <p>{ &reset.reason }</p>
            </Alert>
        },
        None => {
            html! { <p>{ "Everybody who signs in here needs a second factor besides the password. You do this once." }</p> }
        }
    }
}
