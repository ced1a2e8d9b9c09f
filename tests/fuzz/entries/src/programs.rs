//! What helper, agents and appliance read beside frames and JSON.

use agent::enrol::EnrolmentKey;
use appliance::agents::proof::{BoundTo, Connection, PUBLIC_KEY_BYTES, holds};
use helper::native_messaging::{Incoming, next};
use wire::AgentId;
use wire::proof::Purpose;

/// A browser that says anything: the helper comes to the end of it.
pub fn native_messaging(bytes: &[u8]) {
    let mut input = bytes;
    let mut messages = 0;
    while let Some(incoming) = next(&mut input) {
        messages += 1;
        assert!(messages <= bytes.len(), "more messages than bytes");
        if let Incoming::Garbage { error, .. } = incoming {
            assert!(!error.to_string().is_empty());
        }
    }
}

/// An enrolment key that somebody pasted, and a proof that somebody sent.
pub fn enrolment(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(key) = EnrolmentKey::parse(text) {
        assert!(format!("{key:?}").contains("[redacted]"));
    }
    let nobody = AgentId(uuid::Uuid::nil());
    let key = [9; PUBLIC_KEY_BYTES];
    for bound_to in [BoundTo::Connection([2; 32]), BoundTo::PublicUrl("https://gate.example".into())] {
        let connection = Connection { nonce: [1; 32], bound_to };
        for purpose in [Purpose::Enrol, Purpose::Control, Purpose::SessionLink] {
            assert!(!holds(&connection, purpose, nobody, &key, text), "a proof by somebody who has no key");
        }
    }
}
