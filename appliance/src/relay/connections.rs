//! The connections of one session, as far as frame headers tell. Pure.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use uuid::Uuid;
use wire::api::Connection;
use wire::limits::CONNECTIONS_PER_SESSION;
use wire::stream::{EndReason, Frame, Kind};
use wire::{ConnectionId, Timestamp};

use self::entry::Entry;
use self::greeting::Greetings;
use crate::session::totals::Counted;

mod entry;
mod greeting;

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
    /// It is dropped: it belongs to no connection that is open, so nobody would count it.
    Drop,
    /// It is dropped, and its sender gets a RESET.
    Refuse(EndReason),
}

/// A frame that this side may not send, or not now: the program there is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{from:?} may not send this {kind:?}")]
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
    /// Highest stream number there was.
    highest: u32,
    /// What the two ends tell of themselves after their links were joined.
    greetings: Greetings,
    counts: Vec<TunnelCount>,
    total: u64,
    /// Connections that ended, in the order of [`EndReason::ALL`].
    ended: [u64; EndReason::ALL.len()],
    /// Streams that changed since the last [`ConnectionTable::take_changed`].
    changed: BTreeSet<u32>,
    /// Rows to write down: new and ended ones.
    unwritten: Vec<Row>,
    /// Ended ones, or news of them, that consoles have not heard of; the newest last.
    ended_since: VecDeque<Connection>,
    /// Those of them that failed, once each.
    failed_since: VecDeque<Connection>,
    /// The newest ended ones by their stream: who connected is often known only afterwards, and a new pair of links may
    /// find that an end still has one of them.
    lately: VecDeque<(u32, Connection)>,
    /// Who connected, told before the connection itself; the newest first.
    early_sources: VecDeque<(u32, (String, Option<String>))>,
}

/// How many of those are kept: the helper tells of at most so many in one go.
const EARLY_SOURCES: usize = 128;

/// A connection to be written down.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Number of its stream; none when it never was one.
    pub stream: Option<u32>,
    /// The connection.
    pub connection: Connection,
}

/// What the database has of a session's connections.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WrittenDown {
    /// The open ones by their stream.
    pub open: Vec<(u32, Connection)>,
    /// The newest ended ones that were a stream, at most [`ENDED_REMEMBERED`], the newest last.
    pub ended: Vec<(u32, Connection)>,
    /// By tunnel, the bytes of all; none of them counted as open.
    pub counts: Vec<TunnelCount>,
    /// How many there are.
    pub total: u64,
}

/// News that wait for consoles; of more than that the oldest are left out. Lists that are loaded anew have them all.
const NEWS_MOST: usize = 8 * 1024;
/// Ended connections that still learn who connected: a burst of short ones.
pub const ENDED_REMEMBERED: usize = 1024;

