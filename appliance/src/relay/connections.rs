//! The connections of one session, as far as frame headers tell. Pure.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use uuid::Uuid;
use wire::api::Connection;
use wire::limits::CONNECTIONS_PER_SESSION;
use wire::stream::{EndReason, Frame, Kind};
use wire::{ConnectionId, Timestamp};

/// Where a frame comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The helper.
    Helper,
    /// The jumpoint.
    Jumpoint,
}

/// What is done with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It passes.
    Pass,
    /// It is dropped: its connection was refused here.
    Drop,
    /// It is dropped, and its sender gets a RESET.
    Refuse(EndReason),
}

/// A frame that this side may not send: the program there is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{from:?} may not send {kind:?}")]
pub struct Violation {
    /// Who.
    pub from: From,
    /// What.
    pub kind: Kind,
}

/// Counts of one tunnel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TunnelCount {
    /// Connections open now.
    pub open: u32,
    /// Bytes from the workstation to the target.
    pub sent: u64,
    /// Bytes from the target to the workstation.
    pub received: u64,
}

/// Every connection of a session that is open or has not been written down yet.
#[derive(Debug)]
pub struct ConnectionTable {
    target_host: String,
    remote_ports: Vec<u16>,
    open: HashMap<u32, Entry>,
    /// Streams refused here, the newest last; their later frames are dropped.
    refused: VecDeque<u32>,
    counts: Vec<TunnelCount>,
    total: u64,
    /// Streams that changed since the last [`ConnectionTable::take_changed`].
    changed: BTreeSet<u32>,
    /// Rows to write down: new and ended ones.
    unwritten: Vec<Connection>,
    ended_since: Vec<Connection>,
    /// The newest ended ones by their stream: who connected is often known only afterwards.
    lately: VecDeque<(u32, Connection)>,
}

#[derive(Debug)]
struct Entry {
    row: Connection,
    helper_finished: bool,
    jumpoint_finished: bool,
}

/// Refused streams that are remembered. A helper learns of a refusal within a round trip and stops sending.
const REFUSED_REMEMBERED: usize = 4096;
/// Ended connections that still learn who connected: a burst of short ones.
const ENDED_REMEMBERED: usize = 1024;

impl ConnectionTable {
    /// A table for a session with these tunnels.
    #[must_use]
    pub fn new(target_host: String, remote_ports: Vec<u16>) -> Self {
        let counts = vec![TunnelCount::default(); remote_ports.len()];
        Self {
            target_host,
            remote_ports,
            open: HashMap::new(),
            refused: VecDeque::new(),
            counts,
            total: 0,
            changed: BTreeSet::new(),
            unwritten: Vec::new(),
            ended_since: Vec::new(),
            lately: VecDeque::new(),
        }
    }

