//! The first page of the administration: what runs, what waits for somebody, and how the appliance stands. It follows the event
//! socket; nothing is asked for again and again.

use wasm_bindgen_futures::spawn_local;
use wire::Timestamp;
use wire::api::{Approval, ApprovalState, HealthCheck, Jumpoint, Node, Session};
use yew::prelude::*;
use yew_router::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::end_session::EndSessionDialog;
use crate::components::spinner;
use crate::components::state_label::StateLabel;
use crate::components::time::TimeText;
use crate::console::{use_console, use_now, use_store};
use crate::loaded::use_loaded;
use crate::pages::approvals::Requests;
use crate::pages::sessions::end_button;
use crate::routes::Route;
use crate::state::participants::company;
use crate::state::store::Load;
use crate::state::{format, health, words};

/// The section.
#[component]
pub(super) fn Dashboard() -> Html {
    let console = use_console();
    use_effect_with((), move |()| spawn_local(async move { console.load_live_sessions().await }));
    html! {
        <div class="sp-dashboard" id="dashboard">
            <LiveSessions />
            <PendingApprovals />
            <Agents />
            <Health />
        </div>
    }
}

/// Everybody's sessions that run now.
#[component]
fn LiveSessions() -> Html {
    let store = use_store();
    let now = use_now(5_000);
    let ending = use_state(|| None::<Session>);
    let end = {
        let ending = ending.clone();
        Callback::from(move |session: Session| ending.set(Some(session)))
    };
    let close = {
        let ending = ending.clone();
        Callback::from(move |()| ending.set(None))
    };
    let count = store.live_sessions.as_ref().map(|all| all.len());
    html! {
        <section class="sp-card sp-dashboard__wide" id="dashboard-sessions" aria-labelledby="dashboard-sessions-title" data-count={count.map(|it| it.to_string()).unwrap_or_default()}>
            <div class="sp-card__head"><h2 id="dashboard-sessions-title">{ title("Live sessions", count) }</h2></div>
            { match &store.live_sessions {
                None => spinner("Loading sessions"),
                Some(all) if all.is_empty() => html! { <p class="sp-pale">{ "Nobody uses an item now." }</p> },
                Some(all) => html! {
                    <div class="sp-table-scroll">
                        <table class="pf-v6-c-table pf-m-compact" aria-label="Live sessions">
                            <thead class="pf-v6-c-table__thead">
                                <tr class="pf-v6-c-table__tr">
                                    { for ["Item", "User", "State", "Started", "Connections", "Actions"].map(|heading| html! {
                                        <th class={classes!("pf-v6-c-table__th", (heading == "Connections").then_some("sp-number"))} scope="col">{ heading }</th>
                                    }) }
                                </tr>
                            </thead>
                            // The newest first.
                            <tbody class="pf-v6-c-table__tbody">{ for all.values().rev().map(|it| live_row(it, now, &end)) }</tbody>
                        </table>
                    </div>
                },
            } }
            if let Some(session) = &*ending {
                <EndSessionDialog session={session.clone()} onclose={close} />
            }
        </section>
    }
}

fn live_row(session: &Session, now: Timestamp, end: &Callback<Session>) -> Html {
    let id = session.id;
    let company = company(session);
    html! {
        <tr class="pf-v6-c-table__tr" key={id.to_string()} data-testid="live-session" data-item-name={session.item_name.clone()} data-user-name={session.user_name.clone()}>
            <th class="pf-v6-c-table__th" scope="row"><span class="sp-cut" title={session.hostname.clone()}>{ &session.item_name }</span></th>
            <td class="pf-v6-c-table__td">{ &session.user_name }
                if !company.is_empty() {
                    <span class="sp-pale">{ format!(" {company}") }</span>
                }
            </td>
            <td class="pf-v6-c-table__td"><StateLabel word={words::session_state(session)} /></td>
            <td class="pf-v6-c-table__td"><TimeText at={session.created_at} {now} /></td>
            <td class="pf-v6-c-table__td sp-number">{ session.connections_open }</td>
            <td class="pf-v6-c-table__td">
                <span class="sp-row-actions">
                    <Link<Route> to={Route::Session { id }} classes="pf-v6-c-button pf-m-secondary pf-m-small sp-watch">{ "Watch" }</Link<Route>>
                    { end_button(session, end) }
                </span>
            </td>
        </tr>
    }
}

