//! What reviewers write.

use super::longer_than;
use crate::limits::SESSION_NOTE_CHARS;

/// A note on a session.
#[must_use]
pub fn session_note(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return Some("Write something.".into());
    }
    if text.chars().any(|sign| sign.is_control() && sign != '\n') {
        return Some("This cannot hold control characters.".into());
    }
    longer_than(text, SESSION_NOTE_CHARS, "note")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_something_within_bounds() {
        assert_eq!(session_note("He looked\nat the ledger."), None);
        for wrong in ["", " \n ", "a\u{7}b", &"x".repeat(SESSION_NOTE_CHARS + 1)] {
            assert!(session_note(wrong).is_some(), "{wrong:?}");
        }
    }
}
