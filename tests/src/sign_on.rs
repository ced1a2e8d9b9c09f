//! Signing in by way of a provider, as the console does.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use wire::api::{BeginSignOn, FinishSignOn, Me, SIGN_ON_RETURN, SignInAnswer, SignOnBegun, SignOnFinished};
use wire::{SecretText, SignOnProviderId};

use crate::api_client::{Answer, ApiClient};
use crate::servers::{OPENID_CLIENT, OPENID_SECRET, OpenIdProvider};

impl ApiClient {
    /// Where a provider has to send people back to.
    #[must_use]
    pub fn sign_on_return(&self) -> String {
        format!("{}{SIGN_ON_RETURN}", self.base())
    }

    /// Begins to sign in, and gives the provider's page.
    ///
    /// # Errors
    /// When the appliance refuses.
    pub fn begin_sign_on(&self, provider: SignOnProviderId) -> Result<String> {
        let begin = BeginSignOn { provider_id: provider, return_to: "/sessions".into() };
        let begun: SignOnBegun = self.post("/api/sign-on/begin", &begin)?.ok()?;
        Ok(begun.address)
    }

    /// Hands over what the provider sent the browser back with.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn finish_sign_on(&self, brought: &FinishSignOn) -> Result<Answer> {
        self.post("/api/sign-on/finish", brought)
    }

    /// Signs in by way of a provider up to its answer, whatever that is.
    ///
    /// # Errors
    /// When the provider does not send the browser back.
    pub fn try_sign_on(&self, id: SignOnProviderId, provider: &OpenIdProvider) -> Result<Answer> {
        self.finish_sign_on(&brought(&provider.visit(&self.begin_sign_on(id)?)?)?)
    }

    /// Signs in by way of a provider and stays so.
    ///
    /// # Errors
    /// When the appliance refuses or asks for a second factor.
    pub fn sign_on(&self, id: SignOnProviderId, provider: &OpenIdProvider) -> Result<Me> {
        let finished: SignOnFinished = self.try_sign_on(id, provider)?.ok()?;
        match finished.answer {
            SignInAnswer::SignedIn(me) => Ok(self.remember(*me)),
            SignInAnswer::SecondFactor(step) => bail!("a second factor is asked for: {step:?}"),
        }
    }
}

/// What stands in the address that a provider sends a browser to.
///
/// # Errors
/// When it has no query.
pub fn brought(address: &str) -> Result<FinishSignOn> {
    let (_, query) = address.split_once('?').with_context(|| format!("{address} brings nothing"))?;
    let mut it = FinishSignOn::default();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decoded(value);
        match name {
            "state" => it.state = value,
            "code" => it.code = Some(SecretText::new(value)),
            "error" => it.error = Some(value),
            "error_description" => it.error_description = Some(value),
            "iss" => it.iss = Some(value),
            _ => {}
        }
    }
    Ok(it)
}

/// A value in the query of an address.
#[must_use]
pub fn queried(address: &str, name: &str) -> Option<String> {
    let (_, query) = address.split_once('?')?;
    let mut pairs = query.split('&').filter_map(|it| it.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| decoded(value))
}

fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let (code, rest) = piece.split_at_checked(2).unwrap_or((piece, ""));
        bytes.extend(u8::from_str_radix(code, 16).ok());
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The settings for a provider, to be changed as a test needs them.
#[must_use]
pub fn settings(issuer: &str, authority: &str) -> Value {
    json!({
        "name": "Corp", "issuer": issuer, "client_id": OPENID_CLIENT, "client_secret": OPENID_SECRET,
        "ca_pem": authority, "scopes": ["profile", "email", "groups"], "groups_claim": "groups",
    })
}

/// Settings with what differs.
#[must_use]
pub fn with(settings: &Value, more: &Value) -> Value {
    let mut all = settings.clone();
    if let (Some(all), Some(more)) = (all.as_object_mut(), more.as_object()) {
        all.extend(more.clone());
    }
    all
}
