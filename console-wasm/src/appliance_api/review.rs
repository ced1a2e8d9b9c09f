//! Sessions for those who review them, and reports.

use gloo::net::http::Method;
use serde::de::DeserializeOwned;
use wire::api::{
    ReviewChoices, ReviewMark, ReviewPage, SessionConnectionsPage, SessionEventsPage, SessionNote, SessionNoteDraft,
    SessionReview, SessionSeal,
};
use wire::{SessionId, SessionNoteId};

use super::{Answer, Api, ignore};
use crate::state::audit::encoded;

impl Api {
    /// `GET /api/review/sessions`; `query` is what stands behind the question mark.
    pub(crate) async fn review_list(&self, query: &str, after: Option<&str>) -> Answer<ReviewPage> {
        let after = after.map(|it| format!("&after={}", encoded(it))).unwrap_or_default();
        self.get(&format!("/api/review/sessions?{query}{after}")).await
    }

    /// `GET /api/review/choices`.
    pub(crate) async fn review_choices(&self) -> Answer<ReviewChoices> {
        self.get("/api/review/choices").await
    }

    /// `GET /api/review/sessions/{id}`.
    pub(crate) async fn review(&self, id: SessionId) -> Answer<SessionReview> {
        self.get(&format!("/api/review/sessions/{id}")).await
    }

    /// `GET /api/review/sessions/{id}/seal`.
    pub(crate) async fn review_seal(&self, id: SessionId) -> Answer<SessionSeal> {
        self.get(&format!("/api/review/sessions/{id}/seal")).await
    }

    /// `GET /api/review/sessions/{id}/events`; `which` names rows: `first=200` or `at=1764460800000`.
    pub(crate) async fn review_events(&self, id: SessionId, which: &str) -> Answer<SessionEventsPage> {
        self.get(&format!("/api/review/sessions/{id}/events?{which}")).await
    }

    /// `GET /api/review/sessions/{id}/connections`.
    pub(crate) async fn review_connections(&self, id: SessionId, which: &str) -> Answer<SessionConnectionsPage> {
        self.get(&format!("/api/review/sessions/{id}/connections?{which}")).await
    }

    /// `POST /api/review/sessions/{id}/notes`, or `PUT` of one that is there.
    pub(crate) async fn save_note(
        &self,
        session: SessionId,
        note: Option<SessionNoteId>,
        draft: &SessionNoteDraft,
    ) -> Answer<SessionNote> {
        self.save(&format!("/api/review/sessions/{session}/notes"), note, draft).await
    }

    /// `DELETE /api/review/sessions/{id}/notes/{note}`.
    pub(crate) async fn remove_note(&self, session: SessionId, note: SessionNoteId) -> Answer<()> {
        self.change(Method::DELETE, &format!("/api/review/sessions/{session}/notes/{note}")).await
    }

    /// `POST /api/review/sessions/{id}/reviewed`.
    pub(crate) async fn mark_reviewed(&self, session: SessionId) -> Answer<ReviewMark> {
        self.send(Method::POST, &format!("/api/review/sessions/{session}/reviewed"), None::<&()>).await
    }

    /// `DELETE /api/review/sessions/{id}/reviewed`.
    pub(crate) async fn unmark_reviewed(&self, session: SessionId) -> Answer<()> {
        self.send(Method::DELETE, &format!("/api/review/sessions/{session}/reviewed"), None::<&()>).await.map(ignore)
    }

    /// `GET /api/reports/{report}`.
    pub(crate) async fn report<T: DeserializeOwned>(&self, report: &str, query: &str) -> Answer<Vec<T>> {
        self.get(&format!("/api/reports/{report}?{query}")).await
    }
}
