//! Who asks: taken from the cookie, and for changing requests checked against forgery from other pages; or from an API token, in
//! whose presence no cookie counts.

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use wire::api::{BACKGROUND_HEADER, CSRF_HEADER, Fault, Role, TokenScope};
use wire::audit::Action;

use super::server::ConnectionInfo;
use super::{Failure, scopes};
use crate::audit::{By, Entry};
use crate::clock::now;
use crate::services::Services;
use crate::sign_in::api_tokens;
use crate::sign_in::browsers::{self, COOKIE};
use crate::store::{BrowserRecord, UserRecord};

/// A user who asks: at the console, or by a program with an API token whose scope is enough for this endpoint.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The user.
    pub user: UserRecord,
    /// The same for the audit trail.
    pub by: By,
}

/// A user who is signed in with a browser: what no API token may.
#[derive(Clone, Debug)]
pub struct AtConsole {
    /// The user.
    pub user: UserRecord,
    /// Their browser.
    pub browser: BrowserRecord,
    /// The user for the audit trail.
    pub by: By,
}

/// A user who is signed in with a browser and may still have to set up a second factor, before which nothing else is for them.
#[derive(Clone, Debug)]
pub struct Arriving(pub AtConsole);

/// An administrator who asks: at the console, or by a program with an API token whose scope is enough for this endpoint.
#[derive(Clone, Debug)]
pub struct Administrator(pub SignedIn);

/// An administrator who is signed in with a browser.
#[derive(Clone, Debug)]
pub struct ConsoleAdministrator(pub AtConsole);

/// A user whose open page asks for something by itself: that keeps no sign-in alive.
#[derive(Clone, Debug)]
pub struct Watching(pub AtConsole);

/// An administrator or an auditor who asks, at the console or by a program with an API token whose scope is enough for this
/// endpoint: whoever may look at what concerns everybody.
#[derive(Clone, Debug)]
pub struct Overseer(pub SignedIn);

impl SignedIn {
    /// Whether they are an administrator.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.user.role == Role::Administrator
    }

    /// Whether they may look at everything and change nothing.
    #[must_use]
    pub fn is_auditor(&self) -> bool {
        self.user.role == Role::Auditor
    }

    /// Whether they may look at everything.
    #[must_use]
    pub fn sees_everything(&self) -> bool {
        self.is_administrator() || self.is_auditor()
    }
}

impl AtConsole {
    /// Whether they are an administrator.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.user.role == Role::Administrator
    }

    /// Who has all that signing in asks for.
    async fn arrived(parts: &Parts, services: &Services, is_use: bool) -> Result<Self, Failure> {
        let it = Self::of(parts, services, is_use).await?;
        if it.browser.needs_factor { Err(Failure::second_factor_needed()) } else { Ok(it) }
    }

    async fn of(parts: &Parts, services: &Services, is_use: bool) -> Result<Self, Failure> {
        if let Some(token) = bearer(&parts.headers) {
            by_token(token, parts, services).await?;
            return Err(Failure::not_for_tokens());
        }
        let token = cookie(&parts.headers, COOKIE).ok_or_else(Failure::not_signed_in)?;
        let known = browsers::who(&services.store, token, services.site_rules.timeouts(), is_use).await?;
        let (user, browser) = known.ok_or_else(Failure::not_signed_in)?;
        let is_change = !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
        let shown = parts.headers.get(CSRF_HEADER).and_then(|it| it.to_str().ok()).unwrap_or_default();
        if is_change && !(browsers::csrf_fits(&browser, shown) && is_same_origin(parts, &services.public_url)) {
            let message = "This request did not come from the console.";
            return Err(Failure::new(
                http::StatusCode::FORBIDDEN,
                Fault::User,
                "csrf",
                message,
                "Load the console again.",
            ));
        }
        let by = By::user(&user, &address_of(parts));
        Ok(Self { user, browser, by })
    }
}

/// Where a request comes from.
fn address_of(parts: &Parts) -> String {
    parts.extensions.get::<ConnectionInfo>().map(|it| it.peer.ip().to_string()).unwrap_or_default()
}

/// Whose token this is, and what it may.
async fn by_token(token: &str, parts: &Parts, services: &Services) -> Result<(SignedIn, TokenScope), Failure> {
    let address = address_of(parts);
    let Some((user, token)) = api_tokens::who(&services.store, token, &address, now()).await? else {
        services.metrics.sign_in_failed("wrong_token");
        return Err(Failure::wrong_token());
    };
    let by = By::token(&user, &token.name, &address);
    Ok((SignedIn { user, by }, token.scope))
}

/// The scope that a token needs for what is asked.
fn needed_scope(parts: &Parts) -> Option<TokenScope> {
    let path = parts.extensions.get::<MatchedPath>()?;
    let method = if parts.method == Method::HEAD { Method::GET.as_str() } else { parts.method.as_str() };
    scopes::needed(method, path.as_str())
}

