//! How to get extension and helper, with a live look at what this workstation has.

use wire::api::{HelperDownload, Installation};
use yew::prelude::*;

use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::copy::Command;
use crate::components::helper_indicator::tone;
use crate::components::icon::Icon;
use crate::components::spinner;
use crate::components::state_label::{StateLabel, dot};
use crate::console::use_store;
use crate::state::format;
use crate::state::helper_state::{HelperState, HelperStatus, OUR_VERSION, install_command};
use crate::state::store::Load;
use crate::state::words::Tone;

/// The page.
#[component]
pub(crate) fn GetHelperPage() -> Html {
    let store = use_store();
    html! {
        <div class="sp-page" id="get-helper-page">
            <div class="sp-page__head">
                <h1 class="pf-v6-c-title pf-m-xl">{ "Get the helper" }</h1>
                <p>{ "The helper listens on 127.x.x.x of this workstation for your own clients. It is installed once, never needs administrator rights to run, and ends with the browser." }</p>
            </div>
            <Found helper={store.helper.clone()} />
            { match &store.installation {
                Load::Waiting => spinner("Loading"),
                Load::Failed(error) => html! { <ErrorAlert id="installation-error" error={(**error).clone()} /> },
                Load::Ready(installation) => html! { <Steps installation={(**installation).clone()} /> },
            } }
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct FoundProps {
    helper: HelperState,
}

/// What this workstation has, and what to do about what it has not.
#[component]
fn Found(props: &FoundProps) -> Html {
    let helper = &props.helper;
    let status = helper.status();
    let part = |id: &'static str, name: &'static str, version: Option<&str>, missing: &'static str| {
        let word = match (version, status) {
            (Some(_), _) => ("found", Tone::Good),
            (None, HelperStatus::Searching) => ("looking", Tone::Busy),
            (None, _) => (missing, Tone::Bad),
        };
        html! {
            <div class="sp-part" {id} data-found={version.is_some().to_string()}>
                <span class="sp-part__name">{ name }</span>
                <StateLabel {word} live={true} />
                <span class="sp-pale">{ version.filter(|version| !version.is_empty()).map(|version| format!("version {version}")).unwrap_or_default() }</span>
            </div>
        }
    };
    let helper_version = match helper {
        HelperState::Found { helper_version, .. } => Some(helper_version.as_str()),
        HelperState::Refused { .. } => Some(""),
        _ => None,
    };
    let extension = match helper {
        HelperState::OriginRefused { .. } => Some(""),
        other => other.extension_version(),
    };
    html! {
        <section class="sp-card" id="helper-found" aria-labelledby="helper-found-title">
            <h2 id="helper-found-title">{ dot(tone(status), "") }{ " This workstation: " }{ helper.words() }</h2>
            <div class="sp-parts">
                { part("extension-found", "Extension", extension, "not in this browser") }
                { part("helper-program-found", "Helper", helper_version, "not found") }
                <div class="sp-part"><span class="sp-part__name">{ "Appliance" }</span><span class="sp-pale">{ format!("version {OUR_VERSION}") }</span></div>
            </div>
            if let Some(advice) = helper.advice() {
                <Alert id="helper-advice" severity={if status == HelperStatus::Update { Severity::Info } else { Severity::Warning }} title={advice.headline}>
                    <p>{ advice.text }</p>
                </Alert>
            } else if status == HelperStatus::Ready {
                <Alert id="helper-ready" severity={Severity::Success} title="Extension and helper are ready">
                    <p>{ "Nothing is left to do. Protocol Tunneling in a session's tab opens its addresses on this workstation." }</p>
                </Alert>
            }
            if is_firefox() {
                <Alert id="firefox" severity={Severity::Info} title="Use Chrome, Chromium, Edge or Brave for tunnels">
                    <p>{ "Firefox does not let pages reach this extension. Everything else in the console works here." }</p>
                </Alert>
            }
        </section>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct StepsProps {
    installation: Installation,
}

/// The one-time installation, step by step.
#[component]
fn Steps(props: &StepsProps) -> Html {
    let it = &props.installation;
    let authority = it.ca_sha256.as_deref();
    html! {
        <section class="sp-card" id="helper-steps" aria-labelledby="helper-steps-title">
            <h2 id="helper-steps-title">{ "Install once" }</h2>
            <ol class="sp-guide">
                <li>
                    <h3>{ "Load the helper" }</h3>
                    <div>
                        if it.helper_downloads.is_empty() {
                            <p>{ "This appliance offers no helper program: ask your administrator for " }<code>{ "sallyport-helper" }</code>{ "." }</p>
                        } else {
                            <ul class="sp-downloads">{ for it.helper_downloads.iter().map(download) }</ul>
                            <p>{ "On Linux and macOS make it a program once it is loaded: " }<code>{ "chmod +x sallyport-helper" }</code></p>
                        }
                    </div>
                </li>
                <li>
                    <h3>{ "Install helper and extension" }</h3>
                    <div>
                        <p>{ "In a terminal, in the folder it was loaded into. For everybody on this workstation, with the extension; needs administrator rights this once:" }</p>
                        <Command id="install-managed" text={install_command(&it.origin, authority, true)} />
                        <p>{ "Or for you alone, without administrator rights. The extension then has to be in the browser already, or is loaded by hand:" }</p>
                        <Command id="install-own" text={install_command(&it.origin, authority, false)} />
                        if authority.is_some() {
                            <p class="sp-pale">{ "The long number is the fingerprint of this appliance's certificate authority: the helper trusts no other. Compare it with what your administrator gives you." }</p>
                        }
                    </div>
                </li>
                <li>
                    <h3>{ "Come back here" }</h3>
                    <div>
                        <p>{ "The line at the top turns to ready by itself. After the installation for everybody, start the browser again if it does not within a minute." }</p>
                    </div>
                </li>
            </ol>
            <details>
                <summary>{ "For administrators: many workstations, and the extension by hand" }</summary>
                <p>{ "Browsers that are managed by policy take the extension from this appliance. Its id and update address:" }</p>
                { for it.extension_ids.first().map(|id| html! { <Command id="extension-id" text={id.clone()} what="the id" /> }) }
                <Command id="extension-update-url" text={it.extension_update_url.clone()} what="the update address" />
                if let Some(url) = &it.ca_url {
                    <p>
                        { "Browsers and programs on the workstations have to trust the appliance's certificate authority: " }
                        <a id="download-ca" href={url.clone()} download="sallyport-ca.pem">{ "sallyport-ca.pem" }</a>
                    </p>
                }
                <p>{ "For a trial, chrome://extensions with Developer mode on has Load unpacked: choose the folder " }<code>{ "www/extension" }</code>{ " of the sources." }</p>
                <p>{ "Is something wrong? " }<code>{ "sallyport-helper status" }</code>{ " says what is installed, for which appliances, and what is missing." }</p>
            </details>
        </section>
    }
}

fn download(download: &HelperDownload) -> Html {
    html! {
        <li key={download.platform.clone()}>
            { Icon::Download.html() }{ " " }
            <a href={download.url.clone()} download="sallyport-helper" data-testid="helper-download">{ format!("sallyport-helper for {}", download.platform) }</a>
            <span class="sp-pale">{ format!(" {} · SHA-256 ", format::bytes(download.bytes)) }<code class="sp-cut" title={download.sha256.clone()}>{ &download.sha256 }</code></span>
        </li>
    }
}

fn is_firefox() -> bool {
    gloo::utils::window().navigator().user_agent().is_ok_and(|agent| agent.contains("Firefox/"))
}
