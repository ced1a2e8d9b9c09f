use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use wire::api::{
    ApiError, ConsoleEvent, EnrolmentKey, FieldError, Jumpoint, JumpointChange, NewEnrolmentKey, NewJumpoint, Node,
    NodeChange, SessionEnd,
};
use wire::audit::{Action, ObjectKind};
use wire::limits::COMMENTS_CHARS;
use wire::{AgentId, EnrolmentKeyId, JumpointId, SecretText};

use super::error::{Body, Path};
use super::users::check_name;
use super::words::counted;
use super::{Administrator, Failure, SignedIn};
use crate::agents::choice::Load;
use crate::agents::enrolment;
use crate::audit::Entry;
use crate::clock::now;
use crate::events::Audience;
use crate::random;
use crate::services::Services;
use crate::store::{AgentRecord, EnrolmentKeyRecord, JumpointRecord};

/// Every jumpoint. Technicians see what they need to make an item: names and states.
#[utoipa::path(get, path = "/api/jumpoints", tag = "jumpoints", responses((status = 200, body = Vec<Jumpoint>)))]
pub(super) async fn list(State(services): State<Services>, who: SignedIn) -> Result<Json<Vec<Jumpoint>>, Failure> {
    let mut jumpoints = all(&services).await?;
    if !who.is_administrator() {
        for jumpoint in &mut jumpoints {
            jumpoint.enrolment_keys.clear();
            jumpoint.nodes.clear();
        }
    }
    Ok(Json(jumpoints))
}

/// Makes a jumpoint.
#[utoipa::path(post, path = "/api/jumpoints", tag = "jumpoints", request_body = NewJumpoint, responses((status = 201, body = Jumpoint), (status = 422, body = ApiError)))]
pub(super) async fn create(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Body(new): Body<NewJumpoint>,
) -> Result<(StatusCode, Json<Jumpoint>), Failure> {
    check(&new.name, &new.comments)?;
    let record = JumpointRecord {
        id: JumpointId(random::id()),
        name: new.name.trim().to_owned(),
        comments: new.comments,
        enabled: true,
        protocol_tunnel_enabled: true,
        created_at: now(),
        revision: 0,
    };
    let audited = services.audit.begin().await?;
    audited.insert_jumpoint(&record).await?;
    let entry = Entry::of(Action::JumpointCreated, ObjectKind::Jumpoint, record.id.0, &record.name);
    audited.commit(&who.by, [entry.made(&told(&record))]).await?;
    changed(&services);
    Ok((StatusCode::CREATED, Json(one(&services, record.id).await?)))
}

/// Changes a jumpoint. Disabling it, or switching the method off, ends its sessions.
#[utoipa::path(patch, path = "/api/jumpoints/{id}", tag = "jumpoints", params(("id" = String, Path)), request_body = JumpointChange, responses((status = 200, body = Jumpoint), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn change(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path(id): Path<JumpointId>,
    Body(change): Body<JumpointChange>,
) -> Result<Json<Jumpoint>, Failure> {
    let audited = services.audit.begin().await?;
    let was = audited.jumpoint(id).await?.ok_or_else(|| Failure::not_found("jumpoint"))?;
    let mut record = was.clone();
    record.name = change.name.map_or(record.name, |name| name.trim().to_owned());
    record.comments = change.comments.unwrap_or(record.comments);
    record.enabled = change.enabled.unwrap_or(record.enabled);
    record.protocol_tunnel_enabled = change.protocol_tunnel_enabled.unwrap_or(record.protocol_tunnel_enabled);
    record.revision = change.revision.unwrap_or(record.revision);
    check(&record.name, &record.comments)?;
    if !audited.update_jumpoint(&record).await? {
        return Err(Failure::not_found("jumpoint"));
    }
    let entry = Entry::of(Action::JumpointChanged, ObjectKind::Jumpoint, id.0, &was.name);
    audited.commit(&who.by, [entry.changed(&told(&was), &told(&record))]).await?;
    if !record.enabled || !record.protocol_tunnel_enabled {
        end_sessions(&services, id, &who.user.display_name).await;
    }
    changed(&services);
    Ok(Json(one(&services, id).await?))
}

