//! Recordings: how a browser brings one, and how somebody looks at it.

#![expect(unused_qualifications, reason = "utoipa's macro names query parameters by their path")]

use std::ops::Range;

use axum::Json;
use axum::body::Body as Bytestream;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::Stream;
use serde::Deserialize;
use utoipa::IntoParams;
use wire::api::{ApiError, ChunkKept, Fault, NewRecording, Recording, RecordingKind, StopRecording};
use wire::audit::{Action, ObjectKind};
use wire::limits::RECORDING_CHUNK_BYTES;
use wire::{RecordingId, SessionId, validate};

use super::error::{Body, Path, Query};
use super::{AtConsole, Failure, SignedIn, reviewing};
use crate::audit::Entry;
use crate::mail::sentence;
use crate::recording::{Opened, ReadError, RecordingError};
use crate::services::Services;

const MEDIA_TYPE: &str = "video/webm";

/// A screen of one's own session is shared, and what it shows is about to come.
#[utoipa::path(post, path = "/api/sessions/{id}/recordings", tag = "recordings", params(("id" = String, Path)), request_body = NewRecording, responses((status = 201, body = Recording), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError), (status = 503, body = ApiError)))]
pub(super) async fn announce(
    State(services): State<Services>,
    who: AtConsole,
    Path(id): Path<SessionId>,
    Body(new): Body<NewRecording>,
) -> Result<(StatusCode, Json<Recording>), Failure> {
    let live = services.sessions.get(id).filter(|it| it.user == who.user.id && it.ending().is_none());
    let live = live.ok_or_else(|| Failure::not_found("session"))?;
    let errors = validate::new_recording(&new);
    if !errors.is_empty() {
        return Err(Failure::fields(errors));
    }
    let announced = services.recordings.announce(&live, new, &who.by).await?;
    Ok((StatusCode::CREATED, Json(announced.recording)))
}

/// The next chunk of a recording: its bytes as the browser made them. The answer comes when it is on the disk. One that came
/// before may be sent again.
#[utoipa::path(put, path = "/api/recordings/{id}/chunks/{number}", tag = "recordings", params(("id" = String, Path), ("number" = u64, Path)), request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses((status = 200, body = ChunkKept), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 413, body = ApiError), (status = 422, body = ApiError), (status = 503, body = ApiError)))]
pub(super) async fn chunk(
    State(services): State<Services>,
    who: AtConsole,
    Path((id, number)): Path<(RecordingId, u64)>,
    bytes: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Json<ChunkKept>, Failure> {
    own(&services, &who, id).await?;
    let bytes = bytes.map_err(|_| too_large())?;
    if bytes.len() > RECORDING_CHUNK_BYTES {
        return Err(too_large());
    }
    let next = services.recordings.take(id, number, bytes).await?;
    Ok(Json(ChunkKept { next }))
}

/// A recording goes on, though its screen shows nothing new.
#[utoipa::path(post, path = "/api/recordings/{id}/alive", tag = "recordings", params(("id" = String, Path)), responses((status = 200, body = ChunkKept), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
pub(super) async fn alive(
    State(services): State<Services>,
    who: AtConsole,
    Path(id): Path<RecordingId>,
) -> Result<Json<ChunkKept>, Failure> {
    own(&services, &who, id).await?;
    let next = services.recordings.hear(id).await?;
    Ok(Json(ChunkKept { next }))
}

/// A recording stops: nothing goes through the tunnels of its session until another one begins.
#[utoipa::path(post, path = "/api/recordings/{id}/stop", tag = "recordings", params(("id" = String, Path)), request_body = StopRecording, responses((status = 204), (status = 404, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn stop(
    State(services): State<Services>,
    who: AtConsole,
    Path(id): Path<RecordingId>,
    Body(stop): Body<StopRecording>,
) -> Result<StatusCode, Failure> {
    own(&services, &who, id).await?;
    services.recordings.stop(id, stop.because).await;
    Ok(StatusCode::NO_CONTENT)
}

/// The recordings of a session's desktop, oldest first, for those who may review it.
#[utoipa::path(get, path = "/api/sessions/{id}/recordings", tag = "recordings", params(("id" = String, Path)), responses((status = 200, body = Vec<Recording>), (status = 404, body = ApiError)))]
pub(super) async fn list(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<SessionId>,
) -> Result<Json<Vec<Recording>>, Failure> {
    reviewing::recorded(&services, &who, id).await?;
    let records = services.store.recordings_of(id).await?.into_iter().map(|it| it.recording);
    Ok(Json(records.filter(|it| it.kind == RecordingKind::Desktop).collect()))
}

