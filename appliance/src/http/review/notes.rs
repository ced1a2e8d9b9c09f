//! What reviewers leave on a session: notes at moments of it, and that they have reviewed it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::json;
use wire::api::{ApiError, Fault, ReviewMark, SessionNote, SessionNoteDraft};
use wire::audit::{Action, ObjectKind};
use wire::limits::SESSION_NOTES;
use wire::{SessionId, SessionNoteId, Timestamp, validate};

use super::super::error::{Body, Path};
use super::super::{Failure, SignedIn, reviewing};
use crate::audit::Entry;
use crate::clock::now;
use crate::random;
use crate::services::Services;
use crate::store::{SessionNoteRecord, SessionRecord, Store};

/// Notes something at a moment of a session.
#[utoipa::path(post, path = "/api/review/sessions/{id}/notes", tag = "review", params(("id" = String, Path)), request_body = SessionNoteDraft, responses((status = 201, body = SessionNote), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(crate) async fn add(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<SessionId>,
    Body(draft): Body<SessionNoteDraft>,
) -> Result<(StatusCode, Json<SessionNote>), Failure> {
    let session = noted(&services, &who, id).await?;
    let note = SessionNote {
        id: SessionNoteId(random::id()),
        at: moment(&session, draft.at)?,
        text: checked(&draft.text)?,
        author_id: who.user.id,
        author_name: who.user.display_name.clone(),
        written_at: now(),
        edited_at: None,
    };
    let change = services.audit.begin().await?;
    let there = change.notes_counted(&[id]).await?.remove(&id).unwrap_or_default();
    if there >= SESSION_NOTES as u64 {
        let message = format!("There are {SESSION_NOTES} notes on this session, as many as there may be.");
        return Err(Failure::conflict("too_many_notes", &message, "Change one, or remove one."));
    }
    change.insert_session_note(&SessionNoteRecord { session_id: id, note: note.clone() }).await?;
    change.commit(&who.by, [entry(Action::SessionNoteAdded, &session).made(&told(&note))]).await?;
    Ok((StatusCode::CREATED, Json(note)))
}

/// Changes one's own note.
#[utoipa::path(put, path = "/api/review/sessions/{id}/notes/{note_id}", tag = "review", params(("id" = String, Path), ("note_id" = String, Path)), request_body = SessionNoteDraft, responses((status = 200, body = SessionNote), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(crate) async fn change(
    State(services): State<Services>,
    who: SignedIn,
    Path((id, note_id)): Path<(SessionId, SessionNoteId)>,
    Body(draft): Body<SessionNoteDraft>,
) -> Result<Json<SessionNote>, Failure> {
    let session = noted(&services, &who, id).await?;
    let (at, text) = (moment(&session, draft.at)?, checked(&draft.text)?);
    let change = services.audit.begin().await?;
    not_held(&change, id).await?;
    let was = own(change.session_note(note_id).await?, id, &who)?;
    let note = SessionNote { at, text, edited_at: Some(now()), ..was.clone() };
    if !change.update_session_note(&note).await? {
        return Err(Failure::not_found("note"));
    }
    let entry = entry(Action::SessionNoteChanged, &session).changed(&told(&was), &told(&note));
    change.commit(&who.by, [entry]).await?;
    Ok(Json(note))
}