/// Whether somebody is at the console, rather than an open page asking by itself.
fn is_use(parts: &Parts) -> bool {
    !parts.headers.contains_key(BACKGROUND_HEADER)
}

impl FromRequestParts<Services> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Failure> {
        let Some(token) = bearer(&parts.headers) else {
            let AtConsole { user, by, .. } = AtConsole::arrived(parts, services, is_use(parts)).await?;
            return Ok(Self { user, by });
        };
        let (who, scope) = by_token(token, parts, services).await?;
        match needed_scope(parts) {
            None => Err(Failure::not_for_tokens()),
            Some(needed) if scope < needed => Err(Failure::token_scope(needed)),
            Some(_) => Ok(who),
        }
    }
}

impl FromRequestParts<Services> for AtConsole {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Failure> {
        Self::arrived(parts, services, is_use(parts)).await
    }
}

impl FromRequestParts<Services> for Arriving {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Failure> {
        Ok(Self(AtConsole::of(parts, services, is_use(parts)).await?))
    }
}

impl FromRequestParts<Services> for Watching {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Failure> {
        Ok(Self(AtConsole::arrived(parts, services, false).await?))
    }
}

impl FromRequestParts<Services> for Administrator {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Failure> {
        let it = SignedIn::from_request_parts(parts, services).await?;
        if it.is_administrator() { Ok(Self(it)) } else { Err(not_allowed(parts, services, &it.by).await) }
    }
}

impl FromRequestParts<Services> for Overseer {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Failure> {
        let it = SignedIn::from_request_parts(parts, services).await?;
        if it.sees_everything() { Ok(Self(it)) } else { Err(not_allowed(parts, services, &it.by).await) }
    }
}

impl FromRequestParts<Services> for ConsoleAdministrator {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Failure> {
        let it = AtConsole::from_request_parts(parts, services).await?;
        if it.is_administrator() { Ok(Self(it)) } else { Err(not_allowed(parts, services, &it.by).await) }
    }
}

/// Refuses what a role does not allow, and writes that down: once for as long as somebody goes on, so that nobody fills the disk.
async fn not_allowed(parts: &Parts, services: &Services, by: &By) -> Failure {
    let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    let asked = format!("{} {path}", parts.method);
    if !services.looks.goes_on(&by.actor, &asked, now()) {
        let entry = Entry::new(Action::UserRefused).with("asked", asked.as_str()).refused();
        if let Err(error) = services.audit.append(by, entry).await {
            return error.into();
        }
        services.looks.began(&by.actor, &asked, now());
    }
    Failure::not_allowed()
}

/// Whether the page that sends this is one of ours, as far as the browser tells: it was loaded from the public address, whatever a
/// proxy made of `Host`, or from the one that is asked. A program that is no browser sends no `Origin`.
pub fn is_same_origin(parts: &Parts, public_url: &str) -> bool {
    let Some(origin) = parts.headers.get(header::ORIGIN) else { return true };
    if origin.as_bytes().eq_ignore_ascii_case(public_url.as_bytes()) {
        return true;
    }
    let host = parts
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| parts.uri.authority().map(http::uri::Authority::as_str));
    let origin = origin.to_str().ok().and_then(|origin| origin.strip_prefix("https://"));
    matches!((origin, host), (Some(origin), Some(host)) if origin.eq_ignore_ascii_case(host))
}

/// The token behind `Authorization: Bearer` (RFC 6750, section 2.1), whatever it is worth: who shows one is no browser.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// A cookie's value.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let it = parts(&[("cookie", "x__Host-sallyport=no; a=b"), ("cookie", "__Host-sallyport=yes")]);
        assert_eq!(cookie(&it.headers, COOKIE), Some("yes"));
        assert_eq!(cookie(&parts(&[]).headers, COOKIE), None);
    }

    #[test]
    fn a_token_is_what_stands_behind_bearer() {
        for (value, expected) in
            [("Bearer slp_x", Some("slp_x")), ("bEARER  y ", Some("y")), ("Bearer", None), ("Basic slp_x", None)]
        {
            assert_eq!(bearer(&parts(&[("authorization", value)]).headers), expected, "{value}");
        }
    }

    #[test]
    fn other_origins_are_told_from_ours() {
        for (origin, expected) in [
            ("https://gate.example:8443", true),
            ("https://GATE.example:8443", true),
            ("http://gate.example:8443", false),
            ("https://gate.example", false),
            ("https://gate.example:8443.evil.example", false),
            ("null", false),
            ("https://public.example", true),
            ("https://public.example:8443", false),
        ] {
            let it = parts(&[("origin", origin), ("host", "gate.example:8443")]);
            assert_eq!(is_same_origin(&it, "https://public.example"), expected, "{origin}");
        }
        assert!(is_same_origin(&parts(&[("host", "gate.example")]), ""));
    }
}
