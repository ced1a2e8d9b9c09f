//! One session for those who may review it.

#![expect(unused_qualifications, reason = "utoipa's macro names query parameters by their path")]

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;
use wire::api::{
    ApiError, RecordingKind, ReviewedApproval, SessionConnectionsPage, SessionEventsPage, SessionReview, SessionSeal,
};
use wire::audit::Action;
use wire::{SessionId, Timestamp};

use super::super::error::{Path, Query};
use super::super::{Failure, SignedIn, reviewing};
use crate::clock::now;
use crate::random;
use crate::review::activity::Division;
use crate::services::Services;
use crate::session::live::view;
use crate::store::{AuditFilter, SessionRecord, StoreError};

/// Rows on one page, unless asked otherwise, and at most.
const PAGE: u64 = 200;
const PAGE_MOST: u64 = 1_000;
/// Seals of one session that are looked at.
const SEALS: u64 = 100;
/// More rows than any session has.
const ROWS_MOST: u64 = u32::MAX as u64;
/// The longest text that is looked for.
const TEXT_CHARS: usize = 200;

/// Who, why, what, and when what went on. That somebody looks at it is an audit event.
#[utoipa::path(get, path = "/api/review/sessions/{id}", tag = "review", params(("id" = String, Path)), responses((status = 200, body = SessionReview), (status = 404, body = ApiError)))]
pub(crate) async fn session(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<SessionId>,
) -> Result<Json<SessionReview>, Failure> {
    let record = reviewing::recorded(&services, &who, id).await?;
    reviewing::note_session(&services, &who, id, (&record.item_name, &record.user_name)).await?;
    let store = &services.store;
    let approvals = approvals(&services, &record).await?;
    let (own, group_id) = (record.user_id == who.user.id, record.group_id);
    let (begun_at, ended_at) = (record.created_at, record.ended_at);
    let live = services.sessions.get(id);
    let session = match &live {
        Some(live) => {
            if !own {
                services.sessions.note_watcher(live, &who.user).await;
            }
            services.sessions.view(live)
        }
        None => {
            let mut session = view(record);
            session.participants = services.sessions.were_in(&session).await?;
            session
        }
    };
    let until = ended_at.unwrap_or_else(now);
    let division = Division::of(begun_at, until);
    let stretch = division.stretch_millis;
    let in_events = store.event_stretches(id, begun_at, stretch).await?;
    let in_connections = store.connection_stretches(id, begun_at, until, stretch).await?;
    let group_name = match group_id {
        Some(group) => store.jump_group(group).await?.map(|it| it.name),
        None => None,
    };
    let recordings = store.recordings_of(id).await?.into_iter().map(|it| it.recording);
    Ok(Json(SessionReview {
        may_end: live.is_some() && (own || who.is_administrator()),
        may_note: !who.is_auditor(),
        group_name,
        approvals,
        // What went through the tunnels is no picture; it is listed with the captures.
        recordings: recordings.filter(|it| it.kind == RecordingKind::Desktop).collect(),
        notes: store.session_notes(id).await?,
        reviewed: store.review_marks(&[id]).await?.remove(&id),
        activity: division.activity(&in_events, &in_connections),
        until,
        events: in_events.iter().map(|(_, events)| events).sum(),
        connections: in_connections.iter().map(|it| it.connections).sum(),
        session,
    }))
}

async fn approvals(services: &Services, record: &SessionRecord) -> Result<Vec<ReviewedApproval>, StoreError> {
    let mut told = Vec::new();
    for id in &record.approvals {
        if let Some(it) = services.store.approval(*id).await? {
            told.push(ReviewedApproval {
                policy_name: it.policy_name,
                requester_name: it.requester_name,
                reason: it.reason,
                state: it.state,
                decided_by: it.decided_by,
                decided_at: it.decided_at,
                note: it.note,
            });
        }
    }
    Ok(told)
}

/// Which rows to give.
#[derive(Debug, Deserialize, IntoParams)]
pub(crate) struct Rows {
    /// From this number on, counted from 0.
    first: Option<u64>,
    /// Instead: so that the last row up to this moment, in milliseconds since 1970, is among them, with others around it.
    at: Option<i64>,
    /// At most this many.
    limit: Option<u64>,
    /// Only events with this in message, kind or name.
    text: Option<String>,
}

impl Rows {
    fn limit(&self) -> u64 {
        self.limit.unwrap_or(PAGE).clamp(1, PAGE_MOST)
    }

