//! One jumpoint with its nodes and keys.

use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, Jumpoint, JumpointChange, Node, NodeChange};
use wire::{AgentId, EnrolmentKeyId};
use yew::prelude::*;

use super::enrolment_dialog::EnrolmentDialog;
use super::jumpoint_dialog::JumpointDialog;
use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::dialog::ConfirmDialog;
use crate::components::field::Switch;
use crate::components::icon::Icon;
use crate::components::state_label::StateLabel;
use crate::components::time::{self, TimeText};
use crate::console::{use_console, use_now};
use crate::state::format;
use crate::state::helper_state::OUR_VERSION;
use crate::state::words::{self, Tone, Word};
use crate::submission::use_submission;

/// Properties of [`JumpointCard`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct JumpointCardProps {
    /// The jumpoint.
    pub(super) jumpoint: Jumpoint,
    /// Whether the user may change it.
    pub(super) administrator: bool,
}

/// What is open above the card.
#[derive(Clone, PartialEq)]
enum Open {
    Properties,
    Enrol,
    Remove,
    RemoveNode(Box<Node>),
}

/// The card.
#[component]
pub(super) fn JumpointCard(props: &JumpointCardProps) -> Html {
    let console = use_console();
    let open = use_state(|| None::<Open>);
    let error = use_state(|| None::<ApiError>);
    let now = use_now(5_000);
    let jumpoint = &props.jumpoint;
    let id = jumpoint.id;
    let show = |what: Open| {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(Some(what.clone())))
    };
    let close = {
        let open = open.clone();
        Callback::from(move |()| open.set(None))
    };
    let change = {
        let (console, error) = (console.clone(), error.clone());
        Callback::from(move |change: JumpointChange| {
            let (console, error) = (console.clone(), error.clone());
            spawn_local(async move {
                error.set(console.api().change_jumpoint(id, &change).await.err());
                console.load_jumpoints();
            });
        })
    };
    let revoke = {
        let (console, error) = (console.clone(), error.clone());
        Callback::from(move |key: EnrolmentKeyId| {
            let (console, error) = (console.clone(), error.clone());
            spawn_local(async move {
                error.set(console.api().revoke_enrolment_key(id, key).await.err());
                console.load_jumpoints();
            });
        })
    };
    let drain = {
        let (console, error) = (console.clone(), error.clone());
        Callback::from(move |(node, draining): (AgentId, bool)| {
            let (console, error) = (console.clone(), error.clone());
            spawn_local(async move {
                let change = NodeChange { draining: Some(draining) };
                error.set(console.api().change_node(id, node, &change).await.err());
                console.load_jumpoints();
            });
        })
    };
    let enable = change.reform(|on: bool| JumpointChange { enabled: Some(on), ..JumpointChange::default() });
    let method =
        change.reform(|on: bool| JumpointChange { protocol_tunnel_enabled: Some(on), ..JumpointChange::default() });
    html! {
        <section class="sp-card" data-testid="jumpoint" data-name={jumpoint.name.clone()} aria-label={format!("Jumpoint {}", jumpoint.name)}>
            <div class="sp-card__head">
                <h2 title={jumpoint.name.clone()}>{ &jumpoint.name }</h2>
                <StateLabel word={state(jumpoint)} live={true} />
                <span class="sp-pale">{ format!("used by {}", format::count(u64::from(jumpoint.item_count), "item")) }</span>
                if props.administrator {
                    <div class="sp-card__actions">
                        <Button class="sp-enrol" small={true} icon={Icon::Key} label="Enrol a node" onclick={show(Open::Enrol)} />
                        <Button class="sp-properties" small={true} icon={Icon::Pen} label="Properties" onclick={show(Open::Properties)} />
                        <Button class="sp-remove" kind={Kind::Plain} small={true} icon={Icon::Trash} title={format!("Remove {}", jumpoint.name)}
                            obstacle={words::removal_obstacle(jumpoint.item_count, "jumpoint")} onclick={show(Open::Remove)} />
                    </div>
                }
            </div>
            if !jumpoint.comments.is_empty() {
                <p class="sp-lines">{ &jumpoint.comments }</p>
            }
            <div class="sp-switches">
                <Switch id={format!("jumpoint-enabled-{id}")} label="Takes sessions" on={jumpoint.enabled} readonly={!props.administrator} onchange={enable} />
                <Switch id={format!("jumpoint-method-{id}")} label="Protocol Tunnel Jump" on={jumpoint.protocol_tunnel_enabled} readonly={!props.administrator} onchange={method} />
            </div>
            if let Some(error) = &*error {
                <ErrorAlert error={error.clone()} />
            }
            { nodes(jumpoint, now, props.administrator.then_some((&open, &drain))) }
            { keys(jumpoint, props.administrator, &revoke) }
            { match &*open {
                None => Html::default(),
                Some(Open::Properties) => html! { <JumpointDialog jumpoint={Some(jumpoint.clone())} onclose={close} /> },
                Some(Open::Enrol) => html! { <EnrolmentDialog jumpoint={jumpoint.clone()} onclose={close} /> },
                Some(Open::Remove) => html! { <Removal jumpoint={jumpoint.clone()} node={None::<Node>} onclose={close} /> },
                Some(Open::RemoveNode(node)) => html! { <Removal jumpoint={jumpoint.clone()} node={Some((**node).clone())} onclose={close} /> },
            } }
        </section>
    }
}

