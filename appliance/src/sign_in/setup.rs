//! The first administrator: made by whoever holds the one-time link that the first start prints. There is no default password.

use subtle::ConstantTimeEq;
use wire::SecretText;

use crate::random;
use crate::store::{Store, StoreError, UserRecord};

const KEY: &str = "setup_token_hash";

/// Why there is no setup link.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No secret could be made.
    #[error(transparent)]
    NoRandomness(#[from] random::NoRandomness),
}

/// A fresh token for the one-time link while there is no user; an older one stops working. None when setup was done.
///
/// # Errors
/// See [`SetupError`].
pub async fn new_token(store: &Store) -> Result<Option<SecretText>, SetupError> {
    if store.count_users().await? > 0 {
        return Ok(None);
    }
    let token = random::secret()?;
    store.set_setting(KEY, &random::hex(&random::hash(&token))).await?;
    Ok(Some(SecretText::new(token)))
}

/// Whether the first administrator is still to be made.
///
/// # Errors
/// When the database fails.
pub async fn is_needed(store: &Store) -> Result<bool, StoreError> {
    Ok(store.count_users().await? == 0)
}

/// Whether this is the token of the link, and setup was not done yet.
///
/// # Errors
/// When the database fails.
pub async fn fits(store: &Store, token: &SecretText) -> Result<bool, StoreError> {
    let kept = store.setting(KEY).await?.unwrap_or_default();
    let shown = random::hex(&random::hash(token.expose()));
    Ok(!kept.is_empty() && bool::from(kept.as_bytes().ct_eq(shown.as_bytes())) && is_needed(store).await?)
}

/// Makes the first administrator, which uses the link up. True for one caller only.
///
/// # Errors
/// When the database fails; then the link still works.
pub async fn finish(store: &Store, administrator: &UserRecord) -> Result<bool, StoreError> {
    store.insert_first_user(KEY, administrator).await
}
