//! *Credentials*: what is stored for whoever uses the session, given out when it is asked for.

use std::rc::Rc;

use gloo::timers::callback::Timeout;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use wire::api::{ApiError, Giving, RevealSecret, SecretPart, SecretUse, SessionCredential};
use wire::{SecretText, SessionId};
use yew::prelude::*;

use super::tunnel_name;
use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::Button;
use crate::components::copy::CopyButton;
use crate::components::icon::Icon;
use crate::console::{use_console, use_store};
use crate::loaded::use_loaded;
use crate::state::session_view::SessionView;

/// How long a secret is shown.
const SHOWN_MILLIS: u32 = 30_000;
/// How many dots stand in its place, however long it is.
const DOTS: &str = "••••••••••••";

/// Properties of [`StoredCredentials`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct StoredCredentialsProps {
    /// The session.
    pub(super) view: Rc<SessionView>,
}

/// The section; nothing where nothing is stored.
#[component]
pub(super) fn StoredCredentials(props: &StoredCredentialsProps) -> Html {
    let store = use_store();
    let session = &props.view.session;
    let id = session.id;
    let listening = session.tunnels.iter().filter(|it| it.listening.is_some()).count();
    // What decides besides the item itself.
    let version = (id, listening, session.reconnecting.is_some(), session.policy.clone(), store.access_changed);
    let loaded = use_loaded(version, move |api| async move { api.session_credentials(id).await });
    let stored = loaded.value.as_ref();
    let refused = stored.and_then(|it| it.refused.clone());
    let credentials = stored.map(|it| it.credentials.clone()).unwrap_or_default();
    if credentials.is_empty() && refused.is_none() && loaded.error.is_none() {
        return Html::default();
    }
    html! {
        <section class="sp-card" id="session-credentials" aria-labelledby="session-credentials-title">
            <h2 id="session-credentials-title">{ "Credentials" }</h2>
            if let Some(error) = &*loaded.error {
                <ErrorAlert id="session-credentials-error" error={error.clone()} />
            }
            if let Some(refused) = &refused {
                <Alert id="session-credentials-refused" severity={Severity::Info} title="Stored credentials are not given out now"><p>{ refused }</p></Alert>
            } else {
                <p class="sp-pale">{ "Each time that one is shown or copied is written down." }</p>
            }
            <ul class="sp-credentials">
                { for credentials.iter().map(|it| row(&props.view, it, refused.is_some())) }
            </ul>
        </section>
    }
}

