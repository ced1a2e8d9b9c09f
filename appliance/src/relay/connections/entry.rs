//! One open connection.

use wire::api::Connection;
use wire::stream::EndReason;

use super::{From, TunnelCount};

#[derive(Debug)]
pub(super) struct Entry {
    /// With an end when that is known and the two sides do not both know it yet.
    pub(super) row: Connection,
    pub(super) helper_finished: bool,
    pub(super) jumpoint_finished: bool,
}

impl Entry {
    pub(super) fn new(row: Connection) -> Self {
        Self { row, helper_finished: false, jumpoint_finished: false }
    }

    /// Bytes of one side have come up to `end`. What is sent again does not count again.
    pub(super) fn count(&mut self, from: From, end: u64, counts: &mut [TunnelCount]) {
        let count = counts.get_mut(usize::from(self.row.tunnel));
        let (row_bytes, tunnel_bytes) = match from {
            From::Helper => (&mut self.row.bytes_sent, count.map(|it| &mut it.sent)),
            From::Jumpoint => (&mut self.row.bytes_received, count.map(|it| &mut it.received)),
        };
        let fresh = end.saturating_sub(*row_bytes);
        *row_bytes += fresh;
        if let Some(bytes) = tunnel_bytes {
            *bytes = bytes.saturating_add(fresh);
        }
    }

    /// Why it ended, when the ends only say that they do not have it any more.
    pub(super) fn likely_end(&self) -> EndReason {
        if self.helper_finished || self.jumpoint_finished { EndReason::Finished } else { EndReason::LinkLost }
    }
}
