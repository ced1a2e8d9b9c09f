//! Session policies.

use gloo::net::http::Method;
use wire::api::{GlobalSessionPolicy, SessionPolicy, SessionPolicyAnswer, SessionPolicyDraft, SessionPolicyName};
use wire::{JumpItemId, SessionPolicyId, UserId};

use super::{Answer, Api, path};

impl Api {
    /// `GET /api/session-policies`.
    pub(crate) async fn session_policies(&self) -> Answer<Vec<SessionPolicy>> {
        self.get("/api/session-policies").await
    }

    /// `GET /api/session-policies/names`.
    pub(crate) async fn session_policy_names(&self) -> Answer<Vec<SessionPolicyName>> {
        self.get("/api/session-policies/names").await
    }

    /// `POST /api/session-policies` or `PUT /api/session-policies/{id}`.
    pub(crate) async fn save_session_policy(
        &self,
        id: Option<SessionPolicyId>,
        draft: &SessionPolicyDraft,
    ) -> Answer<SessionPolicy> {
        self.save("/api/session-policies", id, draft).await
    }

    /// `DELETE /api/session-policies/{id}`.
    pub(crate) async fn remove_session_policy(&self, id: SessionPolicyId) -> Answer<()> {
        self.change(Method::DELETE, &path("/api/session-policies", id)).await
    }

    /// `GET /api/session-policies/global`.
    pub(crate) async fn global_session_policy(&self) -> Answer<GlobalSessionPolicy> {
        self.get("/api/session-policies/global").await
    }

    /// `PUT /api/session-policies/global`.
    pub(crate) async fn set_global_session_policy(&self, wanted: &GlobalSessionPolicy) -> Answer<GlobalSessionPolicy> {
        self.send(Method::PUT, "/api/session-policies/global", Some(wanted)).await
    }

    /// `GET /api/session-policies/effective`: what a session of this user on this item may do.
    pub(crate) async fn effective_session_policy(&self, user: UserId, item: JumpItemId) -> Answer<SessionPolicyAnswer> {
        self.get(&format!("/api/session-policies/effective?user_id={user}&item_id={item}")).await
    }
}
