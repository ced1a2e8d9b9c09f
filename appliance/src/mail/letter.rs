//! A letter as it goes over the wire. Pure: the library's types keep what is written into a header inside it.

use std::time::{Duration, SystemTime};

use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use wire::api::MailServer;

use super::MailError;
use crate::store::LetterRecord;

/// RFC 3834, section 5: nobody's out-of-office reply answers it.
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// The letter in the name that the administrator chose, for one recipient.
///
/// # Errors
/// [`MailError::Address`] or [`MailError::Letter`].
pub(super) fn written(letter: &LetterRecord, server: &MailServer) -> Result<(Envelope, Vec<u8>), MailError> {
    let sender = address(&server.sender_address)?;
    let recipient = address(&letter.to)?;
    // The same at every attempt: a mailbox that gets it twice can tell.
    let id = format!("<{}@{}>", letter.id, sender.domain());
    let name = one_line(&server.sender_name);
    let posted = Duration::from_millis(u64::try_from(letter.posted_at.0).unwrap_or(0));
    let message = Message::builder()
        .from(Mailbox::new((!name.is_empty()).then_some(name), sender))
        .to(Mailbox::new(None, recipient))
        .subject(one_line(&letter.subject))
        .message_id(Some(id))
        .date(SystemTime::UNIX_EPOCH + posted)
        .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".into()))
        .header(ContentType::TEXT_PLAIN)
        .body(with_line_breaks(&letter.text))
        .map_err(|error| MailError::Letter(error.to_string()))?;
    Ok((message.envelope().clone(), message.formatted()))
}

fn address(text: &str) -> Result<Address, MailError> {
    text.parse().map_err(|_| MailError::Address(text.to_owned()))
}

/// With the line breaks of mail, whichever they were: others could be taken for the end of a letter. The last one comes with that.
fn with_line_breaks(text: &str) -> String {
    text.trim_end_matches(['\r', '\n']).replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")
}

/// Without line breaks and other control characters.
fn one_line(text: &str) -> String {
    let plain: String = text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect();
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use proptest::prelude::*;
    use wire::Timestamp;

    fn server(name: &str) -> MailServer {
        MailServer { sender_address: "gate@example.org".into(), sender_name: name.into(), ..MailServer::default() }
    }

    fn letter(to: &str, subject: &str, text: &str) -> LetterRecord {
        LetterRecord {
            id: random::id(),
            to: to.into(),
            subject: subject.into(),
            text: text.into(),
            posted_at: Timestamp(1_700_000_000_000),
            attempts: 0,
            next_attempt_at: Timestamp(0),
            failed_at: None,
            reason: None,
        }
    }

    /// The headers, unfolded.
    fn headers(bytes: &[u8]) -> Vec<String> {
        let text = std::str::from_utf8(bytes).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        head.replace("\r\n ", " ").split("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn a_letter_says_who_wrote_to_whom() {
        let it = letter("tom@example.org", "A session began", "Hello.\n");
        let (envelope, bytes) = written(&it, &server("Gate")).unwrap();
        assert_eq!(envelope.from().unwrap().to_string(), "gate@example.org");
        let headers = headers(&bytes);
        for expected in [
            "From: Gate <gate@example.org>",
            "To: tom@example.org",
            "Subject: A session began",
            "Date: Tue, 14 Nov 2023 22:13:20 +0000",
            "Auto-Submitted: auto-generated",
            "Content-Type: text/plain; charset=utf-8",
            &format!("Message-ID: <{}@example.org>", it.id),
        ] {
            assert!(headers.iter().any(|header| header == expected), "{expected}: {headers:?}");
        }
    }

    #[test]
    fn only_an_address_is_written_to() {
        for to in ["", "tom", "tom@example.org\r\nBcc: all@example.org", "tom@example.org, all@example.org"] {
            assert!(matches!(written(&letter(to, "x", "x"), &server("")), Err(MailError::Address(_))), "{to}");
        }
    }

    proptest! {
        #[test]
        fn nothing_leaves_its_header(name in "(.|\r|\n|[ -~]){0,80}", subject in "(.|\r|\n|[ -~]){0,200}", text in "(.|\r|\n){0,400}") {
            let name = format!("{name}\r\nBcc: all@example.org");
            let subject = format!("{subject}\r\nBcc: all@example.org\r\n\r\nbody");
            let (envelope, bytes) = written(&letter("tom@example.org", &subject, &text), &server(&name)).unwrap();
            prop_assert_eq!(envelope.to().len(), 1);
            let known = ["From", "To", "Subject", "Message-ID", "Date", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding"];
            for header in headers(&bytes) {
                let (name, _) = header.split_once(':').unwrap();
                prop_assert!(known.contains(&name), "{}", header);
            }
            // Bare line breaks would let another server see other lines.
            prop_assert!(bytes.is_ascii());
            let text = String::from_utf8(bytes).unwrap().replace("\r\n", "");
            prop_assert!(!text.contains(['\r', '\n']));
        }
    }
}
