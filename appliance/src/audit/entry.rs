use serde::Serialize;
use uuid::Uuid;
use wire::audit::{Action, Actor, ActorKind, Changed, ObjectKind, ObjectName, Outcome, changes};

use crate::store::{AgentRecord, UserRecord};

/// Goes up with each change and says nothing of it.
const REVISION: &str = "revision";

/// Who did something, and where from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// The address.
    pub address: Option<String>,
}

impl By {
    /// The appliance by itself.
    #[must_use]
    pub fn appliance() -> Self {
        Self { actor: Actor::appliance(), address: None }
    }

    /// Somebody who was not recognised.
    #[must_use]
    pub fn nobody(address: &str) -> Self {
        Self { actor: Actor::nobody(), address: Some(address.to_owned()) }
    }

    /// A user at the console.
    #[must_use]
    pub fn user(user: &UserRecord, address: &str) -> Self {
        let actor = Actor { kind: ActorKind::User, id: Some(user.id.0), name: user.user_name.clone(), token: None };
        Self { actor, address: Some(address.to_owned()) }
    }

    /// A program with this token of a user.
    #[must_use]
    pub fn token(user: &UserRecord, token: &str, address: &str) -> Self {
        let of_user = Self::user(user, address);
        let actor = Actor { kind: ActorKind::ApiToken, token: Some(token.to_owned()), ..of_user.actor };
        Self { actor, ..of_user }
    }

    /// Whoever has the link of a letter to this mail address.
    #[must_use]
    pub fn letter(mail_address: &str, address: &str) -> Self {
        let actor = Actor { kind: ActorKind::Letter, id: None, name: mail_address.to_owned(), token: None };
        Self { actor, address: Some(address.to_owned()) }
    }

    /// An agent.
    #[must_use]
    pub fn agent(agent: &AgentRecord, address: &str) -> Self {
        let (id, name) = (Some(agent.id.0), agent.facts.hostname.clone());
        Self { actor: Actor { kind: ActorKind::Agent, id, name, token: None }, address: Some(address.to_owned()) }
    }
}

/// What is to be written down of something: everything but who, when and where in the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub(super) action: Action,
    pub(super) object: Option<ObjectName>,
    pub(super) outcome: Outcome,
    pub(super) message: String,
    pub(super) before: Changed,
    pub(super) after: Changed,
}

impl Entry {
    /// Something that was done to nothing in particular.
    #[must_use]
    pub fn new(action: Action) -> Self {
        let (object, message, before, after) = Default::default();
        Self { action, object, outcome: Outcome::Succeeded, message, before, after }
    }

    /// Something that was done to this.
    #[must_use]
    pub fn of(action: Action, kind: ObjectKind, id: Uuid, name: &str) -> Self {
        let object = ObjectName { kind, id: Some(id), name: name.to_owned() };
        Self { object: Some(object), ..Self::new(action) }
    }

    /// Something that was done to these settings.
    #[must_use]
    pub fn of_settings(action: Action, name: &str) -> Self {
        let object = ObjectName { kind: ObjectKind::Settings, id: None, name: name.to_owned() };
        Self { object: Some(object), ..Self::new(action) }
    }

    /// With what differs between these two. Neither may hold a secret.
    #[must_use]
    pub fn changed(mut self, before: &impl Serialize, after: &impl Serialize) -> Self {
        (self.before, self.after) = changes(before, after);
        self.before.remove(REVISION);
        self.after.remove(REVISION);
        self
    }

    /// With all of what was made.
    #[must_use]
    pub fn made(self, after: &impl Serialize) -> Self {
        self.changed(&(), after)
    }

    /// With all of what there was.
    #[must_use]
    pub fn removed(self, before: &impl Serialize) -> Self {
        self.changed(before, &())
    }

    /// With one more thing that is so afterwards.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        self.after.insert(name.to_owned(), value.into());
        self
    }

    /// With a sentence.
    #[must_use]
    pub fn saying(self, message: impl Into<String>) -> Self {
        Self { message: message.into(), ..self }
    }

    /// It was not let through.
    #[must_use]
    pub fn refused(self) -> Self {
        Self { outcome: Outcome::Refused, ..self }
    }

    /// It was tried and did not work.
    #[must_use]
    pub fn failed(self) -> Self {
        Self { outcome: Outcome::Failed, ..self }
    }
}