fn row(view: &SessionView, it: &SessionCredential, is_refused: bool) -> Html {
    let tunnels: Vec<String> = it.tunnels.iter().map(|index| tunnel_name(view, *index)).collect();
    let tunnels = if tunnels.is_empty() { String::new() } else { format!("for {}", tunnels.join(", ")) };
    let part = |part: SecretPart, label: &'static str| {
        html! {
            <Secret session={view.session.id} credential={it.clone()} {part} {label} {is_refused} />
        }
    };
    html! {
        <li class="sp-credential" key={it.id.to_string()} data-testid="session-credential" data-name={it.name.clone()}>
            <div class="sp-credential__name">
                <strong>{ &it.name }</strong>
                if !tunnels.is_empty() {
                    <span class="sp-pale">{ tunnels }</span>
                }
            </div>
            <dl class="sp-credential__parts">
                if !it.user_name.is_empty() {
                    <div>
                        <dt>{ "User name" }</dt>
                        <dd>
                            <code class="sp-user-name">{ &it.user_name }</code>
                            <CopyButton text={it.user_name.clone()} what={format!("the user name of {}", it.name)} />
                        </dd>
                    </div>
                }
                { part(SecretPart::Secret, it.kind.words()) }
                if it.has_passphrase {
                    { part(SecretPart::Passphrase, "Passphrase") }
                }
            </dl>
        </li>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct SecretProps {
    session: SessionId,
    credential: SessionCredential,
    part: SecretPart,
    label: &'static str,
    is_refused: bool,
}

/// What came of asking for a secret.
#[derive(Clone, PartialEq)]
enum Told {
    Copied,
    NotCopied,
    Refused(ApiError),
}

#[component]
fn Secret(props: &SecretProps) -> Html {
    let console = use_console();
    let shown = use_state(|| None::<SecretText>);
    let told = use_state(|| None::<Told>);
    let busy = use_state(|| None::<SecretUse>);
    {
        // Hidden again after a while, and at once where nothing is given out any more.
        let (hidden, is_refused) = (shown.clone(), props.is_refused);
        use_effect_with((shown.is_some(), is_refused), move |(is_shown, is_refused)| {
            if *is_shown && *is_refused {
                hidden.set(None);
            }
            let timeout = is_shown.then(|| Timeout::new(SHOWN_MILLIS, move || hidden.set(None)));
            move || drop(timeout)
        });
    }
    let ask = |wanted: SecretUse| {
        let (console, shown, told, busy) = (console.clone(), shown.clone(), told.clone(), busy.clone());
        let (session, credential, part) = (props.session, props.credential.id, props.part);
        Callback::from(move |_: MouseEvent| {
            let api = console.api().clone();
            let (shown, told, busy) = (shown.clone(), told.clone(), busy.clone());
            busy.set(Some(wanted));
            told.set(None);
            spawn_local(async move {
                match api.reveal(session, credential, RevealSecret { wanted, part }).await {
                    Err(error) => told.set(Some(Told::Refused(error))),
                    Ok(given) if wanted == SecretUse::Show => shown.set(Some(given.text)),
                    Ok(given) => {
                        let clipboard = gloo::utils::window().navigator().clipboard();
                        let copied = JsFuture::from(clipboard.write_text(given.text.expose())).await.is_ok();
                        told.set(Some(if copied { Told::Copied } else { Told::NotCopied }));
                    }
                }
                busy.set(None);
            });
        })
    };
    let hide = {
        let shown = shown.clone();
        Callback::from(move |_: MouseEvent| shown.set(None))
    };
    let what = format!("{} of {}", props.label.to_lowercase(), props.credential.name);
    let id = match props.part {
        SecretPart::Secret => "secret",
        SecretPart::Passphrase => "passphrase",
    };
    let refused = if props.is_refused { "Stored credentials are not given out now." } else { "" };
    let copied_only = props.credential.giving == Giving::CopiedOnly;
    html! {
        <div>
            <dt>{ props.label }</dt>
            <dd>
                <span aria-live="polite">
                    if let Some(text) = &*shown {
                        <code class={classes!("sp-secret", text.expose().contains('\n').then_some("sp-m-lines"))} data-testid={format!("shown-{id}")}>{ text.expose().to_owned() }</code>
                    } else {
                        <span class="sp-secret" data-testid={format!("hidden-{id}")}>
                            <span aria-hidden="true">{ DOTS }</span>
                            <span class="pf-v6-screen-reader">{ format!("The {what} is hidden") }</span>
                        </span>
                    }
                </span>
                if shown.is_some() {
                    <Button class={classes!(format!("sp-hide-{id}"))} small={true} label="Hide" title={format!("Hide the {what}")} onclick={hide} />
                } else if !copied_only {
                    <Button class={classes!(format!("sp-show-{id}"))} small={true} label="Show" title={format!("Show the {what} for 30 seconds")} obstacle={refused}
                        busy={*busy == Some(SecretUse::Show)} onclick={ask(SecretUse::Show)} />
                }
                <Button class={classes!(format!("sp-copy-{id}"))} small={true} icon={Icon::Copy} label="Copy" title={format!("Copy the {what}")} obstacle={refused}
                    busy={*busy == Some(SecretUse::Copy)} onclick={ask(SecretUse::Copy)} />
                if copied_only {
                    <span class="sp-pale">{ "Can be copied, not shown." }</span>
                }
                <span class="sp-credential__told" role="status">
                    { match &*told {
                        Some(Told::Copied) => "Copied. It stays in the clipboard until you copy something else.",
                        Some(Told::NotCopied) => "The browser did not allow copying.",
                        Some(Told::Refused(_)) | None if shown.is_some() => "Hidden again after 30 seconds.",
                        Some(Told::Refused(_)) | None => "",
                    } }
                </span>
                if let Some(Told::Refused(error)) = &*told {
                    <ErrorAlert id={format!("{id}-refused")} error={error.clone()} />
                }
            </dd>
        </div>
    }
}
