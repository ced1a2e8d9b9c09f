#![expect(unused_qualifications, reason = "utoipa's macro names query parameters by their path")]

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use wire::api::{
    ApiError, Connection, EffectiveSessionPolicy, EndSession, Fault, Joined, JumpMethod, NewSession, Session,
    SessionDetails, SessionEnd, SessionPage, SessionState, SessionTool, Simultaneous, Tunnel, TunnelTicket,
};
use wire::audit::{Action, ObjectKind};
use wire::{JumpItemId, SessionId, validate};

use super::error::{Body, Path, Query};
use super::jump_items::facts;
use super::server::ConnectionInfo;
use super::starting::Start;
use super::{Failure, SignedIn, permitted, reviewing};
use crate::audit::{By, Entry};
use crate::clock::now;
use crate::jump::access::{self, Asker, Decision, Denial};
use crate::jump::item;
use crate::metrics::Refused;
use crate::random;
use crate::services::Services;
use crate::session::live::{LiveSession, view};
use crate::session::registry::TicketError;
use crate::store::{AccessBook, JumpItemRecord, JumpointRecord, SessionRecord};

/// Connections that one session's page shows.
const CONNECTIONS: u64 = 200;
/// Sessions on one page of the list, unless asked otherwise, and at most.
const PAGE: u64 = 50;
const PAGE_MOST: u64 = 200;

/// Which sessions to list.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Which {
    /// `true`: those that are not over; `false`: those that are; absent: all.
    live: Option<bool>,
    /// Only sessions on this item.
    item_id: Option<String>,
    /// Only sessions that began before this one.
    before: Option<String>,
    /// At most this many.
    limit: Option<u64>,
}

/// Sessions, newest first: the user's own, and those that they may review.
#[utoipa::path(get, path = "/api/sessions", tag = "sessions", params(Which), responses((status = 200, body = SessionPage)))]
pub(super) async fn list(
    State(services): State<Services>,
    who: SignedIn,
    Query(which): Query<Which>,
) -> Result<Json<SessionPage>, Failure> {
    let before = match which.before.as_deref().map(str::parse::<SessionId>) {
        Some(Err(_)) => return Err(Failure::field("before", "This is not the id of a session.")),
        Some(Ok(before)) => Some(before),
        None => None,
    };
    let item = match which.item_id.as_deref().map(str::parse::<JumpItemId>) {
        Some(Err(_)) => return Err(Failure::field("item_id", "This is not the id of an item.")),
        Some(Ok(item)) => Some(item),
        None => None,
    };
    let whose = reviewing::whose(&services, &who).await?;
    let limit = which.limit.unwrap_or(PAGE).clamp(1, PAGE_MOST);
    let records = services.store.sessions(&whose, item, which.live, before, limit).await?;
    let next = records.last().filter(|_| records.len() as u64 == limit).map(|it| it.id);
    let newest = |it: SessionRecord| match services.sessions.get(it.id) {
        Some(live) => services.sessions.view(&live),
        None => view(it),
    };
    Ok(Json(SessionPage { sessions: records.into_iter().map(newest).collect(), next }))
}

/// Jump: begins a session on an item, or joins the one that runs, where a policy says so. Whoever is in it already gets that one.
#[utoipa::path(post, path = "/api/sessions", tag = "sessions", request_body = NewSession, responses((status = 200, body = Session), (status = 201, body = Session), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 503, body = ApiError)))]
pub(super) async fn create(
    State(services): State<Services>,
    axum::Extension(connection): axum::Extension<ConnectionInfo>,
    who: SignedIn,
    Body(new): Body<NewSession>,
) -> Result<(StatusCode, Json<Session>), Failure> {
    let item = services.store.jump_item(new.item_id).await?.ok_or_else(|| Failure::not_found("item"))?;
    match begin(&services, &connection, &who, new, &item).await {
        Ok((status, session)) => Ok((status, Json(session))),
        Err(failure) => Err(denied_to(&services, &who.by, item.id, &item.definition.name, failure).await),
    }
}

/// Writes down that somebody was not let through, and gives them the reason; or another one when it cannot be written down.
async fn denied_to(services: &Services, by: &By, item: JumpItemId, name: &str, failure: Failure) -> Failure {
    let entry = Entry::of(Action::JumpDenied, ObjectKind::Item, item.0, name)
        .with("reason", failure.code())
        .saying(failure.message());
    let entry = if failure.is_own() { entry.failed() } else { entry.refused() };
    match services.audit.append(by, entry).await {
        // What kept the session from beginning keeps this from being written down, as a rule.
        Err(error) if failure.is_own() => tracing::error!(error = %error, "a failed Jump could not be audited"),
        Err(error) => return error.into(),
        Ok(()) => {}
    }
    failure
}