/// Removes one's own note.
#[utoipa::path(delete, path = "/api/review/sessions/{id}/notes/{note_id}", tag = "review", params(("id" = String, Path), ("note_id" = String, Path)), responses((status = 204), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
pub(crate) async fn remove(
    State(services): State<Services>,
    who: SignedIn,
    Path((id, note_id)): Path<(SessionId, SessionNoteId)>,
) -> Result<StatusCode, Failure> {
    let session = noted(&services, &who, id).await?;
    let change = services.audit.begin().await?;
    not_held(&change, id).await?;
    let was = own(change.session_note(note_id).await?, id, &who)?;
    if !change.delete_session_note(note_id).await? {
        return Err(Failure::not_found("note"));
    }
    change.commit(&who.by, [entry(Action::SessionNoteRemoved, &session).removed(&told(&was))]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Marks a session as reviewed.
#[utoipa::path(post, path = "/api/review/sessions/{id}/reviewed", tag = "review", params(("id" = String, Path)), responses((status = 200, body = ReviewMark), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
pub(crate) async fn mark(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<SessionId>,
) -> Result<Json<ReviewMark>, Failure> {
    let session = noted(&services, &who, id).await?;
    if session.ended_at.is_none() {
        let message = "This session is not over: there is more to review.";
        return Err(Failure::conflict("not_over", message, "Mark it when it has ended."));
    }
    let mark = ReviewMark { at: now(), user_id: who.user.id, user_name: who.user.display_name.clone() };
    let change = services.audit.begin().await?;
    change.mark_reviewed(id, &mark).await?;
    change.commit(&who.by, [entry(Action::SessionReviewed, &session)]).await?;
    Ok(Json(mark))
}

/// Takes the mark away again.
#[utoipa::path(delete, path = "/api/review/sessions/{id}/reviewed", tag = "review", params(("id" = String, Path)), responses((status = 204), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
pub(crate) async fn unmark(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, Failure> {
    let session = noted(&services, &who, id).await?;
    let change = services.audit.begin().await?;
    not_held(&change, id).await?;
    let was = change.review_marks(&[id]).await?.remove(&id);
    let Some(was) = was else { return Err(Failure::not_found("mark")) };
    change.unmark_reviewed(id).await?;
    let entry = entry(Action::SessionReviewTakenBack, &session);
    let entry = entry.removed(&json!({ "reviewed_at": was.at, "reviewed_by": was.user_name }));
    change.commit(&who.by, [entry]).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A session on which this user may leave something.
async fn noted(services: &Services, who: &SignedIn, id: SessionId) -> Result<SessionRecord, Failure> {
    let session = reviewing::recorded(services, who, id).await?;
    if who.is_auditor() {
        let (message, next_step) = ("Auditors only look.", "Ask somebody who reviews these sessions.");
        return Err(Failure::new(StatusCode::FORBIDDEN, Fault::Policy, "auditor", message, next_step));
    }
    Ok(session)
}

/// What was left on a session under a legal hold stays as it is, like all else of it.
async fn not_held(store: &Store, id: SessionId) -> Result<(), Failure> {
    if store.is_held(id).await? {
        let message = "This session is under a legal hold: what was noted on it stays as it is.";
        return Err(Failure::conflict("held", message, "Add another note, or lift the hold first."));
    }
    Ok(())
}

/// A note that is on this session and that this user wrote.
fn own(note: Option<SessionNoteRecord>, session: SessionId, who: &SignedIn) -> Result<SessionNote, Failure> {
    let note = note.filter(|it| it.session_id == session).ok_or_else(|| Failure::not_found("note"))?.note;
    if note.author_id != who.user.id {
        let message = format!("This note is {}'s.", note.author_name);
        let next_step = "Write one of your own.";
        return Err(Failure::new(StatusCode::FORBIDDEN, Fault::Policy, "not_your_note", &message, next_step));
    }
    Ok(note)
}

/// A moment of the session: not before it began, and not after it ended.
fn moment(session: &SessionRecord, at: Timestamp) -> Result<Timestamp, Failure> {
    let until = session.ended_at.unwrap_or_else(now);
    if at < session.created_at || at > until {
        return Err(Failure::field("at", "This is no moment of the session."));
    }
    Ok(at)
}

fn checked(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    validate::session_note(text).map_or(Ok(text.to_owned()), |wrong| Err(Failure::field("text", &wrong)))
}

fn told(it: &SessionNote) -> serde_json::Value {
    json!({ "at": it.at, "text": it.text })
}

fn entry(action: Action, session: &SessionRecord) -> Entry {
    Entry::of(action, ObjectKind::Session, session.id.0, &session.item_name)
}
