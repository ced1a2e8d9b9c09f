//! Signed-in browsers: a cookie with a random token, of which only the hash is kept.

use std::time::Duration;

use subtle::ConstantTimeEq;
use wire::{BrowserId, SecretText, Timestamp, UserId};

use crate::clock::now;
use crate::random;
use crate::store::{BrowserRecord, Store, StoreError, UserRecord};

/// The cookie's name. `__Host-` makes browsers insist on HTTPS, on this host and on the whole path (RFC 6265bis, 4.1.3.2).
pub const COOKIE: &str = "__Host-sallyport";

/// How long a sign-in lasts.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// Without any use.
    pub idle: Duration,
    /// At most, whatever happens.
    pub absolute: Duration,
}

/// A browser that has just signed in.
pub struct SignedIn {
    /// What is kept of it.
    pub record: BrowserRecord,
    /// The cookie's value.
    pub token: SecretText,
}

/// Why a browser could not be signed in.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No secret could be made.
    #[error(transparent)]
    NoRandomness(#[from] random::NoRandomness),
}

/// How precisely the last use is kept: not every request writes to the database.
const LAST_SEEN_MILLIS: i64 = 30_000;
/// Characters of a `User-Agent` that are kept.
const USER_AGENT_CHARS: usize = 200;

/// Signs a browser in. With `needs_factor` its user has to set up a second factor before anything else.
///
/// # Errors
/// See [`BrowserError`].
pub async fn sign_in(
    store: &Store,
    user: UserId,
    user_agent: &str,
    address: String,
    timeouts: Timeouts,
    needs_factor: bool,
) -> Result<SignedIn, BrowserError> {
    let token = random::secret()?;
    let at = now();
    let record = BrowserRecord {
        id: BrowserId(random::id()),
        user_id: user,
        token_hash: random::hash(&token),
        csrf_token: random::secret()?,
        user_agent: user_agent.chars().take(USER_AGENT_CHARS).collect(),
        address,
        signed_in_at: at,
        last_seen_at: at,
        expires_at: at.plus_millis(millis(timeouts.absolute)),
        needs_factor,
    };
    store.insert_browser(record.clone()).await?;
    Ok(SignedIn { record, token: SecretText::new(token) })
}

/// Whose browser it is that shows this token; none when it is signed out, too old or its user disabled. With `is_use`,
/// somebody is at the browser, which keeps the sign-in alive.
///
/// # Errors
/// When the database fails.
pub async fn who(
    store: &Store,
    token: &str,
    timeouts: Timeouts,
    is_use: bool,
) -> Result<Option<(UserRecord, BrowserRecord)>, StoreError> {
    let Some(browser) = store.browser_by_token(&random::hash(token)).await? else { return Ok(None) };
    let at = now();
    if !is_current(&browser, at, timeouts) {
        return Ok(None);
    }
    let Some(user) = store.user(browser.user_id).await?.filter(|user| user.enabled) else { return Ok(None) };
    if is_use && at.millis_since(browser.last_seen_at) > LAST_SEEN_MILLIS.unsigned_abs() {
        // Whoever only reads is served even when nothing can be written.
        if let Err(error) = store.touch_browser(browser.id, at).await {
            tracing::warn!(browser.id = %browser.id, error = %error, "the use of a browser could not be written down");
        }
    }
    Ok(Some((user, browser)))
}

/// Whether a sign-in still holds.
#[must_use]
pub fn is_current(browser: &BrowserRecord, at: Timestamp, timeouts: Timeouts) -> bool {
    at < browser.expires_at && at < browser.last_seen_at.plus_millis(millis(timeouts.idle))
}

/// Whether a changing request carries the browser's CSRF token.
#[must_use]
pub fn csrf_fits(browser: &BrowserRecord, shown: &str) -> bool {
    browser.csrf_token.as_bytes().ct_eq(shown.as_bytes()).into()
}

/// A duration as timestamps count.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::api::Role;

    #[tokio::test]
    async fn whoever_is_signed_in_stays_so_when_nothing_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("test.db");
        let store = Store::open_sqlite(&file).await.unwrap();
        let user = UserRecord {
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
            password_hash: String::new(),
            created_at: now(),
            last_sign_in_at: None,
            revision: 0,
        };
        store.insert_user(&user).await.unwrap();
        let timeouts = Timeouts { idle: Duration::from_secs(600), absolute: Duration::from_secs(6000) };
        let signed_in = sign_in(&store, user.id, "", String::new(), timeouts, false).await.unwrap();
        let earlier = now().plus_millis(-2 * LAST_SEEN_MILLIS);
        store.touch_browser(signed_in.record.id, earlier).await.unwrap();

        let read_only = Store::open_read_only(&file).await.unwrap();
        let failed = read_only.touch_browser(signed_in.record.id, now()).await;
        assert!(matches!(failed, Err(StoreError::NotWritable(_))), "{failed:?}");
        let known = who(&read_only, signed_in.token.expose(), timeouts, true).await.unwrap();
        assert_eq!(known.unwrap().0.id, user.id);
        who(&store, signed_in.token.expose(), timeouts, true).await.unwrap();
        assert!(store.browsers_of(user.id).await.unwrap()[0].last_seen_at > earlier);
    }

    #[test]
    fn a_sign_in_ends_when_idle_and_ends_anyway() {
        let timeouts = Timeouts { idle: Duration::from_secs(60), absolute: Duration::from_secs(600) };
        let browser = BrowserRecord {
            id: BrowserId(uuid::Uuid::nil()),
            user_id: UserId(uuid::Uuid::nil()),
            token_hash: Vec::new(),
            csrf_token: "token".into(),
            user_agent: String::new(),
            address: String::new(),
            signed_in_at: Timestamp(0),
            last_seen_at: Timestamp(500_000),
            expires_at: Timestamp(600_000),
            needs_factor: false,
        };
        assert!(is_current(&browser, Timestamp(559_999), timeouts));
        assert!(!is_current(&browser, Timestamp(560_000), timeouts), "idle");
        let busy = BrowserRecord { last_seen_at: Timestamp(599_999), ..browser.clone() };
        assert!(!is_current(&busy, Timestamp(600_000), timeouts), "absolute");
        assert!(csrf_fits(&browser, "token") && !csrf_fits(&browser, "Token") && !csrf_fits(&browser, ""));
    }
}