async fn begin(
    services: &Services,
    connection: &ConnectionInfo,
    who: &SignedIn,
    new: NewSession,
    item: &JumpItemRecord,
) -> Result<(StatusCode, Session), Failure> {
    let jumpoint = services.store.jumpoint(item.definition.jumpoint_id).await?;
    let jumpoint = jumpoint.ok_or_else(|| Failure::not_found("jumpoint"))?;
    let book = permitted::book(services, who).await?;
    may_use(services, who, &book, item, &jumpoint)?;
    let policy = services.store.session_policy_book().await?.effective(&item.definition, who.user.session_policy);
    tool_allowed(services, &policy, SessionTool::ProtocolTunneling)?;
    let start = Start::of(services, who, &book, item).await?;
    if let Some(place) = own_place(services, who, &start, item.id) {
        return Ok((StatusCode::OK, services.sessions.view(&place)));
    }
    let terms = start.require(&new.shown).await?;
    // From here to its beginning nobody else begins one, where there may be only one. A ticket system that takes its time was asked
    // before: others do not wait for it.
    let _alone = match start.simultaneous() {
        Simultaneous::StartNew => None,
        Simultaneous::Join | Simultaneous::Disallow => Some(services.sessions.alone.lock().await),
    };
    let to_join = start.require_open()?;
    if let Some(place) = own_place(services, who, &start, item.id) {
        return Ok((StatusCode::OK, services.sessions.view(&place)));
    }
    let most = services.site_rules.now().sessions_per_user as usize;
    let running = services.sessions.all().iter().filter(|it| it.snapshot().user_id == who.user.id).count();
    if running >= most {
        let these = if running == 1 {
            "a session that is not over".into()
        } else {
            format!("{running} sessions that are not over")
        };
        let message = format!("You have {these}, as many as a user may.");
        return Err(Failure::conflict("too_many_sessions", &message, "End those you do not need."));
    }
    let (recording, capture) = (start.recording(), start.capture());
    if (recording.is_some() || capture.is_some())
        && let Err(why) = services.recordings.try_out().await
    {
        tracing::error!(why, "a session that has to be recorded does not begin");
        let message = "This session has to be recorded, and the appliance cannot store recordings now.";
        let (status, next_step) = (StatusCode::SERVICE_UNAVAILABLE, "Tell an administrator; the dashboard says more.");
        return Err(Failure::new(status, Fault::Appliance, "recording_unavailable", message, next_step));
    }
    let tunnels = item::tunnels(&item.definition).ok_or_else(|| {
        Failure::conflict(
            "item_invalid",
            "This item's definition is not valid.",
            "Open its properties and save them again.",
        )
    })?;
    let record = SessionRecord {
        id: SessionId(random::id()),
        item_id: Some(item.id),
        group_id: Some(item.definition.group_id),
        item_name: item.definition.name.clone(),
        user_id: who.user.id,
        user_name: who.user.display_name.clone(),
        hostname: item.definition.hostname.clone(),
        jumpoint_id: jumpoint.id,
        jumpoint_name: jumpoint.name,
        node_hostname: None,
        user_address: connection.peer.ip().to_string(),
        state: SessionState::Ready,
        end: None,
        end_message: None,
        created_at: now(),
        tunnelling_at: None,
        ended_at: None,
        tunnels,
        bytes_sent: 0,
        bytes_received: 0,
        connections_total: 0,
        node_id: None,
        node_run: None,
        resume_hash: None,
        seen_at: None,
        approvals: terms.approvals,
        link_grace_seconds: terms.link_grace_seconds,
        ticket: new.shown.ticket.map(|it| it.trim().to_owned()).filter(|_| start.asks_for_ticket()),
        told_of_end: terms.told_of_end,
        joined: None,
        policy: Some(policy),
        recording,
        capture,
    };
    let record = match to_join {
        Some(running) => joining(record, running.snapshot()),
        None => record,
    };
    let live = services.sessions.begin(record, &terms.told_of_start, &who.by).await?;
    // Who took the permission away in this very moment did not see the session yet.
    let standing = services.sessions.standing(&live.snapshot()).await?;
    if !services.sessions.apply(&live, standing, None) {
        services.sessions.wait_until_gone(&live).await;
    }
    Ok((StatusCode::CREATED, services.sessions.view(&live)))
}

/// The asking user's own session among those of the people who are in the one that a Jump would lead into.
fn own_place(services: &Services, who: &SignedIn, start: &Start<'_>, item: JumpItemId) -> Option<Arc<LiveSession>> {
    let running = services.sessions.to_join(item).filter(|_| start.simultaneous() == Simultaneous::Join)?;
    services.sessions.place_in(&running, who.user.id)
}

