//! Enrolling: an agent becomes somebody, once, with a short-lived key made in the console.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use link::appliance_url::UrlError;
use link::trust::{TrustError, fingerprint_of};
use link::{ApplianceUrl, Dialer, ProxyChoice, Trust, hex, talk};
use wire::agent_messages::{ENROLMENT_KEY_PREFIX, EnrolAnswer, EnrolRequest, EnrolmentKeyContent};
use wire::link_messages::{ENROL_PATH, Versions};
use wire::proof::Purpose;
use wire::{AgentId, SecretText};

use crate::greeting::{self, GreetingError};
use crate::host_facts;
use crate::identity::{self, AgentKey, Identity, IdentityError};

/// A key as the console shows it, understood.
#[derive(Debug)]
pub struct EnrolmentKey {
    appliance: ApplianceUrl,
    trust: Trust,
    secret: SecretText,
}

/// Why enrolling failed.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The key is not whole.
    #[error(
        "this is not an enrolment key: {0}. Copy the whole key from the console; it begins with {ENROLMENT_KEY_PREFIX}"
    )]
    BadKey(String),
    /// The identity cannot be kept.
    #[error("{0}")]
    Identity(#[from] IdentityError),
    /// The trust in the key is of no use.
    #[error("{0}")]
    Trust(#[from] TrustError),
    /// The appliance could not be reached, or refused.
    #[error("{0}")]
    Greeting(#[from] GreetingError),
    /// The appliance answered with another certificate authority than the key names.
    #[error(
        "the appliance answered with another certificate authority than the key names. Make a new key in the console"
    )]
    OtherAuthority,
}

impl EnrolmentKey {
    /// Reads a key.
    ///
    /// # Errors
    /// When it is not whole.
    pub fn parse(text: &str) -> Result<Self, EnrolError> {
        let bad = |detail: &dyn ToString| EnrolError::BadKey(detail.to_string());
        let encoded = text
            .trim()
            .strip_prefix(ENROLMENT_KEY_PREFIX)
            .ok_or_else(|| bad(&format!("it does not begin with {ENROLMENT_KEY_PREFIX}")))?;
        let json = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| bad(&"a part of it is missing"))?;
        let content: EnrolmentKeyContent =
            serde_json::from_slice(&json).map_err(|_| bad(&"a part of it is missing"))?;
        Ok(Self {
            appliance: content.appliance.parse().map_err(|error: UrlError| bad(&error))?,
            trust: match &content.ca_sha256 {
                Some(fingerprint) => Trust::from_fingerprint(fingerprint).map_err(|error| bad(&error))?,
                None => Trust::System,
            },
            secret: content.secret,
        })
    }
}

/// Enrols with `key` and keeps the new identity in `state_dir`. `through` replaces the address that is dialled, `proxy` says how.
///
/// # Errors
/// Why not. The key is spent only when the appliance has accepted it.
pub async fn enrol(
    key: EnrolmentKey,
    state_dir: &Path,
    replace: bool,
    through: Option<(String, u16)>,
    proxy: ProxyChoice,
    version: &str,
) -> Result<Identity, EnrolError> {
    identity::prepare(state_dir, replace)?;
    let agent_key = AgentKey::generate()?;
    let dialer = Dialer::new(key.appliance.clone(), &key.trust)?.through(through).by_proxy(proxy);
    let mut socket = dialer.web_socket(ENROL_PATH).await.map_err(GreetingError::from)?;
    let challenged = greeting::challenge(&mut socket, &key.appliance).await?;
    let nobody = AgentId(uuid::Uuid::nil());
    let request = EnrolRequest {
        versions: Versions::OURS,
        key: key.secret,
        public_key: hex::encode(agent_key.public_key()),
        signature: challenged.proof(&agent_key, Purpose::Enrol, nobody),
        facts: host_facts::gather(version),
    };
    talk::send(&mut socket, &request).await.map_err(GreetingError::from)?;
    match greeting::answer(&mut socket).await? {
        EnrolAnswer::Enrolled { agent_id, jumpoint_name, ca_pem } => {
            check_authority(&key.trust, ca_pem.as_deref())?;
            let identity = Identity { agent_id, appliance: key.appliance, ca_pem, jumpoint_name, key: agent_key };
            identity.save(state_dir)?;
            Ok(identity)
        }
        EnrolAnswer::Refused { refusal, message } => Err(GreetingError::Refused { refusal, message }.into()),
    }
}

/// The authority to trust from now on has to be the one the key named.
fn check_authority(named: &Trust, answered: Option<&str>) -> Result<(), EnrolError> {
    let Trust::AuthorityFingerprint(fingerprint) = named else { return Ok(()) };
    match answered.map(|pem| Trust::from_pem(pem.as_bytes())).transpose()? {
        Some(Trust::Authorities(certificates))
            if certificates.iter().all(|certificate| fingerprint_of(certificate) == *fingerprint) =>
        {
            Ok(())
        }
        _ => Err(EnrolError::OtherAuthority),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(content: &EnrolmentKeyContent) -> String {
        let json = serde_json::to_vec(content).unwrap();
        format!("{ENROLMENT_KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(json))
    }

    fn content() -> EnrolmentKeyContent {
        EnrolmentKeyContent {
            appliance: "https://gate.example:8443".into(),
            ca_sha256: Some("ab".repeat(32)),
            secret: SecretText::new("secret".into()),
        }
    }

    #[test]
    fn a_whole_key_is_understood() {
        let it = EnrolmentKey::parse(&format!("  {}\n", key(&content()))).unwrap();
        assert_eq!(it.appliance.to_string(), "https://gate.example:8443");
        assert!(matches!(it.trust, Trust::AuthorityFingerprint(bytes) if bytes == [0xab; 32]));
        assert_eq!(it.secret.expose(), "secret");
        let public = EnrolmentKey::parse(&key(&EnrolmentKeyContent { ca_sha256: None, ..content() })).unwrap();
        assert!(matches!(public.trust, Trust::System));
    }

    #[test]
    fn a_damaged_key_is_refused_and_never_printed() {
        let whole = key(&content());
        let wrong_url = key(&EnrolmentKeyContent { appliance: "http://gate".into(), ..content() });
        let wrong_ca = key(&EnrolmentKeyContent { ca_sha256: Some("ab".into()), ..content() });
        for bad in ["", "hello", "sp1.", "sp1.***", &whole[1..], &whole[..whole.len() - 3], &wrong_url, &wrong_ca] {
            let error = EnrolmentKey::parse(bad).unwrap_err().to_string();
            assert!(error.contains("not an enrolment key"), "{error}");
            assert!(!error.contains("secret"));
        }
        assert!(!format!("{:?}", EnrolmentKey::parse(&whole).unwrap()).contains("secret\""));
    }

    #[test]
    fn an_authority_that_the_key_does_not_name_is_refused() {
        let named = Trust::AuthorityFingerprint([1; 32]);
        assert!(matches!(check_authority(&named, None), Err(EnrolError::OtherAuthority)));
        assert!(check_authority(&Trust::System, None).is_ok());
    }
}
