use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::Action;
use crate::Timestamp;

/// Who acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A person at the console.
    User,
    /// A program with a user's API token.
    ApiToken,
    /// A jumpoint's node.
    Agent,
    /// The appliance by itself.
    Appliance,
    /// Whoever has the link of a letter; the name is the mail address.
    Letter,
    /// Somebody who was not recognised.
    Nobody,
}

impl ActorKind {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ApiToken => "api_token",
            Self::Agent => "agent",
            Self::Appliance => "appliance",
            Self::Letter => "letter",
            Self::Nobody => "nobody",
        }
    }
}

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// What they are.
    pub kind: ActorKind,
    /// The user, in whose place a token may have asked, or the agent.
    pub id: Option<Uuid>,
    /// Their name at that time.
    pub name: String,
    /// The token's name, when it was one.
    pub token: Option<String>,
}

impl Actor {
    /// The appliance by itself.
    #[must_use]
    pub fn appliance() -> Self {
        Self { kind: ActorKind::Appliance, id: None, name: "Sallyport".into(), token: None }
    }

    /// Somebody who was not recognised. What they typed as a name may be a password, so it is not kept.
    #[must_use]
    pub fn nobody() -> Self {
        Self { kind: ActorKind::Nobody, id: None, name: String::new(), token: None }
    }
}

/// What kind of thing something was done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// A user.
    User,
    /// An API token.
    ApiToken,
    /// A team.
    Team,
    /// A jump group.
    Group,
    /// A jump item role.
    Role,
    /// A jump policy.
    Policy,
    /// A session policy.
    SessionPolicy,
    /// An item.
    Item,
    /// A credential.
    Credential,
    /// A jumpoint.
    Jumpoint,
    /// A jumpoint's node.
    Agent,
    /// An enrolment key.
    EnrolmentKey,
    /// Settings.
    Settings,
    /// A request for approval.
    Approval,
    /// A session.
    Session,
    /// A recording.
    Recording,
    /// A signed-in browser.
    Browser,
    /// The appliance.
    Appliance,
}

impl ObjectKind {
    /// For people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::ApiToken => "API token",
            Self::Team => "Team",
            Self::Group => "Group",
            Self::Role => "Role",
            Self::Policy => "Policy",
            Self::SessionPolicy => "Session policy",
            Self::Item => "Item",
            Self::Credential => "Credential",
            Self::Jumpoint => "Jumpoint",
            Self::Agent => "Node",
            Self::EnrolmentKey => "Enrolment key",
            Self::Settings => "Settings",
            Self::Approval => "Request",
            Self::Session => "Session",
            Self::Recording => "Recording",
            Self::Browser => "Browser",
            Self::Appliance => "Appliance",
        }
    }
}

/// What something was done to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ObjectName {
    /// What it is.
    pub kind: ObjectKind,
    /// Its id, where it has one.
    pub id: Option<Uuid>,
    /// Its name at that time.
    pub name: String,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Succeeded,
    /// It was not let through.
    Refused,
    /// It was tried and did not work.
    Failed,
}

/// Fields by their names.
pub type Changed = BTreeMap<String, Value>;

/// One event of the trail. Another field takes another version of the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditEvent {
    /// 1, 2, 3, … without a gap.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// Where they asked from.
    pub address: Option<String>,
    /// What.
    pub action: Action,
    /// To what.
    pub object: Option<ObjectName>,
    /// What came of it.
    pub outcome: Outcome,
    /// In a sentence; may be empty.
    pub message: String,
    /// What the fields that changed were before. Secrets are not among them.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub before: Changed,
    /// What they are after.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub after: Changed,
}

/// The fields of two objects that differ, as they were before and as they are after. What is no object has none.
#[must_use]
pub fn changes(before: &impl Serialize, after: &impl Serialize) -> (Changed, Changed) {
    let (mut before, mut after) = (fields(before), fields(after));
    let same: Vec<String> =
        before.iter().filter(|(name, value)| after.get(*name) == Some(value)).map(|it| it.0.clone()).collect();
    for name in same {
        before.remove(&name);
        after.remove(&name);
    }
    (before, after)
}

fn fields(of: &impl Serialize) -> Changed {
    match serde_json::to_value(of) {
        Ok(Value::Object(fields)) => fields.into_iter().collect(),
        _ => Changed::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_changed_is_kept() {
        let (before, after) = changes(&json!({ "a": 1, "b": [1], "c": null }), &json!({ "a": 1, "b": [2], "d": true }));
        assert_eq!(serde_json::to_value(before).unwrap(), json!({ "b": [1], "c": null }));
        assert_eq!(serde_json::to_value(after).unwrap(), json!({ "b": [2], "d": true }));
        let (before, after) = changes(&(), &json!({ "a": 1 }));
        assert_eq!((before.len(), after.len()), (0, 1));
    }
}