/// A session that joins another: what it reaches is what that one reaches.
fn joining(record: SessionRecord, running: SessionRecord) -> SessionRecord {
    let closed = |it: Tunnel| Tunnel {
        listening: None,
        problem: None,
        connections_open: 0,
        bytes_sent: 0,
        bytes_received: 0,
        ..it
    };
    SessionRecord {
        hostname: running.hostname,
        jumpoint_id: running.jumpoint_id,
        jumpoint_name: running.jumpoint_name,
        tunnels: running.tunnels.into_iter().map(closed).collect(),
        joined: Some(Joined { session_id: running.id, owner_name: running.user_name }),
        ..record
    }
}

/// One session with its newest connections, its events and the last minutes of statistics.
#[utoipa::path(get, path = "/api/sessions/{id}", tag = "sessions", params(("id" = String, Path)), responses((status = 200, body = SessionDetails), (status = 404, body = ApiError)))]
pub(super) async fn get(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<SessionId>,
) -> Result<Json<SessionDetails>, Failure> {
    let (mut session, live) = reviewing::visible(&services, &who, id).await?;
    let is_of_another = session.user_id != who.user.id;
    if is_of_another {
        reviewing::note_session(&services, &who, id, (&session.item_name, &session.user_name)).await?;
    }
    match &live {
        Some(live) if is_of_another => services.sessions.note_watcher(live, &who.user).await,
        Some(_) => {}
        None => session.participants = services.sessions.were_in(&session).await?,
    }
    let mut connections = services.store.newest_connections(id, CONNECTIONS).await?;
    if let Some(live) = &live {
        // Memory is newer than the database.
        let mut open: Vec<_> = live.table().open_rows().into_iter().map(|row| row.connection).collect();
        open.retain(|row: &Connection| {
            !connections.iter_mut().any(|kept| {
                kept.id == row.id && {
                    *kept = row.clone();
                    true
                }
            })
        });
        connections.extend(open);
        connections.sort_by_key(|row| std::cmp::Reverse(row.id));
    }
    let details = SessionDetails {
        session,
        connections,
        events: services.store.session_events(id).await?,
        statistics: live.map(|live| live.statistics()).unwrap_or_default(),
    };
    Ok(Json(details))
}

/// Gives out the ticket with which the helper opens the tunnels.
#[utoipa::path(post, path = "/api/sessions/{id}/ticket", tag = "sessions", params(("id" = String, Path)), responses((status = 200, body = TunnelTicket), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 503, body = ApiError)))]
pub(super) async fn ticket(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<SessionId>,
) -> Result<Json<TunnelTicket>, Failure> {
    let (session, live) = visible(&services, &who, id).await?;
    if session.user_id != who.user.id {
        let message = format!("This session belongs to {}.", session.user_name);
        let next_step = "Press Jump on the item to begin one of your own.";
        return Err(no_ticket(&services, &who.by, &session, "not_your_session", (&message, next_step)).await);
    }
    let to_capture = live.clone();
    let live_recording = live.as_ref().and_then(|it| it.with_recorder(|it| it.is_running()));
    if let Some(record) = live.map(|live| live.snapshot()) {
        // What held when Jump was pressed may have changed since.
        let item = match record.item_id {
            Some(id) => services.store.jump_item(id).await?,
            None => None,
        };
        let item = item.ok_or_else(|| Failure::not_found("item"))?;
        let jumpoint = services.store.jumpoint(record.jumpoint_id).await?;
        let jumpoint = jumpoint.ok_or_else(|| Failure::not_found("jumpoint"))?;
        let book = permitted::book(&services, &who).await?;
        if let Err(failure) = may_use(&services, &who, &book, &item, &jumpoint) {
            return Err(denied_to(&services, &who.by, item.id, &item.definition.name, failure).await);
        }
    }
    if live_recording == Some(false) {
        let message = "This session opens no tunnels before your desktop is recorded.";
        let next_step = "Press Protocol Tunneling in the console, and share your whole screen.";
        return Err(no_ticket(&services, &who.by, &session, "not_recording", (message, next_step)).await);
    }
    if let Some(live) = to_capture.filter(|it| it.ending().is_none()) {
        services.recordings.capture(&live, &who.by).await?;
    }
    let entry = Entry::of(Action::SessionTicketGiven, ObjectKind::Session, id.0, &session.item_name);
    services.audit.append(&who.by, entry).await?;
    services.sessions.give_ticket(id).map(Json).map_err(|error| match error {
        TicketError::Over => Failure::conflict("session_over", "This session is over.", "Press Jump again."),
        TicketError::AlreadyTunnelling => {
            let next_step = "Use the addresses under Current Tunnels, or end the session and press Jump again.";
            Failure::conflict("already_tunnelling", "The tunnels of this session are open already.", next_step)
        }
        TicketError::NoRandomness(error) => error.into(),
    })
}

