//! Captured traffic, for those who may review a session: connections, bytes, statements, and the file.
#![expect(unused_qualifications, reason = "utoipa's macro names query parameters by their path")]

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use wire::api::{
    ApiError, CapturedBytes, CapturedConnection, CapturedConnectionPage, CapturedStatements, Recording, RecordingKind,
};
use wire::{RecordingId, SessionId, Timestamp};

use super::error::{Path, Query};
use super::recordings::{downloaded, reviewed, unreadable, viewed};
use super::{Failure, SignedIn, reviewing};
use crate::capture::Found;
use crate::recording::Opened;
use crate::services::Services;

/// Connections on one page.
const CONNECTIONS: u64 = 200;
/// Statements on one page.
const STATEMENTS: usize = 200;
/// Bytes in one answer.
const BYTES: usize = 16 * 1024;
const MEDIA_TYPE: &str = "application/vnd.tcpdump.pcap";

/// Where a page of connections begins.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct After {
    /// The connection before.
    after: Option<u32>,
}

/// Where a page begins.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct FromHere {
    /// What the page before said.
    from: Option<u64>,
}

/// The captures of a session, for those who may review it.
#[utoipa::path(get, path = "/api/sessions/{id}/captures", tag = "captures", params(("id" = String, Path)), responses((status = 200, body = Vec<Recording>), (status = 404, body = ApiError)))]
pub(super) async fn list(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<SessionId>,
) -> Result<Json<Vec<Recording>>, Failure> {
    reviewing::recorded(&services, &who, id).await?;
    let records = services.store.recordings_of(id).await?.into_iter().map(|it| it.recording);
    Ok(Json(records.filter(|it| it.kind == RecordingKind::Traffic).collect()))
}

/// The connections of a complete capture, in the order in which they opened. That somebody looks at it is an audit event.
#[utoipa::path(get, path = "/api/captures/{id}/connections", tag = "captures", params(("id" = String, Path), After), responses((status = 200, body = CapturedConnectionPage), (status = 404, body = ApiError)))]
pub(super) async fn connections(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<RecordingId>,
    Query(After { after }): Query<After>,
) -> Result<Json<CapturedConnectionPage>, Failure> {
    let opened = captured(&services, &who, id).await?;
    viewed(&services, &who, &opened).await?;
    let mut found = services.store.captured_connections(id, after, CONNECTIONS + 1).await?;
    let has_more = found.len() as u64 > CONNECTIONS;
    found.truncate(usize::try_from(CONNECTIONS).unwrap_or(usize::MAX));
    let streams: Vec<u32> = found.iter().map(|it| it.stream).collect();
    let mut kept = services.store.connections_by_stream(opened.recording.session_id, &streams).await?;
    let next = found.last().map(|it| it.stream).filter(|_| has_more);
    let connections = found
        .into_iter()
        .map(|it| {
            let kept = kept.remove(&it.stream);
            CapturedConnection {
                stream: it.stream,
                connection_id: kept.as_ref().map(|it| it.id),
                tunnel: it.tunnel,
                client_address: kept.as_ref().and_then(|it| it.client_address.clone()),
                client_program: kept.as_ref().and_then(|it| it.client_program.clone()),
                opened_at: Timestamp(it.opened_micros / 1_000),
                last_at: Timestamp(it.last_micros / 1_000),
                bytes_sent: it.bytes_sent,
                bytes_received: it.bytes_received,
                end: kept.and_then(|it| it.end),
                protocol: it.protocol,
            }
        })
        .collect();
    Ok(Json(CapturedConnectionPage { connections, next }))
}

/// Bytes of a connection, both sides as they went.
#[utoipa::path(get, path = "/api/captures/{id}/connections/{stream}/bytes", tag = "captures", params(("id" = String, Path), ("stream" = u32, Path), FromHere), responses((status = 200, body = CapturedBytes), (status = 404, body = ApiError)))]
pub(super) async fn bytes(
    State(services): State<Services>,
    who: SignedIn,
    Path((id, stream)): Path<(RecordingId, u32)>,
    Query(FromHere { from }): Query<FromHere>,
) -> Result<Json<CapturedBytes>, Failure> {
    let (opened, found) = connection(&services, &who, id, stream).await?;
    let window = opened.pieces(&found, from.unwrap_or(0), BYTES).await.map_err(unreadable)?;
    Ok(Json(CapturedBytes { pieces: window.pieces, next: window.next }))
}

/// Statements or requests of a connection, in the languages that are known.
#[utoipa::path(get, path = "/api/captures/{id}/connections/{stream}/statements", tag = "captures", params(("id" = String, Path), ("stream" = u32, Path), FromHere), responses((status = 200, body = CapturedStatements), (status = 404, body = ApiError)))]
pub(super) async fn statements(
    State(services): State<Services>,
    who: SignedIn,
    Path((id, stream)): Path<(RecordingId, u32)>,
    Query(FromHere { from }): Query<FromHere>,
) -> Result<Json<CapturedStatements>, Failure> {
    let (opened, found) = connection(&services, &who, id, stream).await?;
    let from = from.unwrap_or(0);
    let page = opened.statements(&found, from, STATEMENTS).await.map_err(unreadable)?;
    Ok(Json(CapturedStatements {
        protocol: found.protocol,
        next: page.has_more.then(|| from + page.statements.len() as u64),
        statements: page.statements,
        stopped: page.stopped,
    }))
}

/// The capture as a file that network analysers open. That somebody takes it out is an audit event.
#[utoipa::path(get, path = "/api/captures/{id}/file", tag = "captures", params(("id" = String, Path)), responses((status = 200, body = Vec<u8>, content_type = "application/vnd.tcpdump.pcap"), (status = 404, body = ApiError)))]
pub(super) async fn file(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<RecordingId>,
) -> Result<Response, Failure> {
    let opened = captured(&services, &who, id).await?;
    downloaded(&services, &who, opened, format!("capture-{id}.pcapng"), MEDIA_TYPE).await
}

/// A complete capture, for somebody who may review its session.
async fn captured(services: &Services, who: &SignedIn, id: RecordingId) -> Result<Opened, Failure> {
    reviewed(services, who, id, |kind| kind == RecordingKind::Traffic, "capture").await
}

/// One connection of it, which is looked at.
async fn connection(
    services: &Services,
    who: &SignedIn,
    id: RecordingId,
    stream: u32,
) -> Result<(Opened, Found), Failure> {
    let opened = captured(services, who, id).await?;
    let found = services.store.captured_connection(id, stream).await?;
    let found = found.ok_or_else(|| Failure::not_found("connection"))?;
    viewed(services, who, &opened).await?;
    Ok((opened, found))
}