fn state(jumpoint: &Jumpoint) -> Word {
    let draining = jumpoint.nodes.iter().any(|node| node.online)
        && jumpoint.nodes.iter().filter(|node| node.online).all(|node| node.draining);
    match (jumpoint.enabled, jumpoint.online, jumpoint.nodes.is_empty()) {
        (false, ..) => ("disabled", Tone::Over),
        (true, true, _) if draining => ("draining", Tone::Warning),
        (true, true, _) => ("online", Tone::Good),
        (true, false, true) => ("no node yet", Tone::Calm),
        (true, false, false) => ("offline", Tone::Bad),
    }
}

/// What an administrator may do with a node: open a dialog, drain it.
type NodeDeeds<'a> = Option<(&'a UseStateHandle<Option<Open>>, &'a Callback<(AgentId, bool)>)>;

fn nodes(jumpoint: &Jumpoint, now: wire::Timestamp, deeds: NodeDeeds<'_>) -> Html {
    if jumpoint.nodes.is_empty() {
        return html! {
            <Alert severity={Severity::Info} title="No node has enrolled">
                <p>{ "Press Enrol a node: it gives the command to run on a host in the remote network." }</p>
            </Alert>
        };
    }
    html! {
        <div class="sp-table-scroll">
            <table class="pf-v6-c-table pf-m-compact" aria-label={format!("Nodes of {}", jumpoint.name)}>
                <thead class="pf-v6-c-table__thead">
                    <tr class="pf-v6-c-table__tr">
                        { for ["Node", "State", "Sessions", "Round trip", "Version", "System", "Addresses", "Dials from", "Last seen"].map(|heading| html! {
                            <th class="pf-v6-c-table__th" scope="col">{ heading }</th>
                        }) }
                        <td class="pf-v6-c-table__td"></td>
                    </tr>
                </thead>
                <tbody class="pf-v6-c-table__tbody">
                    { for jumpoint.nodes.iter().map(|node| node_row(node, now, deeds)) }
                </tbody>
            </table>
        </div>
    }
}

fn node_row(node: &Node, now: wire::Timestamp, deeds: NodeDeeds<'_>) -> Html {
    let word = words::node_state(node);
    let other_version = node.version != OUR_VERSION;
    html! {
        <tr class="pf-v6-c-table__tr" key={node.id.to_string()} data-testid="node-row" data-node-id={node.id.to_string()} data-online={node.online.to_string()} data-draining={node.draining.to_string()}>
            <th class="pf-v6-c-table__th" scope="row"><span class="sp-cut" title={node.hostname.clone()}>{ &node.hostname }</span></th>
            <td class="pf-v6-c-table__td"><StateLabel {word} title={node.draining.then_some("It takes no new sessions; those that run go on.")} /></td>
            <td class="pf-v6-c-table__td" title={format!("{} open", format::count(u64::from(node.connections), "connection"))}>{ node.sessions }</td>
            <td class="pf-v6-c-table__td">{ node.round_trip_micros.filter(|_| node.online).map_or_else(|| "–".into(), format::round_trip) }</td>
            <td class="pf-v6-c-table__td">
                { &node.version }
                if other_version {
                    <span class="sp-pale" title={format!("The appliance has {OUR_VERSION}")}>{ " differs" }</span>
                }
            </td>
            <td class="pf-v6-c-table__td">{ &node.os }</td>
            <td class="pf-v6-c-table__td"><span class="sp-cut sp-m-wide" title={node.addresses.join(", ")}>{ node.addresses.join(", ") }</span></td>
            <td class="pf-v6-c-table__td">{ node.remote_address.clone().unwrap_or_else(|| "–".into()) }</td>
            <td class="pf-v6-c-table__td">
                { match node.last_seen_at {
                    Some(at) => html! { <TimeText {at} {now} /> },
                    None => html! { "never" },
                } }
            </td>
            <td class="pf-v6-c-table__td sp-number">
                { deeds.map(|(open, drain)| node_deeds(node, open, drain)) }
            </td>
        </tr>
    }
}