/// Writes down that somebody gets no ticket, and gives them the reason.
async fn no_ticket(
    services: &Services,
    by: &By,
    session: &Session,
    code: &'static str,
    (message, next_step): (&str, &str),
) -> Failure {
    let entry = Entry::of(Action::SessionTicketRefused, ObjectKind::Session, session.id.0, &session.item_name);
    match services.audit.append(by, entry.with("reason", code).saying(message).refused()).await {
        Ok(()) => Failure::new(StatusCode::FORBIDDEN, Fault::Policy, code, message, next_step),
        Err(error) => error.into(),
    }
}

/// Ends a session, and those of everybody who joined it; with a reason, where one is given.
#[utoipa::path(post, path = "/api/sessions/{id}/end", tag = "sessions", params(("id" = String, Path)), request_body(content = Option<EndSession>), responses((status = 422, body = ApiError), (status = 200, body = Session), (status = 404, body = ApiError)))]
pub(super) async fn end(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<SessionId>,
    end: Option<Body<EndSession>>,
) -> Result<Json<Session>, Failure> {
    let reason = end.map(|Body(it)| it.reason.trim().to_owned()).unwrap_or_default();
    if let Some(message) = validate::end_reason(&reason) {
        return Err(Failure::field("reason", &message));
    }
    let (session, live) = visible(&services, &who, id).await?;
    let Some(live) = live else { return Ok(Json(session)) };
    let entry = Entry::of(Action::SessionEndAsked, ObjectKind::Session, id.0, &session.item_name);
    services.audit.append(&who.by, entry).await?;
    let end = if session.user_id == who.user.id { SessionEnd::ByUser } else { SessionEnd::ByAdministrator };
    services.sessions.end(&live, end, Some(&who.user.display_name), &reason);
    services.sessions.wait_until_gone(&live).await;
    Ok(Json(services.sessions.view(&live)))
}

/// A session that this user may do something with: their own, or anybody's for administrators. Others read as none.
pub(super) async fn visible(
    services: &Services,
    who: &SignedIn,
    id: SessionId,
) -> Result<(Session, Option<Arc<LiveSession>>), Failure> {
    let live = services.sessions.get(id);
    let session = match &live {
        Some(live) => Some(services.sessions.view(live)),
        None => services.store.session(id).await?.map(view),
    };
    let session = session.filter(|it| who.is_administrator() || it.user_id == who.user.id);
    Ok((session.ok_or_else(|| Failure::not_found("session"))?, live))
}

/// Whether this user may use an item through this jumpoint now.
fn may_use(
    services: &Services,
    who: &SignedIn,
    book: &AccessBook,
    item: &JumpItemRecord,
    jumpoint: &JumpointRecord,
) -> Result<(), Failure> {
    let permissions = book.permissions(item.definition.group_id);
    if !permissions.shows_items() {
        return Err(Failure::not_found("item"));
    }
    let method_allowed = access::allows(&who.user.methods, JumpMethod::ProtocolTunnel);
    let asker = Asker { enabled: who.user.enabled, method_allowed, permissions };
    let stopping = services.tasks.stopping().is_cancelled();
    match access::decide(asker, facts(services, jumpoint), stopping) {
        Decision::Allow => Ok(()),
        Decision::Denied(denial) => {
            tracing::info!(user.id = %who.user.id, jump_item.id = %item.id, denial = denial.code(), "a Jump was denied");
            services.metrics.refused_for(Refused::Jump, denial.code());
            Err(denied(denial, &jumpoint.name))
        }
    }
}

/// Nothing, or which session policy keeps the tool away.
fn tool_allowed(services: &Services, policy: &EffectiveSessionPolicy, tool: SessionTool) -> Result<(), Failure> {
    let Some(kept) = policy.tools.iter().find(|it| it.tool == tool && !it.allowed) else { return Ok(()) };
    services.metrics.refused_for(Refused::Jump, "session_policy");
    let message = format!("{} is disabled by {}.", tool.words(), kept.source.words());
    let next_step = "Ask an administrator to change the policy, or to give another one.";
    Err(Failure::new(StatusCode::FORBIDDEN, Fault::Policy, "session_policy", &message, next_step))
}

fn denied(denial: Denial, jumpoint: &str) -> Failure {
    let (message, next_step) = denial.message(jumpoint);
    let status = match denial {
        Denial::UserDisabled
        | Denial::NotPermitted
        | Denial::MethodNotAllowed
        | Denial::JumpointDisabled
        | Denial::MethodOff => StatusCode::FORBIDDEN,
        Denial::JumpointOffline | Denial::JumpointDraining => StatusCode::CONFLICT,
        Denial::Stopping => StatusCode::SERVICE_UNAVAILABLE,
    };
    Failure::new(status, denial.fault(), denial.code(), &message, &next_step)
}
