//! Passkeys (Web Authentication, level 3) as second factors: what the browser is asked to do, and whether what it says is good.
//!
//! A ceremony, adding a passkey or showing one, lives in memory for some minutes and is good once: whoever was in the middle of one
//! when the appliance started anew begins again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use url::Url;
use webauthn_rs::prelude::{
    CredentialID, Passkey, PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, WebauthnError,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};
use wire::api::{PasskeyCeremony, ShownPasskey};
use wire::limits::PASSKEY_BYTES;
use wire::{SecretText, Timestamp, UserId};

use crate::random;
use crate::store::{PasskeyRecord, UserRecord};

/// Asks browsers for passkeys, and checks them. Cheap to clone.
#[derive(Clone)]
pub struct Passkeys {
    site: Option<Arc<Webauthn>>,
    ceremonies: Arc<Mutex<Ceremonies>>,
}

/// How long a ceremony may take, in milliseconds.
const GOOD_FOR: i64 = 5 * 60_000;
/// Ceremonies of one user, and of all, that are not over.
const OF_ONE: usize = 5;
const OF_ALL: usize = 10_000;

#[derive(Default)]
struct Ceremonies {
    running: HashMap<Vec<u8>, Ceremony>,
}

struct Ceremony {
    user: UserId,
    until: Timestamp,
    state: State,
}

enum State {
    Adding(Box<PasskeyRegistration>),
    Showing(Box<PasskeyAuthentication>),
}

/// Why there is no ceremony, or what it came to was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    /// The appliance is reached by an address, and passkeys need a name.
    #[error("passkeys need an appliance that is reached by a name")]
    Unavailable,
    /// Too many are in the middle of one.
    #[error("too many people sign in with a passkey at this moment")]
    TooMany,
    /// The ceremony is over, was used, or is another one's.
    #[error("this took too long or was used already")]
    Over,
    /// What the browser said is no credential, or not a good one.
    #[error("the passkey was not accepted: {0}")]
    Refused(String),
    /// What is kept of a passkey cannot be read, or a ceremony cannot be made of it.
    #[error("a kept passkey cannot be used: {0}")]
    Broken(String),
    /// No secret could be made.
    #[error(transparent)]
    NoRandomness(#[from] random::NoRandomness),
}

/// What a good passkey came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// The record it belongs to.
    pub record: PasskeyRecord,
    /// What is to be kept of it from now on.
    pub credential: String,
}

impl Passkeys {
    /// For an appliance that browsers reach by this address.
    #[must_use]
    pub fn new(public_url: &str) -> Self {
        let site = site(public_url);
        if site.is_none() {
            tracing::info!(public_url, "passkeys are not available: they need an address with a host name");
        }
        Self { site: site.map(Arc::new), ceremonies: Arc::default() }
    }

    /// Why there are none, if so: a sentence.
    #[must_use]
    pub fn obstacle(&self) -> Option<String> {
        let sentence = "Passkeys need an appliance that browsers reach by a name, not by an IP address.";
        self.site.is_none().then(|| sentence.to_owned())
    }

    /// Begins to add a passkey beside those that the user has.
    ///
    /// # Errors
    /// See [`PasskeyError`].
    pub fn begin_adding(
        &self,
        user: &UserRecord,
        has: &[PasskeyRecord],
        at: Timestamp,
    ) -> Result<PasskeyCeremony, PasskeyError> {
        let site = self.site.as_ref().ok_or(PasskeyError::Unavailable)?;
        let known: Vec<CredentialID> = kept(has)?.into_iter().map(|(_, passkey)| passkey.cred_id().clone()).collect();
        let begun = site.start_passkey_registration(user.id.0, &user.user_name, &user.display_name, Some(known));
        let (options, state) = begun.map_err(|error| PasskeyError::Broken(error.to_string()))?;
        self.begin(user.id, State::Adding(Box::new(state)), &options, at)
    }

    /// The passkey that was added: its credential's id, and what is to be kept of it.
    ///
    /// # Errors
    /// See [`PasskeyError`].
    pub fn added(&self, user: UserId, made: &ShownPasskey, at: Timestamp) -> Result<(String, String), PasskeyError> {
        let site = self.site.as_ref().ok_or(PasskeyError::Unavailable)?;
        let State::Adding(state) = self.end(user, &made.ceremony, at)? else { return Err(PasskeyError::Over) };
        let credential: RegisterPublicKeyCredential = parsed(&made.credential)?;
        let passkey = site.finish_passkey_registration(&credential, &state).map_err(refused)?;
        Ok((id_of(&passkey)?, kept_as(&passkey)?))
    }

