//! A session that is not over, in memory.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;
use wire::api::{Session, SessionEnd, SessionState, Statistics};
use wire::{AgentId, SessionId, Timestamp};

use crate::relay::connections::ConnectionTable;
use crate::relay::forward::Pulse;
use crate::relay::link::Link;
use crate::store::SessionRecord;

/// A session that is not over.
#[derive(Debug)]
pub struct LiveSession {
    /// Its id.
    pub id: SessionId,
    /// What the database has, and what is newer.
    record: Mutex<SessionRecord>,
    /// Its connections.
    pub table: Mutex<ConnectionTable>,
    /// The pulse of the helper's link.
    pub helper_pulse: Pulse,
    /// The pulse of the jumpoint's link.
    pub jumpoint_pulse: Pulse,
    /// Told when connections came or went.
    pub changed: Notify,
    /// Cancelled when the session ends; [`LiveSession::ending`] says why.
    pub over: CancellationToken,
    ending: Mutex<Option<Ending>>,
    closed: AtomicBool,
    /// Cancelled when the end is written down and told.
    pub(super) gone: CancellationToken,
    /// Where the jumpoint's link is waited for, and from which agent.
    expected: Mutex<Option<(AgentId, oneshot::Sender<Link>)>>,
    /// The agent that serves it.
    node: Mutex<Option<AgentId>>,
    statistics: Mutex<VecDeque<Statistics>>,
    /// The helper reported where it listens, and consoles have not heard of it.
    report_news: AtomicBool,
}

/// Why a session ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The stable name.
    pub end: SessionEnd,
    /// A sentence.
    pub message: String,
    /// Who did it, if a person did.
    pub by: Option<String>,
}

/// Points of statistics that are kept: five minutes.
const POINTS: usize = 300;

impl LiveSession {
    /// A session that has just begun.
    #[must_use]
    pub fn new(record: SessionRecord) -> Arc<Self> {
        let ports = record.tunnels.iter().map(|tunnel| tunnel.remote_port).collect();
        Arc::new(Self {
            id: record.id,
            table: Mutex::new(ConnectionTable::new(record.hostname.clone(), ports)),
            record: Mutex::new(record),
            helper_pulse: Pulse::default(),
            jumpoint_pulse: Pulse::default(),
            changed: Notify::new(),
            over: CancellationToken::new(),
            ending: Mutex::new(None),
            closed: AtomicBool::new(false),
            gone: CancellationToken::new(),
            expected: Mutex::new(None),
            node: Mutex::new(None),
            statistics: Mutex::new(VecDeque::new()),
            report_news: AtomicBool::new(false),
        })
    }

    /// The record with the counts of this moment.
    #[must_use]
    pub fn snapshot(&self) -> SessionRecord {
        let mut record = self.record().clone();
        let table = self.table();
        (record.bytes_sent, record.bytes_received) = table.bytes();
        record.connections_total = table.total();
        for (tunnel, count) in record.tunnels.iter_mut().zip(table.counts()) {
            tunnel.connections_open = count.open;
            tunnel.bytes_sent = count.sent;
            tunnel.bytes_received = count.received;
        }
        record
    }

    /// The session as consoles see it.
    #[must_use]
    pub fn view(&self) -> Session {
        let mut session = view(self.snapshot());
        session.connections_open = u32::try_from(self.table().open_count()).unwrap_or(u32::MAX);
        session
    }

    /// Changes the record.
    pub fn change(&self, change: impl FnOnce(&mut SessionRecord)) {
        change(&mut self.record());
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> SessionState {
        self.record().state
    }

    /// Locks the table of connections; for short.
    pub fn table(&self) -> MutexGuard<'_, ConnectionTable> {
        lock(&self.table)
    }

    /// Ends the session. The first ending counts; true for it.
    pub fn end(&self, ending: Ending) -> bool {
        let mut slot = lock(&self.ending);
        let is_first = slot.is_none();
        if is_first {
            *slot = Some(ending);
            self.over.cancel();
        }
        is_first
    }

    /// Why it ends, once it does.
    #[must_use]
    pub fn ending(&self) -> Option<Ending> {
        lock(&self.ending).clone()
    }

    /// True for the first caller only: whoever writes the end down.
    pub fn is_mine_to_close(&self) -> bool {
        !self.closed.swap(true, Ordering::AcqRel)
    }

    /// From now on the link of this agent is waited for.
    pub fn expect(&self, agent: AgentId) -> oneshot::Receiver<Link> {
        let (sender, receiver) = oneshot::channel();
        *lock(&self.expected) = Some((agent, sender));
        *lock(&self.node) = Some(agent);
        receiver
    }

    /// The agent that serves it, once one was asked.
    #[must_use]
    pub fn node(&self) -> Option<AgentId> {
        *lock(&self.node)
    }

    /// Whether the link of this agent is waited for.
    #[must_use]
    pub fn expects(&self, agent: AgentId) -> bool {
        lock(&self.expected).as_ref().is_some_and(|(expected, _)| *expected == agent)
    }

    /// Hands over the jumpoint's link. False when nobody waits for it any more.
    pub fn jumpoint_called(&self, agent: AgentId, link: Link) -> bool {
        let expected = lock(&self.expected).take_if(|(expected, _)| *expected == agent);
        expected.is_some_and(|(_, sender)| sender.send(link).is_ok())
    }

    /// The helper reported where it listens; consoles hear of it soon.
    pub fn note_report(&self) {
        self.report_news.store(true, Ordering::Release);
        self.changed.notify_one();
    }

    /// Whether there was a report since the last call.
    pub fn take_report_news(&self) -> bool {
        self.report_news.swap(false, Ordering::AcqRel)
    }

    /// The statistics of this moment.
    #[must_use]
    pub fn peek(&self, now: Timestamp) -> Statistics {
        let (bytes_sent, bytes_received) = self.table().bytes();
        Statistics {
            at: now,
            bytes_sent,
            bytes_received,
            helper_round_trip_micros: self.helper_pulse.round_trip_micros(),
            jumpoint_round_trip_micros: self.jumpoint_pulse.round_trip_micros(),
        }
    }

    /// The statistics of this moment, kept as a point of the last five minutes.
    pub fn measure(&self, now: Timestamp) -> Statistics {
        let point = self.peek(now);
        let mut points = lock(&self.statistics);
        if points.len() >= POINTS {
            points.pop_front();
        }
        points.push_back(point.clone());
        point
    }

    /// The points that are kept, oldest first.
    #[must_use]
    pub fn statistics(&self) -> Vec<Statistics> {
        lock(&self.statistics).iter().cloned().collect()
    }

    fn record(&self) -> MutexGuard<'_, SessionRecord> {
        lock(&self.record)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A kept session as consoles see it.
#[must_use]
pub fn view(record: SessionRecord) -> Session {
    Session {
        id: record.id,
        item_id: record.item_id,
        item_name: record.item_name,
        user_id: record.user_id,
        user_name: record.user_name,
        hostname: record.hostname,
        jumpoint_name: record.jumpoint_name,
        node_hostname: record.node_hostname,
        user_address: record.user_address,
        state: record.state,
        end: record.end,
        end_message: record.end_message,
        created_at: record.created_at,
        tunnelling_at: record.tunnelling_at,
        ended_at: record.ended_at,
        tunnels: record.tunnels,
        bytes_sent: record.bytes_sent,
        bytes_received: record.bytes_received,
        connections_total: record.connections_total,
        connections_open: 0,
    }
}
