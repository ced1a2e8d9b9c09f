//! Who asks: taken from the cookie, and for changing requests checked against forgery from other pages.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use wire::api::{BACKGROUND_HEADER, CSRF_HEADER, Fault, Role};

use super::Failure;
use crate::services::Services;
use crate::sign_in::browsers::{self, COOKIE};
use crate::store::{BrowserRecord, UserRecord};

/// A user who is signed in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The user.
    pub user: UserRecord,
    /// Their browser.
    pub browser: BrowserRecord,
}

/// A user who is signed in and may still have to set up a second factor, before which nothing else is for them.
#[derive(Clone, Debug)]
pub struct Arriving(pub SignedIn);

/// An administrator who is signed in.
#[derive(Clone, Debug)]
pub struct Administrator(pub SignedIn);

/// A user whose open page asks for something by itself: that keeps no sign-in alive.
#[derive(Clone, Debug)]
pub struct Watching(pub SignedIn);

impl SignedIn {
    /// Whether they are an administrator.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.user.role == Role::Administrator
    }
}

impl FromRequestParts<Services> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Failure> {
        Self::arrived(parts, services, is_use(parts)).await
    }
}

/// Whether somebody is at the console, rather than an open page asking by itself.
fn is_use(parts: &Parts) -> bool {
    !parts.headers.contains_key(BACKGROUND_HEADER)
}

impl SignedIn {
    async fn arrived(parts: &Parts, services: &Services, is_use: bool) -> Result<Self, Failure> {
        let it = Self::of(parts, services, is_use).await?;
        if it.browser.needs_factor { Err(Failure::second_factor_needed()) } else { Ok(it) }
    }

    async fn of(parts: &Parts, services: &Services, is_use: bool) -> Result<Self, Failure> {
        let token = cookie(&parts.headers, COOKIE).ok_or_else(Failure::not_signed_in)?;
        let known = browsers::who(&services.store, token, services.config.sign_in, is_use).await?;
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
        Ok(Self { user, browser })
    }
}

impl FromRequestParts<Services> for Arriving {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Failure> {
        Ok(Self(SignedIn::of(parts, services, is_use(parts)).await?))
    }
}

impl FromRequestParts<Services> for Watching {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Failure> {
        Ok(Self(SignedIn::arrived(parts, services, false).await?))
    }
}

impl FromRequestParts<Services> for Administrator {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Failure> {
        let it = <SignedIn as FromRequestParts<Services>>::from_request_parts(parts, services).await?;
        if it.is_administrator() { Ok(Self(it)) } else { Err(Failure::not_allowed()) }
    }
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

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
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
