//! Where everybody needs a second factor and one has none yet: setting it up comes before anything else.

use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, Me};
use yew::prelude::*;

use super::set_up::SetUp;
use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::frame::brand_mark;
use crate::console::{use_console, use_store};
use crate::state::store::Action;

/// The page.
#[component]
pub(crate) fn FirstFactor() -> Html {
    let console = use_console();
    let store = use_store();
    let failed = use_state(|| None::<ApiError>);
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
                <h1 class="pf-v6-c-title pf-m-xl">{ "Set up an authenticator app" }</h1>
                { why(&me) }
                if let Some(error) = &*failed {
                    <ErrorAlert id="first-factor-error" error={error.clone()} />
                }
                <SetUp asks_password={false} {ondone} />
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
