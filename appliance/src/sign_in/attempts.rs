//! Sign-in attempts, counted before the password is looked at: guesses sent at the same time count like guesses one after another.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Mutex;
use wire::Timestamp;
use wire::limits::USER_NAME_CHARS;

use super::lockout::{self, Rule};
use crate::clock::now;
use crate::network::place_of;
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
    /// The account and what was known of it with this attempt.
    account: (String, FailureRecord),
    /// The same of the address.
    address: Option<(String, FailureRecord)>,
}

impl Attempt {
    /// Until when the account is locked, unless this attempt turns out to be right.
    #[must_use]
    pub fn locks(&self) -> Option<Timestamp> {
        self.account.1.locked_until
    }
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

/// Under which failures from an address are counted.
fn address_key(address: IpAddr) -> String {
    format!("address:{}", place_of(address))
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
        let (account, address) = (account_key(user_name), address.map(address_key));
        let _turn = self.turn.lock().await;
        let at = now();
        let failed_account = self.one_more(&account, lockout::ACCOUNT, at).await?;
        let failed_address = match &address {
            Some(key) => Some(self.one_more(key, lockout::ADDRESS, at).await?),
            None => None,
        };
        self.store.set_sign_in_failure(&account, failed_account).await?;
        let address = address.zip(failed_address);
        if let Some((key, failed)) = &address {
            self.store.set_sign_in_failure(key, *failed).await?;
        }
        Ok(Attempt { account: (account, failed_account), address })
    }

    /// Whether somebody at this address may try anything now.
    ///
    /// # Errors
    /// When the address is locked.
    pub async fn check_address(&self, address: IpAddr) -> Result<(), AttemptError> {
        let known = self.store.sign_in_failure(&address_key(address)).await?;
        lockout::locked_until(known, now()).map_or(Ok(()), |until| Err(AttemptError::Locked { until }))
    }

    /// Counts something that somebody at this address got wrong, such as a link that nobody was given.
    ///
    /// # Errors
    /// When the address is locked.
    pub async fn fail_address(&self, address: IpAddr) -> Result<(), AttemptError> {
        let key = address_key(address);
        let _turn = self.turn.lock().await;
        let failed = self.one_more(&key, lockout::ADDRESS, now()).await?;
        Ok(self.store.set_sign_in_failure(&key, failed).await?)
    }

    /// What is known of a key after one more failure.
    async fn one_more(&self, key: &str, rule: Rule, at: Timestamp) -> Result<FailureRecord, AttemptError> {
        let known = self.store.sign_in_failure(key).await?;
        match lockout::locked_until(known, at) {
            Some(until) => Err(AttemptError::Locked { until }),
            None => Ok(lockout::after_failure(known, rule, at)),
        }
    }

    /// The attempt was right: the account begins anew, and for the address it does not count. What others failed does.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn succeed(&self, attempt: Attempt) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        self.store.delete_sign_in_failure(&attempt.account.0).await?;
        match attempt.address {
            Some((key, charged)) => self.uncount(&key, charged, lockout::ADDRESS).await,
            None => Ok(()),
        }
    }

    /// The attempt was right as far as it went, and is not the last one: it does not count, and what was failed before stays.
    /// Whoever knows a password and no more could otherwise try as many codes as they like.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_back(&self, attempt: Attempt) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        let (key, charged) = attempt.account;
        self.uncount(&key, charged, lockout::ACCOUNT).await?;
        match attempt.address {
            Some((key, charged)) => self.uncount(&key, charged, lockout::ADDRESS).await,
            None => Ok(()),
        }
    }

    /// One failure less, unless it was counted anew since: then this attempt is not in it.
    async fn uncount(&self, key: &str, charged: FailureRecord, rule: Rule) -> Result<(), StoreError> {
        let current = self.store.sign_in_failure(key).await?.filter(|it| it.first_at == charged.first_at);
        match current.map(|it| lockout::taken_back(it, rule)) {
            Some(Some(rest)) => self.store.set_sign_in_failure(key, rest).await,
            Some(None) => self.store.delete_sign_in_failure(key).await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn attempts() -> (Attempts, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::fresh(folder.path()).await;
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

    #[tokio::test]
    async fn an_address_that_guesses_links_is_locked() {
        let (attempts, _folder) = attempts().await;
        let attacker = "192.0.2.3".parse().unwrap();
        for _ in 0..lockout::ADDRESS.failures {
            attempts.check_address(attacker).await.unwrap();
            attempts.fail_address(attacker).await.unwrap();
        }
        assert!(attempts.check_address(attacker).await.is_err() && attempts.fail_address(attacker).await.is_err());
        attempts.check_address("192.0.2.4".parse().unwrap()).await.unwrap();
    }

    #[tokio::test]
    async fn a_success_does_not_hide_what_others_failed_meanwhile() {
        let (attempts, _folder) = attempts().await;
        let address = |host: u16| Some(format!("2001:db8::{host:x}").parse().unwrap());
        let own = attempts.begin("eve", address(0)).await.unwrap();
        for person in 1..lockout::ADDRESS.failures {
            let _ = attempts.begin(&format!("person{person}"), address(person as u16)).await.unwrap();
        }
        assert!(attempts.begin("ana", address(99)).await.is_err(), "addresses of one network are one");
        attempts.succeed(own).await.unwrap();
        let _ = attempts.begin("ana", address(99)).await.unwrap();
        assert!(attempts.begin("ben", address(99)).await.is_err());
    }

    #[tokio::test]
    async fn a_right_password_between_wrong_codes_wins_no_more_codes() {
        let (attempts, _folder) = attempts().await;
        let mut codes = 0;
        for _ in 0..20 {
            let Ok(password) = attempts.begin("ana", None).await else { break };
            attempts.take_back(password).await.unwrap();
            codes += u32::from(attempts.begin("ana", None).await.is_ok());
        }
        assert_eq!(codes, lockout::ACCOUNT.failures);
    }
}
