//! An event as a syslog message (RFC 5424), framed by its length (RFC 5425, section 4.3). Pure.
//!
//! `<PRI>1 TIME HOST sallyport - ACTION [meta sequenceId="…"][sallyport@32473 …] JSON`: what most people filter by stands in structured
//! data, and the whole event follows as the JSON that its hash covers. A server need not take more than 8 KiB (RFC 5425, section 4.3.1):
//! of a longer event the fields that changed are left out, which says so; the trail itself has them.

use serde_json::{Value, json};
use wire::Timestamp;
use wire::audit::{LinkedEvent, Outcome, canonical};

/// The longest message.
const MOST_BYTES: usize = 8192;
/// Facility 13 is the log audit.
const FACILITY: u8 = 13;
/// Whose structured data it is: the number for examples, since Sallyport has none of its own.
const DATA_ID: &str = "sallyport@32473";
/// The longest message id, and the longest host name.
const ID_CHARS: usize = 32;
const HOST_CHARS: usize = 255;
/// Characters of a name in structured data.
const NAME_CHARS: usize = 200;

/// An event, framed.
pub(super) fn of_event(host: &str, it: &LinkedEvent) -> Vec<u8> {
    let event = &it.event;
    let severity = match event.outcome {
        Outcome::Succeeded => 5,
        Outcome::Refused => 4,
        Outcome::Failed => 3,
    };
    let mut data = vec![
        ("sequence", event.sequence.to_string()),
        ("hash", it.hash.to_string()),
        ("actor", event.actor.name.clone()),
        ("actorKind", event.actor.kind.name().to_owned()),
        ("outcome", word(&event.outcome)),
    ];
    if let Some(address) = &event.address {
        data.push(("address", address.clone()));
    }
    if let Some(object) = &event.object {
        data.push(("object", object.name.clone()));
        data.push(("objectKind", word(&object.kind)));
        data.extend(object.id.map(|id| ("objectId", id.to_string())));
    }
    let data: String = data.iter().map(|(name, value)| param(name, value)).collect();
    let head = head(severity, event.at, host, event.action.name());
    // It starts over at 2³¹ − 1 (RFC 5424, section 7.3.1).
    let number = (event.sequence - 1) % 0x7fff_ffff + 1;
    let start = format!("{head} [meta sequenceId=\"{number}\"][{DATA_ID}{data}] ").into_bytes();
    let whole = canonical(event);
    if start.len() + whole.len() <= MOST_BYTES {
        return framed(&[start, whole].concat());
    }
    let message: String = event.message.chars().take(NAME_CHARS).collect();
    let short = json!({ "sequence": event.sequence, "action": event.action, "message": message, "left_out": ["before", "after"] });
    framed(&[start, short.to_string().into_bytes()].concat())
}

/// What stands in the place of an event that cannot be read: nobody shall think that there was none.
pub(super) fn of_unreadable(host: &str, sequence: u64, why: &str, at: Timestamp) -> Vec<u8> {
    let data = param("sequence", &sequence.to_string());
    let head = head(3, at, host, "unreadable");
    framed(format!("{head} [{DATA_ID}{data}] event {sequence} of the audit trail cannot be read: {why}").as_bytes())
}

/// A message for whoever tries it out.
pub(super) fn of_trial(host: &str, at: Timestamp) -> Vec<u8> {
    framed(format!("{} - Sallyport tries this server out.", head(5, at, host, "trial")).as_bytes())
}

fn head(severity: u8, at: Timestamp, host: &str, id: &str) -> String {
    let time = jiff::Timestamp::from_millisecond(at.0)
        .map_or_else(|_| "-".to_owned(), |it| it.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string());
    let id: String = id.chars().filter(char::is_ascii_graphic).take(ID_CHARS).collect();
    let host: String = host.chars().filter(char::is_ascii_graphic).take(HOST_CHARS).collect();
    let host = if host.is_empty() { "-" } else { &host };
    format!("<{}>1 {time} {host} sallyport - {id}", FACILITY * 8 + severity)
}

