use super::{ApprovalScope, api_type};
use crate::{ApprovalId, JumpItemId, JumpPolicyId, Timestamp, UserId};

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    /// Nobody has decided.
    Waiting,
    /// Somebody said yes.
    Granted,
    /// Somebody said no.
    Refused,
    /// Somebody took the yes back.
    Revoked,
    /// Whoever asked does not want it any more.
    Withdrawn,
    /// Its time passed.
    Expired,
}

api_type! {
    /// `POST /api/approvals`: asks whoever may decide, for every policy of the item that wants it.
    #[derive(Eq)]
    pub struct NewApproval {
        /// The item.
        pub item_id: JumpItemId,
        /// Why, at most [`crate::limits::APPROVAL_REASON_CHARS`] characters.
        pub reason: String,
        /// From when; none: at once.
        #[serde(default)]
        pub starts_at: Option<Timestamp>,
        /// For how many minutes.
        pub minutes: u32,
    }

    /// A request to use an item, and what became of it.
    pub struct Approval {
        /// Its id.
        pub id: ApprovalId,
        /// The item, unless it was removed.
        pub item_id: Option<JumpItemId>,
        /// Its name when it was asked for.
        pub item_name: String,
        /// The policy that asks for it, unless it was removed.
        pub policy_id: Option<JumpPolicyId>,
        /// Its name.
        pub policy_name: String,
        /// Who asked.
        pub requester_id: UserId,
        /// Their name.
        pub requester_name: String,
        /// Why.
        pub reason: String,
        /// When it was asked for.
        pub requested_at: Timestamp,
        /// From when it is good.
        pub starts_at: Timestamp,
        /// Until when.
        pub ends_at: Timestamp,
        /// For whom.
        pub scope: ApprovalScope,
        /// Where it stands.
        pub state: ApprovalState,
        /// Who decided last.
        pub decided_by: Option<String>,
        /// When.
        pub decided_at: Option<Timestamp>,
        /// What they noted.
        pub note: String,
        /// Whether the asking user may decide it now, or take it back once it is granted.
        pub may_decide: bool,
    }

    /// `POST /api/approvals/{id}/decide`.
    #[derive(Eq)]
    pub struct ApprovalDecision {
        /// Yes or no.
        pub grant: bool,
        /// For whoever asked.
        #[serde(default)]
        pub note: String,
    }

    /// `GET /api/approvals`: what concerns the asking user.
    pub struct Approvals {
        /// Requests that they may decide, oldest first.
        pub to_decide: Vec<Approval>,
        /// Their own, and those they may take back, newest first.
        pub recent: Vec<Approval>,
    }
}
