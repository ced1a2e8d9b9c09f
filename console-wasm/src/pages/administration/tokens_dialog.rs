//! The API tokens of a user, for an administrator to revoke.

use wasm_bindgen_futures::spawn_local;
use wire::ApiTokenId;
use wire::api::{ApiError, ApiToken, User};
use yew::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::dialog::{Dialog, Width};
use crate::components::spinner;
use crate::console::{use_console, use_now};
use crate::pages::api_tokens::token_table;

/// Properties of [`TokensDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct TokensDialogProps {
    /// Whose.
    pub(super) user: User,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// The dialog.
#[component]
pub(super) fn TokensDialog(props: &TokensDialogProps) -> Html {
    let console = use_console();
    let tokens = use_state(|| None::<Vec<ApiToken>>);
    let error = use_state(|| None::<ApiError>);
    let reload = use_state(|| 0_u32);
    let now = use_now(15_000);
    let user = props.user.id;
    {
        let (console, tokens, error) = (console.clone(), tokens.clone(), error.clone());
        use_effect_with(*reload, move |_| {
            spawn_local(async move {
                match console.api().api_tokens(Some(user)).await {
                    Ok(list) => tokens.set(Some(list)),
                    Err(failed) => error.set(Some(failed)),
                }
            });
        });
    }
    let revoke = {
        let (error, reload) = (error.clone(), reload.clone());
        Callback::from(move |id: ApiTokenId| {
            let (console, error, reload) = (console.clone(), error.clone(), reload.clone());
            spawn_local(async move {
                match console.api().revoke_api_token(Some(user), id).await {
                    Ok(()) => reload.set(*reload + 1),
                    Err(failed) => error.set(Some(failed)),
                }
            });
        })
    };
    let footer =
        html! { <Button id="tokens-done" kind={Kind::Primary} label="Done" onclick={props.onclose.reform(|_| ())} /> };
    html! {
        <Dialog id="tokens-dialog" title={format!("API tokens of {}", props.user.user_name)} width={Width::Medium} {footer} onclose={props.onclose.clone()}>
            if let Some(error) = &*error {
                <ErrorAlert id="tokens-error" error={error.clone()} />
            }
            { match &*tokens {
                None if error.is_some() => Html::default(),
                None => spinner("Loading tokens"),
                Some(list) if list.is_empty() => html! { <p id="no-tokens">{ format!("{} has no API token.", props.user.display_name) }</p> },
                Some(list) => token_table(list, now, &revoke),
            } }
        </Dialog>
    }
}
