//! Events posted to an HTTPS address, each post signed: `Sallyport-Signature: t=SECONDS,v1=HEX`, the HMAC-SHA-256 of `SECONDS.BODY`. Whoever
//! takes them compares that, and that the seconds are of now, before they believe a word.

use std::time::Duration;

use aws_lc_rs::hmac;
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, Request};
use serde_json::{Value, json};
use wire::api::Webhook;
use wire::{SecretText, Timestamp};

use super::ForwardingError;
use crate::clock::now;
use crate::outgoing::{Outgoing, OutgoingError, Transport, address};
use crate::random;
use crate::store::ReadEvents;

/// How long one post may take.
const WITHIN: Duration = Duration::from_secs(20);
const SIGNATURE: HeaderName = HeaderName::from_static("sallyport-signature");
/// Bytes of one post, as far as one event allows.
const MOST_BYTES: usize = 512 * 1024;

/// What is posted: the number of the last event in it, and the body.
pub(super) struct Post {
    pub(super) last: u64,
    body: Vec<u8>,
}

/// As many of these events as one post holds; none when there are none.
pub(super) fn post_of(events: ReadEvents, appliance: &str) -> Option<Post> {
    let (mut last, mut bytes, mut texts) = (None, 0, Vec::new());
    for (sequence, read) in events {
        let value = match read {
            Ok(it) => json!({ "event": it.event, "hash": it.hash }),
            // Nobody shall think that there was none.
            Err(error) => json!({ "unreadable": { "sequence": sequence, "why": error.to_string() } }),
        };
        bytes += value.to_string().len();
        if bytes > MOST_BYTES && last.is_some() {
            break;
        }
        texts.push(value);
        last = Some(sequence);
    }
    let body = body(appliance, &texts);
    last.map(|last| Post { last, body })
}

/// Posts events.
pub(super) async fn post(webhook: &Webhook, secret: &SecretText, post: Post) -> Result<(), ForwardingError> {
    sent(webhook, secret, post.body).await
}

/// Posts none.
pub(super) async fn try_out(webhook: &Webhook, secret: &SecretText, appliance: &str) -> Result<(), ForwardingError> {
    sent(webhook, secret, body(appliance, &[])).await
}

fn body(appliance: &str, events: &[Value]) -> Vec<u8> {
    json!({ "appliance": appliance, "events": events }).to_string().into_bytes()
}

async fn sent(webhook: &Webhook, secret: &SecretText, body: Vec<u8>) -> Result<(), ForwardingError> {
    let authority = (!webhook.ca_pem.is_empty()).then_some(webhook.ca_pem.as_str());
    let outgoing = Outgoing::new(authority, Transport::Secured, WITHIN)?;
    let url = address(&webhook.url, Transport::Secured).map_err(OutgoingError::from)?;
    let mut request = Request::new(Method::POST, url);
    let signature = HeaderValue::from_str(&signature(secret, now(), &body));
    let signature = signature.map_err(|error| OutgoingError::NotMade(error.to_string()))?;
    request.headers_mut().insert(SIGNATURE, signature);
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *request.body_mut() = Some(body.into());
    let status = outgoing.status_of(request).await?;
    if status.is_success() { Ok(()) } else { Err(ForwardingError::Refused { status: status.as_u16() }) }
}

fn signature(secret: &SecretText, at: Timestamp, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    let seconds = at.0 / 1000;
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{seconds}.").as_bytes());
    context.update(body);
    format!("t={seconds},v1={}", random::hex(context.sign().as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    #[test]
    fn a_post_is_signed_with_its_time() {
        let secret = SecretText::new("key".into());
        // `printf '1.The quick brown fox jumps over the lazy dog' | openssl dgst -sha256 -hmac key`
        let body = b"The quick brown fox jumps over the lazy dog";
        let expected = SIGNED;
        assert_eq!(signature(&secret, Timestamp(1_999), body), format!("t=1,v1={expected}"));
    }

    const SIGNED: &str = "3ff4d3cc115b639a16dc5b217aa5c89be41d1e4b54efc356d63d0cd2a65b30f1";

    #[test]
    fn what_cannot_be_read_is_told_in_its_place() {
        let corrupt = || Err(StoreError::Corrupt { column: "audit_event.hash", detail: "it is no hash".into() });
        let post = post_of(vec![(4, corrupt()), (5, corrupt())], "https://gate.example").unwrap();
        let body: Value = serde_json::from_slice(&post.body).unwrap();
        assert_eq!((post.last, &body["events"][1]["unreadable"]["sequence"]), (5, &json!(5)));
        assert!(post_of(Vec::new(), "x").is_none());
    }
}
