//! Jump policies, what starting items takes, and requests for approval.

use gloo::net::http::Method;
use wire::api::{
    Approval, ApprovalDecision, ApprovalLink, ApprovalLinkDecision, Approvals, JumpPolicy, JumpPolicyDraft,
    JumpPolicyName, LinkedApproval, NewApproval, NewSession, Session, ShownAtStart, StartTerms,
};
use wire::{ApprovalId, JumpItemId, JumpPolicyId};

use super::{Answer, Api, path};

impl Api {
    /// `GET /api/jump-policies`.
    pub(crate) async fn policies(&self) -> Answer<Vec<JumpPolicy>> {
        self.get("/api/jump-policies").await
    }

    /// `GET /api/jump-policies/names`.
    pub(crate) async fn policy_names(&self) -> Answer<Vec<JumpPolicyName>> {
        self.get("/api/jump-policies/names").await
    }

    /// `POST /api/jump-policies` or `PUT /api/jump-policies/{id}`.
    pub(crate) async fn save_policy(&self, id: Option<JumpPolicyId>, draft: &JumpPolicyDraft) -> Answer<JumpPolicy> {
        self.save("/api/jump-policies", id, draft).await
    }

    /// `DELETE /api/jump-policies/{id}`.
    pub(crate) async fn remove_policy(&self, id: JumpPolicyId) -> Answer<()> {
        self.change(Method::DELETE, &path("/api/jump-policies", id)).await
    }

    /// `GET /api/time-zones`.
    pub(crate) async fn time_zones(&self) -> Answer<Vec<String>> {
        self.get("/api/time-zones").await
    }

    /// `GET /api/jump-items/{id}/start`: what starting the item takes now.
    pub(crate) async fn start_terms(&self, id: JumpItemId) -> Answer<StartTerms> {
        self.get(&format!("{}/start", path("/api/jump-items", id))).await
    }

    /// `POST /api/sessions`: *Jump*, with what the item's policies ask for.
    pub(crate) async fn jump_showing(&self, item_id: JumpItemId, shown: ShownAtStart) -> Answer<Session> {
        self.send(Method::POST, "/api/sessions", Some(&NewSession { item_id, shown })).await
    }

    /// `GET /api/approvals`.
    pub(crate) async fn approvals(&self) -> Answer<Approvals> {
        self.get("/api/approvals").await
    }

    /// `POST /api/approvals`.
    pub(crate) async fn ask_for_approval(&self, new: &NewApproval) -> Answer<Vec<Approval>> {
        self.send(Method::POST, "/api/approvals", Some(new)).await
    }

    /// `POST /api/approvals/{id}/decide`.
    pub(crate) async fn decide_approval(&self, id: ApprovalId, decision: &ApprovalDecision) -> Answer<Approval> {
        self.send(Method::POST, &format!("{}/decide", path("/api/approvals", id)), Some(decision)).await
    }

    /// `POST /api/approvals/{id}/revoke`.
    pub(crate) async fn revoke_approval(&self, id: ApprovalId) -> Answer<Approval> {
        self.send(Method::POST, &format!("{}/revoke", path("/api/approvals", id)), None::<&()>).await
    }

    /// `POST /api/approval-links/look`: what the link of a letter is for.
    pub(crate) async fn look_at_approval_link(&self, link: &ApprovalLink) -> Answer<LinkedApproval> {
        self.send_quietly(Method::POST, "/api/approval-links/look", Some(link)).await
    }

    /// `POST /api/approval-links/decide`.
    pub(crate) async fn decide_by_link(&self, decision: &ApprovalLinkDecision) -> Answer<LinkedApproval> {
        self.send_quietly(Method::POST, "/api/approval-links/decide", Some(decision)).await
    }

    /// `POST /api/approvals/{id}/withdraw`.
    pub(crate) async fn withdraw_approval(&self, id: ApprovalId) -> Answer<Approval> {
        self.send(Method::POST, &format!("{}/withdraw", path("/api/approvals", id)), None::<&()>).await
    }
}
