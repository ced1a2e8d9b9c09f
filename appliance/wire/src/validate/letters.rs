//! Checks of how letters are written.

use super::{check, longer_than};
use crate::api::{FieldError, LetterKind, LetterTemplate, LetterTemplates};
use crate::letter_text::{Piece, pieces};
use crate::limits::{MAIL_SUBJECT_CHARS, MAIL_TEXT_CHARS};

/// Every letter. Field names are `session_started.subject` and so on.
#[must_use]
pub fn letter_templates(all: &LetterTemplates) -> Vec<FieldError> {
    let each = LetterKind::ALL.iter().flat_map(|(kind, key, _)| {
        let named = move |it: FieldError| FieldError::new(&format!("{key}.{}", it.field), &it.message);
        letter_template(*kind, all.of(*kind)).into_iter().map(named)
    });
    each.collect()
}

/// One letter: its `subject` and its `text`.
#[must_use]
pub fn letter_template(kind: LetterKind, it: &LetterTemplate) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let empty = it.subject.trim().is_empty().then(|| "A letter has a subject.".to_owned());
    check(&mut errors, "subject", empty);
    let control = it.subject.chars().any(char::is_control).then(|| "A subject is one line.".to_owned());
    check(&mut errors, "subject", control);
    check(&mut errors, "subject", longer_than(&it.subject, MAIL_SUBJECT_CHARS, "subject"));
    check(&mut errors, "subject", unknown_word(kind, &it.subject));
    let empty = it.text.trim().is_empty().then(|| "A letter has a text.".to_owned());
    check(&mut errors, "text", empty);
    let control = it.text.chars().any(|sign| sign.is_control() && sign != '\n');
    check(&mut errors, "text", control.then(|| "A text cannot hold control characters.".to_owned()));
    check(&mut errors, "text", longer_than(&it.text, MAIL_TEXT_CHARS / 2, "text"));
    check(&mut errors, "text", unknown_word(kind, &it.text));
    // Whoever is asked by mail decides behind the link.
    let missing = kind == LetterKind::ApprovalAsked && !it.text.contains("{link}");
    check(&mut errors, "text", missing.then(|| "Without {link} nobody could decide.".to_owned()));
    let subject_link = it.subject.contains("{link}");
    check(&mut errors, "subject", subject_link.then(|| "A link belongs into the text.".to_owned()));
    errors
}

fn unknown_word(kind: LetterKind, text: &str) -> Option<String> {
    let Ok(pieces) = pieces(text) else {
        return Some("A brace stands alone here: words stand in braces, as in {item}.".into());
    };
    let known = kind.placeholders();
    let unknown = pieces.into_iter().find_map(|it| match it {
        Piece::Word(word) => Some(word).filter(|word| known.iter().all(|it| it.name != *word)),
        Piece::Text(_) => None,
    })?;
    let names: Vec<String> = known.iter().map(|it| format!("{{{}}}", it.name)).collect();
    Some(format!("There is no {{{unknown}}} here. There are {}.", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_letters_that_come_with_it_are_right() {
        assert_eq!(letter_templates(&LetterTemplates::default()), []);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |kind, subject: &str, text: &str| {
            let errors = letter_template(kind, &LetterTemplate { subject: subject.into(), text: text.into() });
            errors.into_iter().map(|it| it.field).collect::<Vec<_>>()
        };
        let started = LetterKind::SessionStarted;
        assert_eq!(wrong(started, "{item}", "{user}\n{link}"), [""; 0]);
        assert_eq!(wrong(started, "", ""), ["subject", "text"]);
        assert_eq!(wrong(started, "a\r\nBcc: x@y", "a\tb"), ["subject", "text"]);
        assert_eq!(wrong(started, "{why}", "{item"), ["subject", "text"]);
        assert_eq!(wrong(LetterKind::ApprovalAsked, "{item}", "{user}"), ["text"]);
        assert_eq!(wrong(LetterKind::ApprovalAsked, "{link}", "{link}"), ["subject"]);
        assert_eq!(wrong(started, &"a".repeat(MAIL_SUBJECT_CHARS + 1), "a"), ["subject"]);
    }
}
