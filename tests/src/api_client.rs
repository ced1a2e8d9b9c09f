//! The console API as a script uses it: one cookie, one CSRF token, the appliance's own certificate authority.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::tls::{Certificate, RootCerts, TlsConfig, parse_pem};
use wire::SecretText;
use wire::api::{
    ApiError, CSRF_HEADER, Me, SecondFactorRequest, SetupRequest, ShownFactor, SignInAnswer, SignInRequest,
};

/// How long an answer may take.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);
/// The longest answer that is read.
const ANSWER_BYTES: u64 = 64 * 1024 * 1024;

/// One browser's worth of HTTP: keeps the cookie it is given.
pub struct ApiClient {
    agent: ureq::Agent,
    base: String,
    cookie: Mutex<Option<String>>,
    csrf: Mutex<Option<SecretText>>,
}

impl ApiClient {
    /// A client for `base` (`https://host:port`) that trusts the certificate authority in `ca` and nothing else.
    ///
    /// # Errors
    /// When the file holds no certificate.
    pub fn new(base: &str, ca: &Path) -> Result<Self> {
        let pem = std::fs::read(ca).with_context(|| format!("reading {}", ca.display()))?;
        let roots: Vec<Certificate<'static>> = parse_pem(&pem)
            .filter_map(|item| match item {
                Ok(ureq::tls::PemItem::Certificate(certificate)) => Some(certificate),
                _ => None,
            })
            .collect();
        ensure!(!roots.is_empty(), "{} holds no certificate", ca.display());
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(roots)))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(ANSWER_LIMIT))
            // A kept connection would make the answer depend on whether the appliance was restarted in between.
            .max_idle_connections(0)
            .build();
        Ok(Self { agent: config.into(), base: base.into(), cookie: Mutex::default(), csrf: Mutex::default() })
    }

    /// Another browser at the same appliance: same trust, no cookie.
    #[must_use]
    pub fn stranger(&self) -> Self {
        Self { agent: self.agent.clone(), base: self.base.clone(), cookie: Mutex::default(), csrf: Mutex::default() }
    }

    /// The same client with the cookie but without the CSRF token, as a page of another site would ask.
    #[must_use]
    pub fn without_csrf(&self) -> Self {
        Self { cookie: Mutex::new(kept(&self.cookie)), ..self.stranger() }
    }

    /// `https://host:port` of the appliance.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The session cookie as the browser would send it.
    #[must_use]
    pub fn cookie(&self) -> Option<String> {
        kept(&self.cookie)
    }

    /// Sends a request and reads the answer, whatever it is.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
        self.send_with(method, path, body, &[])
    }

    /// Like [`ApiClient::send`], with more headers.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn send_with(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<Answer> {
        let body = body.map(serde_json::to_vec).transpose()?;
        self.send_bytes(method, path, body.as_deref().map(|body| ("application/json", body)), headers)
    }

    /// Sends a file of this content type.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn send_file(&self, path: &str, content_type: &str, file: &[u8]) -> Result<Answer> {
        self.send_file_with(path, content_type, file, &[])
    }

    /// Like [`ApiClient::send_file`], with more headers.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn send_file_with(
        &self,
        path: &str,
        content_type: &str,
        file: &[u8],
        headers: &[(&str, &str)],
    ) -> Result<Answer> {
        self.send_bytes("POST", path, Some((content_type, file)), headers)
    }

    /// Sends bytes by this method.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn send_bytes(
        &self,
        method: &str,
        path: &str,
        body: Option<(&str, &[u8])>,
        headers: &[(&str, &str)],
    ) -> Result<Answer> {
        let mut request = http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(cookie) = kept(&self.cookie) {
            request = request.header("cookie", cookie);
        }
        if let (Some(csrf), false) = (kept(&self.csrf), method == "GET") {
            request = request.header(CSRF_HEADER, csrf.expose());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = match body {
            None => self.agent.run(request.body(())?),
            Some((content_type, body)) => self.agent.run(request.header("content-type", content_type).body(body)?),
        };
        let mut answer = answer.with_context(|| format!("asking {method} {}{path}", self.base))?;
        for set in answer.headers().get_all("set-cookie") {
            let cookie = set.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
            let gone = cookie.ends_with('=');
            *self.cookie.lock().unwrap_or_else(PoisonError::into_inner) = (!gone).then(|| cookie.into());
        }
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES).read_to_vec().context("reading the answer")?;
        let (parts, _) = answer.into_parts();
        Ok(Answer { asked: format!("{method} {path}"), status: parts.status.as_u16(), headers: parts.headers, body })
    }

    /// GET.
    ///
    /// # Errors
    /// When there is no answer, or it is a refusal.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        self.send("GET", path, None)?.ok()
    }

    /// POST.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn post(&self, path: &str, body: &impl Serialize) -> Result<Answer> {
        self.send("POST", path, Some(&serde_json::to_value(body)?))
    }

    /// PUT.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn put(&self, path: &str, body: &impl Serialize) -> Result<Answer> {
        self.send("PUT", path, Some(&serde_json::to_value(body)?))
    }

    /// PATCH.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn patch(&self, path: &str, body: &impl Serialize) -> Result<Answer> {
        self.send("PATCH", path, Some(&serde_json::to_value(body)?))
    }

    /// DELETE.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn delete(&self, path: &str) -> Result<Answer> {
        self.send("DELETE", path, None)
    }

    /// Makes the first administrator with the token of the one-time link, and is signed in as them from then on.
    ///
    /// # Errors
    /// When the appliance refuses.
    pub fn set_up(&self, setup_url: &str, user_name: &str, password: &str) -> Result<Me> {
        let (_, token) = setup_url.split_once("#token=").context("the setup link holds no token")?;
        let me = self
            .post(
                "/api/setup",
                &SetupRequest {
                    token: SecretText::new(token.into()),
                    user_name: user_name.into(),
                    display_name: "Ana Administrator".into(),
                    password: SecretText::new(password.into()),
                },
            )?
            .ok()?;
        Ok(self.remember(me))
    }

    /// Signs in and stays so.
    ///
    /// # Errors
    /// When the appliance refuses.
    pub fn sign_in(&self, user_name: &str, password: &str) -> Result<Me> {
        let me = self.try_sign_in(user_name, password)?.ok()?;
        Ok(self.remember(me))
    }

    /// Tries to sign in; for a test of the refusal.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn try_sign_in(&self, user_name: &str, password: &str) -> Result<Answer> {
        self.post(
            "/api/sign-in",
            &SignInRequest { user_name: user_name.into(), password: SecretText::new(password.into()) },
        )
    }

    /// Signs in with a second factor and stays so; `code` is asked for one when the password was right.
    ///
    /// # Errors
    /// When the appliance refuses, or asks for no second factor.
    pub fn sign_in_with(&self, user_name: &str, password: &str, code: impl FnOnce() -> Result<String>) -> Result<Me> {
        let challenge = self.challenge(user_name, password)?;
        let me = self.try_code(&challenge, &code()?)?.ok()?;
        Ok(self.remember(me))
    }

    /// The first step of a sign-in with a second factor.
    ///
    /// # Errors
    /// When the appliance refuses, or asks for no second factor.
    pub fn challenge(&self, user_name: &str, password: &str) -> Result<SecretText> {
        match self.try_sign_in(user_name, password)?.ok()? {
            SignInAnswer::SecondFactor(step) => Ok(step.challenge),
            SignInAnswer::SignedIn(_) => bail!("{user_name} is signed in without a second factor"),
        }
    }

    /// Tries the second step of a sign-in.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn try_code(&self, challenge: &SecretText, code: &str) -> Result<Answer> {
        let shown = ShownFactor::code(SecretText::new(code.into()));
        let request = SecondFactorRequest { challenge: challenge.clone(), shown };
        self.post("/api/sign-in/second-factor", &request)
    }

    pub(crate) fn remember(&self, me: Me) -> Me {
        *self.csrf.lock().unwrap_or_else(PoisonError::into_inner) = Some(me.csrf_token.clone());
        me
    }
}

