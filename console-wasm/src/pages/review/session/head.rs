//! Who, why, what holds, what became of it, and whether somebody has reviewed it.

use wire::SessionId;
use wire::api::{ApprovalState, ReviewedApproval, Session, SessionReview, SessionState};
use yew::prelude::*;
use yew_router::prelude::Link;

use super::PartProps;
use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::copy::CopyButton;
use crate::components::end_session::EndSessionDialog;
use crate::components::icon::Icon;
use crate::components::spinner;
use crate::components::state_label::StateLabel;
use crate::components::time::TimeText;
use crate::console::use_console;
use crate::loaded::use_loaded;
use crate::routes::Route;
use crate::state::timeline::clock;
use crate::state::words::Tone;
use crate::state::{format, services, words};
use crate::submission::use_submission;

/// The section.
#[component]
pub(super) fn Head(props: &PartProps) -> Html {
    let console = use_console();
    let ending = use_state(|| false);
    let sending = use_submission();
    let review = &props.review;
    let session = &review.session;
    let mark = {
        let (api, id, marked) = (console.api().clone(), session.id, review.reviewed.is_some());
        let (sending, onchanged) = (sending.clone(), props.onchanged.clone());
        Callback::from(move |_: MouseEvent| {
            let (api, onchanged) = (api.clone(), onchanged.clone());
            let deed = async move {
                if marked { api.unmark_reviewed(id).await } else { api.mark_reviewed(id).await.map(drop) }
            };
            sending.send(true, deed, move |()| onchanged.emit(()));
        })
    };
    let end = {
        let ending = ending.clone();
        Callback::from(move |_: MouseEvent| ending.set(true))
    };
    let close = {
        let (ending, onchanged) = (ending.clone(), props.onchanged.clone());
        Callback::from(move |()| {
            ending.set(false);
            onchanged.emit(());
        })
    };
    let seconds = props.axis.seconds(props.at);
    html! {
        <>
            <header class="sp-session__head">
                <div class="sp-session__name">
                    <h1 class="pf-v6-c-title pf-m-xl" title={session.item_name.clone()}>{ format!("{} on {}", session.user_name, session.item_name) }</h1>
                    <StateLabel id="review-state" word={words::session_state(session)} live={true} />
                    if let Some(mark) = &review.reviewed {
                        <StateLabel id="reviewed-mark" word={("reviewed", Tone::Good)} title={format!("by {}", mark.user_name)} />
                    }
                </div>
                <div class="sp-session__actions">
                    <span class="sp-review__link">
                        <CopyButton id="copy-moment" text={link_to(session, seconds)} what={format!("a link to this moment, {}", clock(seconds))} />
                        <span>{ format!("Link to {}", clock(seconds)) }</span>
                    </span>
                    if review.may_note && session.state == SessionState::Ended {
                        <Button id="mark-reviewed" kind={Kind::Secondary} icon={if review.reviewed.is_some() { Icon::Undo } else { Icon::Check }}
                            label={if review.reviewed.is_some() { "Take the mark back" } else { "Mark as reviewed" }} busy={sending.is_busy()} onclick={mark} />
                    }
                    if review.may_end {
                        <Button id="review-end" kind={Kind::DangerSecondary} icon={Icon::Stop} label="End session…" onclick={end} />
                    }
                </div>
                if let Some(error) = sending.error() {
                    <div class="sp-session__error"><ErrorAlert id="mark-error" error={error.clone()} /></div>
                }
            </header>
            <section class="sp-card" id="review-facts" aria-label="Who and why">
                <dl class="sp-facts">{ facts(review) }</dl>
            </section>
            if *ending {
                <EndSessionDialog session={session.clone()} onclose={close} />
            }
        </>
    }
}

fn link_to(session: &Session, seconds: u64) -> String {
    let origin = gloo::utils::window().location().origin().unwrap_or_default();
    format!("{origin}/review/sessions/{}?at={seconds}", session.id)
}

fn line(name: &'static str, value: Html) -> Html {
    html! { <><dt>{ name }</dt><dd>{ value }</dd></> }
}

