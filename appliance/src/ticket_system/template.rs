//! What is asked: the administrator's templates with a ticket in them. Pure. A placeholder never leaves its place: in the address
//! it stays within its piece of the path or query, in the body within its text.

use reqwest::Url;
use serde_json::Value;

use super::TicketQuestion;
use crate::outgoing::{AddressError, Transport, address};

/// Why a template or a ticket cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Not an address that is asked.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Who is asked would depend on the ticket.
    #[error("{{ticket}} can only stand in the path or behind the ?")]
    TicketInHost,
    /// The body is no JSON.
    #[error("this is not JSON: {0}")]
    NotJson(String),
    /// With this ticket the address would be another one.
    #[error("no ticket can have this number")]
    TicketMovesAddress,
}

const TICKET: &str = "{ticket}";
const USER: &str = "{user}";
const ITEM: &str = "{item}";

/// The address to ask about a ticket.
///
/// # Errors
/// See [`TemplateError`].
pub(super) fn filled_address(template: &str, ticket: &str, transport: Transport) -> Result<Url, TemplateError> {
    let mark = mark(template);
    let marked = address(&template.replace(TICKET, &mark), transport)?;
    if marked.host_str().is_some_and(|host| host.contains(&mark)) {
        return Err(TemplateError::TicketInHost);
    }
    let expected = marked.as_str().replace(&mark, &percent_encoded(ticket));
    let url = address(&expected, transport)?;
    // Dots would be taken for folders, and something else would be asked.
    if url.as_str() == expected { Ok(url) } else { Err(TemplateError::TicketMovesAddress) }
}

/// The body to post about a ticket: only the texts of the template are filled in, each in one go, so that a placeholder that
/// comes from a ticket stays what it is.
///
/// # Errors
/// [`TemplateError::NotJson`].
pub(super) fn filled_body(template: &str, ticket: &str, question: &TicketQuestion) -> Result<String, TemplateError> {
    let mut body: Value = serde_json::from_str(template).map_err(|error| TemplateError::NotJson(error.to_string()))?;
    fill(&mut body, &[(TICKET, ticket), (USER, &question.user), (ITEM, &question.item)]);
    Ok(body.to_string())
}