    /// Asks for one of the user's passkeys; none when they have none that can be asked for.
    ///
    /// # Errors
    /// See [`PasskeyError`].
    pub fn ask(
        &self,
        user: UserId,
        has: &[PasskeyRecord],
        at: Timestamp,
    ) -> Result<Option<PasskeyCeremony>, PasskeyError> {
        let Some(site) = self.site.as_ref().filter(|_| !has.is_empty()) else { return Ok(None) };
        let passkeys: Vec<Passkey> = kept(has)?.into_iter().map(|(_, passkey)| passkey).collect();
        let begun = site.start_passkey_authentication(&passkeys);
        let (options, state) = begun.map_err(|error| PasskeyError::Broken(error.to_string()))?;
        self.begin(user, State::Showing(Box::new(state)), &options, at).map(Some)
    }

    /// Whether what was shown is one of the user's passkeys and was asked for; the ceremony is used up in any case.
    ///
    /// # Errors
    /// See [`PasskeyError`].
    pub fn check(
        &self,
        user: UserId,
        has: &[PasskeyRecord],
        shown: &ShownPasskey,
        at: Timestamp,
    ) -> Result<Used, PasskeyError> {
        let site = self.site.as_ref().ok_or(PasskeyError::Unavailable)?;
        let State::Showing(state) = self.end(user, &shown.ceremony, at)? else { return Err(PasskeyError::Over) };
        let credential: PublicKeyCredential = parsed(&shown.credential)?;
        let result = site.finish_passkey_authentication(&credential, &state).map_err(refused)?;
        for (record, mut passkey) in kept(has)? {
            if passkey.update_credential(&result).is_some() {
                return Ok(Used { record: record.clone(), credential: kept_as(&passkey)? });
            }
        }
        Err(PasskeyError::Refused("it was removed".into()))
    }

    fn begin(
        &self,
        user: UserId,
        state: State,
        options: &impl Serialize,
        at: Timestamp,
    ) -> Result<PasskeyCeremony, PasskeyError> {
        let options = serde_json::to_string(options).map_err(|error| PasskeyError::Broken(error.to_string()))?;
        let secret = random::secret()?;
        let ceremony = Ceremony { user, until: at.plus_millis(GOOD_FOR), state };
        if !self.lock().add(random::hash(&secret), ceremony, at) {
            return Err(PasskeyError::TooMany);
        }
        Ok(PasskeyCeremony { ceremony: SecretText::new(secret), options })
    }

    fn end(&self, user: UserId, ceremony: &SecretText, at: Timestamp) -> Result<State, PasskeyError> {
        let ended = self.lock().running.remove(&random::hash(ceremony.expose()));
        let ended = ended.filter(|it| it.user == user && at < it.until);
        ended.map(|it| it.state).ok_or(PasskeyError::Over)
    }

