//! How people sign in.

use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, SignInSettings};
use yew::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::button::Button;
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
    let reload = {
        let (console, settings, error) = (console.clone(), settings.clone(), error.clone());
        Callback::from(move |()| {
            let (console, settings, error) = (console.clone(), settings.clone(), error.clone());
            spawn_local(async move {
                match console.api().sign_in_settings().await {
                    Ok(loaded) => {
                        settings.set(Some(loaded));
                        error.set(None);
                    }
                    Err(failed) => error.set(Some(failed)),
                }
            });
        })
    };
    {
        let reload = reload.clone();
        use_effect_with((), move |()| reload.emit(()));
    }
    let onchange = {
        let (console, settings, error) = (console.clone(), settings.clone(), error.clone());
        Callback::from(move |second_factor_required: bool| {
            let (console, settings, error) = (console.clone(), settings.clone(), error.clone());
            let revision = (*settings).as_ref().map_or(0, |it| it.revision);
            spawn_local(async move {
                let wanted = SignInSettings { second_factor_required, revision };
                match console.api().set_sign_in_settings(&wanted).await {
                    Ok(set) => {
                        let said = if second_factor_required {
                            "From the next sign-in on, everybody needs a second factor"
                        } else {
                            "A second factor is everybody's own choice"
                        };
                        console.tell(ToastKind::Success, said, "");
                        settings.set(Some(set));
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
                <ErrorAlert id="sign-in-rules-error" error={error.clone()}>
                    if error.code == "changed_meanwhile" {
                        <Button id="sign-in-rules-reload" small={true} label="Load it again" onclick={reload.reform(|_: MouseEvent| ())} />
                    }
                </ErrorAlert>
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
