//! Talks to a provider: what it is, where people are sent, what a code is good for. The library verifies; every request goes through
//! [`Outgoing`], with its certificates, its time-out and its longest answer.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use http::{HeaderValue, header};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod,
    CoreErrorResponseType, CoreGrantType, CoreIdToken, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType,
    CoreSubjectIdentifierType,
};
use openidconnect::{
    AccessToken, AdditionalProviderMetadata, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId,
    ClientSecret, CsrfToken, DiscoveryError, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse,
    IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata, RedirectUrl,
    RequestTokenError, Scope, SignatureVerificationError, StandardErrorResponse, TokenResponse,
};
use reqwest::{Method, Request};
use serde::{Deserialize, Serialize};
use wire::api::SignOnProvider;
use wire::{SecretText, Timestamp};

use super::error::{ProviderError, of_status};
use super::person::{Claims, merged};
use crate::outgoing::{Outgoing, Transport, address};

/// How long one answer may take.
const TIME_OUT: Duration = Duration::from_secs(10);
/// How much clocks may differ, in milliseconds.
const SKEW: i64 = 60_000;
/// How old a token may be, in milliseconds.
const OLDEST: i64 = 10 * 60_000;
/// Characters of what a provider says that people are shown.
const SAID_CHARS: usize = 300;

/// What the standard's own list leaves out.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct More {
    /// RFC 9207.
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for More {}

/// What a provider says of itself, with its keys.
pub(super) type Metadata = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// What belongs to one sign-in: derived from what the browser holds, and not kept.
pub(super) struct OneTime {
    /// What the token has to hold.
    pub(super) nonce: String,
    /// What the code is exchanged with.
    pub(super) verifier: String,
}

/// A provider as it is asked.
pub(super) struct Provider<'a> {
    /// How it is set up.
    pub(super) settings: &'a SignOnProvider,
    /// The client secret.
    pub(super) secret: Option<SecretText>,
    /// Where it sends people back to.
    pub(super) return_url: String,
}

/// What came back for a code.
pub(super) struct Tokens {
    id_token: CoreIdToken,
    access_token: AccessToken,
}

