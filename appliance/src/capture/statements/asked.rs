//! Statements that wait for their answers, in the order in which they were asked.

use std::collections::VecDeque;

use wire::api::CapturedStatement;

use super::OUTCOME_MOST;

/// Statements that wait at most; of more the oldest is given out without its answer.
const WAITING_MOST: usize = 1024;

/// What waits, and what is complete.
#[derive(Debug, Default)]
pub(super) struct Asked {
    waiting: VecDeque<CapturedStatement>,
    complete: Vec<CapturedStatement>,
    /// Statements that were given out though their answers have not come.
    given_up: u64,
}

/// A statement that has just been sent.
pub(super) fn statement(at_micros: i64, verb: &str, (text, is_cut): (String, bool), bytes: u64) -> CapturedStatement {
    CapturedStatement {
        at_micros,
        verb: verb.to_owned(),
        text,
        is_cut,
        bytes,
        took_micros: None,
        answer_bytes: 0,
        outcome: String::new(),
        is_error: false,
    }
}

impl Asked {
    pub(super) fn ask(&mut self, statement: CapturedStatement) {
        self.waiting.push_back(statement);
        if self.waiting.len() > WAITING_MOST {
            self.complete.extend(self.waiting.pop_front());
            self.given_up += 1;
        }
    }

    /// The one whose answer comes now.
    pub(super) fn first(&mut self) -> Option<&mut CapturedStatement> {
        if self.given_up > 0 { None } else { self.waiting.front_mut() }
    }

    /// The one that was asked last.
    pub(super) fn last(&mut self) -> Option<&mut CapturedStatement> {
        self.waiting.back_mut()
    }

    /// The answer of the first one is complete.
    pub(super) fn answered(&mut self, at_micros: i64) {
        if self.given_up > 0 {
            self.given_up -= 1;
            return;
        }
        if let Some(mut it) = self.waiting.pop_front() {
            it.took_micros = u64::try_from(at_micros - it.at_micros).ok();
            self.complete.push(it);
        }
    }

    /// The first one gets no answer.
    pub(super) fn unanswered(&mut self) {
        if self.given_up > 0 {
            self.given_up -= 1;
        } else {
            self.complete.extend(self.waiting.pop_front());
        }
    }

    /// Bytes of the answer to the first one.
    pub(super) fn count(&mut self, bytes: u64) {
        if let Some(it) = self.first() {
            it.answer_bytes += bytes;
        }
    }

    /// Something that the answer to the first one says.
    pub(super) fn outcome(&mut self, text: &str, is_error: bool) {
        let Some(it) = self.first() else { return };
        if !it.outcome.is_empty() {
            it.outcome.push_str("; ");
        }
        it.outcome.push_str(text);
        if it.outcome.len() > OUTCOME_MOST {
            let end = (0..=OUTCOME_MOST).rev().find(|at| it.outcome.is_char_boundary(*at)).unwrap_or(0);
            it.outcome.truncate(end);
        }
        it.is_error |= is_error;
    }

    pub(super) fn take(&mut self) -> Vec<CapturedStatement> {
        std::mem::take(&mut self.complete)
    }

    pub(super) fn rest(&mut self) -> Vec<CapturedStatement> {
        self.waiting.drain(..).collect()
    }
}
