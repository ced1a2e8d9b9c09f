//! Stored credentials: sealed before the database sees them, opened for one answer, and not more often than a person needs.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use wire::api::SecretPart;
use wire::{CredentialId, SecretText, Timestamp, UserId};

use crate::sealing::{Sealing, SealingError};

/// Secrets that one user may ask for …
const ASKED: usize = 20;
/// … within this time, in milliseconds.
const WITHIN: i64 = 60_000;

/// Seals and opens stored credentials. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Vault {
    sealing: Sealing,
    asked: Arc<Mutex<HashMap<UserId, VecDeque<Timestamp>>>>,
}

impl Vault {
    /// One with this key.
    #[must_use]
    pub fn new(sealing: Sealing) -> Self {
        Self { sealing, asked: Arc::default() }
    }

    /// Seals a part of a credential.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn seal(&self, id: CredentialId, part: SecretPart, text: &SecretText) -> Result<Vec<u8>, SealingError> {
        self.sealing.seal(&place(id, part), text.expose().as_bytes())
    }

    /// Opens a part of a credential.
    ///
    /// # Errors
    /// When it was sealed with another key, for another credential or as another part, or was changed.
    pub fn open(&self, id: CredentialId, part: SecretPart, sealed: &[u8]) -> Result<SecretText, SealingError> {
        let text = self.sealing.open(&place(id, part), sealed)?;
        String::from_utf8(text).map(SecretText::new).map_err(|_| SealingError::NotOpened)
    }

    /// Whether this user may ask for a secret now, which counts as asking: what each of them leaves in the audit trail has an end.
    #[must_use]
    pub fn admits(&self, user: UserId, now: Timestamp) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.retain(|_, times| times.back().is_some_and(|at| at.plus_millis(WITHIN) > now));
        admits(asked.entry(user).or_default(), now)
    }
}

/// What a part is sealed for: in another row or column it does not open.
fn place(id: CredentialId, part: SecretPart) -> String {
    match part {
        SecretPart::Secret => format!("credential/{id}/secret"),
        SecretPart::Passphrase => format!("credential/{id}/passphrase"),
    }
}

fn admits(times: &mut VecDeque<Timestamp>, now: Timestamp) -> bool {
    while times.front().is_some_and(|at| at.plus_millis(WITHIN) <= now) {
        times.pop_front();
    }
    let is_few = times.len() < ASKED;
    if is_few {
        times.push_back(now);
    }
    is_few
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_secret_opens_in_its_own_place_alone() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::new(Sealing::load(folder.path()).unwrap());
        let (one, other) = (CredentialId(Uuid::from_u128(1)), CredentialId(Uuid::from_u128(2)));
        let sealed = vault.seal(one, SecretPart::Secret, &SecretText::new("hunter2".into())).unwrap();
        assert_eq!(vault.open(one, SecretPart::Secret, &sealed).unwrap().expose(), "hunter2");
        assert_eq!(vault.open(other, SecretPart::Secret, &sealed), Err(SealingError::NotOpened));
        assert_eq!(vault.open(one, SecretPart::Passphrase, &sealed), Err(SealingError::NotOpened));
        let elsewhere = tempfile::tempdir().unwrap();
        let another_key = Vault::new(Sealing::load(elsewhere.path()).unwrap());
        assert_eq!(another_key.open(one, SecretPart::Secret, &sealed), Err(SealingError::NotOpened));
    }

    #[test]
    fn so_many_a_minute_and_one_more_when_the_first_is_a_minute_ago() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::new(Sealing::load(folder.path()).unwrap());
        let (tom, eva) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
        for second in 0..20 {
            assert!(vault.admits(tom, Timestamp(second * 1_000)), "{second}");
        }
        assert!(!vault.admits(tom, Timestamp(59_999)));
        assert!(vault.admits(eva, Timestamp(59_999)), "each for themselves");
        assert!(vault.admits(tom, Timestamp(60_000)) && !vault.admits(tom, Timestamp(60_001)));
        assert!(vault.admits(tom, Timestamp(500_000)));
        assert_eq!(vault.asked.lock().unwrap().len(), 1, "who asked long ago is forgotten");
    }
}
