//! What all sessions since the start of this appliance have moved, and how those that are not over stand.

use std::collections::HashMap;
use std::sync::PoisonError;

use wire::api::SessionState;
use wire::stream::EndReason;

use super::live::LiveSession;
use super::registry::Sessions;

/// What only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Bytes from workstations to targets.
    pub sent: u64,
    /// Bytes from targets to workstations.
    pub received: u64,
    /// Connections that were made.
    pub opened: u64,
    /// Connections that ended, in the order of [`EndReason::ALL`].
    pub ended: [u64; EndReason::ALL.len()],
}

/// Messages on their way from one link to the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many.
    pub messages: usize,
    /// Their bytes.
    pub bytes: usize,
}

/// Everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What only grows.
    pub counted: Counted,
    /// Sessions that are not over, by state.
    pub states: HashMap<SessionState, usize>,
    /// Sessions that wait for a link.
    pub reconnecting: usize,
    /// Connections that are open.
    pub connections_open: usize,
    /// Rows of connections that wait for the database.
    pub unwritten: usize,
    /// From helpers to jumpoints.
    pub from_helper: Waiting,
    /// From jumpoints to helpers.
    pub from_jumpoint: Waiting,
}

impl Counted {
    /// Adds what another one has counted.
    pub fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.received += other.received;
        self.opened += other.opened;
        for (sum, ended) in self.ended.iter_mut().zip(other.ended) {
            *sum += ended;
        }
    }

    /// What was counted since `before`.
    #[must_use]
    pub fn since(mut self, before: &Self) -> Self {
        self.sent = self.sent.saturating_sub(before.sent);
        self.received = self.received.saturating_sub(before.received);
        self.opened = self.opened.saturating_sub(before.opened);
        self
    }
}

impl Waiting {
    fn add(&mut self, bytes: Option<usize>) {
        self.messages += usize::from(bytes.is_some());
        self.bytes += bytes.unwrap_or(0);
    }
}

impl Sessions {
    /// As it is now.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        // Held so that no session leaves while it is counted: what only grows must not seem to shrink.
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        totals.counted = *past;
        for live in self.all() {
            totals.look(&live);
        }
        totals
    }

    /// A session leaves: what it moved stays counted.
    pub(super) fn forget(&self, live: &LiveSession) {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        past.add(&live.counted());
        self.remove(live.id);
    }
}

impl Totals {
    fn look(&mut self, live: &LiveSession) {
        self.counted.add(&live.counted());
        *self.states.entry(live.state()).or_default() += 1;
        self.reconnecting += usize::from(live.is_reconnecting());
        self.from_helper.add(live.helper_pulse.passing());
        self.from_jumpoint.add(live.jumpoint_pulse.passing());
        let table = live.table();
        self.connections_open += table.open_count();
        self.unwritten += table.unwritten_count();
    }
}
