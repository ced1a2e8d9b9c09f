//! How people sign in.

use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, SignInSettings};
use yew::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::field::Switch;
use crate::components::spinner;
use crate::console::use_console;
use crate::state::toasts::ToastKind;

/// The section.
#[component]
pub(super) fn SignInRules() -> Html {
    let console = use_console();
    let settings = use_state(|| None::<SignInSettings>);
    let error = use_state(|| None::<ApiError>);
    {
        let (console, settings, error) = (console.clone(), settings.clone(), error.clone());
        use_effect_with((), move |()| {
            spawn_local(async move {
                match console.api().sign_in_settings().await {
                    Ok(loaded) => settings.set(Some(loaded)),
                    Err(failed) => error.set(Some(failed)),
                }
            });
        });
    }
    let onchange = {
        let (console, settings, error) = (console.clone(), settings.clone(), error.clone());
        Callback::from(move |second_factor_required: bool| {
            let (console, settings, error) = (console.clone(), settings.clone(), error.clone());
            spawn_local(async move {
                let changed = SignInSettings { second_factor_required };
                match console.api().set_sign_in_settings(&changed).await {
                    Ok(()) => {
                        let said = if second_factor_required {
                            "From the next sign-in on, everybody needs a second factor"
                        } else {
                            "A second factor is everybody's own choice"
                        };
                        console.tell(ToastKind::Success, said, "");
                        settings.set(Some(changed));
                        error.set(None);
                    }
                    Err(failed) => error.set(Some(failed)),
                }
            });
        })
    };
    html! {
        <section class="sp-card" id="sign-in-rules" aria-labelledby="sign-in-rules-title">
            <h2 id="sign-in-rules-title">{ "Signing in" }</h2>
            if let Some(error) = &*error {
                <ErrorAlert id="sign-in-rules-error" error={error.clone()} />
            }
            { match &*settings {
                None if error.is_some() => Html::default(),
                None => spinner("Loading the rules"),
                Some(settings) => html! {
                    <>
                        <Switch id="second-factor-required" label="Everybody needs a second factor" on={settings.second_factor_required} {onchange} />
                        <p class="sp-pale">{ "Who has none sets up an authenticator app at the next sign-in, before anything else." }</p>
                    </>
                },
            } }
        </section>
    }
}
