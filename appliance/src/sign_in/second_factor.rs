//! What somebody shows besides a password: the code of an authenticator app, or one of the recovery codes they kept.
//!
//! [`Factors::check`] is the one place where that is decided, at sign-in and wherever else a policy asks for it. It uses the code
//! up, and counts no attempts: who calls it lets [`super::attempts::Attempts`] count.

use wire::api::{NewPasskey, PasskeyCeremony, ShownFactor, ShownPasskey};
use wire::{BrowserId, PasskeyId, SecretText, Timestamp, UserId};

use super::passkeys::{PasskeyError, Passkeys};
use super::totp;
use crate::random;
use crate::sealing::{Sealing, SealingError};
use crate::store::{PasskeyRecord, Store, StoreError, UserRecord};

/// Checks second factors and sets them up. Cheap to clone.
#[derive(Clone)]
pub struct Factors {
    store: Store,
    sealing: Sealing,
    passkeys: Passkeys,
}

/// What was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A code of the authenticator app.
    AuthenticatorApp,
    /// A recovery code.
    RecoveryCode,
    /// A passkey.
    Passkey,
}

/// Why a factor could not be checked or set up.
#[derive(Debug, thiserror::Error)]
pub enum FactorError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The app's secret could not be sealed or opened.
    #[error(transparent)]
    Sealing(#[from] SealingError),
    /// A passkey could not be asked for or added.
    #[error(transparent)]
    Passkey(#[from] PasskeyError),
    /// No secret could be made.
    #[error(transparent)]
    NoRandomness(#[from] random::NoRandomness),
}

/// Recovery codes that a user gets.
pub const RECOVERY_CODES: usize = 10;
/// Bytes of one: too many to guess, so that a plain hash is kept of it.
const RECOVERY_BYTES: usize = 10;
/// Characters of one between two hyphens.
const RECOVERY_GROUP: usize = 4;
/// Characters that are looked at of what somebody typed.
const TYPED_CHARS: usize = 64;

impl Factors {
    /// For users in this database whose secrets are sealed so.
    #[must_use]
    pub fn new(store: Store, sealing: Sealing, passkeys: Passkeys) -> Self {
        Self { store, sealing, passkeys }
    }

    /// Whether this user shows a second factor now. A code that is right is used up with it, and so is what a passkey was asked.
    ///
    /// # Errors
    /// See [`FactorError`].
    pub async fn check(&self, user: UserId, shown: &ShownFactor, at: Timestamp) -> Result<Option<Shown>, FactorError> {
        match (&shown.passkey, &shown.code) {
            (Some(passkey), _) => Ok(self.check_passkey(user, passkey, at).await?.then_some(Shown::Passkey)),
            (None, Some(code)) => self.check_code(user, code, at).await,
            (None, None) => Ok(None),
        }
    }

    async fn check_passkey(&self, user: UserId, shown: &ShownPasskey, at: Timestamp) -> Result<bool, FactorError> {
        let has = self.store.passkeys(user).await?;
        match self.passkeys.check(user, &has, shown, at) {
            // It may have been removed, or shown by somebody else, meanwhile.
            Ok(used) => Ok(self.store.use_passkey(&used.record, &used.credential, at).await?),
            Err(error @ PasskeyError::Broken(_)) => Err(error.into()),
            Err(error) => {
                tracing::info!(user.id = %user, error = %error, "a passkey was not accepted");
                Ok(false)
            }
        }
    }

    /// What a browser is to ask for, where the user has passkeys.
    ///
    /// # Errors
    /// See [`FactorError`].
    pub async fn ask_for_passkey(&self, user: UserId, at: Timestamp) -> Result<Option<PasskeyCeremony>, FactorError> {
        Ok(self.passkeys.ask(user, &self.store.passkeys(user).await?, at)?)
    }

    /// Begins to add a passkey.
    ///
    /// # Errors
    /// See [`FactorError`].
    pub async fn begin_passkey(&self, user: &UserRecord, at: Timestamp) -> Result<PasskeyCeremony, FactorError> {
        Ok(self.passkeys.begin_adding(user, &self.store.passkeys(user.id).await?, at)?)
    }

    /// Adds the passkey that was begun, by way of a change that is kept later. Gives it with the recovery codes, where it is the first second factor; none when the user
    /// has as many as one may have. `by` is the browser with which this is done.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when somebody has it already; see [`FactorError`].
    pub async fn add_passkey(
        &self,
        store: &Store,
        user: UserId,
        new: &NewPasskey,
        at: Timestamp,
        by: BrowserId,
    ) -> Result<Option<(PasskeyRecord, Option<Vec<SecretText>>)>, FactorError> {
        let (credential_id, credential) = self.passkeys.added(user, &new.made, at)?;
        let id = PasskeyId(random::id());
        let name = new.name.trim().to_owned();
        let record = PasskeyRecord { id, name, credential_id, credential, created_at: at, last_used_at: None };
        let (codes, hashes) = codes_for_the_first(store, user).await?.unzip();
        let added = store.insert_passkey(user, &record, hashes, by).await?;
        Ok(added.then_some((record, codes)))
    }

    /// Why there are no passkeys, if so: a sentence.
    #[must_use]
    pub fn passkey_obstacle(&self) -> Option<String> {
        self.passkeys.obstacle()
    }

    async fn check_code(&self, user: UserId, code: &SecretText, at: Timestamp) -> Result<Option<Shown>, FactorError> {
        let typed = plain(code.expose());
        if !totp::looks_like_one(&typed) {
            let fits = self.store.use_recovery_code(user, &random::hash(&typed), at).await?;
            return Ok(fits.then_some(Shown::RecoveryCode));
        }
        let Some(app) = self.store.totp(user).await?.filter(|it| it.confirmed_at.is_some()) else { return Ok(None) };
        let secret = self.sealing.open(&place(user), &app.sealed)?;
        let Some(step) = totp::step_of(&secret, &typed, at, app.last_step) else { return Ok(None) };
        // Somebody may show the same code at the same time: one of the two is late.
        Ok(self.store.use_totp_step(user, step).await?.then_some(Shown::AuthenticatorApp))
    }

    /// Begins to set up an authenticator app, by way of a change that is kept later, and gives its secret.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when one is set up already; see [`FactorError`].
    pub async fn begin(
        &self,
        store: &Store,
        user: UserId,
        at: Timestamp,
    ) -> Result<[u8; totp::SECRET_BYTES], FactorError> {
        let secret = random::bytes()?;
        let sealed = self.sealing.seal(&place(user), &secret)?;
        store.begin_totp(user, sealed, at).await?;
        Ok(secret)
    }

    /// The app that was begun shows this code: from now on it is asked for. Gives the recovery codes, if there were none before, or
    /// nothing at all when the code is not right. `by` is the browser with which this is done.
    ///
    /// # Errors
    /// See [`FactorError`].
    pub async fn confirm(
        &self,
        store: &Store,
        user: UserId,
        code: &SecretText,
        at: Timestamp,
        by: BrowserId,
    ) -> Result<Option<Option<Vec<SecretText>>>, FactorError> {
        let Some(begun) = store.totp(user).await?.filter(|it| it.confirmed_at.is_none()) else { return Ok(None) };
        let secret = self.sealing.open(&place(user), &begun.sealed)?;
        let Some(step) = totp::step_of(&secret, &plain(code.expose()), at, None) else { return Ok(None) };
        let (codes, hashes) = codes_for_the_first(store, user).await?.unzip();
        Ok(store.confirm_totp(user, &begun, step, at, hashes, by).await?.then_some(codes))
    }

    /// Makes other recovery codes.
    ///
    /// # Errors
    /// See [`FactorError`].
    pub async fn new_recovery_codes(&self, store: &Store, user: UserId) -> Result<Vec<SecretText>, FactorError> {
        let (codes, hashes) = recovery_codes()?;
        store.replace_recovery_codes(user, hashes).await?;
        Ok(codes)
    }
}

/// What an app's secret is sealed for.
fn place(user: UserId) -> String {
    format!("totp/{user}")
}

/// Recovery codes with their hashes for who has no second factor yet.
async fn codes_for_the_first(
    store: &Store,
    user: UserId,
) -> Result<Option<(Vec<SecretText>, Vec<Vec<u8>>)>, FactorError> {
    Ok(if store.has_second_factor(user).await? { None } else { Some(recovery_codes()?) })
}

/// Recovery codes and their hashes.
fn recovery_codes() -> Result<(Vec<SecretText>, Vec<Vec<u8>>), random::NoRandomness> {
    let mut codes = Vec::with_capacity(RECOVERY_CODES);
    let mut hashes = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let code = totp::base32(&random::bytes::<RECOVERY_BYTES>()?).to_lowercase();
        hashes.push(random::hash(&code));
        codes.push(SecretText::new(grouped(&code)));
    }
    Ok((codes, hashes))
}

fn grouped(code: &str) -> String {
    let mut text = String::with_capacity(code.len() * 2);
    for (index, letter) in code.chars().enumerate() {
        if index > 0 && index % RECOVERY_GROUP == 0 {
            text.push('-');
        }
        text.push(letter);
    }
    text
}

/// A code as it is compared: people type spaces, hyphens and capitals.
fn plain(typed: &str) -> String {
    let letters = typed.chars().take(TYPED_CHARS).filter(|letter| !letter.is_whitespace() && *letter != '-');
    letters.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::now;
    use crate::store::{FactorResetRecord, UserRecord};
    use wire::api::Role;

    struct Desk {
        factors: Factors,
        store: Store,
        user: UserId,
        _folder: tempfile::TempDir,
    }

    async fn desk() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::fresh(folder.path()).await;
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
        let passkeys = Passkeys::new("https://localhost:8443");
        let factors = Factors::new(store.clone(), Sealing::load(folder.path()).unwrap(), passkeys);
        Desk { factors, store, user: user.id, _folder: folder }
    }

    fn secret_text(text: &str) -> SecretText {
        SecretText::new(text.into())
    }

    const AT: Timestamp = Timestamp(1_700_000_000_000);

    impl Desk {
        /// Sets an app up with the code of this moment.
        async fn enrol(&self) -> (Vec<u8>, Vec<SecretText>) {
            let secret = self.factors.begin(&self.store, self.user, AT).await.unwrap().to_vec();
            let code = secret_text(&totp::code_at(&secret, AT));
            let by = BrowserId(random::id());
            let codes = self.factors.confirm(&self.store, self.user, &code, AT, by).await.unwrap().unwrap();
            (secret, codes.unwrap())
        }

        async fn check(&self, code: &str, at: Timestamp) -> Option<Shown> {
            self.factors.check(self.user, &ShownFactor::code(secret_text(code)), at).await.unwrap()
        }
    }

    #[tokio::test]
    async fn an_app_counts_only_once_it_showed_a_right_code() {
        let desk = desk().await;
        let secret = desk.factors.begin(&desk.store, desk.user, AT).await.unwrap();
        let code = totp::code_at(&secret, AT);
        assert_eq!(desk.check(&code, AT).await, None, "it is not set up yet");
        let by = BrowserId(random::id());
        assert!(desk.factors.confirm(&desk.store, desk.user, &secret_text("000000"), AT, by).await.unwrap().is_none());
        assert!(!desk.store.has_second_factor(desk.user).await.unwrap());
        assert!(desk.factors.confirm(&desk.store, desk.user, &secret_text(&code), AT, by).await.unwrap().is_some());
        assert!(desk.store.has_second_factor(desk.user).await.unwrap());
        assert!(
            desk.factors.confirm(&desk.store, desk.user, &secret_text(&code), AT, by).await.unwrap().is_none(),
            "once"
        );
        let again = desk.factors.begin(&desk.store, desk.user, AT).await;
        assert!(matches!(again, Err(FactorError::Store(StoreError::Duplicate))), "{again:?}");
    }

    #[tokio::test]
    async fn a_code_is_good_once_also_the_one_it_was_set_up_with() {
        let desk = desk().await;
        let (secret, _) = desk.enrol().await;
        assert_eq!(desk.check(&totp::code_at(&secret, AT), AT).await, None, "used to set it up");
        let later = AT.plus_millis(60_000);
        let code = totp::code_at(&secret, later);
        let typed = format!(" {} {}", &code[..3], &code[3..]);
        let twice = tokio::join!(desk.check(&typed, later), desk.check(&code, later));
        assert!(
            matches!(twice, (Some(Shown::AuthenticatorApp), None) | (None, Some(Shown::AuthenticatorApp))),
            "{twice:?}"
        );
        let earlier = totp::code_at(&secret, later.plus_millis(-30_000));
        assert_eq!(desk.check(&earlier, later).await, None, "an earlier one after a later one");
    }

    #[tokio::test]
    async fn recovery_codes_are_ten_and_good_once_each() {
        let desk = desk().await;
        let (_, codes) = desk.enrol().await;
        assert_eq!(codes.len(), RECOVERY_CODES);
        let first = codes[0].expose();
        assert_eq!(first.len(), 19, "{first}");
        assert_eq!(desk.check(&first.to_uppercase().replace('-', " "), AT).await, Some(Shown::RecoveryCode));
        assert_eq!(desk.check(first, AT).await, None);
        assert_eq!(desk.store.recovery_codes_left(desk.user).await.unwrap(), 9);
        let new = desk.factors.new_recovery_codes(&desk.store, desk.user).await.unwrap();
        assert_eq!(desk.check(codes[1].expose(), AT).await, None, "an old one after new ones were made");
        assert_eq!(desk.check(new[1].expose(), AT).await, Some(Shown::RecoveryCode));
    }

    #[tokio::test]
    async fn after_a_reset_nothing_counts_and_the_reason_stays_until_it_is_set_up_again() {
        let desk = desk().await;
        let (secret, codes) = desk.enrol().await;
        let reset = FactorResetRecord { at: AT, reason: "You lost your telephone".into() };
        desk.store.reset_second_factors(desk.user, &reset).await.unwrap();
        let later = AT.plus_millis(60_000);
        assert_eq!(desk.check(&totp::code_at(&secret, later), later).await, None);
        assert_eq!(desk.check(codes[0].expose(), later).await, None);
        assert_eq!(desk.store.factor_reset(desk.user).await.unwrap(), Some(reset.clone()));
        let again = FactorResetRecord { reason: "And again".into(), ..reset };
        desk.store.reset_second_factors(desk.user, &again).await.unwrap();
        assert_eq!(desk.store.factor_reset(desk.user).await.unwrap(), Some(again.clone()));
        desk.enrol().await;
        assert_eq!(desk.store.factor_reset(desk.user).await.unwrap(), None);
        let nobody = desk.store.reset_second_factors(UserId(random::id()), &again).await;
        assert!(matches!(nobody, Err(StoreError::Dependent)), "{nobody:?}");
    }

    #[tokio::test]
    async fn recovery_codes_come_with_the_first_factor_and_go_with_the_last() {
        let desk = desk().await;
        let (_, codes) = desk.enrol().await;
        let by = BrowserId(random::id());
        let passkey = PasskeyRecord {
            id: PasskeyId(random::id()),
            name: "Laptop".into(),
            credential_id: "AAAA".into(),
            credential: "{}".into(),
            created_at: AT,
            last_used_at: None,
        };
        assert!(desk.store.insert_passkey(desk.user, &passkey, None, by).await.unwrap());
        let twice = PasskeyRecord { id: PasskeyId(random::id()), ..passkey.clone() };
        let twice = desk.store.insert_passkey(desk.user, &twice, None, by).await;
        assert!(matches!(twice, Err(StoreError::Duplicate)), "{twice:?}");
        desk.store.remove_totp(desk.user).await.unwrap();
        assert!(desk.store.has_second_factor(desk.user).await.unwrap());
        assert_eq!(desk.check(codes[0].expose(), AT).await, Some(Shown::RecoveryCode), "the passkey is left");
        assert!(!desk.store.delete_passkey(UserId(random::id()), passkey.id).await.unwrap(), "of somebody else");
        assert!(desk.store.delete_passkey(desk.user, passkey.id).await.unwrap());
        assert!(!desk.store.has_second_factor(desk.user).await.unwrap());
        assert_eq!(desk.check(codes[1].expose(), AT).await, None, "nothing is left");
    }

    #[tokio::test]
    async fn the_database_holds_neither_secret_nor_code() {
        let desk = desk().await;
        let (secret, codes) = desk.enrol().await;
        let app = desk.store.totp(desk.user).await.unwrap().unwrap();
        assert!(!app.sealed.windows(secret.len()).any(|it| it == secret));
        let plain = plain(codes[0].expose());
        assert!(desk.store.use_recovery_code(desk.user, plain.as_bytes(), AT).await.is_ok_and(|used| !used));
    }
}