fn fill(value: &mut Value, with: &[(&str, &str)]) {
    match value {
        Value::String(text) => *text = filled(text, with),
        Value::Array(values) => values.iter_mut().for_each(|it| fill(it, with)),
        Value::Object(fields) => fields.values_mut().for_each(|it| fill(it, with)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn filled(template: &str, with: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        rest = match with.iter().find_map(|(name, value)| from.strip_prefix(name).map(|after| (after, value))) {
            Some((after, value)) => {
                filled.push_str(value);
                after
            }
            None => {
                filled.push('{');
                from.split_at(1).1
            }
        };
    }
    filled.push_str(rest);
    filled
}

/// A word that the template does not hold and that no address changes.
fn mark(template: &str) -> String {
    let lower = template.to_ascii_lowercase();
    let mut mark = "ticketnumber".to_owned();
    while lower.contains(&mark) {
        mark.push('x');
    }
    mark
}

/// RFC 3986, section 2.3: everything else is encoded.
fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PATH: &str = "https://tickets.example/api/{ticket}/state?of={ticket}&by=gate";

    fn url(template: &str, ticket: &str) -> Result<String, TemplateError> {
        filled_address(template, ticket, Transport::Secured).map(String::from)
    }

    fn question() -> TicketQuestion {
        TicketQuestion { user: "tom".into(), item: "db \"prod\"".into() }
    }

    #[test]
    fn a_ticket_is_encoded_in_an_address() {
        assert_eq!(
            url(PATH, "INC-1_2~3.4").unwrap(),
            "https://tickets.example/api/INC-1_2~3.4/state?of=INC-1_2~3.4&by=gate"
        );
        let odd = url(PATH, "a/b?c#d&e=f%2f{user} ä").unwrap();
        let encoded = "a%2Fb%3Fc%23d%26e%3Df%252f%7Buser%7D%20%C3%A4";
        assert_eq!(odd, format!("https://tickets.example/api/{encoded}/state?of={encoded}&by=gate"));
        // A template that has the word already.
        let word = url("https://ticketnumber.example/{ticket}?x=ticketnumber", "1").unwrap();
        assert_eq!(word, "https://ticketnumber.example/1?x=ticketnumber");
    }

    #[test]
    fn dots_are_no_way_out() {
        for ticket in [".", ".."] {
            assert_eq!(url("https://tickets.example/api/{ticket}", ticket), Err(TemplateError::TicketMovesAddress));
            assert_eq!(url("https://tickets.example/api/{ticket}/x", ticket), Err(TemplateError::TicketMovesAddress));
        }
        assert_eq!(url("https://tickets.example/api/.{ticket}", "."), Err(TemplateError::TicketMovesAddress));
        assert!(url("https://tickets.example/api?id={ticket}", "..").is_ok());
        assert_eq!(url("https://tickets.example/{ticket}", "..%2f").unwrap(), "https://tickets.example/..%252f");
    }

    #[test]
    fn a_ticket_never_says_who_is_asked() {
        for template in ["https://{ticket}.example/", "https://a{ticket}:1/", "https://x{TICKET}{ticket}/"] {
            assert!(url(template, "1").is_err(), "{template}");
        }
        assert!(matches!(url("https://{ticket}@a.example/", "1"), Err(TemplateError::Address(_))));
        assert!(matches!(url("https://a.example:{ticket}/", "1"), Err(TemplateError::Address(_))));
        assert!(matches!(url("{ticket}://a.example/", "https"), Err(TemplateError::Address(_))));
        assert!(matches!(url("https://a.example/#{ticket}", "1"), Err(TemplateError::Address(_))));
    }

    #[test]
    fn texts_of_a_body_are_filled_in() {
        let template =
            r#"{"id":"{ticket}","who":{"name":"{user} of {item}"},"n":1,"{ticket}":["{ticket}{ticket}","{other}{"]}"#;
        let body = filled_body(template, "4\"711", &question()).unwrap();
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["id"], "4\"711");
        assert_eq!(body["who"]["name"], "tom of db \"prod\"");
        assert_eq!(body["{ticket}"], serde_json::json!(["4\"7114\"711", "{other}{"]));
        assert!(matches!(filled_body("{\"id\":{ticket}}", "1", &question()), Err(TemplateError::NotJson(_))));
    }

    #[test]
    fn what_comes_from_a_ticket_is_not_filled_in_again() {
        let body = filled_body(r#"["{ticket}"]"#, "{user}{item}{ticket}", &question()).unwrap();
        assert_eq!(body, r#"["{user}{item}{ticket}"]"#);
    }

    proptest! {
        #[test]
        fn no_ticket_leaves_its_place_in_an_address(ticket in "(.|[./\\\\?#&=%:@ \r\n\t]|\\.\\.|%2e){1,255}") {
            let Ok(url) = filled_address(PATH, &ticket, Transport::Secured) else {
                prop_assert!(ticket == "." || ticket == ".." );
                return Ok(());
            };
            prop_assert_eq!(url.host_str(), Some("tickets.example"));
            prop_assert_eq!(url.port(), None);
            let pieces: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(pieces.len(), 3);
            prop_assert_eq!((pieces[0], pieces[2]), ("api", "state"));
            let asked: Vec<(String, String)> = url.query_pairs().map(|(name, value)| (name.into(), value.into())).collect();
            prop_assert_eq!(asked, [("of".to_owned(), ticket), ("by".to_owned(), "gate".to_owned())]);
        }

        #[test]
        fn no_ticket_leaves_its_place_in_a_body(ticket in "(.|[\"\\\\{}\r\n]){1,255}", user in ".{0,20}") {
            let question = TicketQuestion { user: user.clone(), item: ticket.clone() };
            let body = filled_body(r#"{"a":"{ticket}","b":"{user}","c":"-{item}-"}"#, &ticket, &question).unwrap();
            let body: Value = serde_json::from_str(&body).unwrap();
            let c = format!("-{ticket}-");
            prop_assert_eq!(body, serde_json::json!({"a": ticket, "b": user, "c": c}));
        }
    }
}
