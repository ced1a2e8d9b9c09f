use super::api_type;
use crate::Timestamp;
use crate::audit::{Head, LinkedEvent};

api_type! {
    /// `GET /api/audit`.
    pub struct AuditPage {
        /// Events, newest first.
        pub events: Vec<LinkedEvent>,
        /// What to ask for `before` to see older ones; none: there are no more.
        pub next: Option<u64>,
    }

    /// `GET /api/audit/heads`.
    pub struct AuditHeads {
        /// The key that heads are verified with: an Ed25519 public key of 64 hexadecimal digits.
        pub public_key: String,
        /// The end of the chain, signed at this moment; none while there is nothing.
        pub end: Option<Head>,
        /// The newest heads that are kept, newest first.
        pub heads: Vec<Head>,
        /// What the appliance found wrong with the trail; empty, as it should be.
        pub findings: Vec<AuditFinding>,
    }

    /// Something that the appliance found wrong with the trail.
    pub struct AuditFinding {
        /// When.
        pub at: Timestamp,
        /// What, in a sentence.
        pub what: String,
    }
}
