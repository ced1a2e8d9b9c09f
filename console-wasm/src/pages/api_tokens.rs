//! Keys with which programs use the API in one's place.

use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, ApiToken, CreatedApiToken, NewApiToken, TokenScope};
use wire::{ApiTokenId, SecretText, Timestamp, validate};
use yew::prelude::*;

use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::copy::Command;
use crate::components::dialog::{Dialog, FormDialog, Width};
use crate::components::field::{SelectField, TextField, kept_in};
use crate::components::icon::Icon;
use crate::components::spinner;
use crate::components::time::TimeText;
use crate::console::{use_console, use_now, use_store};
use crate::state::toasts::ToastKind;
use crate::state::words;
use crate::submission::use_submission;

/// What is open above the list.
#[derive(Clone, PartialEq)]
enum Open {
    Create,
    Created(CreatedApiToken),
}

/// The section of the account page.
#[component]
pub(crate) fn ApiTokenSection() -> Html {
    let console = use_console();
    let tokens = use_state(|| None::<Vec<ApiToken>>);
    let error = use_state(|| None::<ApiError>);
    let reload = use_state(|| 0_u32);
    let open = use_state(|| None::<Open>);
    let now = use_now(15_000);
    {
        let (console, tokens, error) = (console.clone(), tokens.clone(), error.clone());
        use_effect_with(*reload, move |_| {
            spawn_local(async move {
                match console.api().api_tokens(None).await {
                    Ok(list) => tokens.set(Some(list)),
                    Err(failed) => error.set(Some(failed)),
                }
            });
        });
    }
    let create = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(Some(Open::Create)))
    };
    let created = {
        let (open, reload) = (open.clone(), reload.clone());
        Callback::from(move |made| {
            open.set(Some(Open::Created(made)));
            reload.set(*reload + 1);
        })
    };
    let close = {
        let open = open.clone();
        Callback::from(move |()| open.set(None))
    };
    let revoke = {
        let (error, reload) = (error.clone(), reload.clone());
        Callback::from(move |id: ApiTokenId| {
            let (console, error, reload) = (console.clone(), error.clone(), reload.clone());
            spawn_local(async move {
                match console.api().revoke_api_token(None, id).await {
                    Ok(()) => {
                        console.tell(ToastKind::Success, "The token was revoked", "");
                        reload.set(*reload + 1);
                    }
                    Err(failed) => error.set(Some(failed)),
                }
            });
        })
    };
    html! {
        <section class="sp-card" id="api-tokens" aria-labelledby="api-tokens-title">
            <div class="sp-card__head">
                <h2 id="api-tokens-title">{ "API tokens" }</h2>
                <div class="sp-card__actions">
                    <Button id="create-token" small={true} icon={Icon::Plus} label="Create token" onclick={create} />
                </div>
            </div>
            if let Some(error) = &*error {
                <ErrorAlert id="api-tokens-error" error={error.clone()} />
            }
            { match &*tokens {
                None if error.is_some() => Html::default(),
                None => spinner("Loading tokens"),
                Some(list) if list.is_empty() => html! {
                    <p class="sp-pale" id="no-tokens">{ "A program that uses the appliance's API shows a token of yours. You have none." }</p>
                },
                Some(list) => token_table(list, now, &revoke),
            } }
            { match &*open {
                None => Html::default(),
                Some(Open::Create) => html! { <CreateDialog ondone={created} onclose={close} /> },
                Some(Open::Created(made)) => html! { <CreatedDialog made={made.clone()} onclose={close} /> },
            } }
        </section>
    }
}

