//! How long recordings are kept, legal holds, and deleting by hand.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::api::{ApiError, ChangeHold, DeleteRecording, HoldState, LegalHold, Retention, RetentionSettings};
use wire::audit::{Action, ObjectKind};
use wire::{RecordingId, SessionId, validate};

use super::error::{Body, Path};
use super::{ConsoleAdministrator, Failure, SignedIn, reviewing};
use crate::audit::Entry;
use crate::clock::now;
use crate::recording::NotDeleted;
use crate::retention::{self, Because};
use crate::services::Services;
use crate::store::{SessionRecord, StoreError};

/// How long recordings are kept, and what there is.
#[utoipa::path(get, path = "/api/settings/retention", tag = "settings", responses((status = 200, body = RetentionSettings), (status = 403, body = ApiError)))]
pub(super) async fn settings(
    State(services): State<Services>,
    _: ConsoleAdministrator,
) -> Result<Json<RetentionSettings>, Failure> {
    Ok(Json(services.retention.settings().await?))
}

/// Sets how long recordings are kept. What is due by that is deleted at once.
#[utoipa::path(put, path = "/api/settings/retention", tag = "settings", request_body = Retention, responses((status = 200, body = RetentionSettings), (status = 403, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn set_settings(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Body(draft): Body<Retention>,
) -> Result<Json<RetentionSettings>, Failure> {
    let errors = validate::retention(&draft);
    if !errors.is_empty() {
        return Err(Failure::fields(errors));
    }
    let change = services.audit.begin().await?;
    let was = retention::kept(&change).await?;
    let set = retention::set(&change, draft).await?;
    let entry = Entry::of_settings(Action::SettingsRetentionChanged, "Retention").changed(&was, &set);
    change.commit(&who.by, [entry]).await?;
    services.retention.look_again();
    tracing::info!(by.id = %who.user.id, "how long recordings are kept was set");
    Ok(Json(services.retention.settings().await?))
}

/// Has another key seal the keys of recordings that begin from now on. Those that are there stay readable.
#[utoipa::path(post, path = "/api/settings/recording-key/change", tag = "settings", responses((status = 200, body = RetentionSettings), (status = 403, body = ApiError), (status = 503, body = ApiError)))]
pub(super) async fn change_key(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
) -> Result<Json<RetentionSettings>, Failure> {
    services.recordings.change_key(&who.by).await?;
    tracing::info!(by.id = %who.user.id, "the key of recordings was changed");
    Ok(Json(services.retention.settings().await?))
}

/// The legal hold of a session, for those who may review it.
#[utoipa::path(get, path = "/api/sessions/{id}/hold", tag = "sessions", params(("id" = String, Path)), responses((status = 200, body = HoldState), (status = 404, body = ApiError)))]
pub(super) async fn hold(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<SessionId>,
) -> Result<Json<HoldState>, Failure> {
    reviewing::recorded(&services, &who, id).await?;
    Ok(Json(HoldState { hold: services.store.legal_hold(id).await? }))
}

/// Puts a session under a legal hold: nothing of it is deleted until that is lifted.
#[utoipa::path(post, path = "/api/sessions/{id}/hold", tag = "sessions", params(("id" = String, Path)), request_body = ChangeHold, responses((status = 200, body = HoldState), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn set_hold(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Path(id): Path<SessionId>,
    Body(change): Body<ChangeHold>,
) -> Result<Json<HoldState>, Failure> {
    let reason = reason(&change.reason)?;
    let session = session(&services, id).await?;
    let hold = LegalHold { reason, set_by: who.user.user_name.clone(), set_at: now() };
    let change = services.audit.begin().await?;
    change.insert_legal_hold(id, &hold).await.map_err(|error| match error {
        StoreError::Duplicate => {
            let message = "This session is under a legal hold already.";
            Failure::conflict("held_already", message, "Load the page again to see it.")
        }
        StoreError::Dependent => Failure::not_found("session"),
        other => other.into(),
    })?;
    let entry = Entry::of(Action::SessionHeld, ObjectKind::Session, id.0, &session.item_name)
        .with("user", session.user_name)
        .saying(hold.reason.as_str());
    change.commit(&who.by, [entry]).await?;
    tracing::info!(by.id = %who.user.id, session.id = %id, "a session was put under a legal hold");
    Ok(Json(HoldState { hold: Some(hold) }))
}

/// Lifts the legal hold of a session.
#[utoipa::path(post, path = "/api/sessions/{id}/hold/lift", tag = "sessions", params(("id" = String, Path)), request_body = ChangeHold, responses((status = 200, body = HoldState), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn lift_hold(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Path(id): Path<SessionId>,
    Body(change): Body<ChangeHold>,
) -> Result<Json<HoldState>, Failure> {
    let reason = reason(&change.reason)?;
    let session = session(&services, id).await?;
    let change = services.audit.begin().await?;
    let was = change.legal_hold(id).await?.ok_or_else(|| {
        Failure::conflict("not_held", "This session is under no legal hold.", "Load the page again to see it.")
    })?;
    change.delete_legal_hold(id).await?;
    let entry = Entry::of(Action::SessionHoldLifted, ObjectKind::Session, id.0, &session.item_name);
    change.commit(&who.by, [entry.removed(&was).with("user", session.user_name).saying(reason)]).await?;
    tracing::info!(by.id = %who.user.id, session.id = %id, "a legal hold was lifted");
    Ok(Json(HoldState { hold: None }))
}

/// Deletes a recording for good. What it was, and its hash, stays in the audit trail.
#[utoipa::path(post, path = "/api/recordings/{id}/delete", tag = "recordings", params(("id" = String, Path)), request_body = DeleteRecording, responses((status = 204), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn delete_recording(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Path(id): Path<RecordingId>,
    Body(asked): Body<DeleteRecording>,
) -> Result<StatusCode, Failure> {
    let reason = reason(&asked.reason)?;
    let not_found = || Failure::not_found("recording");
    let record = services.store.recording(id).await?.ok_or_else(not_found)?;
    let session = session(&services, record.recording.session_id).await.map_err(|_| not_found())?;
    if asked.name.trim() != session.item_name.trim() {
        return Err(Failure::field("name", "This is not the name of the session's item."));
    }
    let because = Because::ByHand { reason };
    services.recordings.delete(id, &because, &who.by).await.map_err(|error| match error {
        NotDeleted::NotThere => {
            let message = "This recording is not complete, or deleted already.";
            Failure::conflict("not_deletable", message, "Wait until it is complete, or load the page again.")
        }
        NotDeleted::Held => {
            let message = "The session is under a legal hold: nothing of it is deleted.";
            Failure::conflict("held", message, "Lift the hold first.")
        }
        NotDeleted::Store(error) => error.into(),
    })?;
    tracing::info!(by.id = %who.user.id, recording.id = %id, "a recording was deleted by hand");
    Ok(StatusCode::NO_CONTENT)
}

/// A session, whether it is over or not.
async fn session(services: &Services, id: SessionId) -> Result<SessionRecord, Failure> {
    let record = match services.sessions.get(id) {
        Some(live) => Some(live.snapshot()),
        None => services.store.session(id).await?,
    };
    record.ok_or_else(|| Failure::not_found("session"))
}

fn reason(text: &str) -> Result<String, Failure> {
    match validate::reason_on_record(text) {
        None => Ok(text.trim().to_owned()),
        Some(wrong) => Err(Failure::field("reason", &wrong)),
    }
}
