//! What concerns the whole page: the appliance does not answer, stops, or was updated.

use wire::Timestamp;
use yew::prelude::*;

use super::button::{Button, Kind};
use super::icon::Icon;
use crate::console::{use_console, use_now, use_store};
use crate::state::store::Socket;

/// The banners below the header.
#[component]
pub(crate) fn Banners() -> Html {
    let store = use_store();
    match store.socket {
        Socket::Lost { retry_at } => html! { <Lost {retry_at} /> },
        Socket::Connecting | Socket::Connected => html! {
            <>
                if let Some(at) = store.stopping_at {
                    <Stopping {at} />
                }
                if let Some(version) = &store.other_version {
                    <Updated version={version.clone()} />
                }
            </>
        },
    }
}

#[derive(Clone, PartialEq, Properties)]
struct LostProps {
    retry_at: Timestamp,
}

#[component]
fn Lost(props: &LostProps) -> Html {
    let console = use_console();
    let now = use_now(500);
    let seconds = props.retry_at.millis_since(now).div_ceil(1000);
    let retry = Callback::from(move |_| console.retry_now());
    html! {
        <div class="pf-v6-c-banner pf-m-yellow sp-banner" role="alert" id="appliance-lost">
            { Icon::Warning.html() }
            <span>
                { "The appliance does not answer; " }
                { if seconds == 0 { "trying again now".to_owned() } else { format!("trying again in {seconds} s") } }
                { ". What you see may be out of date." }
            </span>
            <Button id="retry-now" kind={Kind::Link} label="Try now" onclick={retry} />
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct StoppingProps {
    at: Timestamp,
}

#[component]
fn Stopping(props: &StoppingProps) -> Html {
    let now = use_now(500);
    let seconds = props.at.millis_since(now).div_ceil(1000);
    html! {
        <div class="pf-v6-c-banner pf-m-yellow sp-banner" role="alert" id="appliance-stopping">
            { Icon::Warning.html() }
            <span>
                { "The appliance is stopping" }
                { if seconds == 0 { String::new() } else { format!(" in {seconds} s") } }
                { ". No session can be started; this page goes on by itself when it is back." }
            </span>
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct UpdatedProps {
    version: String,
}

#[component]
fn Updated(props: &UpdatedProps) -> Html {
    let reload = Callback::from(|_| {
        // Fails only in pages that may not be loaded again.
        let _ = gloo::utils::window().location().reload();
    });
    html! {
        <div class="pf-v6-c-banner pf-m-blue sp-banner" role="status" id="appliance-updated">
            { Icon::Info.html() }
            <span>{ format!("The appliance now has version {}. Load the page again to use it; tunnels stay.", props.version) }</span>
            <Button id="reload" kind={Kind::Link} label="Load again" onclick={reload} />
        </div>
    }
}
