//! Single sign-on by OpenID Connect: the authorization code flow with PKCE, against providers that an administrator set up.
//!
//! The console asks for the provider's page, and gets a cookie with a secret for this browser. The provider sends the browser back
//! to a page of the console, which hands over what it brings; the appliance exchanges the code, believes the token or not, and looks
//! whose claims these are. Nonce and PKCE verifier are derived from the cookie's secret and the state: neither is kept.
//!
//! | file | holds |
//! |---|---|
//! | `settings` | providers, as administrators set them |
//! | `provider` | what is asked of them, by way of the library that verifies |
//! | `error` | why that does not work |
//! | `person` | who somebody is, as the claims say (pure) |
//! | `decision` | which user that is (pure) |
//! | `teams` | into which teams they come (pure) |

pub mod decision;
mod error;
pub mod person;
mod provider;
mod settings;
pub mod teams;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wire::api::{FinishSignOn, SIGN_ON_RETURN, TestOutcome};
use wire::limits::FILTER_QUERY_CHARS;
use wire::{SecretText, SignOnProviderId, Timestamp};

pub use error::{ProviderError, SignOnError};

use crate::mail::sentence;
use crate::network::place_of;
use crate::random;
use crate::sealing::Sealing;
use crate::store::{SignOnAttemptRecord, SignOnProviderRecord, Store};
use person::Person;
use provider::{Disbelief, Metadata, OneTime, Provider, is_from, said};

/// The cookie's name; see [`crate::sign_in::browsers::COOKIE`].
pub const COOKIE: &str = "__Host-sallyport-sign-on";
/// How long somebody may stay at a provider's page, in milliseconds.
pub const GOOD_FOR: i64 = 10 * 60_000;

/// Sign-ins from one place that may wait at the same time, and from everywhere.
const MOST_OF_PLACE: u64 = 100;
const MOST: u64 = 10_000;
/// What a provider says of itself holds for this long, in milliseconds.
const KNOWN_FOR: i64 = 10 * 60_000;
/// Its keys are asked for again when one is missing, but not more often than this.
const KEYS_EVERY: i64 = 30_000;
/// A provider that does not answer is left alone for this long.
const LEFT_ALONE: i64 = 5_000;
/// Characters of the secret that a browser holds: 256 bits in base64.
const BROWSER_CHARS: usize = 43;
/// Characters of a code, a state or a secret of a browser that are looked at.
const BROUGHT_CHARS: usize = 4_000;

/// Single sign-on. Cheap to clone.
#[derive(Clone)]
pub struct SignOn {
    store: Store,
    sealing: Sealing,
    return_url: Arc<str>,
    known: Arc<Mutex<HashMap<SignOnProviderId, Slot>>>,
}

/// What a provider said of itself. Whoever wants to ask it waits for who asks already.
type Slot = Arc<tokio::sync::Mutex<Option<Kept>>>;

#[derive(Clone)]
struct Kept {
    revision: i64,
    at: Timestamp,
    said: Result<Arc<Metadata>, ProviderError>,
}

/// A sign-in that is sent to a provider.
pub struct Begun {
    /// The provider's page.
    pub address: String,
    /// What the browser has to hold until it comes back.
    pub browser: SecretText,
}

/// Somebody who came back from a provider, and whom it knows.
#[derive(Clone)]
pub struct Arrived {
    /// The provider.
    pub provider: SignOnProviderRecord,
    /// Who they are.
    pub person: Person,
    /// Where in the console to go on.
    pub return_to: String,
}

/// Why nobody arrived.
#[derive(Debug)]
pub struct Turned {
    /// The provider's name, as far as it is known.
    pub provider: Option<String>,
    /// Why.
    pub error: SignOnError,
}

impl SignOn {
    /// For users in this database, of an appliance that browsers reach by this address.
    #[must_use]
    pub fn new(store: Store, sealing: Sealing, public_url: &str) -> Self {
        Self { store, sealing, return_url: format!("{public_url}{SIGN_ON_RETURN}").into(), known: Arc::default() }
    }