/// Removes a jumpoint that no item uses.
#[utoipa::path(delete, path = "/api/jumpoints/{id}", tag = "jumpoints", params(("id" = String, Path)), responses((status = 204), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
pub(super) async fn remove(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path(id): Path<JumpointId>,
) -> Result<StatusCode, Failure> {
    let audited = services.audit.begin().await?;
    let record = audited.jumpoint(id).await?.ok_or_else(|| Failure::not_found("jumpoint"))?;
    let items = audited.items_of_jumpoint(id).await?;
    if !items.is_empty() {
        let go = if items.len() == 1 { "goes" } else { "go" };
        let message = format!("{} {go} through the jumpoint {}.", counted(&items, "item"), record.name);
        return Err(Failure::conflict("in_use", &message, "Remove them, or give them another jumpoint, first."));
    }
    audited.delete_jumpoint(id).await?;
    let entry = Entry::of(Action::JumpointRemoved, ObjectKind::Jumpoint, id.0, &record.name);
    audited.commit(&who.by, [entry.removed(&told(&record))]).await?;
    services.presence.dismiss(|agent| agent.jumpoint_id == id, "the jumpoint was removed");
    end_sessions(&services, id, &who.user.display_name).await;
    changed(&services);
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a key with which one agent can enrol; it is shown once.
#[utoipa::path(post, path = "/api/jumpoints/{id}/enrolment-keys", tag = "jumpoints", params(("id" = String, Path)), responses((status = 201, body = NewEnrolmentKey), (status = 404, body = ApiError)))]
pub(super) async fn create_key(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path(id): Path<JumpointId>,
) -> Result<(StatusCode, Json<NewEnrolmentKey>), Failure> {
    let audited = services.audit.begin().await?;
    let jumpoint = audited.jumpoint(id).await?.ok_or_else(|| Failure::not_found("jumpoint"))?;
    let ca_sha256 = services.authority.as_ref().map(|it| it.sha256.clone());
    let made = enrolment::make_key(id, &services.public_url, ca_sha256, now())?;
    audited.insert_enrolment_key(&made.record).await?;
    let entry = Entry::of(Action::EnrolmentKeyCreated, ObjectKind::EnrolmentKey, made.record.id.0, &jumpoint.name);
    audited.commit(&who.by, [entry.made(&json!({ "expires_at": made.record.expires_at }))]).await?;
    changed(&services);
    let command = format!("sallyport-jumpoint enrol --key {}", made.key.expose());
    let answer = NewEnrolmentKey { entry: key_view(&made.record), key: made.key, command: SecretText::new(command) };
    Ok((StatusCode::CREATED, Json(answer)))
}

/// Revokes a key that was not used.
#[utoipa::path(delete, path = "/api/jumpoints/{id}/enrolment-keys/{key_id}", tag = "jumpoints", params(("id" = String, Path), ("key_id" = String, Path)), responses((status = 204), (status = 404, body = ApiError)))]
pub(super) async fn revoke_key(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path((id, key_id)): Path<(JumpointId, EnrolmentKeyId)>,
) -> Result<StatusCode, Failure> {
    let audited = services.audit.begin().await?;
    if !audited.delete_enrolment_key(id, key_id).await? {
        return Err(Failure::not_found("enrolment key"));
    }
    let jumpoint = audited.jumpoint(id).await?.map(|it| it.name).unwrap_or_default();
    let entry = Entry::of(Action::EnrolmentKeyRevoked, ObjectKind::EnrolmentKey, key_id.0, &jumpoint);
    audited.commit(&who.by, [entry]).await?;
    changed(&services);
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a node; its key is worth nothing from now on.
#[utoipa::path(delete, path = "/api/jumpoints/{id}/nodes/{agent_id}", tag = "jumpoints", params(("id" = String, Path), ("agent_id" = String, Path)), responses((status = 204), (status = 404, body = ApiError)))]
pub(super) async fn remove_node(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path((id, agent_id)): Path<(JumpointId, AgentId)>,
) -> Result<StatusCode, Failure> {
    let audited = services.audit.begin().await?;
    let was = audited.agent(agent_id).await?.ok_or_else(|| Failure::not_found("node"))?;
    if !audited.delete_agent(id, agent_id).await? {
        return Err(Failure::not_found("node"));
    }
    let entry = Entry::of(Action::AgentRemoved, ObjectKind::Agent, agent_id.0, &was.facts.hostname);
    audited.commit(&who.by, [entry.removed(&json!({ "jumpoint_id": id }))]).await?;
    services.presence.dismiss(|agent| agent.id == agent_id, "this node was removed in the console");
    let by = Some(who.user.display_name.as_str());
    services.sessions.end_all(SessionEnd::JumpointDisabled, by, |it| it.node() == Some(agent_id));
    changed(&services);
    Ok(StatusCode::NO_CONTENT)
}

/// Drains a node, or lets it take sessions again: sessions that run on it go on.
#[utoipa::path(patch, path = "/api/jumpoints/{id}/nodes/{agent_id}", tag = "jumpoints", params(("id" = String, Path), ("agent_id" = String, Path)), request_body = NodeChange, responses((status = 200, body = Jumpoint), (status = 404, body = ApiError)))]
pub(super) async fn change_node(
    State(services): State<Services>,
    Administrator(who): Administrator,
    Path((id, agent_id)): Path<(JumpointId, AgentId)>,
    Body(change): Body<NodeChange>,
) -> Result<Json<Jumpoint>, Failure> {
    if let Some(draining) = change.draining {
        let audited = services.audit.begin().await?;
        let was = audited.agent(agent_id).await?.ok_or_else(|| Failure::not_found("node"))?;
        if !audited.set_draining(id, agent_id, draining).await? {
            return Err(Failure::not_found("node"));
        }
        let entry = Entry::of(Action::AgentChanged, ObjectKind::Agent, agent_id.0, &was.facts.hostname)
            .changed(&json!({ "draining": was.draining }), &json!({ "draining": draining }));
        audited.commit(&who.by, [entry]).await?;
        services.presence.set_draining(agent_id, draining);
        tracing::info!(agent.id = %agent_id, user.id = %who.user.id, draining, "a node was drained or let in again");
        changed(&services);
    }
    Ok(Json(one(&services, id).await?))
}

/// A jumpoint as the audit trail tells of it.
fn told(it: &JumpointRecord) -> Value {
    json!({
        "name": it.name, "comments": it.comments, "enabled": it.enabled,
        "protocol_tunnel_enabled": it.protocol_tunnel_enabled,
    })
}

async fn end_sessions(services: &Services, id: JumpointId, by: &str) {
    services.sessions.end_all(SessionEnd::JumpointDisabled, Some(by), |it| it.snapshot().jumpoint_id == id);
}

fn changed(services: &Services) {
    services.events.announce(Audience::Everyone, ConsoleEvent::JumpointsChanged);
}

/// Checks what a jumpoint or a group is called and what is written about it.
pub(super) fn check(name: &str, comments: &str) -> Result<(), Failure> {
    check_name(name)?;
    if comments.chars().count() > COMMENTS_CHARS {
        let message = format!("A comment has at most {COMMENTS_CHARS} characters.");
        return Err(Failure::fields(vec![FieldError::new("comments", &message)]));
    }
    Ok(())
}

async fn one(services: &Services, id: JumpointId) -> Result<Jumpoint, Failure> {
    all(services).await?.into_iter().find(|it| it.id == id).ok_or_else(|| Failure::not_found("jumpoint"))
}

async fn all(services: &Services) -> Result<Vec<Jumpoint>, Failure> {
    let at = now();
    let items = services.store.item_counts().await?.by_jumpoint;
    let mut nodes: HashMap<JumpointId, Vec<Node>> = HashMap::new();
    let loads = services.sessions.loads();
    for agent in services.store.agents().await? {
        let load = loads.get(&agent.id).copied().unwrap_or_default();
        nodes.entry(agent.jumpoint_id).or_default().push(node(services, agent, load));
    }
    let mut keys: HashMap<JumpointId, Vec<EnrolmentKey>> = HashMap::new();
    for key in services.store.enrolment_keys().await?.iter().filter(|key| key.expires_at > at) {
        keys.entry(key.jumpoint_id).or_default().push(key_view(key));
    }
    let view = |it: JumpointRecord| Jumpoint {
        online: services.presence.is_online(it.id),
        nodes: nodes.remove(&it.id).unwrap_or_default(),
        enrolment_keys: keys.remove(&it.id).unwrap_or_default(),
        item_count: items.get(&it.id).copied().unwrap_or(0),
        id: it.id,
        name: it.name,
        comments: it.comments,
        enabled: it.enabled,
        protocol_tunnel_enabled: it.protocol_tunnel_enabled,
        created_at: it.created_at,
        revision: it.revision,
    };
    Ok(services.store.jumpoints().await?.into_iter().map(view).collect())
}

fn node(services: &Services, it: AgentRecord, load: Load) -> Node {
    let online = services.presence.agent(it.id);
    Node {
        id: it.id,
        hostname: it.facts.hostname,
        version: it.facts.version,
        os: it.facts.os,
        addresses: it.facts.addresses,
        remote_address: it.remote_address,
        online: online.is_some(),
        draining: it.draining,
        sessions: u32::try_from(load.sessions).unwrap_or(u32::MAX),
        connections: u32::try_from(load.connections).unwrap_or(u32::MAX),
        round_trip_micros: online.as_ref().and_then(|agent| agent.pulse.round_trip_micros()),
        last_seen_at: if online.is_some() { Some(now()) } else { it.last_seen_at },
        enrolled_at: it.enrolled_at,
    }
}

fn key_view(it: &EnrolmentKeyRecord) -> EnrolmentKey {
    EnrolmentKey { id: it.id, created_at: it.created_at, expires_at: it.expires_at }
}
