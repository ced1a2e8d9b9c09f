//! The pane at the right: what is selected.

use std::rc::Rc;

use wire::Timestamp;
use wire::api::{ItemStatus, JumpItem};
use yew::prelude::*;
use yew_router::prelude::*;

use super::Command;
use super::last_sessions::LastSessions;
use crate::components::alert::{Alert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::icon::Icon;
use crate::components::state_label::StateLabel;
use crate::components::time::TimeText;
use crate::console::use_store;
use crate::routes::Route;
use crate::state::{format, services, words};

/// Properties of [`Details`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct DetailsProps {
    /// The selected items.
    pub(super) chosen: Rc<Vec<JumpItem>>,
    /// The present.
    pub(super) now: Timestamp,
    /// What is done.
    pub(super) command: Callback<Command>,
}

/// The pane. It keeps its place while nothing is selected, so that a first click moves nothing under the pointer.
#[component]
pub(super) fn Details(props: &DetailsProps) -> Html {
    match props.chosen.as_slice() {
        [] => html! {
            <aside class="sp-details" id="details" aria-label="Details">
                <p class="sp-pale">{ "Select an item to see its addresses, ports and comments here." }</p>
            </aside>
        },
        [item] => html! { <One item={item.clone()} now={props.now} command={props.command.clone()} /> },
        several => html! {
            <aside class="sp-details" id="details" aria-label="Details">
                <h2>{ format!("{} items", several.len()) }</h2>
                { summary(several) }
                <ul class="sp-details__names">
                    { for several.iter().take(20).map(|item| html! { <li>{ &item.definition.name }</li> }) }
                    if several.len() > 20 {
                        <li class="sp-pale">{ format!("and {} more", several.len() - 20) }</li>
                    }
                </ul>
            </aside>
        },
    }
}

/// How many of several items can be used now, and where they stand.
fn summary(items: &[JumpItem]) -> Html {
    let ready = items.iter().filter(|item| item.status == ItemStatus::Ready).count();
    let sessions: usize = items.iter().map(|item| item.running_sessions.len()).sum();
    let mut groups: Vec<&str> = items.iter().map(|item| item.group_name.as_str()).collect();
    groups.sort_unstable();
    groups.dedup();
    let groups = match groups.as_slice() {
        several if several.len() > 5 => format!("{} groups", several.len()),
        few => few.join(", "),
    };
    html! {
        <p>
            { format!("{ready} of {} can be used now", items.len()) }
            if sessions > 0 {
                { format!(", {} running on them", format::count(sessions as u64, "session")) }
            }
            { format!(". In {groups}.") }
        </p>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct OneProps {
    item: JumpItem,
    now: Timestamp,
    command: Callback<Command>,
}

#[component]
fn One(props: &OneProps) -> Html {
    let store = use_store();
    let item = &props.item;
    let definition = &item.definition;
    let term = |name: &'static str, value: Html| {
        html! {
            <div class="pf-v6-c-description-list__group">
                <dt class="pf-v6-c-description-list__term"><span class="pf-v6-c-description-list__text">{ name }</span></dt>
                <dd class="pf-v6-c-description-list__description"><div class="pf-v6-c-description-list__text">{ value }</div></dd>
            </div>
        }
    };
    let rename = props.command.reform(|_: MouseEvent| Command::Properties);
    let favour = props.command.reform(|_: MouseEvent| Command::Favourite);
    let star = if item.favourite { "Remove from favourites (f)" } else { "Add to favourites (f)" };
    let own: Vec<_> = item.running_sessions.iter().filter(|id| store.tabs.contains(id)).copied().collect();
    html! {
        <aside class="sp-details" id="details" aria-label={format!("Details of {}", definition.name)}>
            <div class="sp-details__head">
                <h2>{ &definition.name }</h2>
                <StateLabel word={words::item_state(item)} />
                <Button id="details-favourite" kind={Kind::Plain} small={true} class={classes!("sp-star", item.favourite.then_some("sp-m-favourite"))} icon={Icon::Star} title={star} onclick={favour} />
                <Button id="details-properties" kind={Kind::Plain} small={true} icon={Icon::Pen} title="Properties" onclick={rename} />
            </div>
            if let Some(obstacle) = words::item_obstacle(item.status, &item.jumpoint_name) {
                <Alert severity={Severity::Warning} title="Jump is not possible now"><p>{ obstacle }</p></Alert>
            }
            <dl class="pf-v6-c-description-list pf-m-compact">
                { term("Remote system", html! { <>{ &definition.hostname }<span class="sp-pale">{ format!(" via {}", item.jumpoint_name) }</span></> }) }
                { term("Tunnels", html! {
                    <ul class="sp-details__tunnels">
                        { for definition.tunnels.iter().map(|tunnel| {
                            let port = if tunnel.local_port == 0 { "automatic".to_owned() } else { tunnel.local_port.to_string() };
                            let remote = u16::try_from(tunnel.remote_port).unwrap_or_default();
                            html! {
                                <li>
                                    <span>{ services::tunnel_name(&tunnel.label, remote) }</span>
                                    <code>{ format!("{}:{port}", definition.local_address) }</code>
                                    <span class="sp-pale">{ format!("to port {}", tunnel.remote_port) }</span>
                                </li>
                            }
                        }) }
                    </ul>
                }) }
                { term("Group", html! {
                    <>
                        { &item.group_name }
                        if let Some(tag) = &definition.tag {
                            <span class="sp-pale">{ format!(" #{tag}") }</span>
                        }
                    </>
                }) }
                if !item.policies.is_empty() {
                    { term("Jump policy", html! { item.policies.join(", ") }) }
                }
                if let Some(name) = &item.session_policy_name {
                    { term("Session policy", html! { <span id="details-session-policy">{ name }</span> }) }
                }
                if !item.credential_names.is_empty() {
                    { term("Credentials", html! { <span id="details-credentials">{ format!("stored: {}", item.credential_names.join(", ")) }</span> }) }
                }
                if !definition.comments.is_empty() {
                    { term("Comments", html! { <span class="sp-lines">{ &definition.comments }</span> }) }
                }
                { term("Last used", match item.last_used_at {
                    Some(at) => html! { <TimeText {at} now={props.now} /> },
                    None => html! { "never" },
                }) }
                if !item.running_sessions.is_empty() {
                    { term("Running", html! {
                        <>
                            { format::count(item.running_sessions.len() as u64, "session") }
                            { for own.iter().map(|id| html! {
                                <div><Link<Route> to={Route::Session { id: *id }}>{ "Go to your session" }</Link<Route>></div>
                            }) }
                        </>
                    }) }
                }
                { term("Last sessions", html! { <LastSessions key={item.id.to_string()} item={item.id} now={props.now} /> }) }
                { term("Changed", html! { <TimeText at={item.updated_at} now={props.now} /> }) }
            </dl>
        </aside>
    }
}