    /// Takes note of a frame and says what is done with it. `new_id` is used when it opens a connection.
    ///
    /// # Errors
    /// When this side may not send such a frame.
    pub fn observe(
        &mut self,
        from: From,
        frame: &Frame,
        now: Timestamp,
        new_id: impl FnOnce() -> Uuid,
    ) -> Result<Verdict, Violation> {
        let header = frame.header;
        let stream = header.stream.0;
        let violation = Violation { from, kind: header.kind };
        match (header.kind, from) {
            (Kind::Open, From::Jumpoint) | (Kind::Opened, From::Helper) => return Err(violation),
            (Kind::Open, From::Helper) => return Ok(self.open(stream, header.aux, frame.payload.len(), now, new_id)),
            (Kind::Ping | Kind::Pong, _) => return Ok(Verdict::Pass),
            _ => {}
        }
        let Some(entry) = self.open.get_mut(&stream) else {
            // What is on its way when a connection ends still passes; the ends know what to do with it.
            return Ok(if self.refused.contains(&stream) { Verdict::Drop } else { Verdict::Pass });
        };
        match header.kind {
            Kind::Opened => entry.row.established = true,
            Kind::Data => {
                let end = header.offset.saturating_add(u64::from(header.length));
                let count = self.counts.get_mut(usize::from(entry.row.tunnel));
                let (row_bytes, tunnel_bytes) = match from {
                    From::Helper => (&mut entry.row.bytes_sent, count.map(|it| &mut it.sent)),
                    From::Jumpoint => (&mut entry.row.bytes_received, count.map(|it| &mut it.received)),
                };
                // What is sent again does not count again.
                let fresh = end.saturating_sub(*row_bytes);
                *row_bytes += fresh;
                if let Some(bytes) = tunnel_bytes {
                    *bytes += fresh;
                }
                entry.row.established |= from == From::Jumpoint;
            }
            Kind::Fin => {
                match from {
                    From::Helper => entry.helper_finished = true,
                    From::Jumpoint => entry.jumpoint_finished = true,
                }
                if entry.helper_finished && entry.jumpoint_finished {
                    self.end(stream, EndReason::Finished, "", now);
                }
            }
            Kind::Reset => self.end(stream, frame.reset_reason(), &frame.reset_detail(), now),
            Kind::Credit => return Ok(Verdict::Pass),
            Kind::Open | Kind::Ping | Kind::Pong => {}
        }
        self.changed.insert(stream);
        Ok(Verdict::Pass)
    }

    fn open(
        &mut self,
        stream: u32,
        tunnel: u16,
        first: usize,
        now: Timestamp,
        new_id: impl FnOnce() -> Uuid,
    ) -> Verdict {
        if self.open.contains_key(&stream) {
            return Verdict::Pass;
        }
        let first = first as u64;
        let row = Connection {
            id: ConnectionId(new_id()),
            tunnel,
            client_address: None,
            client_program: None,
            opened_at: now,
            established: false,
            closed_at: None,
            bytes_sent: first,
            bytes_received: 0,
            end: None,
            end_message: String::new(),
            fault: None,
        };
        self.total += 1;
        self.open.insert(stream, Entry { row: row.clone(), helper_finished: false, jumpoint_finished: false });
        self.changed.insert(stream);
        let refusal = match self.counts.get_mut(usize::from(tunnel)) {
            None => Some(EndReason::NotAllowed),
            Some(count) => {
                count.open += 1;
                (self.open.len() > CONNECTIONS_PER_SESSION).then_some(EndReason::Limit)
            }
        };
        if let Some(reason) = refusal {
            self.end(stream, reason, "", now);
            if self.refused.len() >= REFUSED_REMEMBERED {
                self.refused.pop_front();
            }
            self.refused.push_back(stream);
            return Verdict::Refuse(reason);
        }
        if let Some(count) = self.counts.get_mut(usize::from(tunnel)) {
            count.sent += first;
        }
        self.unwritten.push(row);
        Verdict::Pass
    }

    fn end(&mut self, stream: u32, reason: EndReason, detail: &str, now: Timestamp) {
        let Some(Entry { mut row, .. }) = self.open.remove(&stream) else { return };
        if let Some(count) = self.counts.get_mut(usize::from(row.tunnel)) {
            count.open = count.open.saturating_sub(1);
        }
        let port = self.remote_ports.get(usize::from(row.tunnel)).copied().unwrap_or(0);
        row.closed_at = Some(now);
        row.end = Some(reason);
        row.end_message = reason.message(&format!("{}:{port}", self.target_host), detail);
        row.fault = reason.fault();
        self.changed.remove(&stream);
        if self.lately.len() >= ENDED_REMEMBERED {
            self.lately.pop_front();
        }
        self.lately.push_back((stream, row.clone()));
        self.ended_since.push(row.clone());
        self.unwritten.push(row);
    }

    /// Ends every connection that is open.
    pub fn end_all(&mut self, reason: EndReason, now: Timestamp) {
        let streams: Vec<u32> = self.open.keys().copied().collect();
        for stream in streams {
            self.end(stream, reason, "", now);
        }
    }

