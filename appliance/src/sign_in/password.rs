//! Password hashes: Argon2id with the parameters OWASP names first (19 MiB, 2 passes, 1 lane).

use std::sync::Arc;

use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;
use wire::SecretText;

/// Makes and checks hashes, few at a time, so that sign-ins cannot take all memory and processors.
#[derive(Clone, Debug)]
pub struct Passwords {
    at_once: Arc<Semaphore>,
    /// Checked when there is no such user, so that the answer takes as long.
    nobody: Arc<str>,
}

/// Hashes at the same time.
const AT_ONCE: usize = 2;
/// OWASP Password Storage Cheat Sheet, Argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// A password could not be hashed.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the password could not be hashed")]
pub struct HashFailed;

impl Passwords {
    /// Ready to hash.
    ///
    /// # Errors
    /// When the parameters do not work on this system.
    pub fn new() -> Result<Self, HashFailed> {
        let nobody = hash_now("nobody has this password")?;
        Ok(Self { at_once: Arc::new(Semaphore::new(AT_ONCE)), nobody: nobody.into() })
    }

    /// The hash of a new password.
    ///
    /// # Errors
    /// When the system has no random bytes or memory.
    pub async fn hash(&self, password: &SecretText) -> Result<String, HashFailed> {
        let password = password.clone();
        self.run(move || hash_now(password.expose())).await?
    }

    /// Whether the password belongs to the hash. Without a hash it takes as long and says no.
    ///
    /// # Errors
    /// When the system is stopping.
    pub async fn verify(&self, password: &SecretText, hash: Option<String>) -> Result<bool, HashFailed> {
        let (password, known, nobody) = (password.clone(), hash.is_some(), self.nobody.clone());
        self.run(move || {
            let hash = hash.as_deref().unwrap_or(&nobody);
            let fits = PasswordHash::new(hash).is_ok_and(|hash| {
                argon2().is_ok_and(|it| it.verify_password(password.expose().as_bytes(), &hash).is_ok())
            });
            fits && known
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, HashFailed> {
        let turn = self.at_once.clone().acquire_owned().await.map_err(|_| HashFailed)?;
        let work = move || {
            // The turn ends with the work, even when nobody waits for it any more.
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| HashFailed)
    }
}

fn argon2() -> Result<Argon2<'static>, HashFailed> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| HashFailed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_now(password: &str) -> Result<String, HashFailed> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = argon2()?.hash_password(password.as_bytes(), &salt).map_err(|_| HashFailed)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_hash_only() {
        let passwords = Passwords::new().unwrap();
        let right = SecretText::new("correct horse battery".into());
        let hash = passwords.hash(&right).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.verify(&right, Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify(&SecretText::new("Correct horse battery".into()), Some(hash)).await.unwrap());
        assert!(!passwords.verify(&right, None).await.unwrap());
        let nobody = SecretText::new("nobody has this password".into());
        assert!(!passwords.verify(&nobody, None).await.unwrap());
        assert!(!passwords.verify(&right, Some("garbage".into())).await.unwrap());
    }
}
