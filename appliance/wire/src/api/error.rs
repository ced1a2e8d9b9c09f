use serde::{Deserialize, Serialize};

/// Who has to act so that it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The person at the console: something to correct.
    User,
    /// A rule an administrator made.
    Policy,
    /// The jumpoint, or the network it stands in.
    Jumpoint,
    /// The remote system.
    Target,
    /// The appliance or its operator.
    Appliance,
    /// The helper or extension on the workstation.
    Workstation,
    /// What lies between.
    Network,
}

/// What went wrong with one field of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldError {
    /// The field's name in the request, `tunnels[0].local_port` for a nested one.
    pub field: String,
    /// One sentence for the person.
    pub message: String,
}

impl FieldError {
    /// Names the field and says what to do.
    #[must_use]
    pub fn new(field: &str, message: &str) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApiError {
    /// A stable name for programs, such as `jumpoint_offline`.
    pub code: String,
    /// What happened, in plain words.
    pub message: String,
    /// What to do next; empty when there is nothing but to wait.
    #[serde(default)]
    pub next_step: String,
    /// Who has to act.
    pub fault: Fault,
    /// Where a form is wrong.
    #[serde(default)]
    pub fields: Vec<FieldError>,
    /// The id under which the log has the details.
    #[serde(default)]
    pub request_id: String,
}