/// ` name="value"`, with what would end it escaped (RFC 5424, section 6.3.3).
fn param(name: &str, value: &str) -> String {
    let mut text = format!(" {name}=\"");
    for sign in value.chars().take(NAME_CHARS) {
        if matches!(sign, '"' | '\\' | ']') {
            text.push('\\');
        }
        // A line break in a name ends no message, but confuses whoever reads lines.
        text.push(if sign.is_control() { ' ' } else { sign });
    }
    text.push('"');
    text
}

fn word<T: serde::Serialize>(it: &T) -> String {
    match serde_json::to_value(it) {
        Ok(Value::String(text)) => text,
        _ => String::new(),
    }
}

fn framed(message: &[u8]) -> Vec<u8> {
    [format!("{} ", message.len()).as_bytes(), message].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::audit::{Action, Actor, AuditEvent, ChainHash, Changed, ObjectKind, ObjectName};

    fn event(name: &str, after: Changed) -> LinkedEvent {
        let event = AuditEvent {
            sequence: 7,
            at: Timestamp(1_700_000_000_123),
            actor: Actor::appliance(),
            address: Some("192.0.2.7".into()),
            action: Action::GroupCreated,
            object: Some(ObjectName { kind: ObjectKind::Group, id: Some(uuid::Uuid::from_u128(9)), name: name.into() }),
            outcome: Outcome::Refused,
            message: "A sentence.".into(),
            before: Changed::new(),
            after,
        };
        LinkedEvent { event, hash: ChainHash([0xab; 32]) }
    }

    /// The message without its frame.
    fn unframed(bytes: &[u8]) -> String {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (length, message) = text.split_once(' ').unwrap();
        assert_eq!(length.parse::<usize>().unwrap(), message.len());
        message.to_owned()
    }

    #[test]
    fn an_event_is_a_message_of_rfc_5424() {
        let text = unframed(&of_event("gate.example", &event("Lab", Changed::new())));
        let hash = "ab".repeat(32);
        let expected = format!(
            "<108>1 2023-11-14T22:13:20.123Z gate.example sallyport - group.created [meta sequenceId=\"7\"][sallyport@32473 sequence=\"7\" hash=\"{hash}\" actor=\"Sallyport\" \
             actorKind=\"appliance\" outcome=\"refused\" address=\"192.0.2.7\" object=\"Lab\" objectKind=\"group\" objectId=\"00000000-0000-0000-0000-000000000009\"] "
        );
        assert!(text.starts_with(&expected), "{text}\n{expected}");
        let body: Value = serde_json::from_str(&text[expected.len()..]).unwrap();
        assert_eq!((&body["action"], &body["sequence"]), (&json!("group.created"), &json!(7)));
    }

    #[test]
    fn no_name_ends_its_value_or_breaks_a_line() {
        let text = unframed(&of_event("gate", &event("a\"] x=\"1\\\n", Changed::new())));
        assert!(text.contains("object=\"a\\\"\\] x=\\\"1\\\\ \""), "{text}");
        assert!(!text.contains('\n'));
    }

    #[test]
    fn a_long_event_is_cut_and_says_so() {
        let after = Changed::from([("x".to_owned(), json!("y".repeat(20_000)))]);
        let text = unframed(&of_event("gate", &event("Lab", after)));
        assert!(text.len() <= MOST_BYTES && text.contains("\"left_out\""), "{}", text.len());
        let longest = unframed(&of_event(&"h".repeat(999), &event(&"]".repeat(20_000), Changed::new())));
        assert!(longest.len() <= MOST_BYTES, "{}", longest.len());
    }

    #[test]
    fn every_action_fits_a_message_id() {
        for action in Action::ALL {
            assert!(action.name().len() <= ID_CHARS, "{action}");
        }
    }
}
