use std::path::Path;

use anyhow::Context;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use wire::Timestamp;
use wire::audit::{AuditKey, Head, Place, signed_bytes};

use crate::certificates::write_secret;
use crate::random;

/// The file in the data folder: 32 bytes in hexadecimal.
const FILE: &str = "audit-key";
const SEED_BYTES: usize = 32;

/// Signs heads with a key outside the database.
pub(super) struct Signer {
    pair: Ed25519KeyPair,
    key: AuditKey,
}

impl Signer {
    /// Reads the key in the data folder; the first start makes it.
    pub(super) fn load(data_dir: &Path) -> anyhow::Result<Self> {
        let file = data_dir.join(FILE);
        if !file.exists() {
            write_secret(&file, format!("{}\n", random::hex(&random::bytes::<SEED_BYTES>()?)).as_bytes())?;
        }
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read the key that signs the audit trail in {}", file.display()))?;
        let seed = random::from_hex(text.trim()).filter(|seed| seed.len() == SEED_BYTES);
        let seed = seed.with_context(|| format!("{} has to hold 32 bytes in hexadecimal", file.display()))?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| anyhow::anyhow!("the audit key"))?;
        let key = AuditKey::from_bytes(pair.public_key().as_ref())?;
        Ok(Self { pair, key })
    }

    pub(super) fn key(&self) -> AuditKey {
        self.key
    }

    pub(super) fn sign(&self, place: &Place, at: Timestamp) -> Head {
        let signature = self.pair.sign(&signed_bytes(place.sequence, &place.hash, at));
        Head { sequence: place.sequence, hash: place.hash, at, signature: random::hex(signature.as_ref()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use wire::audit::ChainHash;

    #[test]
    fn the_key_is_made_once_for_its_owner_alone_and_signs_what_verifies() {
        let folder = tempfile::tempdir().unwrap();
        let signer = Signer::load(folder.path()).unwrap();
        let file = folder.path().join(FILE);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let again = Signer::load(folder.path()).unwrap();
        assert_eq!(again.key(), signer.key());
        let head = signer.sign(&Place { sequence: 3, hash: ChainHash([1; 32]) }, Timestamp(5));
        assert!(again.key().signed(&head));
        std::fs::write(&file, "short").unwrap();
        assert!(Signer::load(folder.path()).is_err());
    }
}