    /// Notes who connected.
    pub fn set_source(&mut self, stream: u32, address: String, program: Option<String>) {
        if let Some(entry) = self.open.get_mut(&stream) {
            entry.row.client_address = Some(address);
            entry.row.client_program = program;
            self.changed.insert(stream);
        } else if let Some((_, row)) = self.lately.iter_mut().rev().find(|(it, _)| *it == stream) {
            row.client_address = Some(address);
            row.client_program = program;
            self.ended_since.push(row.clone());
            self.unwritten.push(row.clone());
        }
    }

    /// Notes a connection that the helper turned away before there was a stream.
    pub fn turned_away(
        &mut self,
        id: ConnectionId,
        tunnel: u16,
        source: (String, Option<String>),
        reason: EndReason,
        now: Timestamp,
    ) {
        let port = self.remote_ports.get(usize::from(tunnel)).copied().unwrap_or(0);
        let row = Connection {
            id,
            tunnel,
            client_address: Some(source.0),
            client_program: source.1,
            opened_at: now,
            established: false,
            closed_at: Some(now),
            bytes_sent: 0,
            bytes_received: 0,
            end: Some(reason),
            end_message: reason.message(&format!("{}:{port}", self.target_host), ""),
            fault: reason.fault(),
        };
        self.total += 1;
        self.ended_since.push(row.clone());
        self.unwritten.push(row);
    }

    /// Counts, by tunnel number.
    #[must_use]
    pub fn counts(&self) -> &[TunnelCount] {
        &self.counts
    }

