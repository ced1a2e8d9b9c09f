//! Ends of sessions through which nothing goes, where their session policy sets one. What counts is bytes of connections.

use std::sync::Arc;

use wire::Timestamp;
use wire::api::SessionEnd;

use super::live::LiveSession;
use super::registry::Sessions;

/// What is due of a session because nothing goes through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleDue {
    /// Nothing.
    Nothing,
    /// To warn its people: it ends in a minute or less.
    Warning,
    /// To end it, since nothing went through it for so many minutes.
    End(u32),
}

/// When something last went through a session.
#[derive(Debug, Default)]
pub(super) struct Idle {
    bytes: (u64, u64),
    since: Option<Timestamp>,
    warned: bool,
}

const MINUTE_MILLIS: u64 = 60_000;

impl Idle {
    /// Looks at the bytes that went through the session until now; it may be idle for these minutes. Without a limit no time
    /// passes.
    pub(super) fn look(&mut self, now: Timestamp, bytes: (u64, u64), minutes: Option<u32>) -> IdleDue {
        let Some(minutes) = minutes else {
            *self = Self { bytes, ..Self::default() };
            return IdleDue::Nothing;
        };
        let Some(since) = self.since.filter(|_| self.bytes == bytes) else {
            *self = Self { bytes, since: Some(now), warned: false };
            return IdleDue::Nothing;
        };
        let (idle, most) = (now.millis_since(since), u64::from(minutes) * MINUTE_MILLIS);
        if idle >= most {
            return IdleDue::End(minutes);
        }
        // Of a single minute, the second half.
        let warn_before = MINUTE_MILLIS.min(most / 2);
        if idle + warn_before >= most && !std::mem::replace(&mut self.warned, true) {
            return IdleDue::Warning;
        }
        IdleDue::Nothing
    }
}

impl Sessions {
    /// Warns of the end of an idle session, and ends it in time.
    pub(super) fn keep_idle_end(&self, live: &Arc<LiveSession>, now: Timestamp) {
        let due = live.idle_due(now);
        let Some(policy) = live.snapshot().policy.filter(|_| due != IdleDue::Nothing) else { return };
        let because = policy.idle_source.words();
        match due {
            IdleDue::Nothing => {}
            IdleDue::End(minutes) => {
                let minutes = if minutes == 1 { "a minute".to_owned() } else { format!("{minutes} minutes") };
                let message = format!("Nothing went through the session for {minutes}, as long as {because} allows.");
                self.end_saying(live, SessionEnd::Idle, None, message);
            }
            IdleDue::Warning => {
                let message = format!("Nothing goes through the session; it ends in a minute or less by {because}.");
                let (sessions, live) = (self.clone(), live.clone());
                self.tasks.spawn("warning of an idle session", async move {
                    sessions.note(&live, "ends_soon", &message, None).await;
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1000)
    }

    #[test]
    fn a_session_is_warned_once_and_ends() {
        let mut idle = Idle::default();
        let mut look = |seconds| idle.look(at(seconds), (1, 2), Some(3));
        assert_eq!(look(0), IdleDue::Nothing);
        assert_eq!(look(119), IdleDue::Nothing);
        assert_eq!(look(120), IdleDue::Warning);
        assert_eq!(look(150), IdleDue::Nothing);
        assert_eq!(look(180), IdleDue::End(3));
    }

    #[test]
    fn every_byte_in_either_direction_begins_anew() {
        let mut idle = Idle::default();
        idle.look(at(0), (0, 0), Some(1));
        assert_eq!(idle.look(at(40), (0, 0), Some(1)), IdleDue::Warning);
        assert_eq!(idle.look(at(59), (1, 0), Some(1)), IdleDue::Nothing);
        assert_eq!(idle.look(at(88), (1, 0), Some(1)), IdleDue::Nothing);
        assert_eq!(idle.look(at(89), (1, 0), Some(1)), IdleDue::Warning, "a new warning for a new pause");
        assert_eq!(idle.look(at(100), (1, 1), Some(1)), IdleDue::Nothing);
        assert_eq!(idle.look(at(160), (1, 1), Some(1)), IdleDue::End(1));
    }

    #[test]
    fn without_a_limit_no_time_passes() {
        let mut idle = Idle::default();
        idle.look(at(0), (0, 0), Some(1));
        assert_eq!(idle.look(at(50), (0, 0), None), IdleDue::Nothing);
        assert_eq!(idle.look(at(500), (0, 0), Some(1)), IdleDue::Nothing);
        assert_eq!(idle.look(at(560), (0, 0), Some(1)), IdleDue::End(1));
    }

    #[test]
    fn a_clock_that_is_set_back_ends_nothing() {
        let mut idle = Idle::default();
        idle.look(at(1000), (0, 0), Some(1));
        assert_eq!(idle.look(at(10), (0, 0), Some(1)), IdleDue::Nothing);
    }
}