/// Requests that wait for somebody, with the answers where the administrator may give them.
#[component]
fn PendingApprovals() -> Html {
    let store = use_store();
    html! {
        <section class="sp-card" id="dashboard-approvals" aria-labelledby="dashboard-approvals-title">
            { match &store.approvals {
                Load::Waiting => spinner("Loading requests"),
                Load::Failed(error) => html! { <ErrorAlert id="dashboard-approvals-error" error={(**error).clone()} /> },
                Load::Ready(all) => {
                    let waits = |it: &&Approval| it.state == ApprovalState::Waiting;
                    let list: Vec<Approval> = all.to_decide.iter().chain(all.recent.iter().filter(waits)).cloned().collect();
                    html! {
                        <>
                            <div class="sp-card__head"><h2 id="dashboard-approvals-title">{ title("Waiting for approval", Some(list.len())) }</h2></div>
                            if list.is_empty() {
                                <p class="sp-pale">{ "Nobody waits for an approval." }</p>
                            }
                            <Requests {list} />
                        </>
                    }
                }
            } }
        </section>
    }
}

/// Every node of every jumpoint.
#[component]
fn Agents() -> Html {
    let store = use_store();
    let now = use_now(15_000);
    html! {
        <section class="sp-card" id="dashboard-agents" aria-labelledby="dashboard-agents-title">
            <div class="sp-card__head">
                <h2 id="dashboard-agents-title">{ "Agents" }</h2>
                <Link<Route> to={Route::Agents}>{ "All about agents" }</Link<Route>>
            </div>
            { match &store.jumpoints {
                Load::Waiting => spinner("Loading jumpoints"),
                Load::Failed(error) => html! { <ErrorAlert id="dashboard-agents-error" error={(**error).clone()} /> },
                Load::Ready(all) if all.is_empty() => html! { <p class="sp-pale">{ "There is no jumpoint yet." }</p> },
                Load::Ready(all) => html! { <ul class="sp-rows">{ for all.iter().map(|it| jumpoint_rows(it, now)) }</ul> },
            } }
        </section>
    }
}

fn jumpoint_rows(it: &Jumpoint, now: Timestamp) -> Html {
    if it.nodes.is_empty() {
        return html! {
            <li key={it.id.to_string()} data-testid="dashboard-node">
                <span class="sp-rows__name">{ &it.name }</span>
                <span class="sp-pale">{ "no node is enrolled" }</span>
            </li>
        };
    }
    html! { <>{ for it.nodes.iter().map(|node| node_row(it, node, now)) }</> }
}

fn node_row(jumpoint: &Jumpoint, node: &Node, now: Timestamp) -> Html {
    html! {
        <li key={node.id.to_string()} data-testid="dashboard-node" data-online={node.online.to_string()}>
            <span class="sp-rows__name">{ &jumpoint.name }
                if node.hostname != jumpoint.name {
                    <span class="sp-pale">{ format!(" {}", node.hostname) }</span>
                }
            </span>
            <StateLabel word={words::node_state(node)} />
            <span class="sp-pale">
                if node.online {
                    { format::count(u64::from(node.sessions), "session") }
                } else if let Some(at) = node.last_seen_at {
                    { "last seen " }<TimeText {at} {now} />
                }
            </span>
        </li>
    }
}

/// How the appliance itself stands.
#[component]
fn Health() -> Html {
    let store = use_store();
    let now = use_now(15_000);
    let checks = use_loaded(store.health_changed, |api| async move { api.health_checks().await });
    html! {
        <section class="sp-card sp-dashboard__wide" id="dashboard-health" aria-labelledby="dashboard-health-title">
            <div class="sp-card__head"><h2 id="dashboard-health-title">{ "How the appliance stands" }</h2></div>
            if let Some(error) = &*checks.error {
                <ErrorAlert id="dashboard-health-error" error={error.clone()} />
            }
            { match &*checks.value {
                None => spinner("Looking"),
                Some(all) => html! { <ul class="sp-rows sp-m-health" aria-live="polite">{ for all.checks.iter().map(|it| check_row(it, now)) }</ul> },
            } }
        </section>
    }
}

fn check_row(it: &HealthCheck, now: Timestamp) -> Html {
    let (key, name) = health::subject(it.subject);
    html! {
        <li key={key} data-testid="health-check" data-subject={key} data-level={health::key(it.level)}>
            <span class="sp-rows__name">{ name }</span>
            <StateLabel word={health::level(it.level)} />
            <span>
                { &it.message }
                if !it.next_step.is_empty() {
                    <span class="sp-pale">{ format!(" {}", it.next_step) }</span>
                }
                if let Some(at) = it.at {
                    <span class="sp-pale">{ " (" }<TimeText {at} {now} />{ ")" }</span>
                }
            </span>
        </li>
    }
}

fn title(what: &str, count: Option<usize>) -> String {
    match count {
        Some(count) if count > 0 => format!("{what} ({count})"),
        _ => what.to_owned(),
    }
}
