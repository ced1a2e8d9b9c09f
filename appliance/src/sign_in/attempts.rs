//! Sign-in attempts, counted before the password is looked at: guesses sent at the same time count like guesses one after another.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Mutex;
use wire::Timestamp;
use wire::limits::USER_NAME_CHARS;

use super::lockout::{self, Rule};
use crate::clock::now;
use crate::store::{FailureRecord, Store, StoreError};

/// Counts attempts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Attempts {
    store: Store,
    /// Held while counts are read and written.
    turn: Arc<Mutex<()>>,
}

/// An attempt that was counted as failed until it turns out to be right.
#[derive(Debug)]
#[must_use]
pub struct Attempt {
    charged: Vec<(String, Option<FailureRecord>)>,
}

/// Why there is no attempt.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    /// Sign-in is locked.
    #[error("sign-in is locked")]
    Locked {
        /// Until then.
        until: Timestamp,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Under which failures of an account are counted, whether there is such an account or not.
#[must_use]
pub fn account_key(user_name: &str) -> String {
    let name: String = user_name.to_lowercase().chars().take(USER_NAME_CHARS).collect();
    format!("user:{name}")
}

impl Attempts {
    /// Counts in this database.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self { store, turn: Arc::default() }
    }

    /// Counts an attempt on an account, and from an address when one is given.
    ///
    /// # Errors
    /// When the account or the address is locked; then no password is looked at.
    pub async fn begin(&self, user_name: &str, address: Option<IpAddr>) -> Result<Attempt, AttemptError> {
        let mut keys: Vec<(String, Rule)> = vec![(account_key(user_name), lockout::ACCOUNT)];
        keys.extend(address.map(|address| (format!("address:{address}"), lockout::ADDRESS)));
        let _turn = self.turn.lock().await;
        let at = now();
        let mut charged = Vec::with_capacity(keys.len());
        for (key, rule) in keys {
            let known = self.store.sign_in_failure(&key).await?;
            if let Some(until) = lockout::locked_until(known, at) {
                return Err(AttemptError::Locked { until });
            }
            charged.push((key, rule, known));
        }
        for (key, rule, known) in &charged {
            self.store.set_sign_in_failure(key, lockout::after_failure(*known, *rule, at)).await?;
        }
        Ok(Attempt { charged: charged.into_iter().map(|(key, _, known)| (key, known)).collect() })
    }

    /// The attempt was right: the account begins anew, the address is as it was before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn succeed(&self, attempt: Attempt) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        for (key, before) in attempt.charged {
            match before.filter(|_| key.starts_with("address:")) {
                Some(before) => {
                    // Others may have failed meanwhile; only this attempt is taken back.
                    let current = self.store.sign_in_failure(&key).await?.unwrap_or(before);
                    let refunded =
                        FailureRecord { count: current.count.saturating_sub(1), locked_until: None, ..current };
                    self.store.set_sign_in_failure(&key, refunded).await?;
                }
                None => self.store.delete_sign_in_failure(&key).await?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn attempts() -> (Attempts, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_sqlite(&folder.path().join("test.db")).await.unwrap();
        (Attempts::new(store), folder)
    }

    #[tokio::test]
    async fn guesses_at_the_same_time_are_counted_one_by_one() {
        let (attempts, _folder) = attempts().await;
        let guesses = (0..20).map(|_| {
            let attempts = attempts.clone();
            async move { attempts.begin("ana", None).await.is_ok() }
        });
        let tried = futures_util::future::join_all(guesses).await.into_iter().filter(|it| *it).count();
        assert_eq!(tried, 5);
    }

    #[tokio::test]
    async fn an_office_that_signs_in_all_day_is_not_locked() {
        let (attempts, _folder) = attempts().await;
        let office = Some("192.0.2.1".parse().unwrap());
        for person in 0..100 {
            let attempt = attempts.begin(&format!("person{person}"), office).await.unwrap();
            attempts.succeed(attempt).await.unwrap();
        }
    }

    #[tokio::test]
    async fn an_address_that_guesses_many_accounts_is_locked() {
        let (attempts, _folder) = attempts().await;
        let attacker = Some("192.0.2.2".parse().unwrap());
        let mut tried = 0;
        for person in 0..100 {
            tried += u32::from(attempts.begin(&format!("person{person}"), attacker).await.is_ok());
        }
        assert_eq!(tried, lockout::ADDRESS.failures);
    }
}