/// Tokens in rows, each with a button that revokes it.
pub(crate) fn token_table(list: &[ApiToken], now: Timestamp, revoke: &Callback<ApiTokenId>) -> Html {
    let row = |token: &ApiToken| {
        let (id, revoke) = (token.id, revoke.clone());
        html! {
            <tr class="pf-v6-c-table__tr" key={id.to_string()} data-testid="token-row" data-name={token.name.clone()}>
                <th class="pf-v6-c-table__th" scope="row">{ &token.name }</th>
                <td class="pf-v6-c-table__td">{ words::token_scope(token.scope) }</td>
                <td class="pf-v6-c-table__td">{ words::token_end(token.expires_at, now) }</td>
                <td class="pf-v6-c-table__td">
                    { match (token.last_used_at, &token.last_used_from) {
                        (Some(at), Some(from)) => html! { <><TimeText {at} {now} />{ format!(" from {from}") }</> },
                        _ => html! { <span class="sp-pale">{ "never" }</span> },
                    } }
                </td>
                <td class="pf-v6-c-table__td sp-number">
                    <Button class="sp-revoke-token" kind={Kind::DangerSecondary} small={true} label="Revoke" title={format!("Revoke {}", token.name)} onclick={move |_| revoke.emit(id)} />
                </td>
            </tr>
        }
    };
    html! {
        <div class="sp-table-scroll">
        <table class="pf-v6-c-table pf-m-compact" aria-label="API tokens">
            <thead class="pf-v6-c-table__thead">
                <tr class="pf-v6-c-table__tr">
                    { for ["Name", "May", "Expires", "Last used"].map(|heading| html! { <th class="pf-v6-c-table__th" scope="col">{ heading }</th> }) }
                    <td class="pf-v6-c-table__td"></td>
                </tr>
            </thead>
            <tbody class="pf-v6-c-table__tbody">{ for list.iter().map(row) }</tbody>
        </table>
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct CreateDialogProps {
    ondone: Callback<CreatedApiToken>,
    onclose: Callback<()>,
}

/// The scopes by their key.
const SCOPES: [(&str, TokenScope); 3] =
    [("read", TokenScope::Read), ("jump", TokenScope::Jump), ("administer", TokenScope::Administer)];
/// How long a token may work.
const DAYS: [u32; 4] = [7, 30, 90, 365];

#[component]
fn CreateDialog(props: &CreateDialogProps) -> Html {
    let console = use_console();
    let name = use_state(String::new);
    let scope = use_state(|| "read".to_owned());
    let days = use_state(|| "30".to_owned());
    let password = use_state(String::new);
    let sending = use_submission();
    let asks = use_store().has_password();
    let wrong_name = validate::name(&name);
    let wrong_password = (asks && password.is_empty()).then(|| "Enter your present password.".to_owned());
    let chosen = SCOPES.iter().find(|(key, _)| *key == *scope).map_or(TokenScope::Read, |(_, scope)| *scope);
    let onsubmit = {
        let (name, days, password) = (name.clone(), days.clone(), password.clone());
        let (sending, ondone) = (sending.clone(), props.ondone.clone());
        let is_right = wrong_name.is_none() && wrong_password.is_none();
        Callback::from(move |()| {
            let new = NewApiToken {
                name: name.trim().to_owned(),
                scope: chosen,
                days: days.parse().unwrap_or_default(),
                password: SecretText::new((*password).clone()),
            };
            let (api, ondone) = (console.api().clone(), ondone.clone());
            sending.send(is_right, async move { api.create_api_token(&new).await }, move |made| ondone.emit(made));
        })
    };
    let scopes = SCOPES.map(|(key, scope)| (key.to_owned(), words::token_scope(scope).to_owned()));
    let ends = DAYS.map(|days| (days.to_string(), words::token_days(days)));
    html! {
        <FormDialog name="token" title="Create an API token" deed="Create" sending={sending.clone()} {onsubmit} onclose={props.onclose.clone()}>
            <TextField id="token-name" label="Name" required={true} value={(*name).clone()} help="What uses it, and where."
                error={sending.said("name", wrong_name)} oninput={kept_in(&name)} />
            <SelectField id="token-scope" label="It may" options={scopes.to_vec()} value={(*scope).clone()} help={words::token_scope_help(chosen)}
                error={sending.said("scope", None)} onchange={kept_in(&scope)} />
            <SelectField id="token-days" label="It works for" options={ends.to_vec()} value={(*days).clone()} error={sending.said("days", None)} onchange={kept_in(&days)} />
            if asks {
                <TextField id="token-password" label="Your present password" kind="password" required={true} value={(*password).clone()} autocomplete="current-password"
                    error={sending.said("password", wrong_password)} oninput={kept_in(&password)} />
            } else {
                <p class="sp-pale">{ words::JUST_SIGNED_IN }</p>
            }
        </FormDialog>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct CreatedDialogProps {
    made: CreatedApiToken,
    onclose: Callback<()>,
}

#[component]
fn CreatedDialog(props: &CreatedDialogProps) -> Html {
    let token = props.made.token.expose().to_owned();
    let footer = html! {
        <Button id="token-done" kind={Kind::Primary} label="I have kept it" onclick={props.onclose.reform(|_| ())} />
    };
    html! {
        <Dialog id="token-created" title={format!("The token {}", props.made.entry.name)} width={Width::Medium} {footer} onclose={props.onclose.clone()}>
            <div class="sp-enrol">
                <Command id="token-text" text={token} what="the token" />
                <p>{ "A program sends it with each request: " }<code>{ "Authorization: Bearer slp_…" }</code></p>
                <Alert severity={Severity::Info} title="The token is shown only now">
                    <p>{ "Whoever has it can do what it may in your name, until it expires or you revoke it." }</p>
                </Alert>
            </div>
        </Dialog>
    }
}