/// A recording to be played, or the part of it that `Range` asks for. That somebody looks at it is an audit event.
#[utoipa::path(get, path = "/api/recordings/{id}/video", tag = "recordings", params(("id" = String, Path)), responses((status = 200, body = Vec<u8>, content_type = "video/webm"), (status = 206, body = Vec<u8>, content_type = "video/webm"), (status = 404, body = ApiError), (status = 416)))]
pub(super) async fn video(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<RecordingId>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let opened = video_of(&services, &who, id).await?;
    // A player asks for many parts, beginning anywhere.
    viewed(&services, &who, &opened).await?;
    let all = opened.recording.bytes;
    Ok(part(all, range_of(&headers), MEDIA_TYPE, |wanted| opened.read(wanted)))
}

/// Which look it is.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Look {
    /// A number that whoever looks chooses: all parts that are asked for with it are of the same file. Another one, or none, gives what has
    /// come since.
    look: Option<u32>,
}

/// What has come of a recording that runs, or the part of it that `Range` asks for. That somebody looks at it is an audit event.
#[utoipa::path(get, path = "/api/recordings/{id}/so-far", tag = "recordings", params(("id" = String, Path), Look), responses((status = 200, body = Vec<u8>, content_type = "video/webm"), (status = 206, body = Vec<u8>, content_type = "video/webm"), (status = 404, body = ApiError), (status = 416)))]
pub(super) async fn so_far(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<RecordingId>,
    Query(look): Query<Look>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let not_found = || Failure::not_found("recording");
    let session = services.recordings.session_of(id).ok_or_else(not_found)?;
    let session = reviewing::recorded(&services, &who, session).await.map_err(|_| not_found())?;
    let so_far = services.recordings.so_far(id, look.look).await.ok_or_else(not_found)?;
    let entry = Entry::of(Action::RecordingViewed, ObjectKind::Recording, id.0, &session.item_name)
        .with("session_id", session.id.to_string())
        .with("user", session.user_name)
        .saying("While it runs.");
    reviewing::note_look(&services, &who, &id.to_string(), entry).await?;
    let all = so_far.bytes();
    Ok(part(all, range_of(&headers), MEDIA_TYPE, |wanted| so_far.read(wanted)))
}

/// A recording as a file. That somebody takes it out is an audit event.
#[utoipa::path(get, path = "/api/recordings/{id}/file", tag = "recordings", params(("id" = String, Path)), responses((status = 200, body = Vec<u8>, content_type = "video/webm"), (status = 404, body = ApiError)))]
pub(super) async fn file(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<RecordingId>,
) -> Result<Response, Failure> {
    let opened = video_of(&services, &who, id).await?;
    downloaded(&services, &who, opened, format!("recording-{id}.webm"), MEDIA_TYPE).await
}

/// All of a recording as a file of this name. That somebody takes it out is an audit event.
pub(super) async fn downloaded(
    services: &Services,
    who: &SignedIn,
    opened: Opened,
    name: String,
    media_type: &'static str,
) -> Result<Response, Failure> {
    let entry = entry(services, &opened, Action::RecordingDownloaded).await?;
    services.audit.append(&who.by, entry).await?;
    let mut response = part(opened.recording.bytes, None, media_type, |wanted| opened.read(wanted));
    if let Ok(name) = format!("attachment; filename=\"{name}\"").parse() {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

async fn video_of(services: &Services, who: &SignedIn, id: RecordingId) -> Result<Opened, Failure> {
    reviewed(services, who, id, |kind| kind == RecordingKind::Desktop, "recording").await
}

/// A complete recording of the right kind, for somebody who may review its session.
pub(super) async fn reviewed(
    services: &Services,
    who: &SignedIn,
    id: RecordingId,
    is_right: impl Fn(RecordingKind) -> bool,
    what: &'static str,
) -> Result<Opened, Failure> {
    let not_found = || Failure::not_found(what);
    let record = services.store.recording(id).await?.filter(|it| is_right(it.recording.kind)).ok_or_else(not_found)?;
    let session = reviewing::recorded(services, who, record.recording.session_id).await;
    session.map_err(|_| not_found())?;
    services.recordings.look_up(id).await.map_err(unreadable)?.ok_or_else(not_found)
}

/// Somebody looks at a recording: that is noted once, however many parts of it they ask for.
pub(super) async fn viewed(services: &Services, who: &SignedIn, opened: &Opened) -> Result<(), Failure> {
    let entry = entry(services, opened, Action::RecordingViewed).await?;
    reviewing::note_look(services, who, &opened.recording.id.to_string(), entry).await
}

async fn entry(services: &Services, opened: &Opened, action: Action) -> Result<Entry, Failure> {
    let it = &opened.recording;
    let session = services.store.session(it.session_id).await?;
    let (item, user) = session.map(|it| (it.item_name, it.user_name)).unwrap_or_default();
    Ok(Entry::of(action, ObjectKind::Recording, it.id.0, &item)
        .with("session_id", it.session_id.to_string())
        .with("kind", serde_json::json!(it.kind))
        .with("user", user))
}

fn range_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::RANGE).and_then(|it| it.to_str().ok())
}