    fn lock(&self) -> MutexGuard<'_, Ceremonies> {
        self.ceremonies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ceremonies {
    /// False when there are too many of other users. Of one user the oldest goes.
    fn add(&mut self, hash: Vec<u8>, ceremony: Ceremony, at: Timestamp) -> bool {
        self.running.retain(|_, it| at < it.until);
        let of_user = self.running.iter().filter(|(_, it)| it.user == ceremony.user);
        let (count, oldest) = of_user.fold((0, None::<(&Vec<u8>, Timestamp)>), |(count, oldest), (hash, it)| {
            let is_older = oldest.is_none_or(|(_, until)| it.until < until);
            (count + 1, if is_older { Some((hash, it.until)) } else { oldest })
        });
        if count >= OF_ONE
            && let Some(hash) = oldest.map(|(hash, _)| hash.clone())
        {
            self.running.remove(&hash);
        }
        if self.running.len() >= OF_ALL {
            return false;
        }
        self.running.insert(hash, ceremony);
        true
    }
}

/// None for an address without a name.
fn site(public_url: &str) -> Option<Webauthn> {
    let url = Url::parse(public_url).ok()?;
    let url::Host::Domain(host) = url.host()? else { return None };
    let built = WebauthnBuilder::new(host, &url).map(|it| it.rp_name("Sallyport")).and_then(WebauthnBuilder::build);
    built.inspect_err(|error| tracing::warn!(error = %error, "passkeys are not available")).ok()
}

fn kept(records: &[PasskeyRecord]) -> Result<Vec<(&PasskeyRecord, Passkey)>, PasskeyError> {
    let read = |it: &PasskeyRecord| serde_json::from_str(&it.credential);
    let each = records.iter().map(|it| Ok((it, read(it)?)));
    each.collect::<Result<_, serde_json::Error>>().map_err(|error| PasskeyError::Broken(error.to_string()))
}

fn kept_as(passkey: &Passkey) -> Result<String, PasskeyError> {
    serde_json::to_string(passkey).map_err(|error| PasskeyError::Broken(error.to_string()))
}

fn id_of(passkey: &Passkey) -> Result<String, PasskeyError> {
    match serde_json::to_value(passkey.cred_id()) {
        Ok(serde_json::Value::String(id)) => Ok(id),
        Ok(other) => Ok(other.to_string()),
        Err(error) => Err(PasskeyError::Broken(error.to_string())),
    }
}

fn parsed<T: serde::de::DeserializeOwned>(credential: &str) -> Result<T, PasskeyError> {
    if credential.len() > PASSKEY_BYTES {
        return Err(PasskeyError::Refused("it is too long".into()));
    }
    serde_json::from_str(credential).map_err(|error| PasskeyError::Refused(error.to_string()))
}

fn refused(error: WebauthnError) -> PasskeyError {
    PasskeyError::Refused(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;
    use wire::api::Role;

    const AT: Timestamp = Timestamp(1_000_000);

    fn user(number: u128) -> UserRecord {
        UserRecord {
            id: UserId(Uuid::from_u128(number)),
            user_name: format!("user-{number}"),
            display_name: "Ana".into(),
            email: None,
            role: Role::Technician,
            enabled: true,
            methods: Vec::new(),
            default_role: None,
            personal_role: None,
            session_policy: None,
            password_hash: String::new(),
            created_at: AT,
            last_sign_in_at: None,
            revision: 0,
        }
    }

    fn said(ceremony: &PasskeyCeremony, credential: &str) -> ShownPasskey {
        ShownPasskey { ceremony: ceremony.ceremony.clone(), credential: credential.into() }
    }

    #[test]
    fn they_need_a_name() {
        for url in ["https://10.0.0.5:8443", "https://[::1]:8443", "nothing"] {
            assert!(Passkeys::new(url).obstacle().is_some(), "{url}");
        }
        for url in ["https://sallyport.example.org", "https://localhost:8443"] {
            assert!(Passkeys::new(url).obstacle().is_none(), "{url}");
        }
    }

    #[test]
    fn the_browser_is_asked_for_a_key_of_this_host_that_knows_its_owner() {
        let passkeys = Passkeys::new("https://sallyport.example.org:8443");
        let begun = passkeys.begin_adding(&user(1), &[], AT).unwrap();
        let options: serde_json::Value = serde_json::from_str(&begun.options).unwrap();
        let public_key = &options["publicKey"];
        assert_eq!(public_key["rp"]["id"], "sallyport.example.org");
        assert_eq!(public_key["authenticatorSelection"]["userVerification"], "required");
        assert_eq!(public_key["user"]["name"], "user-1");
    }

    #[test]
    fn a_ceremony_is_good_once_in_time_and_for_whom_it_was_begun() {
        let passkeys = Passkeys::new("https://localhost:8443");
        let begin = || passkeys.begin_adding(&user(1), &[], AT).unwrap();
        let added = |ceremony: &PasskeyCeremony, number, at| {
            passkeys.added(user(number).id, &said(ceremony, "{}"), at).unwrap_err()
        };
        let ceremony = begin();
        // What is not a credential uses it up as well.
        assert!(matches!(added(&ceremony, 1, AT), PasskeyError::Refused(_)));
        assert!(matches!(added(&ceremony, 1, AT), PasskeyError::Over));
        assert!(matches!(added(&begin(), 2, AT), PasskeyError::Over));
        assert!(matches!(added(&begin(), 1, AT.plus_millis(GOOD_FOR)), PasskeyError::Over));
        assert!(matches!(added(&begin(), 1, AT.plus_millis(GOOD_FOR - 1)), PasskeyError::Refused(_)));
        let ceremony = begin();
        let shown = passkeys.check(user(1).id, &[], &said(&ceremony, "{}"), AT).unwrap_err();
        assert!(matches!(shown, PasskeyError::Over), "one for adding shows nothing: {shown}");
        assert!(passkeys.ask(user(1).id, &[], AT).unwrap().is_none(), "there is nothing to ask for");
    }

    #[test]
    fn of_one_user_the_oldest_goes_and_the_rest_is_bounded() {
        let passkeys = Passkeys::new("https://localhost:8443");
        let begun: Vec<_> = (0..=OF_ONE as i64)
            .map(|millis| passkeys.begin_adding(&user(1), &[], AT.plus_millis(millis)).unwrap())
            .collect();
        assert_eq!(passkeys.lock().running.len(), OF_ONE);
        let first = passkeys.added(user(1).id, &said(&begun[0], "{}"), AT).unwrap_err();
        assert!(matches!(first, PasskeyError::Over), "{first}");
        let last = passkeys.added(user(1).id, &said(&begun[OF_ONE], "{}"), AT).unwrap_err();
        assert!(matches!(last, PasskeyError::Refused(_)), "{last}");
        let later = AT.plus_millis(2 * GOOD_FOR);
        passkeys.begin_adding(&user(2), &[], later).unwrap();
        assert_eq!(passkeys.lock().running.len(), 1, "what is over is forgotten");
    }

    #[test]
    fn what_is_too_long_is_not_looked_at() {
        let passkeys = Passkeys::new("https://localhost:8443");
        let ceremony = passkeys.begin_adding(&user(1), &[], AT).unwrap();
        let long = " ".repeat(PASSKEY_BYTES + 1);
        let error = passkeys.added(user(1).id, &said(&ceremony, &long), AT).unwrap_err();
        assert!(error.to_string().contains("too long"), "{error}");
    }
}
