//! What an answer means. Pure: whatever is not clearly a yes is no.

use reqwest::StatusCode;
use serde_json::Value;
use wire::api::TicketSystem;

use super::{TicketAnswer, TicketError};
use crate::outgoing::Received;

/// Characters that are kept of a sentence in the answer.
const SENTENCE_CHARS: usize = 300;

/// Whether the ticket is good.
///
/// # Errors
/// [`TicketError::Refused`] when it is not, [`TicketError::BadAnswer`] when nobody can tell.
pub(super) fn judged(system: &TicketSystem, received: &Received) -> Result<TicketAnswer, TicketError> {
    let answer = serde_json::from_slice::<Value>(&received.body);
    let sentence = answer.as_ref().ok().and_then(|it| sentence(it, &system.message_pointer));
    let status = received.status;
    if !status.is_success() {
        return Err(no_success(status, sentence));
    }
    if let Some(condition) = &system.condition {
        let answer = answer.map_err(|_| TicketError::BadAnswer("it did not answer in JSON".into()))?;
        if !answer.pointer(&condition.pointer).is_some_and(|it| is(it, &condition.equals)) {
            return Err(TicketError::Refused { message: sentence });
        }
    }
    Ok(TicketAnswer { summary: sentence })
}

fn no_success(status: StatusCode, sentence: Option<String>) -> TicketError {
    match status {
        _ if status.is_redirection() => {
            TicketError::BadAnswer(format!("it points to another address ({status}), which is not followed"))
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            TicketError::BadAnswer(format!("it does not let the appliance ask ({status})"))
        }
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::METHOD_NOT_ALLOWED => {
            TicketError::BadAnswer(format!("it did not say ({status})"))
        }
        _ if status.is_client_error() => TicketError::Refused { message: sentence },
        _ => TicketError::BadAnswer(format!("it failed itself ({status})")),
    }
}

/// Whether a value is this text, or what JSON writes so.
fn is(value: &Value, text: &str) -> bool {
    match value {
        Value::String(it) => it == text,
        Value::Bool(it) => text == if *it { "true" } else { "false" },
        Value::Number(it) => it.to_string() == text,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

/// A sentence for a person: in one line, and not endless.
fn sentence(answer: &Value, pointer: &str) -> Option<String> {
    if pointer.is_empty() {
        return None;
    }
    let text = answer.pointer(pointer)?.as_str()?;
    let words: Vec<&str> =
        text.split(|sign: char| sign.is_control() || sign == ' ').filter(|it| !it.is_empty()).collect();
    let text: String = words.join(" ").chars().take(SENTENCE_CHARS).collect();
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use wire::api::TicketCondition;

    fn system(condition: Option<(&str, &str)>) -> TicketSystem {
        TicketSystem {
            condition: condition
                .map(|(pointer, equals)| TicketCondition { pointer: pointer.into(), equals: equals.into() }),
            message_pointer: "/text".into(),
            ..TicketSystem::default()
        }
    }

    /// `good`, `refused` or `bad`, and what is said.
    fn judge(system: &TicketSystem, status: u16, body: &str) -> (&'static str, String) {
        let received = Received { status: StatusCode::from_u16(status).unwrap(), body: body.as_bytes().to_vec() };
        match judged(system, &received) {
            Ok(answer) => ("good", answer.summary.unwrap_or_default()),
            Err(TicketError::Refused { message }) => ("refused", message.unwrap_or_default()),
            Err(TicketError::BadAnswer(why)) => ("bad", why),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn every_status_means_something() {
        let plain = system(None);
        for (status, expected) in [
            (200, "good"),
            (204, "good"),
            (301, "bad"),
            (302, "bad"),
            (304, "bad"),
            (400, "refused"),
            (401, "bad"),
            (403, "bad"),
            (404, "refused"),
            (405, "bad"),
            (407, "bad"),
            (408, "bad"),
            (409, "refused"),
            (410, "refused"),
            (422, "refused"),
            (429, "bad"),
            (500, "bad"),
            (502, "bad"),
            (503, "bad"),
            (504, "bad"),
            (600, "bad"),
            (100, "bad"),
        ] {
            assert_eq!(judge(&plain, status, "").0, expected, "{status}");
        }
    }

    #[test]
    fn a_condition_has_to_hold() {
        let open = system(Some(("/state", "open")));
        assert_eq!(
            judge(&open, 200, r#"{"state":"open","text":"Change the disk"}"#),
            ("good", "Change the disk".into())
        );
        assert_eq!(
            judge(&open, 200, r#"{"state":"closed","text":"It is closed."}"#),
            ("refused", "It is closed.".into())
        );
        for body in [
            r#"{}"#,
            r#"{"state":null}"#,
            r#"{"state":"open "}"#,
            r#"{"state":["open"]}"#,
            r#"{"state":"OPEN"}"#,
            "[]",
            "1",
        ] {
            assert_eq!(judge(&open, 200, body).0, "refused", "{body}");
        }
        for body in ["", "<html>open</html>", r#"{"state":"open""#] {
            assert_eq!(judge(&open, 200, body).0, "bad", "{body}");
        }
        assert_eq!(judge(&open, 404, r#"{"state":"open"}"#).0, "refused");
        assert_eq!(judge(&open, 500, r#"{"state":"open"}"#).0, "bad");
        let listed = system(Some(("/tickets/0/a~1b", "true")));
        assert_eq!(judge(&listed, 200, r#"{"tickets":[{"a/b":true}]}"#).0, "good");
        assert_eq!(judge(&listed, 200, r#"{"tickets":[{"a/b":"true"}]}"#).0, "good");
        assert_eq!(judge(&system(Some(("/n", "3"))), 200, r#"{"n":3}"#).0, "good");
    }

    #[test]
    fn what_a_system_says_is_one_short_line() {
        let long = "x".repeat(400);
        let said =
            judge(&system(None), 404, &serde_json::json!({ "text": format!("a\r\n  b\u{0} {long}") }).to_string()).1;
        assert!(said.starts_with("a b x") && said.chars().count() == SENTENCE_CHARS, "{said}");
        assert_eq!(judge(&system(None), 404, r#"{"text":["a"]}"#), ("refused", String::new()));
    }

    proptest! {
        #[test]
        fn whatever_comes_only_a_yes_is_one(status in 100_u16..1000, body in ".{0,200}") {
            let open = system(Some(("/state", "open")));
            let (judged, _) = judge(&open, status, &body);
            let says_open = serde_json::from_str::<Value>(&body).is_ok_and(|it| it.pointer("/state") == Some(&"open".into()));
            prop_assert!(judged != "good" || ((200..300).contains(&status) && says_open));
        }
    }
}
