//! The store or the audit trail that fails while something is recorded: chunks still come to the disk, but what is recorded could not be
//! kept, or not be proven. Sessions that need it end after ten seconds of that.

use std::time::Duration;

use wire::Timestamp;
use wire::api::SessionEnd;
use wire::audit::{Action, ObjectKind};

use super::Recordings;
use crate::audit::{By, Entry};
use crate::clock::now;
use crate::session::live::LiveSession;

/// How often the store is tried while something is recorded.
const EVERY: Duration = Duration::from_secs(3);
/// For how long it may fail.
const PATIENCE_MILLIS: u64 = 10_000;

/// When something was last known to work. Pure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LastGood(Timestamp);

impl LastGood {
    /// It was tried. True when sessions may not go on.
    fn tried(&mut self, works: bool, now: Timestamp) -> bool {
        if works {
            self.0 = now;
        }
        !works && now.millis_since(self.0) >= PATIENCE_MILLIS
    }
}

impl Recordings {
    /// Tries the store and the audit trail for as long as sessions are recorded, and ends them when one of the two fails. Runs until it
    /// is dropped.
    pub async fn watch_store(self) {
        let (mut last, mut last_audited) = (LastGood(now()), LastGood(now()));
        loop {
            tokio::time::sleep(EVERY).await;
            let recorded = || self.0.sessions.all().into_iter().filter_map(|it| Some((needed_by(&it)?, it)));
            if recorded().next().is_none() {
                // A session that is recorded begins only when both work.
                (last, last_audited) = (LastGood(now()), LastGood(now()));
                continue;
            }
            let audited = self.0.audit.try_out().await;
            if last_audited.tried(audited.is_ok(), now()) {
                let why = audited.err().map(|it| it.to_string()).unwrap_or_default();
                for (_, live) in recorded().filter(|(_, it)| it.ending().is_none()) {
                    self.0.sessions.end(&live, SessionEnd::NotAudited, None, &why);
                }
                continue;
            }
            let tried = self.try_out().await;
            if !last.tried(tried.is_ok(), now()) {
                continue;
            }
            let why = tried.err().unwrap_or_default();
            for (end, live) in recorded().filter(|(_, it)| it.ending().is_none()) {
                self.0.sessions.end(&live, end, None, &why);
                let entry =
                    Entry::of(Action::RecordingFailed, ObjectKind::Session, live.id.0, &live.snapshot().item_name);
                let entry = entry.with("session_id", live.id.to_string()).saying(why.as_str()).failed();
                if let Err(error) = self.0.audit.append(&By::appliance(), entry).await {
                    tracing::error!(session.id = %live.id, error = %error, "that a recording failed could not be audited");
                }
            }
        }
    }
}

/// The end of a session that needs the store when it fails; none of one that does not need it.
fn needed_by(live: &LiveSession) -> Option<SessionEnd> {
    if live.with_recorder(|_| ()).is_some() {
        return Some(SessionEnd::RecordingFailed);
    }
    live.snapshot().capture.map(|_| SessionEnd::CaptureFailed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_seconds_of_failure_are_too_long_and_less_is_not() {
        let at = |seconds: i64| Timestamp(seconds * 1_000);
        let mut last = LastGood(at(0));
        assert!(!last.tried(false, at(3)) && !last.tried(false, at(9)));
        assert!(!last.tried(true, at(9)));
        assert!(!last.tried(false, at(18)));
        assert!(last.tried(false, at(19)));
        assert!(!last.tried(true, at(60)));
    }
}
