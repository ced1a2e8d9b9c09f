//! Single sign-on with a provider that lies: whatever it says, nobody is signed in who should not be.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, ensure};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use tests::api_client::ApiClient;
use tests::servers::{Asked, OPENID_CLIENT, OPENID_SECRET, Reply, TicketDesk};
use tests::sign_on::{queried, settings, with};
use tests::site::on_a_site;
use wire::SecretText;
use wire::SignOnProviderId;
use wire::api::{FinishSignOn, SignInAnswer, SignOnFinished};

use crate::single_sign_on::add;

/// What a lying provider says: everything that is right, and what differs.
#[derive(Clone, Default)]
struct Lies {
    /// Other claims; `null` leaves one out.
    claims: Value,
    /// Another header of the token.
    header: Value,
    /// How it is signed.
    signed: Signed,
    /// Another answer of one of its addresses.
    answer: Option<(&'static str, Reply)>,
    /// What it says of the person.
    person: Value,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Signed {
    #[default]
    Right,
    WithAnotherKey,
    WithTheClientSecret,
    NotAtAll,
}

/// A provider in this process.
struct Liar {
    desk: TicketDesk,
    lies: Arc<Mutex<Lies>>,
    nonce: Arc<Mutex<String>>,
}

fn base64url(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for piece in bytes.chunks(3) {
        let number = piece.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - piece.len()));
        for at in 0..=piece.len() {
            text.push(char::from(SIGNS[(number >> (18 - 6 * at) & 63) as usize]));
        }
    }
    text
}

fn now() -> Result<i64> {
    Ok(i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs())?)
}

impl Liar {
    fn start() -> Result<Self> {
        let key = Arc::new(Ed25519KeyPair::generate()?);
        let lies: Arc<Mutex<Lies>> = Arc::default();
        let nonce: Arc<Mutex<String>> = Arc::default();
        let desk = TicketDesk::start({
            let (lies, nonce) = (lies.clone(), nonce.clone());
            move |asked| {
                let lies = lies.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let nonce = nonce.lock().unwrap_or_else(PoisonError::into_inner).clone();
                answer(asked, &lies, &nonce, &key).unwrap_or_else(|error| Reply::new(500, &error.to_string()))
            }
        })?;
        Ok(Self { desk, lies, nonce })
    }

    /// Begins a sign-in, tells these lies, and comes back.
    fn sign_on(&self, admin: &ApiClient, id: SignOnProviderId, lies: Lies) -> Result<tests::api_client::Answer> {
        *self.lies.lock().unwrap_or_else(PoisonError::into_inner) = lies;
        let client = admin.stranger();
        let page = client.begin_sign_on(id)?;
        let said = |name| queried(&page, name).with_context(|| format!("{page} has no {name}"));
        ensure!(said("code_challenge_method")? == "S256" && said("code_challenge")?.len() == 43, "{page}");
        ensure!(said("response_type")? == "code" && said("scope")?.starts_with("openid "), "{page}");
        ensure!(said("redirect_uri")? == client.sign_on_return(), "{page}");
        *self.nonce.lock().unwrap_or_else(PoisonError::into_inner) = said("nonce")?;
        let code = Some(SecretText::new("code".into()));
        client.finish_sign_on(&FinishSignOn { state: said("state")?, code, ..FinishSignOn::default() })
    }
}

fn answer(asked: &Asked, lies: &Lies, nonce: &str, key: &Ed25519KeyPair) -> Result<Reply> {
    let host = asked.headers.iter().find_map(|it| it.strip_prefix("host: ")).context("no host")?;
    let issuer = format!("https://{host}");
    let path = asked.line.split(' ').nth(1).unwrap_or_default();
    if let Some((_, reply)) = lies.answer.as_ref().filter(|(at, _)| *at == path) {
        return Ok(reply.clone());
    }
    let body = match path {
        "/.well-known/openid-configuration" => json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"), "token_endpoint": format!("{issuer}/token"),
            "userinfo_endpoint": format!("{issuer}/me"), "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
        }),
        "/keys" => json!({ "keys": [{
            "kty": "OKP", "crv": "Ed25519", "x": base64url(key.public_key().as_ref()), "kid": "1", "use": "sig", "alg": "EdDSA",
        }]}),
        "/token" => json!({
            "access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": token(&issuer, lies, nonce, key)?,
        }),
        "/me" => with(&json!({ "sub": "1", "preferred_username": "tom" }), &lies.person),
        _ => return Ok(Reply::new(404, "")),
    };
    Ok(Reply::new(200, &body.to_string()))
}

fn token(issuer: &str, lies: &Lies, nonce: &str, key: &Ed25519KeyPair) -> Result<String> {
    let at = now()?;
    let right = json!({ "iss": issuer, "sub": "1", "aud": OPENID_CLIENT, "exp": at + 300, "iat": at, "nonce": nonce });
    let mut claims = with(&right, &lies.claims);
    claims.as_object_mut().context("claims")?.retain(|_, value| !value.is_null());
    let algorithm = match lies.signed {
        Signed::WithTheClientSecret => "HS256",
        Signed::NotAtAll => "none",
        Signed::Right | Signed::WithAnotherKey => "EdDSA",
    };
    let header = with(&json!({ "alg": algorithm, "kid": "1" }), &lies.header);
    let text = format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()));
    let signature = match lies.signed {
        Signed::Right => key.sign(text.as_bytes()).as_ref().to_vec(),
        Signed::WithAnotherKey => Ed25519KeyPair::generate()?.sign(text.as_bytes()).as_ref().to_vec(),
        Signed::WithTheClientSecret => {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, OPENID_SECRET.as_bytes()), text.as_bytes()).as_ref().to_vec()
        }
        Signed::NotAtAll => Vec::new(),
    };
    Ok(format!("{text}.{}", base64url(&signature)))
}