fn kept<T: Clone>(value: &Mutex<Option<T>>) -> Option<T> {
    value.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// An answer of the appliance.
#[derive(Debug)]
pub struct Answer {
    asked: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body of a success.
    ///
    /// # Errors
    /// When it is a refusal, or another type.
    pub fn ok<T: DeserializeOwned>(&self) -> Result<T> {
        self.success()?;
        // An empty body stands for nothing.
        let body: &[u8] = if self.body.is_empty() { b"null" } else { &self.body };
        serde_json::from_slice(body).with_context(|| format!("{}: not understood: {}", self.asked, self.text()))
    }

    /// Only that it is a success.
    ///
    /// # Errors
    /// When it is a refusal.
    pub fn success(&self) -> Result<()> {
        if !(200..300).contains(&self.status) {
            bail!("{} was refused with {}: {}", self.asked, self.status, self.text());
        }
        Ok(())
    }

    /// The refusal, which has to have this status.
    ///
    /// # Errors
    /// When it is another one, or not in the one shape of every refusal.
    pub fn refused(&self, status: u16) -> Result<ApiError> {
        if self.status != status {
            bail!("{} should be refused with {status} but got {}: {}", self.asked, self.status, self.text());
        }
        serde_json::from_slice(&self.body)
            .with_context(|| format!("{} was refused, but not with an ApiError: {}", self.asked, self.text()))
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The message a refusal has for one field of a form.
///
/// # Errors
/// When it has none for that field.
pub fn field_message<'a>(error: &'a ApiError, field: &str) -> Result<&'a str> {
    error
        .fields
        .iter()
        .find(|it| it.field == field)
        .map(|it| it.message.as_str())
        .with_context(|| format!("the refusal names no field {field}: {error:?}"))
}
