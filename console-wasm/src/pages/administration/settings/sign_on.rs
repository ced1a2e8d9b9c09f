use wire::api::{SignOnProviderSettings, TestOutcome};
use yew::prelude::*;

use super::outcome;
use super::sign_on_dialog::SignOnDialog;
use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::copy::Command;
use crate::components::dialog::ConfirmDialog;
use crate::components::icon::Icon;
use crate::components::spinner;
use crate::console::use_console;
use crate::loaded::use_loaded;
use crate::submission::use_submission;

/// What is open above the list.
#[derive(Clone, PartialEq)]
enum Open {
    Edit(Option<SignOnProviderSettings>),
    Remove(SignOnProviderSettings),
}

/// Providers of single sign-on.
#[component]
pub(super) fn SignOnCard() -> Html {
    let settings = use_loaded((), |api| async move { api.sign_on_settings().await });
    let open = use_state(|| None::<Open>);
    let show = |what: Open| {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(Some(what.clone())))
    };
    let close = {
        let (open, reload) = (open.clone(), settings.reload.clone());
        Callback::from(move |()| {
            open.set(None);
            reload.emit(());
        })
    };
    let body = match &*settings.value {
        None => spinner("Loading providers"),
        Some(all) => html! {
            <>
                <div class="pf-v6-c-form__group">
                    <span class="pf-v6-c-form__label-text">{ "Redirect URL to register with the provider" }</span>
                    <Command id="sign-on-redirect-url" text={all.redirect_url.clone()} what="the redirect URL" />
                </div>
                if all.providers.is_empty() {
                    <p class="sp-pale" id="no-providers">{ "There is no provider yet: everybody signs in with a password." }</p>
                }
                { for all.providers.iter().map(|provider| html! {
                    <ProviderRow key={provider.id.to_string()} provider={provider.clone()}
                        onedit={show(Open::Edit(Some(provider.clone())))} onremove={show(Open::Remove(provider.clone()))} />
                }) }
            </>
        },
    };
    html! {
        <section class="sp-card" id="sign-on-settings" aria-labelledby="sign-on-settings-title">
            <div class="sp-card__head">
                <h2 id="sign-on-settings-title">{ "Single sign-on" }</h2>
                <div class="sp-card__actions">
                    <Button id="add-provider" kind={Kind::Primary} small={true} icon={Icon::Plus} label="Add provider" onclick={show(Open::Edit(None))} />
                </div>
            </div>
            <p class="sp-pale">{ "People sign in by way of an OpenID Connect provider, and its groups decide which teams they are in. Who has a password here can sign in when the provider is away." }</p>
            if let Some(error) = &*settings.error {
                <ErrorAlert id="sign-on-load-error" error={error.clone()} />
            }
            { body }
            { match &*open {
                None => Html::default(),
                Some(Open::Edit(provider)) => html! { <SignOnDialog provider={provider.clone()} onclose={close} /> },
                Some(Open::Remove(provider)) => html! { <Removal provider={provider.clone()} onclose={close} /> },
            } }
        </section>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct ProviderRowProps {
    provider: SignOnProviderSettings,
    onedit: Callback<MouseEvent>,
    onremove: Callback<MouseEvent>,
}

/// A provider, with a way to try it out.
#[component]
fn ProviderRow(props: &ProviderRowProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let came = use_state(|| None::<TestOutcome>);
    let it = &props.provider;
    let ontry = {
        let (id, came, sending) = (it.id, came.clone(), sending.clone());
        Callback::from(move |_: MouseEvent| {
            came.set(None);
            let (api, came) = (console.api().clone(), came.clone());
            sending.send(true, async move { api.test_sign_on_provider(id).await }, move |it| came.set(Some(it)));
        })
    };
    let name = &it.provider.name;
    let state = if it.provider.enabled { "People can sign in" } else { "Switched off" };
    html! {
        <div class="sp-provider" data-testid="provider-row" data-name={name.clone()}>
            <div class="sp-provider__facts">
                <strong>{ name }</strong>
                <span class="sp-pale">{ &it.provider.issuer }</span>
                <span>{ state }</span>
            </div>
            <div class="sp-provider__actions">
                <Button class="sp-try-provider" small={true} label="Try it" busy={sending.is_busy()} onclick={ontry} />
                <Button class="sp-edit-provider" kind={Kind::Plain} small={true} icon={Icon::Pen} title={format!("Properties of {name}")} onclick={props.onedit.clone()} />
                <Button class="sp-remove-provider" kind={Kind::Plain} small={true} icon={Icon::Trash} title={format!("Remove {name}")} onclick={props.onremove.clone()} />
            </div>
            if let Some(error) = sending.error() {
                <ErrorAlert id="provider-test-error" error={error.clone()} />
            }
            if let Some(it) = &*came {
                { outcome("provider-test-outcome", it, Html::default()) }
            }
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct RemovalProps {
    provider: SignOnProviderSettings,
    onclose: Callback<()>,
}

#[component]
fn Removal(props: &RemovalProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let onconfirm = {
        let (id, onclose, sending) = (props.provider.id, props.onclose.clone(), sending.clone());
        Callback::from(move |()| {
            let (api, onclose) = (console.api().clone(), onclose.clone());
            sending.send(true, async move { api.remove_sign_on_provider(id).await }, move |()| onclose.emit(()));
        })
    };
    html! {
        <ConfirmDialog id="remove-provider" title={format!("Remove the provider {}?", props.provider.provider.name)} deed="Remove" busy={sending.is_busy()}
            error={sending.error().cloned()} {onconfirm} onclose={props.onclose.clone()}>
            <p>{ "Nobody signs in by way of it any more: who has no password here cannot sign in at all. People leave the teams that it put them into, and sessions end that depend on that." }</p>
        </ConfirmDialog>
    }
}