#[test]
fn a_token_that_is_not_right_in_everything_signs_nobody_in() -> Result<()> {
    on_a_site(|site| {
        let liar = Liar::start()?;
        let rules = json!({ "creates_users": true });
        let id = add(&site.admin, &with(&settings(&liar.desk.url(), &liar.desk.authority), &rules))?;
        let said = |claims: Value| Lies { claims, ..Lies::default() };
        let signed = |signed| Lies { signed, ..Lies::default() };
        // Without a lie it works: what is refused below is refused for its lie.
        for honest in
            [said(json!({})), said(json!({ "aud": [OPENID_CLIENT], "azp": OPENID_CLIENT, "iat": now()? + 30 }))]
        {
            let finished: SignOnFinished = liar.sign_on(&site.admin, id, honest)?.ok()?;
            ensure!(
                matches!(&finished.answer, SignInAnswer::SignedIn(me) if me.user.user_name == "tom"),
                "{finished:?}"
            );
        }
        let users = site.admin.get::<Vec<Value>>("/api/users")?.len();
        for (lies, code, words) in [
            (said(json!({ "nonce": "another" })), "provider_token", "nonce"),
            (said(json!({ "nonce": null })), "provider_token", "nonce"),
            (said(json!({ "aud": "somebody else" })), "provider_token", "audience"),
            (said(json!({ "aud": [OPENID_CLIENT, "somebody else"] })), "provider_token", "audience"),
            (said(json!({ "iss": "https://id.example" })), "provider_token", "issuer"),
            (said(json!({ "azp": "somebody else" })), "provider_token", "azp"),
            (said(json!({ "exp": now()? - 61 })), "provider_clock", "expired"),
            (said(json!({ "iat": now()? + 90 })), "provider_clock", "in the future"),
            (said(json!({ "iat": now()? - 700 })), "provider_clock", "too long ago"),
            (said(json!({ "sub": "2" })), "provider_token", "somebody else"),
            (said(json!({ "sub": "" })), "provider_token", ""),
            (said(json!({ "exp": null })), "provider_answer", ""),
            (signed(Signed::WithAnotherKey), "provider_token", ""),
            (signed(Signed::WithTheClientSecret), "provider_token", ""),
            (signed(Signed::NotAtAll), "provider_token", ""),
            (Lies { header: json!({ "kid": "2" }), ..Lies::default() }, "provider_token", "key"),
            (Lies { header: json!({ "alg": "RS256" }), ..Lies::default() }, "provider_token", ""),
        ] {
            let claims = lies.claims.clone();
            let error = liar.sign_on(&site.admin, id, lies)?.refused(502)?;
            ensure!(error.code == code && error.message.to_lowercase().contains(words), "{claims} {words}: {error:?}");
        }
        ensure!(site.admin.get::<Vec<Value>>("/api/users")?.len() == users, "nobody was made");
        Ok(())
    })
}

#[test]
fn answers_that_are_huge_or_elsewhere_or_nonsense_sign_nobody_in() -> Result<()> {
    on_a_site(|site| {
        let liar = Liar::start()?;
        let rules = json!({ "creates_users": true });
        let id = add(&site.admin, &with(&settings(&liar.desk.url(), &liar.desk.authority), &rules))?;
        let moved = || Reply { headers: "location: https://localhost/\r\n".into(), ..Reply::new(302, "") };
        let huge = || Reply::new(200, &format!(r#"{{"sub":"1","x":"{}"}}"#, "x".repeat(70_000)));
        let refusal =
            |code: &str| Reply::new(400, &json!({ "error": code, "error_description": "Its words." }).to_string());
        for (path, reply, code, words) in [
            ("/token", moved(), "provider_answer", "which is not followed"),
            ("/token", huge(), "provider_answer", "longer than 64 KiB"),
            ("/token", Reply::new(200, "<html>"), "provider_answer", "not understood"),
            (
                "/token",
                Reply::new(200, r#"{"access_token":"a","token_type":"Bearer"}"#),
                "provider_answer",
                "no id token",
            ),
            ("/token", Reply::new(503, ""), "provider_answer", "503"),
            ("/token", refusal("invalid_client"), "provider_client", "invalid_client (Its words.)"),
            ("/me", moved(), "provider_answer", "which is not followed"),
            ("/me", huge(), "provider_answer", "longer than 64 KiB"),
            ("/me", Reply::new(200, "[]"), "provider_answer", "no JSON"),
        ] {
            let lies = Lies { answer: Some((path, reply)), ..Lies::default() };
            let error = liar.sign_on(&site.admin, id, lies)?.refused(502)?;
            ensure!(error.code == code && error.message.contains(words), "{path} {words}: {error:?}");
        }
        // Somebody else's name in the user info counts for nothing, and a line break in an access token goes nowhere.
        let lies = Lies { person: json!({ "sub": "2" }), ..Lies::default() };
        ensure!(liar.sign_on(&site.admin, id, lies)?.refused(502)?.code == "provider_token", "another person");
        Ok(())
    })
}