impl Provider<'_> {
    fn outgoing(&self) -> Result<Outgoing, ProviderError> {
        let authority = (!self.settings.ca_pem.is_empty()).then_some(self.settings.ca_pem.as_str());
        Ok(Outgoing::new(authority, Transport::Secured, TIME_OUT)?)
    }

    /// Asks what it is, and for its keys.
    pub(super) async fn discover(&self) -> Result<Metadata, ProviderError> {
        let outgoing = self.outgoing()?;
        address(&self.settings.issuer, Transport::Secured).map_err(|it| ProviderError::Settings(it.to_string()))?;
        let issuer = IssuerUrl::new(self.settings.issuer.clone());
        let issuer = issuer.map_err(|error| ProviderError::Settings(error.to_string()))?;
        let ask = |request| asked(outgoing.clone(), request);
        let metadata = Metadata::discover_async(issuer, &ask).await.map_err(of_discovery)?;
        // The browser is sent there: it has to be a page, on TLS.
        let page = metadata.authorization_endpoint().as_str();
        address(page, Transport::Secured).map_err(|it| ProviderError::BadAnswer(format!("{it}: {page}")))?;
        Ok(metadata)
    }

    fn client(&self, metadata: &Metadata) -> Result<Client, ProviderError> {
        let secret = self.secret.as_ref().map(|it| ClientSecret::new(it.expose().to_owned()));
        let client_id = ClientId::new(self.settings.client_id.clone());
        let return_url = RedirectUrl::new(self.return_url.clone());
        let return_url = return_url.map_err(|error| ProviderError::Settings(error.to_string()))?;
        let client = Client::from_provider_metadata(metadata.clone(), client_id, secret).set_redirect_uri(return_url);
        // What every provider has to know unless it says otherwise is the header.
        let takes = |method| metadata.token_endpoint_auth_methods_supported().is_none_or(|all| all.contains(&method));
        let in_header = takes(CoreClientAuthMethod::ClientSecretBasic);
        Ok(client.set_auth_type(if in_header { AuthType::BasicAuth } else { AuthType::RequestBody }))
    }

    /// Where to send the browser.
    pub(super) fn page(&self, metadata: &Metadata, state: &str, one_time: &OneTime) -> Result<String, ProviderError> {
        let client = self.client(metadata)?;
        let verifier = PkceCodeVerifier::new(one_time.verifier.clone());
        let (state, nonce) = (state.to_owned(), one_time.nonce.clone());
        let mut request = client.authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            || CsrfToken::new(state),
            || Nonce::new(nonce),
        );
        for scope in self.settings.scopes.iter().filter(|it| *it != "openid") {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let request = request.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        Ok(request.url().0.into())
    }

    /// What a code is good for.
    pub(super) async fn exchange(
        &self,
        metadata: &Metadata,
        code: &SecretText,
        one_time: &OneTime,
    ) -> Result<Tokens, ProviderError> {
        let client = self.client(metadata)?;
        let outgoing = self.outgoing()?;
        let ask = |request| asked_for_token(outgoing.clone(), request);
        let request = client.exchange_code(AuthorizationCode::new(code.expose().to_owned()));
        let request = request.map_err(|_| ProviderError::BadAnswer("it has no address for tokens".into()))?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(one_time.verifier.clone()));
        let answer = request.request_async(&ask).await.map_err(of_exchange)?;
        let id_token = answer.id_token().cloned();
        let id_token = id_token.ok_or_else(|| ProviderError::BadAnswer("it gave no id token".into()))?;
        Ok(Tokens { id_token, access_token: answer.access_token().clone() })
    }

    /// The claims of the token, once it is believed: signature, issuer, audience, time and nonce.
    pub(super) fn believed(
        &self,
        metadata: &Metadata,
        tokens: &Tokens,
        one_time: &OneTime,
        at: Timestamp,
    ) -> Result<Claims, Disbelief> {
        let client = self.client(metadata).map_err(Disbelief::Other)?;
        // A token that is signed with the client secret, or not at all, is none.
        let algorithms = metadata.id_token_signing_alg_values_supported().iter().filter(|it| is_public(it)).cloned();
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs(algorithms)
            .set_time_fn(move || time(at.plus_millis(-SKEW)))
            .set_issue_time_verifier_fn(move |issued| is_recent(issued, at));
        let nonce = Nonce::new(one_time.nonce.clone());
        tokens.id_token.claims(&verifier, &nonce).map_err(|error| of_claims(&error, at))?;
        let claims = payload(&tokens.id_token.to_string()).ok_or_else(|| token("its claims are no JSON"))?;
        let party = claims.get("azp").map(|it| it.as_str() == Some(self.settings.client_id.as_str()));
        if party == Some(false) {
            return Err(token("it was made for another party (azp)"));
        }
        Ok(claims)
    }

    /// The claims with what the provider says of the person besides.
    pub(super) async fn with_user_info(
        &self,
        metadata: &Metadata,
        tokens: &Tokens,
        claims: Claims,
    ) -> Result<Claims, ProviderError> {
        let Some(url) = metadata.userinfo_endpoint() else { return Ok(claims) };
        let mut request = Request::new(Method::GET, url.url().clone());
        let bearer = format!("Bearer {}", tokens.access_token.secret());
        let unfit = |_| ProviderError::BadAnswer("its access token cannot be sent".into());
        let mut bearer = HeaderValue::from_str(&bearer).map_err(unfit)?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(header::AUTHORIZATION, bearer);
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let received = self.outgoing()?.send(request).await?;
        if !received.status.is_success() {
            return Err(of_status(received.status));
        }
        let more: Claims = serde_json::from_slice(&received.body)
            .map_err(|_| ProviderError::BadAnswer("what it says of the person is no JSON".into()))?;
        if more.get("sub") != claims.get("sub") {
            return Err(ProviderError::Token("what the provider says is about somebody else (sub)".into()));
        }
        Ok(merged(claims, more))
    }
}

/// Why a token is not believed.
#[derive(Debug)]
pub(super) enum Disbelief {
    /// It is signed with a key that was not there when the keys were asked for.
    UnknownKey(ProviderError),
    /// Anything else.
    Other(ProviderError),
}

impl Disbelief {
    pub(super) fn error(self) -> ProviderError {
        match self {
            Self::UnknownKey(error) | Self::Other(error) => error,
        }
    }
}

/// Whether the answer says that it is this provider's (RFC 9207).
pub(super) fn is_from(metadata: &Metadata, said: Option<&str>) -> bool {
    match said {
        Some(said) => said == metadata.issuer().as_str(),
        None => !metadata.additional_metadata().authorization_response_iss_parameter_supported,
    }
}

