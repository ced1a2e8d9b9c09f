//! The audit trail, for administrators and auditors: looking, and taking it out to verify it elsewhere.

#![expect(unused_qualifications, reason = "utoipa's macro names query parameters by their path")]

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;
use wire::Timestamp;
use wire::api::{ApiError, AuditFinding, AuditHeads, AuditPage};
use wire::audit::{Action, Category, Outcome};

use super::error::Query;
use super::{Failure, Overseer, SignedIn, reviewing};
use crate::audit::Entry;
use crate::services::Services;
use crate::store::AuditFilter;

/// Events on one page, unless asked otherwise, and at most.
const PAGE: u64 = 100;
const PAGE_MOST: u64 = 500;
/// Heads that are shown.
const HEADS: u64 = 50;
/// The longest text that is looked for.
const TEXT_CHARS: usize = 200;

/// Which events to list.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Which {
    /// Only events from this moment on, in milliseconds since 1970.
    from: Option<i64>,
    /// Only events before this moment.
    until: Option<i64>,
    /// Only what this user or agent did: an id.
    actor: Option<String>,
    /// Only these categories or actions, such as `user` or `user.changed`, with commas between them.
    category: Option<String>,
    /// Only what was done to this: an id.
    object: Option<String>,
    /// Only what came out so: `succeeded`, `refused` or `failed`.
    outcome: Option<String>,
    /// Only events with this text somewhere.
    text: Option<String>,
    /// Only events with smaller numbers.
    before: Option<u64>,
    /// At most this many.
    limit: Option<u64>,
}

impl Which {
    fn filter(self) -> Result<AuditFilter, Failure> {
        let text = self.text.unwrap_or_default();
        if text.chars().count() > TEXT_CHARS {
            return Err(Failure::field("text", &format!("Look for at most {TEXT_CHARS} characters.")));
        }
        let outcome = self.outcome.map(|text| serde_json::from_value::<Outcome>(text.into()));
        Ok(AuditFilter {
            from: self.from.map(Timestamp),
            until: self.until.map(Timestamp),
            actor: id("actor", self.actor.as_deref())?,
            actions: actions(self.category.as_deref().unwrap_or_default())?,
            object: id("object", self.object.as_deref())?,
            outcome: outcome.transpose().map_err(|_| Failure::field("outcome", "There is no such outcome."))?,
            text: text.trim().to_owned(),
            before: self.before,
        })
    }
}

fn id(field: &str, text: Option<&str>) -> Result<Option<Uuid>, Failure> {
    let text = text.filter(|it| !it.is_empty()).map(Uuid::parse_str);
    text.transpose().map_err(|_| Failure::field(field, "This is not an id."))
}

fn actions(names: &str) -> Result<Vec<Action>, Failure> {
    let mut actions = Vec::new();
    for name in names.split(',').map(str::trim).filter(|it| !it.is_empty()) {
        match (Category::named(name), Action::ALL.iter().find(|it| it.name() == name)) {
            (Some(category), _) => actions.extend(category.actions()),
            (None, Some(action)) => actions.push(*action),
            (None, None) => return Err(Failure::field("category", &format!("There is no category or action {name}."))),
        }
    }
    Ok(actions)
}

/// Writes down that an auditor looks. Administrators look each time the console shows them something of the trail.
async fn note_look(services: &Services, who: &SignedIn) -> Result<(), Failure> {
    if !who.is_auditor() {
        return Ok(());
    }
    reviewing::note_look(services, who, "the audit trail", Entry::new(Action::AuditViewed)).await
}

/// What happened, newest first.
#[utoipa::path(get, path = "/api/audit", tag = "audit", params(Which), responses((status = 200, body = AuditPage), (status = 403, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn list(
    State(services): State<Services>,
    Overseer(who): Overseer,
    Query(which): Query<Which>,
) -> Result<Json<AuditPage>, Failure> {
    note_look(&services, &who).await?;
    let limit = which.limit.unwrap_or(PAGE).clamp(1, PAGE_MOST);
    let read = services.store.audit_events(&which.filter()?, limit).await?;
    let next = read.last().filter(|_| read.len() as u64 == limit).map(|it| it.0);
    let mut events = Vec::with_capacity(read.len());
    for (sequence, event) in read {
        match event {
            Ok(event) => events.push(event),
            Err(error) => tracing::error!(sequence, error = %error, "an audit event cannot be read"),
        }
    }
    Ok(Json(AuditPage { events, next }))
}

/// What of the trail was signed, and with what key that is verified.
#[utoipa::path(get, path = "/api/audit/heads", tag = "audit", responses((status = 200, body = AuditHeads), (status = 403, body = ApiError)))]
pub(super) async fn heads(State(services): State<Services>, _: Overseer) -> Result<Json<AuditHeads>, Failure> {
    let findings = services.audit.findings().into_iter().map(|it| AuditFinding { at: it.at, what: it.what });
    Ok(Json(AuditHeads {
        public_key: services.audit.key().to_string(),
        end: services.audit.signed_end().await?,
        heads: services.store.newest_audit_heads(HEADS).await?,
        findings: findings.collect(),
    }))
}

/// How much to export.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct From {
    /// Only events with greater numbers: the rest of an export that went as far as this.
    after: Option<u64>,
}

/// The whole trail as JSON lines, each event with its hash, signed heads between them. `sallyport audit verify FILE` verifies it
/// without the appliance; `wire::audit` says how others can.
#[utoipa::path(get, path = "/api/audit/export", tag = "audit", params(From), responses((status = 200, body = String, content_type = "application/x-ndjson"), (status = 403, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn export(
    State(services): State<Services>,
    Overseer(who): Overseer,
    Query(from): Query<From>,
) -> Result<Response, Failure> {
    services.audit.append(&who.by, Entry::new(Action::AuditExported)).await?;
    let lines = services.audit.export(&services.public_url, from.after.unwrap_or(0)).await?;
    let lines = lines.ok_or_else(|| Failure::field("after", "There is no such event."))?;
    let kind = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit-trail.jsonl\""),
    ];
    Ok((kind, Body::from_stream(lines)).into_response())
}
