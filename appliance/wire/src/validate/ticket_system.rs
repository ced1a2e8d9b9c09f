//! What an administrator enters for a ticket system, and what a person enters as a ticket. What only the appliance can tell, such
//! as whether a text is a URL or JSON, it says itself.

use super::{ca_pem, check, longer_than};
use crate::api::{FieldError, TicketHeader, TicketMethod, TicketSystem};
use crate::limits::{
    TICKET_BODY_CHARS, TICKET_CHARS, TICKET_HEADER_CHARS, TICKET_HEADERS, TICKET_POINTER_CHARS,
    TICKET_TIME_OUT_MOST_SECONDS,
};

/// Headers that a request has anyway, or that change what it is.
const OWN_HEADERS: [&str; 12] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A ticket id.
#[must_use]
pub fn ticket(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return Some("Enter the ticket's number.".into());
    }
    if text.chars().any(char::is_control) {
        return Some("A ticket's number cannot hold line breaks or control characters.".into());
    }
    longer_than(text, TICKET_CHARS, "ticket's number")
}

/// Every field of a ticket system. Without an address there is none, and nothing to check.
#[must_use]
pub fn ticket_system(it: &TicketSystem, headers: &[TicketHeader]) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if it.url.is_empty() {
        return errors;
    }
    let body = if it.method == TicketMethod::Post { it.body.as_str() } else { "" };
    let asks = it.url.contains("{ticket}") || body.contains("{ticket}");
    let says_where = "Put {ticket} where the ticket's number belongs, in the address or in what is posted.";
    check(&mut errors, "url", (!asks).then(|| says_where.into()));
    let is_long = longer_than(&it.body, TICKET_BODY_CHARS, "text to post");
    let unused = it.method == TicketMethod::Get && !it.body.is_empty();
    check(
        &mut errors,
        "body",
        unused.then(|| "GET posts nothing. Choose POST, or leave this empty.".into()).or(is_long),
    );
    check(&mut errors, "ca_pem", ca_pem(&it.ca_pem));
    let in_range = (1..=TICKET_TIME_OUT_MOST_SECONDS).contains(&it.time_out_seconds);
    check(
        &mut errors,
        "time_out_seconds",
        (!in_range).then(|| format!("An answer may take 1 to {TICKET_TIME_OUT_MOST_SECONDS} seconds.")),
    );
    if let Some(condition) = &it.condition {
        check(&mut errors, "condition.pointer", pointer(&condition.pointer));
        check(&mut errors, "condition.equals", longer_than(&condition.equals, TICKET_POINTER_CHARS, "value"));
    }
    let message = if it.message_pointer.is_empty() { None } else { pointer(&it.message_pointer) };
    check(&mut errors, "message_pointer", message);
    if headers.len() > TICKET_HEADERS {
        errors.push(FieldError::new("headers", &format!("At most {TICKET_HEADERS} headers can be sent along.")));
    }
    for (index, header) in headers.iter().enumerate() {
        let twice = headers[..index].iter().any(|other| other.name.eq_ignore_ascii_case(&header.name));
        let twice = twice.then(|| "There is one of this name already.".to_owned());
        check(&mut errors, &format!("headers[{index}].name"), header_name(&header.name).or(twice));
        let value = header.value.as_ref().and_then(|value| header_value(value.expose()));
        check(&mut errors, &format!("headers[{index}].value"), value);
    }
    errors
}

/// A JSON pointer, RFC 6901.
fn pointer(text: &str) -> Option<String> {
    if !text.starts_with('/') {
        return Some("This has to be a JSON pointer, such as /state.".into());
    }
    longer_than(text, TICKET_POINTER_CHARS, "JSON pointer")
}

/// RFC 9110, section 5.1.
fn header_name(text: &str) -> Option<String> {
    let signs = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if text.is_empty() || text.len() > 100 || !text.bytes().all(signs) {
        return Some("A header's name holds letters, digits and hyphens, such as Authorization.".into());
    }
    let is_own = OWN_HEADERS.iter().any(|own| text.eq_ignore_ascii_case(own));
    is_own.then(|| "The appliance sets this header itself.".into())
}

fn header_value(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("Enter the header's value.".into());
    }
    if !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Some("A header's value can hold only ASCII characters, and no line break.".into());
    }
    longer_than(text, TICKET_HEADER_CHARS, "header's value")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SecretText;
    use crate::api::TicketCondition;

    fn system() -> TicketSystem {
        TicketSystem { url: "https://tickets.example/{ticket}".into(), ..TicketSystem::default() }
    }

    fn header(name: &str, value: &str) -> TicketHeader {
        TicketHeader { name: name.into(), value: Some(SecretText::new(value.into())) }
    }

    fn wrong(it: &TicketSystem, headers: &[TicketHeader]) -> Vec<String> {
        ticket_system(it, headers).into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn tickets_have_1_to_255_characters_and_no_control_characters() {
        for good in ["4711", "INC 0012", "ä/../{user}", &"x".repeat(255)] {
            assert_eq!(ticket(good), None, "{good}");
        }
        for bad in ["", "  ", "a\nb", "a\0", "a\u{85}b", &"x".repeat(256)] {
            assert!(ticket(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn the_ticket_has_to_be_asked_for() {
        assert_eq!(ticket_system(&system(), &[header("Authorization", "Bearer x")]), []);
        assert_eq!(ticket_system(&TicketSystem::default(), &[]), []);
        let nowhere = TicketSystem { url: "https://tickets.example/".into(), ..TicketSystem::default() };
        assert_eq!(wrong(&nowhere, &[]), ["url"]);
        let posted =
            TicketSystem { method: TicketMethod::Post, body: r#"{"id":"{ticket}"}"#.into(), ..nowhere.clone() };
        assert_eq!(ticket_system(&posted, &[]), []);
        // What GET does not send asks for nothing.
        assert_eq!(wrong(&TicketSystem { method: TicketMethod::Get, ..posted }, &[]), ["url", "body"]);
    }

    #[test]
    fn every_field_is_looked_at() {
        let it = TicketSystem {
            ca_pem: "hello".into(),
            time_out_seconds: 31,
            condition: Some(TicketCondition { pointer: "state".into(), equals: "x".repeat(201) }),
            message_pointer: "message".into(),
            ..system()
        };
        let fields = ["ca_pem", "time_out_seconds", "condition.pointer", "condition.equals", "message_pointer"];
        assert_eq!(wrong(&it, &[]), fields);
    }

    #[test]
    fn headers_cannot_change_what_a_request_is() {
        for (name, value, field) in [
            ("Host", "x", "headers[0].name"),
            ("transfer-encoding", "chunked", "headers[0].name"),
            ("X Y", "x", "headers[0].name"),
            ("X:Y", "x", "headers[0].name"),
            ("", "x", "headers[0].name"),
            ("X-Token", "a\r\nHost: evil", "headers[0].value"),
            ("X-Token", "", "headers[0].value"),
            ("X-Token", "ä", "headers[0].value"),
        ] {
            assert_eq!(wrong(&system(), &[header(name, value)]), [field], "{name}: {value}");
        }
        assert_eq!(wrong(&system(), &[header("X-A", "1"), header("x-a", "2")]), ["headers[1].name"]);
        let many: Vec<_> = (0..11).map(|number| header(&format!("X-{number}"), "1")).collect();
        assert_eq!(wrong(&system(), &many), ["headers"]);
    }
}
