//! Between the two steps of a sign-in: the password was right, the second factor is still to be shown. The page holds a random
//! token; the appliance keeps its hash, for a short time, for a few codes, and for one sign-in.

use subtle::ConstantTimeEq;
use wire::{SecretText, Timestamp};

use crate::random::{self, NoRandomness};
use crate::store::{ChallengeRecord, UserRecord};

/// How long the second step may take, in milliseconds.
const GOOD_FOR: i64 = 5 * 60_000;
/// Codes that may be tried.
const ATTEMPTS: u32 = 5;

/// A second step that begins.
pub struct Challenge {
    /// What is kept of it.
    pub record: ChallengeRecord,
    /// What the page holds.
    pub token: SecretText,
}

impl Challenge {
    /// A challenge for a user whose password was right, or for whom this provider of single sign-on spoke.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn new(user: &UserRecord, provider: Option<&str>, at: Timestamp) -> Result<Self, NoRandomness> {
        let token = random::secret()?;
        let record = ChallengeRecord {
            id: random::id(),
            token_hash: random::hash(&token),
            user_id: user.id,
            password_mark: random::hash(&user.password_hash),
            attempts_left: ATTEMPTS,
            provider: provider.map(str::to_owned),
            expires_at: at.plus_millis(GOOD_FOR),
        };
        Ok(Self { record, token: SecretText::new(token) })
    }
}

/// Whether the user may still sign in, with the password that was right in the first step.
#[must_use]
pub fn still_holds(challenge: &ChallengeRecord, user: &UserRecord) -> bool {
    let same_password = random::hash(&user.password_hash).ct_eq(&challenge.password_mark);
    user.enabled && user.id == challenge.user_id && bool::from(same_password)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::now;
    use crate::store::Store;
    use wire::UserId;
    use wire::api::Role;

    fn user() -> UserRecord {
        UserRecord {
            id: UserId(random::id()),
            user_name: "ana".into(),
            email: None,
            display_name: "Ana".into(),
            role: Role::Technician,
            enabled: true,
            methods: Vec::new(),
            default_role: None,
            personal_role: None,
            session_policy: None,
            password_hash: "hash".into(),
            created_at: now(),
            last_sign_in_at: None,
            revision: 0,
        }
    }

    #[test]
    fn another_password_and_a_disabled_user_end_it() {
        let user = user();
        let challenge = Challenge::new(&user, None, now()).unwrap().record;
        assert!(still_holds(&challenge, &user));
        assert!(!still_holds(&challenge, &UserRecord { password_hash: "other".into(), ..user.clone() }));
        assert!(!still_holds(&challenge, &UserRecord { enabled: false, ..user.clone() }));
        assert!(!still_holds(&challenge, &UserRecord { id: UserId(random::id()), ..user }));
    }

    #[tokio::test]
    async fn it_is_good_for_five_codes_five_minutes_and_one_sign_in() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::fresh(folder.path()).await;
        let user = user();
        store.insert_user(&user).await.unwrap();
        let at = Timestamp(1_000_000);
        let begun = Challenge::new(&user, None, at).unwrap();
        let hash = begun.record.token_hash.clone();
        store.insert_challenge(begun.record.clone()).await.unwrap();
        assert!(store.try_challenge(&hash, at.plus_millis(GOOD_FOR)).await.unwrap().is_none(), "too late");
        assert!(store.try_challenge(b"another", at).await.unwrap().is_none());
        for left in (0..ATTEMPTS).rev() {
            let tried = store.try_challenge(&hash, at.plus_millis(GOOD_FOR - 1)).await.unwrap().unwrap();
            assert_eq!(tried.attempts_left, left);
        }
        assert!(store.try_challenge(&hash, at).await.unwrap().is_none(), "a sixth code");
        assert!(store.finish_challenge(begun.record.id).await.unwrap());
        assert!(!store.finish_challenge(begun.record.id).await.unwrap(), "twice");
    }
}