    /// Begins a sign-in. `browser` is what the browser holds already, if it does.
    ///
    /// # Errors
    /// See [`SignOnError`].
    pub async fn begin(
        &self,
        provider: SignOnProviderId,
        return_to: &str,
        browser: Option<&str>,
        from: IpAddr,
        at: Timestamp,
    ) -> Result<Begun, SignOnError> {
        let record = self.store.sign_on_provider(provider).await?.filter(|it| it.provider.enabled);
        let record = record.ok_or(SignOnError::NoProvider)?;
        let metadata = self.metadata(&record, at, KNOWN_FOR).await?;
        let browser = match browser.filter(|it| it.len() == BROWSER_CHARS) {
            Some(browser) => browser.to_owned(),
            None => random::secret()?,
        };
        let state = random::secret()?;
        let address = self.provider(&record)?.page(&metadata, &state, &one_time(&browser, &state))?;
        let attempt = SignOnAttemptRecord {
            state_hash: random::hash(&state),
            browser_hash: random::hash(&browser),
            provider_id: record.id,
            return_to: place_in_console(return_to).to_owned(),
            place: place_of(from).to_string(),
            expires_at: at.plus_millis(GOOD_FOR),
        };
        if !self.store.insert_sign_on_attempt(attempt, MOST_OF_PLACE, MOST, at).await? {
            return Err(SignOnError::TooMany);
        }
        Ok(Begun { address, browser: SecretText::new(browser) })
    }

    /// Ends a sign-in with what the browser brought back.
    ///
    /// # Errors
    /// Why nobody arrived.
    pub async fn finish(
        &self,
        brought: &FinishSignOn,
        browser: Option<&str>,
        at: Timestamp,
    ) -> Result<Arrived, Turned> {
        let nobody = |error: SignOnError| Turned { provider: None, error };
        let is_short = |text: &str| text.len() <= BROUGHT_CHARS;
        let browser = browser.filter(|it| is_short(it) && is_short(&brought.state));
        let browser = browser.ok_or_else(|| nobody(SignOnError::Lost))?;
        let (state, held) = (random::hash(&brought.state), random::hash(browser));
        let attempt = self.store.take_sign_on_attempt(&state, &held).await.map_err(|it| nobody(it.into()))?;
        let attempt = attempt.ok_or_else(|| nobody(SignOnError::Lost))?;
        let record = self.store.sign_on_provider(attempt.provider_id).await.map_err(|it| nobody(it.into()))?;
        let record = record.filter(|it| it.provider.enabled).ok_or_else(|| nobody(SignOnError::NoProvider))?;
        let name = record.provider.name.clone();
        let turned = |error: SignOnError| Turned { provider: Some(name), error };
        if at >= attempt.expires_at {
            return Err(turned(SignOnError::TooLate));
        }
        match self.person(&record, brought, &one_time(browser, &brought.state), at).await {
            Ok(person) => Ok(Arrived { provider: record, person, return_to: attempt.return_to }),
            Err(error) => Err(turned(error)),
        }
    }

    async fn person(
        &self,
        record: &SignOnProviderRecord,
        brought: &FinishSignOn,
        one_time: &OneTime,
        at: Timestamp,
    ) -> Result<Person, SignOnError> {
        let mut metadata = self.metadata(record, at, KNOWN_FOR).await?;
        if !is_from(&metadata, brought.iss.as_deref()) {
            return Err(ProviderError::Token("it was sent by another provider (iss)".into()).into());
        }
        if let Some(error) = &brought.error {
            let words = brought.error_description.as_deref().map(said).filter(|it| !it.is_empty());
            return Err(ProviderError::Refused(words.unwrap_or_else(|| said(error))).into());
        }
        let code = brought.code.as_ref().filter(|it| it.expose().len() <= BROUGHT_CHARS);
        let code = code.ok_or_else(|| ProviderError::BadAnswer("it sent no code".into()))?;
        let provider = self.provider(record)?;
        let tokens = provider.exchange(&metadata, code, one_time).await?;
        let mut believed = provider.believed(&metadata, &tokens, one_time, at);
        if matches!(believed, Err(Disbelief::UnknownKey(_))) {
            // It may have another key by now.
            metadata = self.metadata(record, at, KEYS_EVERY).await?;
            believed = provider.believed(&metadata, &tokens, one_time, at);
        }
        let claims = believed.map_err(Disbelief::error)?;
        let claims = provider.with_user_info(&metadata, &tokens, claims).await?;
        let nameless = || ProviderError::Token("it names no subject (sub), or one that is too long".into());
        Ok(Person::of(&claims, &record.provider).ok_or_else(nameless)?)
    }