impl ConnectionTable {
    /// A table for a session with these tunnels.
    #[must_use]
    pub fn new(target_host: String, remote_ports: Vec<u16>) -> Self {
        let counts = vec![TunnelCount::default(); remote_ports.len()];
        Self {
            target_host,
            remote_ports,
            open: HashMap::new(),
            highest: 0,
            greetings: Greetings::default(),
            counts,
            total: 0,
            ended: [0; EndReason::ALL.len()],
            changed: BTreeSet::new(),
            unwritten: Vec::new(),
            ended_since: VecDeque::new(),
            failed_since: VecDeque::new(),
            lately: VecDeque::new(),
            early_sources: VecDeque::new(),
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
        new_id: impl Fn() -> Uuid,
    ) -> Result<Verdict, Violation> {
        let header = frame.header;
        let stream = header.stream.0;
        let violation = Violation { from, kind: header.kind };
        match (header.kind, from) {
            (Kind::Open, From::Jumpoint) | (Kind::Opened, From::Helper) | (Kind::Paired, _) => return Err(violation),
            (Kind::Resume | Kind::Position | Kind::Resumed, _) => {
                if self.greetings.hear(from, frame) {
                    self.reconcile(now, new_id);
                }
                return Ok(Verdict::Pass);
            }
            _ if !self.greetings.are_over() => return Ok(Verdict::Drop),
            (Kind::Open, From::Helper) => return Ok(self.open(stream, header.aux, frame.payload.len(), now, new_id)),
            (Kind::Ping | Kind::Pong | Kind::Gone, _) => return Ok(Verdict::Pass),
            _ => {}
        }
        let Some(entry) = self.open.get_mut(&stream) else {
            // What carries no bytes may still be on its way when a connection ends; the ends know what to do with it.
            let passes = matches!(header.kind, Kind::Credit | Kind::Reset);
            return Ok(if passes { Verdict::Pass } else { Verdict::Drop });
        };
        match header.kind {
            Kind::Opened => entry.row.established = true,
            Kind::Data => {
                let end = header.offset.saturating_add(u64::from(header.length));
                let known = match from {
                    From::Helper => entry.row.bytes_sent,
                    From::Jumpoint => entry.row.bytes_received,
                };
                if header.offset > known {
                    return Err(violation);
                }
                entry.count(from, end, &mut self.counts);
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
            _ => {}
        }
        self.changed.insert(stream);
        Ok(Verdict::Pass)
    }

    fn open(&mut self, stream: u32, tunnel: u16, first: usize, now: Timestamp, new_id: impl Fn() -> Uuid) -> Verdict {
        let first = first as u64;
        if let Some(entry) = self.open.get_mut(&stream) {
            // Opened again over a new pair of links, perhaps with more of its first bytes.
            entry.count(From::Helper, first, &mut self.counts);
            return Verdict::Pass;
        }
        if stream <= self.highest {
            // A refusal that was lost is told again; what is over stays over.
            let refused = self.lately.iter().find(|(it, _)| *it == stream).and_then(|(_, row)| row.end);
            return match refused {
                Some(reason @ (EndReason::NotAllowed | EndReason::Limit)) => Verdict::Refuse(reason),
                _ if usize::from(tunnel) >= self.counts.len() => Verdict::Refuse(EndReason::NotAllowed),
                _ => Verdict::Drop,
            };
        }
        self.highest = stream;
        let refusal = match self.counts.get_mut(usize::from(tunnel)) {
            None => Some(EndReason::NotAllowed),
            Some(count) => {
                count.open += 1;
                (self.open.len() >= CONNECTIONS_PER_SESSION).then_some(EndReason::Limit)
            }
        };
        // What is refused carries nothing.
        let first = if refusal.is_some() { 0 } else { first };
        let (client_address, client_program) = self.take_early_source(stream).unzip();
        let row = Connection {
            bytes_sent: first,
            client_address,
            client_program: client_program.flatten(),
            ..new_row(ConnectionId(new_id()), tunnel, now)
        };
        self.total += 1;
        self.open.insert(stream, Entry::new(row.clone()));
        self.changed.insert(stream);
        if let Some(reason) = refusal {
            self.end(stream, reason, "", now);
            return Verdict::Refuse(reason);
        }
        if let Some(count) = self.counts.get_mut(usize::from(tunnel)) {
            count.sent = count.sent.saturating_add(first);
        }
        self.unwritten.push(Row { stream: Some(stream), connection: row });
        Verdict::Pass
    }

    fn end(&mut self, stream: u32, reason: EndReason, detail: &str, now: Timestamp) {
        let Some(Entry { mut row, .. }) = self.open.remove(&stream) else { return };
        if row.end.is_none() {
            if let Some(count) = self.counts.get_mut(usize::from(row.tunnel)) {
                count.open = count.open.saturating_sub(1);
            }
            let port = self.remote_ports.get(usize::from(row.tunnel)).copied().unwrap_or(0);
            self.count_end(reason);
            row.closed_at = Some(now);
            row.end = Some(reason);
            row.end_message = reason.message(&format!("{}:{port}", self.target_host), detail);
            row.fault = reason.fault();
            self.tell_failed(&row);
        }
        self.changed.remove(&stream);
        if self.lately.len() >= ENDED_REMEMBERED {
            self.lately.pop_front();
        }
        self.lately.push_back((stream, row.clone()));
        self.tell(row.clone());
        self.unwritten.push(Row { stream: Some(stream), connection: row });
    }

    fn tell(&mut self, row: Connection) {
        if self.ended_since.len() >= NEWS_MOST {
            self.ended_since.pop_front();
        }
        self.ended_since.push_back(row);
    }

    fn tell_failed(&mut self, row: &Connection) {
        if row.fault.is_some() {
            if self.failed_since.len() >= NEWS_MOST {
                self.failed_since.pop_front();
            }
            self.failed_since.push_back(row.clone());
        }
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
            let row = row.clone();
            self.tell(row.clone());
            self.unwritten.push(Row { stream: Some(stream), connection: row });
        } else if stream > self.highest {
            // Control messages may overtake frames.
            self.early_sources.truncate(EARLY_SOURCES - 1);
            self.early_sources.push_front((stream, (address, program)));
        }
    }

    fn take_early_source(&mut self, stream: u32) -> Option<(String, Option<String>)> {
        let at = self.early_sources.iter().position(|(it, _)| *it == stream)?;
        self.early_sources.remove(at).map(|(_, source)| source)
    }

    /// Notes a connection that the helper turned away before there was a stream. One for a tunnel that the session does not
    /// have is not believed, and a reason that is not the helper's to give is not either.
    pub fn turned_away(
        &mut self,
        id: ConnectionId,
        tunnel: u16,
        source: (String, Option<String>),
        reason: EndReason,
        now: Timestamp,
    ) {
        let Some(port) = self.remote_ports.get(usize::from(tunnel)).copied() else { return };
        let reason = match reason {
            EndReason::Limit | EndReason::AnotherUser | EndReason::LinkLost | EndReason::SessionEnded => reason,
            _ => EndReason::WorkstationFailed,
        };
        let row = Connection {
            client_address: Some(source.0),
            client_program: source.1,
            closed_at: Some(now),
            end: Some(reason),
            end_message: reason.message(&format!("{}:{port}", self.target_host), ""),
            fault: reason.fault(),
            ..new_row(id, tunnel, now)
        };
        self.total += 1;
        self.count_end(reason);
        self.tell_failed(&row);
        self.tell(row.clone());
        self.unwritten.push(Row { stream: None, connection: row });
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

    fn count_end(&mut self, reason: EndReason) {
        if let Some(count) = self.ended.get_mut(usize::from(reason.code())) {
            *count += 1;
        }
    }

    /// What was counted of all connections.
    #[must_use]
    pub fn counted(&self) -> Counted {
        let (sent, received) = self.bytes();
        Counted { sent, received, opened: self.total, ended: self.ended }
    }

    /// Rows that changed since the last call, at most `most`; the others come next time.
    pub fn take_changed(&mut self, most: usize) -> Vec<Connection> {
        let mut rows: Vec<_> = self.ended_since.drain(..most.min(self.ended_since.len())).collect();
        while rows.len() < most {
            let Some(stream) = self.changed.pop_first() else { break };
            rows.extend(self.open.get(&stream).map(|entry| entry.row.clone()));
        }
        rows
    }

    /// Connections that failed since the last call, at most `most`; the others come next time.
    pub fn take_failed(&mut self, most: usize) -> Vec<Connection> {
        self.failed_since.drain(..most.min(self.failed_since.len())).collect()
    }

    /// Whether consoles have not heard of everything yet.
    #[must_use]
    pub fn has_news(&self) -> bool {
        !(self.ended_since.is_empty() && self.failed_since.is_empty())
    }

    /// Rows to write down; the caller gives them back with [`ConnectionTable::give_back`] when it could not.
    pub fn take_unwritten(&mut self) -> Vec<Row> {
        let rows = std::mem::take(&mut self.unwritten);
        // Of a connection that opened and ended meanwhile, the end says it all.
        let mut seen = HashSet::with_capacity(rows.len());
        let mut rows: Vec<_> = rows.into_iter().rev().filter(|row| seen.insert(row.connection.id)).collect();
        rows.reverse();
        // Of one that is open, what is newer may be written down already.
        for Row { stream, connection } in &mut rows {
            let entry = stream.and_then(|stream| self.open.get(&stream)).filter(|it| it.row.id == connection.id);
            if let Some(entry) = entry {
                connection.clone_from(&entry.row);
            }
        }
        rows
    }

    /// Takes back rows that could not be written.
    pub fn give_back(&mut self, mut rows: Vec<Row>) {
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
    pub fn open_rows(&self) -> Vec<Row> {
        let row = |(stream, entry): (&u32, &Entry)| Row { stream: Some(*stream), connection: entry.row.clone() };
        self.open.iter().map(row).collect()
    }

    /// A table that goes on where the database stands.
    #[must_use]
    pub fn restored(mut self, written: WrittenDown) -> Self {
        self.counts.clone_from(&written.counts);
        self.total = written.total;
        for (stream, row) in written.open {
            if let Some(count) = self.counts.get_mut(usize::from(row.tunnel)) {
                count.open += 1;
                self.highest = self.highest.max(stream);
                self.open.insert(stream, Entry::new(row));
            }
        }
        for (stream, row) in written.ended {
            self.highest = self.highest.max(stream);
            self.lately.push_back((stream, row));
        }
        self
    }
}

fn new_row(id: ConnectionId, tunnel: u16, now: Timestamp) -> Connection {
    Connection {
        id,
        tunnel,
        client_address: None,
        client_program: None,
        opened_at: now,
        established: false,
        closed_at: None,
        bytes_sent: 0,
        bytes_received: 0,
        end: None,
        end_message: String::new(),
        fault: None,
    }
}

#[cfg(test)]
mod tests;
