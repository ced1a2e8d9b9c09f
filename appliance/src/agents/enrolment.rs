//! Enrolment: a key from the console is worth one agent, once, for a day.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wire::agent_messages::{ENROLMENT_KEY_PREFIX, EnrolRequest, EnrolmentKeyContent};
use wire::limits::NODES_PER_JUMPOINT;
use wire::link_messages::Refusal;
use wire::proof::Purpose;
use wire::{AgentId, EnrolmentKeyId, JumpointId, SecretText, Timestamp};

use serde_json::json;
use wire::audit::{Action, ObjectKind};

use super::proof::{self, Connection, PUBLIC_KEY_BYTES};
use crate::audit::{Audit, By, Entry};
use crate::random;
use crate::store::{AgentRecord, Enrolled, EnrolmentKeyRecord, JumpointRecord, Store, StoreError};

/// How long a key is good for, in milliseconds.
const KEY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// A key as it is given out, and as it is kept.
pub struct MadeKey {
    /// To be shown once.
    pub key: SecretText,
    /// To be kept.
    pub record: EnrolmentKeyRecord,
}

/// Makes a key for a jumpoint. It also says where the appliance is and which certificate authority to trust.
///
/// # Errors
/// When the system has no random bytes.
pub fn make_key(
    jumpoint_id: JumpointId,
    appliance: &str,
    ca_sha256: Option<String>,
    now: Timestamp,
) -> Result<MadeKey, random::NoRandomness> {
    let secret = random::secret()?;
    let record = EnrolmentKeyRecord {
        id: EnrolmentKeyId(random::id()),
        jumpoint_id,
        secret_hash: random::hash(&secret),
        created_at: now,
        expires_at: now.plus_millis(KEY_MILLIS),
    };
    let content = EnrolmentKeyContent { appliance: appliance.to_owned(), ca_sha256, secret: SecretText::new(secret) };
    let json = serde_json::to_string(&content).unwrap_or_default();
    let key = SecretText::new(format!("{ENROLMENT_KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(json)));
    Ok(MadeKey { key, record })
}

/// Why an agent was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// It is refused.
    #[error("{message}")]
    Refused {
        /// The stable name.
        refusal: Refusal,
        /// A sentence for the person who runs the command.
        message: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Enrols an agent: checks proof and key, uses the key up.
///
/// # Errors
/// What is wrong with the request.
pub async fn enrol(
    audit: &Audit,
    store: &Store,
    connection: &Connection,
    request: &EnrolRequest,
    remote_address: String,
    now: Timestamp,
) -> Result<(AgentRecord, JumpointRecord), EnrolError> {
    let refused = |refusal, message: &str| EnrolError::Refused { refusal, message: message.to_owned() };
    let public_key = random::from_hex(&request.public_key)
        .filter(|key| key.len() == PUBLIC_KEY_BYTES)
        .ok_or_else(|| refused(Refusal::BadProof, "the agent's public key is malformed"))?;
    let nobody = AgentId(uuid::Uuid::nil());
    if !proof::holds(connection, Purpose::Enrol, nobody, &public_key, &request.signature) {
        return Err(refused(
            Refusal::BadProof,
            "the agent could not prove that it holds its key on this connection. Where a proxy ends TLS in front of the appliance, \
             the appliance has to know: [reverse_proxy] in sallyport.toml",
        ));
    }
    let bad_key = || {
        refused(
            Refusal::BadEnrolmentKey,
            "this enrolment key is unknown, expired, revoked or was used before; make a new one in the console under Agents",
        )
    };
    let secret_hash = random::hash(request.key.expose());
    let key = store.enrolment_key_by_secret(&secret_hash, now).await?.ok_or_else(bad_key)?;
    let jumpoint = store.jumpoint(key.jumpoint_id).await?.ok_or_else(bad_key)?;
    let agent = AgentRecord {
        id: AgentId(random::id()),
        jumpoint_id: jumpoint.id,
        public_key,
        facts: tidy_facts(request.facts.clone()),
        remote_address: Some(remote_address),
        last_seen_at: Some(now),
        enrolled_at: now,
        draining: false,
    };
    let change = audit.begin().await?;
    match change.enrol(key.id, &agent, NODES_PER_JUMPOINT as u64).await? {
        Enrolled::Done => {
            let by = By::agent(&agent, agent.remote_address.as_deref().unwrap_or_default());
            let entry = Entry::of(Action::AgentEnrolled, ObjectKind::Agent, agent.id.0, &agent.facts.hostname);
            let made = json!({ "jumpoint": jumpoint.name, "enrolment_key_id": key.id, "version": agent.facts.version });
            change.commit(&by, [entry.made(&made)]).await?;
            Ok((agent, jumpoint))
        }
        Enrolled::KeyUsed => Err(bad_key()),
        Enrolled::JumpointFull => {
            let message = format!(
                "the jumpoint {} has {NODES_PER_JUMPOINT} nodes, as many as it may; remove one in the console under Agents, then use this key again",
                jumpoint.name
            );
            Err(refused(Refusal::BadEnrolmentKey, &message))
        }
    }
}

/// What an agent says of its host is shown to people: it is cut to a sensible length.
#[must_use]
pub fn tidy_facts(mut facts: wire::agent_messages::HostFacts) -> wire::agent_messages::HostFacts {
    let cut = |text: &mut String| {
        *text = text.chars().filter(|character| !character.is_control()).take(255).collect();
    };
    cut(&mut facts.version);
    cut(&mut facts.hostname);
    cut(&mut facts.os);
    facts.addresses.truncate(64);
    facts.addresses.iter_mut().for_each(cut);
    facts
}