fn node_deeds(node: &Node, open: &UseStateHandle<Option<Open>>, drain: &Callback<(AgentId, bool)>) -> Html {
    let remove = {
        let (open, node) = (open.clone(), node.clone());
        Callback::from(move |_: MouseEvent| open.set(Some(Open::RemoveNode(Box::new(node.clone())))))
    };
    let (label, icon, title) = if node.draining {
        ("Undrain", Icon::Play, format!("Let the node {} take sessions again", node.hostname))
    } else {
        ("Drain", Icon::Ban, format!("Keep new sessions from the node {}; those that run go on", node.hostname))
    };
    let other = (node.id, !node.draining);
    html! {
        <>
            <Button class="sp-drain-node" kind={Kind::Link} small={true} {icon} {label} {title} onclick={drain.reform(move |_: MouseEvent| other)} />
            <Button class="sp-remove-node" kind={Kind::Plain} small={true} icon={Icon::Trash} title={format!("Remove the node {}", node.hostname)} onclick={remove} />
        </>
    }
}

fn keys(jumpoint: &Jumpoint, administrator: bool, revoke: &Callback<EnrolmentKeyId>) -> Html {
    if !administrator || jumpoint.enrolment_keys.is_empty() {
        return Html::default();
    }
    html! {
        <ul class="sp-keys-unused" aria-label="Unused enrolment keys">
            { for jumpoint.enrolment_keys.iter().map(|key| {
                let id = key.id;
                let revoke = revoke.clone();
                html! {
                    <li key={id.to_string()} data-testid="enrolment-key-row">
                        { Icon::Key.html() }
                        <span>{ format!("An enrolment key waits to be used until {}", time::clock(key.expires_at)) }</span>
                        <Button kind={Kind::Link} small={true} label="Revoke" onclick={move |_| revoke.emit(id)} />
                    </li>
                }
            }) }
        </ul>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct RemovalProps {
    jumpoint: Jumpoint,
    node: Option<Node>,
    onclose: Callback<()>,
}

/// Asks before a jumpoint or one of its nodes goes.
#[component]
fn Removal(props: &RemovalProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let onconfirm = {
        let (jumpoint, node) = (props.jumpoint.id, props.node.as_ref().map(|node| node.id));
        let (onclose, sending) = (props.onclose.clone(), sending.clone());
        Callback::from(move |()| {
            let (api, console, onclose) = (console.api().clone(), console.clone(), onclose.clone());
            let removing = async move {
                match node {
                    Some(node) => api.remove_node(jumpoint, node).await,
                    None => api.remove_jumpoint(jumpoint).await,
                }
            };
            sending.send(true, removing, move |()| {
                console.load_jumpoints();
                onclose.emit(());
            });
        })
    };
    let (title, text) = match &props.node {
        Some(node) => (
            format!("Remove the node {} of {}?", node.hostname, props.jumpoint.name),
            "Its sessions end, and its key is worth nothing any more. It can enrol again with a new key.".to_owned(),
        ),
        None => (
            format!("Remove the jumpoint {}?", props.jumpoint.name),
            match props.jumpoint.nodes.len() {
                0 => "No item goes through it, and no node has enrolled.".to_owned(),
                nodes => format!(
                    "No item goes through it. Forgotten with it: the keys of {}.",
                    format::count(nodes as u64, "node")
                ),
            },
        ),
    };
    html! {
        <ConfirmDialog id="remove-agent" {title} deed="Remove" busy={sending.is_busy()} error={sending.error().cloned()} {onconfirm} onclose={props.onclose.clone()}>
            <p>{ text }</p>
        </ConfirmDialog>
    }
}