    fn text(&self) -> Result<&str, Failure> {
        let text = self.text.as_deref().unwrap_or_default().trim();
        if text.chars().count() > TEXT_CHARS {
            return Err(Failure::field("text", &format!("Look for at most {TEXT_CHARS} characters.")));
        }
        Ok(text)
    }

    /// The number of the first row, where so many are up to the moment asked for.
    fn first(&self, up_to: Option<u64>) -> u64 {
        let first = up_to.map_or(self.first.unwrap_or(0), |it| it.saturating_sub(self.limit() / 2));
        first.min(ROWS_MOST)
    }
}

/// Some of a session's events, in the order of time.
#[utoipa::path(get, path = "/api/review/sessions/{id}/events", tag = "review", params(("id" = String, Path), Rows), responses((status = 200, body = SessionEventsPage), (status = 404, body = ApiError), (status = 422, body = ApiError)))]
pub(crate) async fn events(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<SessionId>,
    Query(rows): Query<Rows>,
) -> Result<Json<SessionEventsPage>, Failure> {
    let record = reviewing::recorded(&services, &who, id).await?;
    reviewing::note_session(&services, &who, id, (&record.item_name, &record.user_name)).await?;
    let (store, text) = (&services.store, rows.text()?);
    let up_to = match rows.at {
        Some(at) => Some(store.count_session_events(id, text, Some(Timestamp(at))).await?),
        None => None,
    };
    let first = rows.first(up_to);
    let total = store.count_session_events(id, text, None).await?;
    let events = store.some_session_events(id, text, first, rows.limit()).await?;
    Ok(Json(SessionEventsPage { first, total, up_to, events }))
}

/// Whether what is written down of a session is what it was when it was sealed.
#[utoipa::path(get, path = "/api/review/sessions/{id}/seal", tag = "review", params(("id" = String, Path)), responses((status = 200, body = SessionSeal), (status = 404, body = ApiError)))]
pub(crate) async fn seal(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<SessionId>,
) -> Result<Json<SessionSeal>, Failure> {
    let record = reviewing::recorded(&services, &who, id).await?;
    reviewing::note_session(&services, &who, id, (&record.item_name, &record.user_name)).await?;
    let filter = AuditFilter { object: Some(id.0), actions: vec![Action::SessionSealed], ..AuditFilter::default() };
    // The first one counts: whoever changed the rows may have had them sealed once more.
    let first = services.store.audit_events(&filter, SEALS).await?.pop();
    let Some((sequence, event)) = first else {
        return Ok(Json(SessionSeal { sealed_at: None, event: None, unchanged: true }));
    };
    // An event that cannot be read proves nothing.
    let sealed = event.ok();
    let sha256 = sealed.as_ref().and_then(|it| it.event.after.get("sha256")?.as_str());
    let found = services.store.session_hash(id).await?.map(|it| random::hex(&it.sha256));
    let unchanged = sha256.is_some() && sha256 == found.as_deref();
    Ok(Json(SessionSeal { sealed_at: sealed.as_ref().map(|it| it.event.at), event: Some(sequence), unchanged }))
}

/// Some of a session's connections, in the order in which they were opened.
#[utoipa::path(get, path = "/api/review/sessions/{id}/connections", tag = "review", params(("id" = String, Path), Rows), responses((status = 200, body = SessionConnectionsPage), (status = 404, body = ApiError), (status = 422, body = ApiError)))]
pub(crate) async fn connections(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<SessionId>,
    Query(rows): Query<Rows>,
) -> Result<Json<SessionConnectionsPage>, Failure> {
    let record = reviewing::recorded(&services, &who, id).await?;
    reviewing::note_session(&services, &who, id, (&record.item_name, &record.user_name)).await?;
    let store = &services.store;
    let up_to = match rows.at {
        Some(at) => Some(store.count_connections(id, Some(Timestamp(at))).await?),
        None => None,
    };
    let first = rows.first(up_to);
    let total = store.count_connections(id, None).await?;
    let mut connections = store.some_connections(id, first, rows.limit()).await?;
    if let Some(live) = services.sessions.get(id) {
        // Memory is newer than the database.
        for row in live.table().open_rows() {
            if let Some(kept) = connections.iter_mut().find(|it| it.id == row.connection.id) {
                *kept = row.connection;
            }
        }
    }
    Ok(Json(SessionConnectionsPage { first, total, up_to, connections }))
}