/// The whole of it, or the one part that is asked for (RFC 9110, section 14). Of several parts the first is given: no player asks
/// for several.
fn part<S, E>(all: u64, range: Option<&str>, media_type: &str, read: impl FnOnce(Range<u64>) -> S) -> Response
where
    S: Stream<Item = Result<Bytes, E>> + Send + 'static,
    E: Into<axum::BoxError>,
{
    let asked = range.and_then(|it| http_range_header::parse_range_header(it).ok());
    let (status, wanted) = match asked.map(|it| it.validate(all)) {
        None => (StatusCode::OK, 0..all),
        Some(Ok(ranges)) => match ranges.first() {
            Some(first) => (StatusCode::PARTIAL_CONTENT, *first.start()..first.end() + 1),
            None => (StatusCode::OK, 0..all),
        },
        Some(Err(_)) => {
            return (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, format!("bytes */{all}"))])
                .into_response();
        }
    };
    let mut headers = vec![
        (header::CONTENT_TYPE, media_type.to_owned()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
        (header::CONTENT_LENGTH, (wanted.end - wanted.start).to_string()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    if status == StatusCode::PARTIAL_CONTENT {
        headers.push((header::CONTENT_RANGE, format!("bytes {}-{}/{all}", wanted.start, wanted.end.saturating_sub(1))));
    }
    let mut response = (status, Bytestream::from_stream(read(wanted))).into_response();
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// The asking user's own recording. Whoever shared a screen may bring the rest of it also when the session is over by now.
async fn own(services: &Services, who: &AtConsole, id: RecordingId) -> Result<(), Failure> {
    let not_found = || Failure::not_found("recording");
    let session = services.recordings.session_of(id).ok_or_else(not_found)?;
    let user = match services.sessions.get(session) {
        Some(live) => Some(live.user),
        None => services.store.session(session).await?.map(|it| it.user_id),
    };
    if user == Some(who.user.id) { Ok(()) } else { Err(not_found()) }
}

fn too_large() -> Failure {
    let message = format!("A chunk has at most {} KiB.", RECORDING_CHUNK_BYTES / 1024);
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE, Fault::User, "too_large", &message, "Send it in several.")
}

pub(super) fn unreadable(error: ReadError) -> Failure {
    match error {
        ReadError::Database(error) => error.into(),
        ReadError::Store(_) | ReadError::Sealed(_) | ReadError::NoStore(_) | ReadError::NoKey(_) => {
            tracing::error!(error = %error, "a recording cannot be given out");
            let next_step = "Look at the appliance's log.";
            let status = StatusCode::SERVICE_UNAVAILABLE;
            Failure::new(status, Fault::Appliance, "recording_unreadable", "The recording cannot be read.", next_step)
        }
    }
}

impl From<RecordingError> for Failure {
    fn from(error: RecordingError) -> Self {
        let message = sentence(&error.to_string());
        match error {
            RecordingError::NotRecorded => Self::conflict("not_recorded", &message, "Nothing is to be done."),
            RecordingError::TooManyScreens => Self::conflict("too_many_screens", &message, "Stop sharing one of them."),
            RecordingError::Over => Self::conflict("recording_over", &message, "Share the screen again."),
            RecordingError::OutOfOrder { .. } => Self::conflict("out_of_order", &message, "Send that one first."),
            RecordingError::TooMuch => Self::conflict("too_much", &message, "Share the screen again."),
            RecordingError::NotWebm(_) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                Fault::User,
                "not_a_recording",
                &message,
                "Share the screen again.",
            ),
            RecordingError::NotStored(why) => {
                tracing::error!(why, "a recording could not be stored");
                let message = "The appliance cannot store the recording.";
                let status = StatusCode::SERVICE_UNAVAILABLE;
                Self::new(status, Fault::Appliance, "not_stored", message, "Tell an administrator.")
            }
            RecordingError::Store(error) => error.into(),
        }
    }
}