/// What a provider says, for people: on one line, and not endless.
pub(super) fn said(text: &str) -> String {
    let words: Vec<&str> = text.split(|it: char| it.is_control() || it == ' ').filter(|it| !it.is_empty()).collect();
    words.join(" ").chars().take(SAID_CHARS).collect()
}

async fn asked(outgoing: Outgoing, request: HttpRequest) -> Result<HttpResponse, ProviderError> {
    let answer = answered(outgoing, request).await?;
    if answer.status().is_success() { Ok(answer) } else { Err(of_status(answer.status())) }
}

/// Refusals come with words of their own.
async fn asked_for_token(outgoing: Outgoing, request: HttpRequest) -> Result<HttpResponse, ProviderError> {
    let answer = answered(outgoing, request).await?;
    let status = answer.status();
    if status.is_redirection() || status.is_server_error() { Err(of_status(status)) } else { Ok(answer) }
}

async fn answered(outgoing: Outgoing, request: HttpRequest) -> Result<HttpResponse, ProviderError> {
    let request = Request::try_from(request).map_err(|error| ProviderError::Settings(error.to_string()))?;
    let received = outgoing.send(request).await?;
    let mut answer = HttpResponse::new(received.body);
    *answer.status_mut() = received.status;
    Ok(answer)
}

fn of_discovery(error: DiscoveryError<ProviderError>) -> ProviderError {
    match error {
        DiscoveryError::Request(error) => error,
        DiscoveryError::Validation(said) => {
            let named = said.split('`').nth(1).unwrap_or_default();
            ProviderError::OtherIssuer(self::said(named))
        }
        DiscoveryError::Parse(error) => {
            ProviderError::BadAnswer(format!("its configuration is not understood: {}", said(&error.to_string())))
        }
        other => ProviderError::BadAnswer(said(&other.to_string())),
    }
}

fn of_exchange(error: RequestTokenError<ProviderError, StandardErrorResponse<CoreErrorResponseType>>) -> ProviderError {
    use CoreErrorResponseType::{InvalidClient, UnauthorizedClient};
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::ServerResponse(refusal) => {
            let words = refusal.error_description().map_or_else(String::new, |it| format!(" ({})", said(it)));
            let why = format!("{}{words}", said(refusal.error().as_ref()));
            let is_client = matches!(refusal.error(), InvalidClient | UnauthorizedClient);
            if is_client { ProviderError::Client(why) } else { ProviderError::Code(why) }
        }
        RequestTokenError::Parse(..) => ProviderError::BadAnswer("its answer to the code is not understood".into()),
        RequestTokenError::Other(other) => ProviderError::BadAnswer(said(&other)),
    }
}

fn of_claims(error: &ClaimsVerificationError, at: Timestamp) -> Disbelief {
    match error {
        ClaimsVerificationError::Expired(why) => {
            let clock = format!("{}; by the appliance's clock it is {}", said(why), time(at).format("%H:%M:%S UTC"));
            Disbelief::Other(ProviderError::Clock(clock))
        }
        ClaimsVerificationError::SignatureVerification(
            unknown @ (SignatureVerificationError::NoMatchingKey | SignatureVerificationError::AmbiguousKeyId(_)),
        ) => Disbelief::UnknownKey(ProviderError::Token(said(&unknown.to_string()))),
        ClaimsVerificationError::SignatureVerification(why) => token(&why.to_string()),
        other => token(&other.to_string()),
    }
}

fn token(why: &str) -> Disbelief {
    Disbelief::Other(ProviderError::Token(said(why)))
}

fn is_public(algorithm: &CoreJwsSigningAlgorithm) -> bool {
    use CoreJwsSigningAlgorithm::{HmacSha256, HmacSha384, HmacSha512, None};
    !matches!(algorithm, HmacSha256 | HmacSha384 | HmacSha512 | None)
}

fn time(at: Timestamp) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at.0).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn is_recent(issued: DateTime<Utc>, at: Timestamp) -> Result<(), String> {
    let issued_at = issued.timestamp_millis();
    let words = |how: &str| Err(format!("it was issued {how}, at {}", issued.format("%H:%M:%S UTC")));
    match () {
        () if issued_at > at.0.saturating_add(SKEW) => words("in the future"),
        () if issued_at < at.0.saturating_sub(OLDEST) => words("too long ago"),
        () => Ok(()),
    }
}

/// The claims in a token whose signature was verified.
fn payload(token: &str) -> Option<Claims> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}