    /// Asks a provider what it is, and says what is wrong.
    ///
    /// # Errors
    /// When the database fails or the secret does not open.
    pub async fn try_out(&self, record: &SignOnProviderRecord, at: Timestamp) -> Result<TestOutcome, SignOnError> {
        self.provider(record)?;
        Ok(match self.metadata(record, at, 0).await {
            Ok(metadata) => {
                let keys = metadata.jwks().keys().len();
                let noun = if keys == 1 { "key" } else { "keys" };
                let message = format!("The provider answers, and has {keys} {noun}.");
                let next_step =
                    "Whether client id and secret are right shows when somebody signs in: try it in a private window.";
                TestOutcome { worked: true, message, next_step: next_step.into() }
            }
            Err(error) => TestOutcome {
                worked: false,
                message: sentence(&error.to_string()),
                next_step: error.next_step().to_owned(),
            },
        })
    }

    /// What a provider said of itself, not longer ago than this.
    async fn metadata(
        &self,
        record: &SignOnProviderRecord,
        at: Timestamp,
        known_for: i64,
    ) -> Result<Arc<Metadata>, ProviderError> {
        let slot = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.entry(record.id).or_default().clone()
        };
        let mut kept = slot.lock().await;
        if let Some(kept) = kept.as_ref().filter(|it| it.revision == record.revision) {
            let holds_for = if kept.said.is_ok() { known_for } else { known_for.min(LEFT_ALONE) };
            if at < kept.at.plus_millis(holds_for) {
                return kept.said.clone();
            }
        }
        // No secret is needed for it.
        let provider = Provider { settings: &record.provider, secret: None, return_url: String::new() };
        let said = provider.discover().await.map(Arc::new);
        *kept = Some(Kept { revision: record.revision, at, said: said.clone() });
        said
    }

    fn provider<'a>(&self, record: &'a SignOnProviderRecord) -> Result<Provider<'a>, SignOnError> {
        let secret = self.opened(record)?;
        Ok(Provider { settings: &record.provider, secret, return_url: self.return_url.to_string() })
    }
}

/// Derived from what the browser holds, which nobody else knows, and from the state: each is the hash of 256 bits nobody can guess.
fn one_time(browser: &str, state: &str) -> OneTime {
    let derived =
        |what: &str| URL_SAFE_NO_PAD.encode(random::hash(&format!("sallyport sign-on {what}\n{browser}\n{state}")));
    OneTime { nonce: derived("nonce"), verifier: derived("verifier") }
}

/// A path inside the console; the first page for whatever is none.
fn place_in_console(path: &str) -> &str {
    let is_inside = path.starts_with('/') && !path.starts_with("//") && !path.starts_with(SIGN_ON_RETURN);
    let is_plain =
        path.chars().count() <= FILTER_QUERY_CHARS && !path.contains(|it: char| it == '\\' || it.is_control());
    if is_inside && is_plain { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_go_on_inside_the_console_alone() {
        for inside in ["/", "/jump?tag=a", "/administration/settings#x"] {
            assert_eq!(place_in_console(inside), inside);
        }
        let long = format!("/{}", "x".repeat(FILTER_QUERY_CHARS));
        for outside in
            ["", "//evil.example", "https://evil.example", "/\\evil.example", "/\n", "/sign-on/return?code=1", &long]
        {
            assert_eq!(place_in_console(outside), "/", "{outside}");
        }
    }

    #[test]
    fn what_is_derived_belongs_to_one_browser_and_one_state() {
        let it = one_time("browser", "state");
        assert!(it.nonce.len() == 43 && it.verifier.len() == 43 && it.nonce != it.verifier);
        for other in [one_time("other", "state"), one_time("browser", "other")] {
            assert!(other.nonce != it.nonce && other.verifier != it.verifier);
        }
    }
}
