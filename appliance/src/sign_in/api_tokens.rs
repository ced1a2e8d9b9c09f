//! Keys with which programs use the API in a user's place: 256 random bits behind `slp_`, of which only the hash is kept.

use subtle::ConstantTimeEq;
use wire::api::TokenScope;
use wire::{ApiTokenId, SecretText, Timestamp, UserId};

use crate::random::{self, NoRandomness};
use crate::store::{ApiTokenRecord, Store, StoreError, UserRecord};

/// What every token begins with, so that it is known where it leaks to.
const PREFIX: &str = "slp_";
/// Tokens of one user.
pub const MOST: u64 = 50;
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;
/// How precisely the last use is kept: not every request writes to the database.
const LAST_USED_MILLIS: u64 = 30_000;

/// A token that was made.
pub struct MadeToken {
    /// What is kept of it.
    pub record: ApiTokenRecord,
    /// The token itself.
    pub token: SecretText,
}

/// Makes a token.
///
/// # Errors
/// When the system has no random bytes.
pub fn make(
    user: UserId,
    name: String,
    scope: TokenScope,
    days: u32,
    at: Timestamp,
) -> Result<MadeToken, NoRandomness> {
    let token = format!("{PREFIX}{}", random::secret()?);
    let record = ApiTokenRecord {
        id: ApiTokenId(random::id()),
        user_id: user,
        name,
        scope,
        token_hash: random::hash(&token),
        created_at: at,
        expires_at: at.plus_millis(i64::from(days) * DAY_MILLIS),
        last_used_at: None,
        last_used_from: None,
    };
    Ok(MadeToken { record, token: SecretText::new(token) })
}

/// Whether a token works at this moment.
#[must_use]
pub fn is_current(token: &ApiTokenRecord, at: Timestamp) -> bool {
    at < token.expires_at
}

/// In whose place a program asks that shows this token, and the token; none when it is unknown, too old or its user disabled.
/// The use is written down.
///
/// # Errors
/// When the database fails.
pub async fn who(
    store: &Store,
    shown: &str,
    address: &str,
    at: Timestamp,
) -> Result<Option<(UserRecord, ApiTokenRecord)>, StoreError> {
    if !shown.starts_with(PREFIX) {
        return Ok(None);
    }
    let hash = random::hash(shown);
    let Some(token) = store.api_token_by_hash(&hash).await? else { return Ok(None) };
    if !bool::from(token.token_hash.ct_eq(&hash)) || !is_current(&token, at) {
        return Ok(None);
    }
    let Some(user) = store.user(token.user_id).await?.filter(|user| user.enabled) else { return Ok(None) };
    let is_stale = token.last_used_at.is_none_or(|last| at.millis_since(last) > LAST_USED_MILLIS);
    if is_stale || token.last_used_from.as_deref() != Some(address) {
        // Whoever only reads is served even when nothing can be written.
        if let Err(error) = store.touch_api_token(token.id, at, address).await {
            tracing::warn!(token.id = %token.id, error = %error, "the use of a token could not be written down");
        }
    }
    Ok(Some((user, token)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::api::Role;

    #[tokio::test]
    async fn a_token_works_until_it_expires_is_revoked_or_its_user_disabled() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::fresh(folder.path()).await;
        let user = |number: u128, name: &str| UserRecord {
            id: UserId(uuid::Uuid::from_u128(number)),
            user_name: name.into(),
            email: None,
            display_name: name.into(),
            role: Role::Administrator,
            enabled: true,
            methods: Vec::new(),
            default_role: None,
            personal_role: None,
            session_policy: None,
            password_hash: "hash".into(),
            created_at: Timestamp(0),
            last_sign_in_at: None,
            revision: 0,
        };
        let ana = user(1, "ana");
        store.insert_user(&ana).await.unwrap();
        store.insert_user(&user(2, "eva")).await.unwrap();
        let at = Timestamp(1_000_000);
        let made = make(ana.id, "backup".into(), TokenScope::Read, 1, at).unwrap();
        let shown = made.token.expose();
        assert!(shown.starts_with(PREFIX) && shown.len() == PREFIX.len() + 43, "{} characters", shown.len());
        store.insert_api_token(made.record.clone()).await.unwrap();

        let last = at.plus_millis(DAY_MILLIS - 1);
        assert!(who(&store, shown, "192.0.2.1", last).await.unwrap().is_some());
        let used = store.api_tokens_of(ana.id).await.unwrap();
        assert_eq!((used[0].last_used_at, used[0].last_used_from.as_deref()), (Some(last), Some("192.0.2.1")));
        assert!(who(&store, shown, "192.0.2.1", at.plus_millis(DAY_MILLIS)).await.unwrap().is_none(), "too old");
        for wrong in ["", PREFIX, &shown[..shown.len() - 1], &shown.to_uppercase(), &shown[PREFIX.len()..]] {
            assert!(who(&store, wrong, "", at).await.unwrap().is_none(), "{wrong}");
        }
        let disabled = crate::store::UserEdit { enabled: Some(false), ..Default::default() };
        store.edit_user(ana.id, disabled).await.unwrap();
        assert!(who(&store, shown, "", at).await.unwrap().is_none(), "disabled");
        let enabled = crate::store::UserEdit { enabled: Some(true), ..Default::default() };
        store.edit_user(ana.id, enabled).await.unwrap();
        assert!(!store.delete_api_token(UserId(uuid::Uuid::from_u128(2)), made.record.id).await.unwrap(), "of others");
        assert!(who(&store, shown, "", at).await.unwrap().is_some());
        assert!(store.delete_api_token(ana.id, made.record.id).await.unwrap());
        assert!(who(&store, shown, "", at).await.unwrap().is_none(), "revoked");
    }
}
