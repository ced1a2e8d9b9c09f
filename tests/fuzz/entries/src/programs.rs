//! What helper, agents and appliance read beside frames and JSON.

use agent::enrol::EnrolmentKey;
use appliance::agents::proof::{BoundTo, Connection, PUBLIC_KEY_BYTES, holds};
use appliance::jump::access::grants::Permissions;
use appliance::jump::items_csv::import::{Import, Known};
use appliance::jump::items_csv::read::read;
use appliance::jump::items_csv::write::{NamedItem, write};
use helper::native_messaging::{Incoming, next};
use link::metrics::request::{Asked, HEAD_BYTES};
use link::proxy_tunnel::status_of;
use wire::proof::Purpose;
use wire::{AgentId, JumpGroupId, JumpointId, validate};

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

/// A proxy that answers anything, in pieces: its head ends at one place, and nothing before that is an answer.
pub fn proxy_answers(bytes: &[u8]) {
    let mut head = None;
    for seen in 0..=bytes.len().min(4096) {
        match (status_of(&bytes[..seen]), head) {
            (Ok(Some((length, status))), None) => {
                assert!(length <= seen && status < 1000);
                head = Some((length, status));
            }
            (found, Some(head)) => assert_eq!(found, Ok(Some(head)), "more bytes change what was said"),
            (Ok(None), None) => {}
            (Err(problem), None) => {
                assert!(!problem.is_empty());
                return;
            }
        }
    }
}

/// Anybody on the machine asks for metrics, in pieces: what is asked for is decided once, and in time.
pub fn metrics_request(bytes: &[u8]) {
    let mut decided = None;
    for seen in 0..=bytes.len().min(HEAD_BYTES + 1) {
        let asked = Asked::of(&bytes[..seen]);
        assert!(decided.is_none() || asked == decided, "more bytes change what was asked for");
        assert!(asked.is_some() || seen < HEAD_BYTES, "a head without an end");
        decided = asked;
    }
    if decided == Some(Asked::Metrics) {
        let lower = bytes.to_ascii_lowercase();
        let has = |word: &[u8]| lower.windows(word.len()).any(|it| it == word);
        assert!(has(b"get /metrics") && has(b"host:"), "the metrics for another request");
        assert!(has(b"127.") || has(b"localhost") || has(b"[") && has(b"1]"), "the metrics for another host");
    }
}

/// A file of items that somebody imports: what is understood is right, and is understood again as the same when it is written.
pub fn items_csv(bytes: &[u8]) {
    let known = || {
        let mut known = Known::default();
        known.add_group(JumpGroupId(uuid::Uuid::nil()), "g", Permissions::all());
        known.add_jumpoint(JumpointId(uuid::Uuid::nil()), "j");
        known
    };
    let rows = read(bytes);
    assert!(rows.rows.len() <= rows.count as usize);
    let import = Import::of(rows, known());
    let mut line = 1;
    for problem in &import.problems {
        assert!(problem.line >= line && !problem.message.is_empty(), "a problem that says nothing, or out of order");
        line = problem.line;
    }
    assert_eq!(import.told(true).groups.is_empty(), !import.problems.is_empty());
    for it in &import.items {
        assert!(validate::tunnel_jump(it).is_empty(), "an item that is not right");
    }
    if import.items.is_empty() {
        return;
    }
    let items = import.items.iter().map(|definition| NamedItem {
        definition,
        group: "g",
        jumpoint: "j",
        policy: "",
        session_policy: "",
        credentials: String::new(),
    });
    let Ok(written) = write(items) else { panic!("what was read cannot be written") };
    let again = Import::of(read(&written), known());
    assert_eq!((again.problems, again.items), (Vec::new(), import.items), "it reads differently the second time");
}