    /// Connections there ever were.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Connections open now.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.open.len()
    }

    /// Bytes of all tunnels: from the workstation, to the workstation.
    #[must_use]
    pub fn bytes(&self) -> (u64, u64) {
        self.counts.iter().fold((0, 0), |sum, it| (sum.0 + it.sent, sum.1 + it.received))
    }

    /// Rows that changed since the last call, at most `most`; the others come next time.
    pub fn take_changed(&mut self, most: usize) -> Vec<Connection> {
        let from = self.ended_since.len().saturating_sub(most);
        let mut rows = self.ended_since.split_off(from);
        self.ended_since.clear();
        while rows.len() < most {
            let Some(stream) = self.changed.pop_first() else { break };
            rows.extend(self.open.get(&stream).map(|entry| entry.row.clone()));
        }
        rows
    }

    /// Rows to write down; the caller gives them back with [`ConnectionTable::give_back`] when it could not.
    pub fn take_unwritten(&mut self) -> Vec<Connection> {
        let rows = std::mem::take(&mut self.unwritten);
        // Of a connection that opened and ended meanwhile, the end says it all.
        let mut seen = HashSet::with_capacity(rows.len());
        let mut rows: Vec<_> = rows.into_iter().rev().filter(|row| seen.insert(row.id)).collect();
        rows.reverse();
        rows
    }

    /// Takes back rows that could not be written.
    pub fn give_back(&mut self, mut rows: Vec<Connection>) {
        rows.append(&mut self.unwritten);
        self.unwritten = rows;
    }

    /// How many rows wait to be written.
    #[must_use]
    pub fn unwritten_count(&self) -> usize {
        self.unwritten.len()
    }

    /// The rows of open connections.
    #[must_use]
    pub fn open_rows(&self) -> Vec<Connection> {
        self.open.values().map(|entry| entry.row.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::{Bytes, BytesMut};
    use wire::stream::{StreamId, frame};

    const NOW: Timestamp = Timestamp(1000);

    fn table() -> ConnectionTable {
        ConnectionTable::new("db".into(), vec![5432, 22])
    }

    fn made(make: impl FnOnce(&mut BytesMut)) -> Frame {
        let mut out = BytesMut::new();
        make(&mut out);
        frame::next(&mut Bytes::from(out)).unwrap().unwrap()
    }

    fn open(table: &mut ConnectionTable, stream: u32, tunnel: u16) -> Verdict {
        let frame = made(|out| frame::put_open(out, StreamId(stream), tunnel, b"hi"));
        table.observe(From::Helper, &frame, NOW, || Uuid::from_u128(stream.into())).unwrap()
    }

    fn see(table: &mut ConnectionTable, from: From, make: impl FnOnce(&mut BytesMut)) -> Verdict {
        table.observe(from, &made(make), NOW, Uuid::nil).unwrap()
    }

    #[test]
    fn bytes_count_once_even_when_sent_again() {
        let mut table = table();
        open(&mut table, 1, 1);
        for _ in 0..2 {
            see(&mut table, From::Helper, |out| frame::put_data(out, StreamId(1), 2, b"abc"));
            see(&mut table, From::Jumpoint, |out| frame::put_data(out, StreamId(1), 0, b"answer"));
        }
        assert_eq!(table.bytes(), (5, 6));
        assert_eq!(table.counts()[1], TunnelCount { open: 1, sent: 5, received: 6 });
        assert!(table.open_rows()[0].established);
    }

    #[test]
    fn a_connection_ends_when_both_sides_finished() {
        let mut table = table();
        open(&mut table, 1, 0);
        see(&mut table, From::Helper, |out| frame::put_fin(out, StreamId(1), 2));
        assert_eq!(table.open_count(), 1);
        see(&mut table, From::Jumpoint, |out| frame::put_fin(out, StreamId(1), 0));
        assert_eq!(table.open_count(), 0);
        let rows = table.take_unwritten();
        assert_eq!(rows.len(), 1, "opened and ended: one row");
        assert_eq!((rows[0].end, rows[0].closed_at), (Some(EndReason::Finished), Some(NOW)));
        assert_eq!(
            see(&mut table, From::Jumpoint, |out| frame::put_credit(out, StreamId(1), 2, 9, true)),
            Verdict::Pass,
            "what is on its way still passes"
        );
    }

    #[test]
    fn connection_257_and_unknown_tunnels_are_refused_and_their_frames_dropped() {
        let mut table = table();
        for stream in 1..=256 {
            assert_eq!(open(&mut table, stream, 0), Verdict::Pass);
        }
        assert_eq!(open(&mut table, 257, 0), Verdict::Refuse(EndReason::Limit));
        let data = |out: &mut BytesMut| frame::put_data(out, StreamId(257), 2, b"x");
        assert_eq!(see(&mut table, From::Helper, data), Verdict::Drop);
        assert_eq!(table.open_count(), 256);
        see(&mut table, From::Jumpoint, |out| frame::put_reset(out, StreamId(1), EndReason::Refused, 0, ""));
        assert_eq!(open(&mut table, 258, 2), Verdict::Refuse(EndReason::NotAllowed));
        assert_eq!(open(&mut table, 259, 1), Verdict::Pass);
        let refused: Vec<_> = table.take_unwritten().into_iter().filter(|row| row.fault.is_some()).collect();
        assert_eq!(refused.len(), 3);
        assert!(refused[1].end_message.contains("db:5432"), "{}", refused[1].end_message);
    }

    #[test]
    fn frames_of_the_wrong_side_are_violations() {
        let mut table = table();
        let opening = made(|out| frame::put_open(out, StreamId(1), 0, b""));
        assert!(table.observe(From::Jumpoint, &opening, NOW, Uuid::nil).is_err());
        let opened = made(|out| frame::put_opened(out, StreamId(1)));
        assert!(table.observe(From::Helper, &opened, NOW, Uuid::nil).is_err());
    }

    #[test]
    fn who_connected_may_come_late() {
        let mut table = table();
        open(&mut table, 1, 0);
        see(&mut table, From::Jumpoint, |out| frame::put_reset(out, StreamId(1), EndReason::Refused, 0, ""));
        table.take_unwritten();
        table.set_source(1, "127.0.0.1:5000".into(), Some("curl".into()));
        let rows = table.take_unwritten();
        assert_eq!(rows[0].client_program.as_deref(), Some("curl"));
        assert_eq!(rows[0].end, Some(EndReason::Refused));
    }
}
