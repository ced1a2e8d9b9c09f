use super::api_type;
use crate::Timestamp;

/// What is looked after in the appliance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum HealthSubject {
    /// The database.
    Database,
    /// The disk with the data folder.
    Disk,
    /// The certificate that browsers, helpers and agents see.
    Certificate,
    /// The audit trail.
    AuditTrail,
    /// The place where recordings are stored.
    Recordings,
    /// Where audit events are handed on to.
    Forwarding,
    /// Outgoing mail.
    Mail,
    /// The ticket system.
    TicketSystem,
    /// Who could decide the requests for approval.
    Approvals,
    /// Versions of the jumpoints' nodes.
    Jumpoints,
    /// Versions of the helpers in use.
    Helpers,
}

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum HealthLevel {
    /// As it should.
    Good,
    /// It is not set up, and nothing needs it.
    Off,
    /// It works; somebody should look.
    Warning,
    /// It does not work, or will not for long.
    Bad,
}

api_type! {
    /// How one thing stands.
    #[derive(Eq)]
    pub struct HealthCheck {
        /// What.
        pub subject: HealthSubject,
        /// How.
        pub level: HealthLevel,
        /// The same in a sentence.
        pub message: String,
        /// What to do; may be empty.
        pub next_step: String,
        /// Since when, or when last, where that is known.
        #[serde(default)]
        pub at: Option<Timestamp>,
    }

    /// `GET /api/health-checks`.
    #[derive(Eq)]
    pub struct HealthChecks {
        /// Each, in a fixed order.
        pub checks: Vec<HealthCheck>,
    }
}
