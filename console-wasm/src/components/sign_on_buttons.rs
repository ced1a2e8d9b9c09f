//! Other ways to sign in than with a password.

use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, BeginSignOn, SignOnButton};
use yew::prelude::*;

use super::button::Button;
use crate::console::use_console;
use crate::submission::use_submission;

/// Properties of [`SignOnButtons`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct SignOnButtonsProps {
    /// A provider could not be reached, or was for another reason.
    pub(crate) onerror: Callback<Option<ApiError>>,
}

/// One button for each provider; nothing where there is none.
#[component]
pub(crate) fn SignOnButtons(props: &SignOnButtonsProps) -> Html {
    let console = use_console();
    let buttons = use_state(Vec::<SignOnButton>::new);
    let sending = use_submission();
    {
        let (console, buttons) = (console.clone(), buttons.clone());
        use_effect_with((), move |()| {
            spawn_local(async move {
                // Without them there is still the password.
                if let Ok(all) = console.api().sign_on_buttons().await {
                    buttons.set(all);
                }
            });
        });
    }
    if buttons.is_empty() {
        return Html::default();
    }
    let button = |it: &SignOnButton| {
        let onclick = {
            let (console, sending, onerror, id) = (console.clone(), sending.clone(), props.onerror.clone(), it.id);
            Callback::from(move |_: MouseEvent| {
                onerror.emit(None);
                let begin = BeginSignOn { provider_id: id, return_to: here() };
                let (api, onerror) = (console.api().clone(), onerror.clone());
                sending.send_or(
                    true,
                    async move { api.begin_sign_on(&begin).await },
                    |begun| {
                        // Fails only for what is no address.
                        let _ = gloo::utils::window().location().assign(&begun.address);
                    },
                    move |error| onerror.emit(Some(error)),
                );
            })
        };
        html! {
            <Button key={it.id.to_string()} class="sp-sign-on" label={format!("Sign in with {}", it.name)} block={true} busy={sending.is_busy()} {onclick} />
        }
    };
    html! {
        <div class="sp-sign-on-buttons" id="sign-on">
            <div class="sp-or" aria-hidden="true"><span>{ "or" }</span></div>
            { for buttons.iter().map(button) }
        </div>
    }
}

/// Where in the console somebody wanted to go.
fn here() -> String {
    let location = gloo::utils::window().location();
    let path = location.pathname().unwrap_or_default();
    format!("{path}{}", location.search().unwrap_or_default())
}