fn facts(review: &SessionReview) -> Html {
    let session = &review.session;
    let node = session.node_hostname.as_ref().map(|it| format!(" ({it})")).unwrap_or_default();
    let lasted = review.until.millis_since(session.created_at);
    html! {
        <>
            { line("Who", html! { format!("{} from {}", session.user_name, session.user_address) }) }
            { line("What", html! { <>
                { format!("{}, {} via {}{node}", session.item_name, session.hostname, session.jumpoint_name) }
                if let Some(group) = &review.group_name {
                    <span class="sp-pale">{ format!(" in {group}") }</span>
                }
            </> }) }
            { line("Addresses", html! { <ul>{ for session.tunnels.iter().map(|tunnel| {
                let name = services::tunnel_name(&tunnel.label, tunnel.remote_port);
                let local = tunnel.listening.as_ref().map_or_else(|| "not opened".to_owned(), |it| format!("{}:{}", it.address, it.port));
                html! { <li>{ format!("{name}: {local} → {}:{}", session.hostname, tunnel.remote_port) }</li> }
            }) }</ul> }) }
            { line("When", html! { <>{ "from " }<TimeText at={session.created_at} />{ format!(", for {}", format::duration(lasted)) }
                if let Some(ended) = session.ended_at {
                    { ", until " }<TimeText at={ended} />
                }
            </> }) }
            { line("How much", html! { format!("{} sent, {} received, {}", format::bytes(session.bytes_sent), format::bytes(session.bytes_received), format::count(review.connections, "connection")) }) }
            if let Some(ticket) = &session.ticket {
                { line("Ticket", html! { <span id="review-ticket">{ ticket }</span> }) }
            }
            if !review.approvals.is_empty() {
                { line("Approvals", html! { <ul id="review-approvals">{ for review.approvals.iter().map(approval) }</ul> }) }
            }
            if review.approvals.is_empty() && session.ticket.is_none() {
                { line("Why", html! { <span class="sp-pale">{ "No policy asked for an approval or a ticket." }</span> }) }
            }
            { line("Policy in force", html! { <ul id="review-policy">{ for policy(session) }</ul> }) }
            if !session.participants.is_empty() {
                { line("People in it", html! { <ul id="review-people">{ for session.participants.iter().map(|it| html! {
                    <li>
                        if it.session_id == session.id {
                            { &it.user_name }
                        } else {
                            <Link<Route> to={Route::ReviewSession { id: it.session_id }}>{ &it.user_name }</Link<Route>>
                        }
                        <span class="sp-pale">{ " since " }<TimeText at={it.since} /></span>
                        if let Some(until) = it.until {
                            <span class="sp-pale">{ " until " }<TimeText at={until} /></span>
                        }
                    </li>
                }) }</ul> }) }
            }
            if session.ended_at.is_some() {
                { line("Seal", html! { <Seal id={session.id} /> }) }
            }
            if let Some(why) = &session.end_message {
                { line("Why it ended", html! { <span id="review-end-message">{ why }</span> }) }
            }
            if let Some(mark) = &review.reviewed {
                { line("Reviewed", html! { <>{ format!("by {} at ", mark.user_name) }<TimeText at={mark.at} /></> }) }
            }
        </>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct SealProps {
    id: SessionId,
}

/// Whether what is written down of a session is what it was when it was over.
#[component]
fn Seal(props: &SealProps) -> Html {
    let loaded = use_loaded(props.id, {
        let id = props.id;
        move |api| async move { api.review_seal(id).await }
    });
    if let Some(error) = &*loaded.error {
        return html! { <ErrorAlert id="seal-error" error={error.clone()} /> };
    }
    let Some(seal) = &*loaded.value else { return spinner("Comparing with the seal") };
    let event = seal.event.map(|it| format!("event {it} of the audit trail")).unwrap_or_default();
    match (seal.sealed_at, seal.unchanged) {
        (_, false) => html! {
            <Alert id="review-seal" severity={Severity::Danger} title="Something of this session was changed after its end">
                <p>{ format!("Its row, its events and its connections do not come to the hash in {event} any more. Keep the database as it is, and compare with a backup.") }</p>
            </Alert>
        },
        (Some(at), true) => html! {
            <span id="review-seal">{ "unchanged since it was sealed at " }<TimeText {at} /><span class="sp-pale">{ format!(", {event}") }</span></span>
        },
        (None, true) => {
            html! { <span id="review-seal" class="sp-pale">{ "none yet: it comes five minutes after the end" }</span> }
        }
    }
}

fn approval(it: &ReviewedApproval) -> Html {
    let state = match it.state {
        ApprovalState::Granted => "granted",
        ApprovalState::Revoked => "taken back",
        ApprovalState::Refused => "refused",
        ApprovalState::Waiting => "waiting",
        ApprovalState::Withdrawn => "withdrawn",
        ApprovalState::Expired => "run out",
    };
    let by = it.decided_by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    html! {
        <li>
            { format!("{}: {state}{by}, asked by {}: “{}”", it.policy_name, it.requester_name, it.reason) }
            if !it.note.is_empty() {
                <span class="sp-pale">{ format!(" – {}", it.note) }</span>
            }
        </li>
    }
}

/// What held for it, and which rule said so.
fn policy(session: &Session) -> Vec<Html> {
    let mut told = Vec::new();
    if let Some(policy) = &session.policy {
        for tool in &policy.tools {
            let allowed = if tool.allowed { "allowed" } else { "not allowed" };
            told.push(format!("{} {allowed} by {}", tool.tool.words(), tool.source.words()));
        }
        let idle = policy
            .idle_minutes
            .map_or("No end for being idle".to_owned(), |it| format!("Ends after {it} idle minutes"));
        told.push(format!("{idle}, by {}", policy.idle_source.words()));
    } else {
        told.push("It began before there were session policies.".to_owned());
    }
    if let Some(because) = &session.ends_because {
        told.push(because.clone());
    }
    told.into_iter().map(|it| html! { <li key={it.clone()}>{ it }</li> }).collect()
}
