//! Secrets that the appliance has to read again are sealed before they are stored: AES-256-GCM with a key that lies in a file of
//! the data folder, so that a copy of the database alone opens nothing.
//!
//! A sealed secret is: 1 byte version (1), 12 bytes nonce, ciphertext, 16 bytes tag. What it belongs to (`totp/USER-ID`) is
//! authenticated with it: put into another row it does not open.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};

use crate::certificates::write_secret;
use crate::random;
use crate::store::{Store, StoreError};

/// The file in the data folder: 32 bytes in hexadecimal.
const FILE: &str = "sealing-key";
const KEY_BYTES: usize = 32;
const VERSION: u8 = 1;
/// The setting by which a key is known again, and what it is sealed for.
const KNOWN_KEY: &str = "sealing_check";

/// Seals and opens. Cheap to clone.
#[derive(Clone)]
pub struct Sealing(Arc<RandomizedNonceKey>);

impl std::fmt::Debug for Sealing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealing([redacted])")
    }
}

/// A secret could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealingError {
    /// The system gave no random bytes.
    #[error("a secret could not be sealed")]
    NotSealed,
    /// It was sealed with another key or for another place, or it was changed.
    #[error("a stored secret does not open with the appliance's sealing key")]
    NotOpened,
}

impl Sealing {
    /// Reads the key in the data folder; the first start makes it.
    ///
    /// # Errors
    /// When the file cannot be read or written, or holds no key.
    pub fn load(data_dir: &Path) -> anyhow::Result<Self> {
        let file = data_dir.join(FILE);
        if !file.exists() {
            write_secret(&file, format!("{}\n", random::hex(&random::bytes::<KEY_BYTES>()?)).as_bytes())?;
        }
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read the key of stored secrets in {}", file.display()))?;
        let key = random::from_hex(text.trim()).filter(|key| key.len() == KEY_BYTES);
        let key = key.with_context(|| format!("{} has to hold 32 bytes in hexadecimal", file.display()))?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(|_| anyhow::anyhow!("the sealing key"))?;
        Ok(Self(Arc::new(key)))
    }

    /// With another key than the one of the data folder: one that lies sealed itself.
    ///
    /// # Errors
    /// When it is no key.
    pub fn of_key(key: &[u8]) -> Result<Self, SealingError> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| SealingError::NotOpened)?;
        Ok(Self(Arc::new(key)))
    }

    /// Whether a data folder has a key.
    #[must_use]
    pub fn is_there(data_dir: &Path) -> bool {
        data_dir.join(FILE).is_file()
    }

    /// Seals a secret for one place.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn seal(&self, place: &str, secret: &[u8]) -> Result<Vec<u8>, SealingError> {
        let mut text = secret.to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(place.as_bytes()), &mut text);
        let nonce = nonce.map_err(|_| SealingError::NotSealed)?;
        Ok([[VERSION].as_slice(), nonce.as_ref(), &text].concat())
    }

    /// Opens what was sealed for this place.
    ///
    /// # Errors
    /// When it was sealed with another key or for another place, or was changed.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, SealingError> {
        let Some((&VERSION, rest)) = sealed.split_first() else { return Err(SealingError::NotOpened) };
        let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or(SealingError::NotOpened)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealingError::NotOpened)?;
        let mut text = text.to_vec();
        let opened = self.0.open_in_place(nonce, Aad::from(place.as_bytes()), &mut text);
        Ok(opened.map_err(|_| SealingError::NotOpened)?.to_vec())
    }

    /// Says in the log when the key is another one than before: what was sealed with the old one is lost then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn compare_with(&self, store: &Store) -> Result<(), StoreError> {
        let known = store.setting(KNOWN_KEY).await?.and_then(|text| random::from_hex(&text));
        if known.as_ref().is_some_and(|sealed| self.open(KNOWN_KEY, sealed).is_ok()) {
            return Ok(());
        }
        if known.is_some() {
            tracing::error!(
                "the file {FILE} in the data folder holds another key than the one this database's secrets were sealed with; \
                 stop the appliance and put the old file back, or reset the second factors of all users, and enter stored \
                 credentials and the passwords of other systems again"
            );
            return Ok(());
        }
        match self.seal(KNOWN_KEY, b"known") {
            Ok(sealed) => store.set_setting(KNOWN_KEY, &random::hex(&sealed)).await,
            Err(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn it_opens_in_its_place_and_unchanged_only() {
        let folder = tempfile::tempdir().unwrap();
        let sealing = Sealing::load(folder.path()).unwrap();
        let sealed = sealing.seal("totp/1", b"secret").unwrap();
        assert!(!sealed.windows(6).any(|it| it == b"secret"));
        assert_ne!(sealed, sealing.seal("totp/1", b"secret").unwrap(), "the same nonce twice");
        assert_eq!(sealing.open("totp/1", &sealed).unwrap(), b"secret");
        assert_eq!(sealing.open("totp/2", &sealed), Err(SealingError::NotOpened));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(sealing.open("totp/1", &changed), Err(SealingError::NotOpened), "byte {at}");
        }
        for cut in 0..sealed.len() {
            assert_eq!(sealing.open("totp/1", &sealed[..cut]), Err(SealingError::NotOpened), "{cut} bytes");
        }
    }

    #[test]
    fn the_key_is_made_once_for_its_owner_alone_and_does_not_print() {
        let folder = tempfile::tempdir().unwrap();
        let sealed = Sealing::load(folder.path()).unwrap().seal("a", b"b").unwrap();
        let file = folder.path().join(FILE);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let again = Sealing::load(folder.path()).unwrap();
        assert_eq!(again.open("a", &sealed).unwrap(), b"b");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!format!("{again:?}").contains(text.trim()));
        std::fs::write(&file, "short").unwrap();
        assert!(Sealing::load(folder.path()).is_err());
    }

    #[tokio::test]
    async fn another_key_does_not_stop_the_appliance_and_does_not_hide_either() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = Store::fresh(one.path()).await;
        Sealing::load(one.path()).unwrap().compare_with(&store).await.unwrap();
        let known = store.setting(KNOWN_KEY).await.unwrap().unwrap();
        Sealing::load(other.path()).unwrap().compare_with(&store).await.unwrap();
        assert_eq!(store.setting(KNOWN_KEY).await.unwrap().unwrap(), known, "the old key stays the known one");
    }
}
