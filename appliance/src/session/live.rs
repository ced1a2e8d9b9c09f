//! A session that is not over, in memory.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OnceCell};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wire::api::{EffectiveSessionPolicy, Reconnecting, Session, SessionEnd, SessionState, Statistics};
use wire::limits::WARN_MINUTES;
use wire::{AgentId, JumpItemId, SessionId, Timestamp, UserId};

use super::arrivals::Arrivals;
use super::asking::Trouble;
use super::idle::{Idle, IdleDue};
use super::recorder::Recorder;
use super::totals::Counted;
use crate::jump::policy::End;
use crate::relay::connections::{ConnectionTable, TunnelCount, WrittenDown};
use crate::relay::forward::Pulse;
use crate::relay::gate::Gate;
use crate::relay::tap::Tap;
use crate::store::{ConnectionsSoFar, SessionRecord};

/// A session that is not over.
#[derive(Debug)]
pub struct LiveSession {
    /// Its id.
    pub id: SessionId,
    /// Who uses it.
    pub user: UserId,
    /// The session that it joined.
    pub joined: Option<SessionId>,
    /// What the database has, and what is newer.
    record: Mutex<SessionRecord>,
    /// Its connections.
    pub table: Mutex<ConnectionTable>,
    /// The pulse of the helper's link.
    pub helper_pulse: Pulse,
    /// The pulse of the jumpoint's link.
    pub jumpoint_pulse: Pulse,
    /// What was counted before this start of the appliance.
    before: Counted,
    /// Told when connections came or went.
    pub changed: Notify,
    /// Cancelled when the session ends; [`LiveSession::ending`] says why.
    pub over: CancellationToken,
    ending: Mutex<Option<Ending>>,
    closed: AtomicBool,
    /// Held by whoever writes it into the database.
    pub(super) writing: tokio::sync::Mutex<()>,
    /// Cancelled when the end is written down and told.
    pub(super) gone: CancellationToken,
    /// Links that its task has not taken yet.
    pub arrivals: Arrivals,
    reconnecting: Mutex<Option<Reconnecting>>,
    /// What became of the node that was asked, as long as nobody took note of it.
    trouble: Mutex<Option<(AgentId, Trouble)>>,
    trouble_news: Notify,
    statistics: Mutex<VecDeque<Statistics>>,
    /// The helper reported where it listens, and consoles have not heard of it.
    report_news: AtomicBool,
    /// The end that policies set to it.
    set_end: Mutex<SetEnd>,
    /// Who has looked at it besides its user.
    watchers: Mutex<HashSet<UserId>>,
    /// Version of its helper, once that came to this run of the appliance.
    helper_version: Mutex<Option<String>>,
    /// When something last went through it.
    idle: Mutex<Idle>,
    /// The recording that it needs.
    recorder: Option<Mutex<Recorder>>,
    /// Closed while a recording that it needs does not run.
    pub gate: Gate,
    /// What captures what goes through it, where that is to be captured.
    tap: Option<OnceCell<Arc<dyn Tap>>>,
}

/// What goes through a session is to be captured, and nothing does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing captures what goes through the session")]
pub struct NoTap;

/// The end that policies set to a session, and what its people were told of it.
#[derive(Clone, Debug, Default)]
struct SetEnd {
    end: Option<End>,
    warned: Option<u32>,
}

/// What is due because a session's end by policy comes near.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// To warn its people: it ends in at most these minutes.
    Warning(u32, End),
    /// To end it.
    End(End),
}

/// Minutes before the end at which its people are warned, the last first.
const WARNINGS: [u32; 4] = [1, 5, 10, WARN_MINUTES];

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
        let recorder = record.recording.map(Recorder::new);
        Self::with(record, ConnectionsSoFar::default(), recorder)
    }

    /// A session that goes on, with the connections it has had so far.
    #[must_use]
    pub fn restored(record: SessionRecord, connections: ConnectionsSoFar, now: Timestamp) -> Arc<Self> {
        let recorder = record.recording.map(|quality| Recorder::restored(quality, now));
        Self::with(record, connections, recorder)
    }

    fn with(record: SessionRecord, connections: ConnectionsSoFar, recorder: Option<Recorder>) -> Arc<Self> {
        let captures = record.capture.is_some();
        let ports: Vec<u16> = record.tunnels.iter().map(|tunnel| tunnel.remote_port).collect();
        let mut written = WrittenDown {
            open: connections.open,
            ended: connections.ended,
            counts: vec![TunnelCount::default(); ports.len()],
            total: 0,
        };
        for sum in connections.sums {
            written.total += sum.connections;
            if let Some(count) = written.counts.get_mut(usize::from(sum.tunnel)) {
                (count.sent, count.received) = (sum.bytes_sent, sum.bytes_received);
            }
        }
        let table = ConnectionTable::new(record.hostname.clone(), ports);
        let table = table.restored(written);
        Arc::new(Self {
            id: record.id,
            user: record.user_id,
            joined: record.joined.as_ref().map(|it| it.session_id),
            before: table.counted(),
            table: Mutex::new(table),
            record: Mutex::new(record),
            helper_pulse: Pulse::default(),
            jumpoint_pulse: Pulse::default(),
            changed: Notify::new(),
            over: CancellationToken::new(),
            ending: Mutex::new(None),
            closed: AtomicBool::new(false),
            writing: tokio::sync::Mutex::new(()),
            gone: CancellationToken::new(),
            arrivals: Arrivals::default(),
            reconnecting: Mutex::new(None),
            trouble: Mutex::new(None),
            trouble_news: Notify::new(),
            statistics: Mutex::new(VecDeque::new()),
            report_news: AtomicBool::new(false),
            set_end: Mutex::default(),
            watchers: Mutex::default(),
            helper_version: Mutex::default(),
            idle: Mutex::default(),
            gate: if recorder.is_some() { Gate::closed() } else { Gate::default() },
            recorder: recorder.map(Mutex::new),
            tap: captures.then(OnceCell::new),
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

    /// The session by itself as consoles see it.
    #[must_use]
    pub(super) fn view(&self) -> Session {
        let mut session = view(self.snapshot());
        session.connections_open = u32::try_from(self.table().open_count()).unwrap_or(u32::MAX);
        session.recording = self.with_recorder(|it| it.view()).filter(|_| session.state != SessionState::Ended);
        session.reconnecting = (*lock(&self.reconnecting)).filter(|_| session.state != SessionState::Ended);
        if session.state != SessionState::Ended
            && let Some(End { at, because, .. }) = lock(&self.set_end).end.clone()
        {
            (session.ends_at, session.ends_because) = (Some(at), Some(because));
        }
        session
    }

    /// Looks at the recording that it needs, or changes where that stands; none when it needs none. The gate follows under the same
    /// lock: of two changes at once the later one decides whether bytes pass.
    pub fn with_recorder<T>(&self, look: impl FnOnce(&mut Recorder) -> T) -> Option<T> {
        self.recorder.as_ref().map(|it| {
            let mut recorder = lock(it);
            let seen = look(&mut recorder);
            if recorder.is_running() {
                self.gate.open();
            } else {
                self.gate.close();
            }
            seen
        })
    }

    /// What captures what goes through it; none where nothing is to be captured.
    ///
    /// # Errors
    /// When it is to be captured, and nothing does.
    pub fn tap(&self) -> Result<Option<Arc<dyn Tap>>, NoTap> {
        self.tap.as_ref().map(|it| it.get().cloned().ok_or(NoTap)).transpose()
    }

    /// Begins to capture where that is to be done and is not done yet, by this; others who want the same wait for it.
    ///
    /// # Errors
    /// What it says.
    pub async fn tap_with<E>(&self, begin: impl Future<Output = Result<Arc<dyn Tap>, E>>) -> Result<(), E> {
        if let Some(tap) = &self.tap {
            tap.get_or_try_init(|| begin).await?;
        }
        Ok(())
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

    /// Whether it is a use of this item.
    #[must_use]
    pub fn is_of(&self, item: JumpItemId) -> bool {
        self.record().item_id == Some(item)
    }

    /// Locks the table of connections; for short.
    pub fn table(&self) -> MutexGuard<'_, ConnectionTable> {
        lock(&self.table)
    }

    /// What it has counted since it began, or since the appliance started.
    #[must_use]
    pub fn counted(&self) -> Counted {
        self.table().counted().since(&self.before)
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

    /// Whether somebody writes its end down, or has.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// The agent that serves it, once one was asked.
    #[must_use]
    pub fn node(&self) -> Option<AgentId> {
        self.record().node_id
    }

    /// Whether this run of an agent may bring a link: the one that was asked, and the same run of it ever after.
    pub fn admits(&self, agent: AgentId, run: Uuid, is_first: bool) -> bool {
        let mut record = self.record();
        let is_asked = record.node_id == Some(agent) && record.state != SessionState::Ended;
        if is_asked && is_first && record.node_run.is_none() {
            record.node_run = Some(run);
        }
        is_asked && record.node_run == Some(run)
    }

    /// Whether its connections lie with an earlier run of this agent.
    #[must_use]
    pub fn is_of_an_earlier_run(&self, agent: AgentId, run: Uuid) -> bool {
        let record = self.record();
        record.node_id == Some(agent) && record.node_run.is_some_and(|it| it != run)
    }

    /// The run of the agent that serves it, once it has called.
    #[must_use]
    pub fn node_run(&self) -> Option<Uuid> {
        self.record().node_run
    }

    /// The node that was asked does not come.
    pub fn report_trouble(&self, agent: AgentId, trouble: Trouble) {
        *lock(&self.trouble) = Some((agent, trouble));
        self.trouble_news.notify_one();
    }

    /// Waits until the node that was asked is said not to come. One task at a time.
    pub async fn trouble(&self) -> Trouble {
        loop {
            if let Some((agent, trouble)) = lock(&self.trouble).take()
                && self.node() == Some(agent)
            {
                return trouble;
            }
            self.trouble_news.notified().await;
        }
    }

    /// Whether a link is being waited for, as consoles are told.
    #[must_use]
    pub fn is_reconnecting(&self) -> bool {
        self.reconnecting().is_some()
    }

    /// Which link is waited for, and until when.
    #[must_use]
    pub fn reconnecting(&self) -> Option<Reconnecting> {
        *lock(&self.reconnecting)
    }

    /// Policies set this end to it, or none. True when that is another one than before.
    pub fn set_end(&self, end: Option<End>) -> bool {
        let mut kept = lock(&self.set_end);
        let is_news = kept.end != end;
        if is_news {
            *kept = SetEnd { end, warned: None };
        }
        is_news
    }

    /// What is due at this moment of the end that policies set; each warning once.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Due {
        let mut kept = lock(&self.set_end);
        let Some(end) = kept.end.clone() else { return Due::Nothing };
        if end.at <= now {
            return Due::End(end);
        }
        let left = end.at.millis_since(now);
        let Some(minutes) = WARNINGS.into_iter().find(|minutes| left <= u64::from(*minutes) * 60_000) else {
            return Due::Nothing;
        };
        if kept.warned.is_some_and(|warned| warned <= minutes) {
            return Due::Nothing;
        }
        kept.warned = Some(minutes);
        Due::Warning(minutes, end)
    }

    /// Its helper says which version it is.
    pub fn set_helper_version(&self, version: &str) {
        *lock(&self.helper_version) = Some(version.chars().take(40).collect());
    }

    /// Version of its helper, once that came.
    #[must_use]
    pub fn helper_version(&self) -> Option<String> {
        lock(&self.helper_version).clone()
    }

    /// Somebody looks at it besides its user. True for the first time.
    #[must_use]
    pub(super) fn is_new_watcher(&self, user: UserId) -> bool {
        lock(&self.watchers).insert(user)
    }

    /// Its session policy says this now. True when that is news.
    pub fn set_policy(&self, policy: EffectiveSessionPolicy) -> bool {
        let mut record = self.record();
        let is_news = record.policy.as_ref() != Some(&policy);
        if is_news {
            record.policy = Some(policy);
        }
        is_news
    }

    /// What is due because nothing goes through it; each warning once.
    #[must_use]
    pub fn idle_due(&self, now: Timestamp) -> IdleDue {
        let (minutes, state) = {
            let record = self.record();
            (record.policy.as_ref().and_then(|it| it.idle_minutes), record.state)
        };
        let bytes = self.table().bytes();
        // While a link is lost nothing can go through it, and it has a time of its own.
        let waits = state != SessionState::Tunnelling || self.is_reconnecting();
        lock(&self.idle).look(now, bytes, minutes.filter(|_| !waits))
    }

    /// A link was lost, or is back.
    pub fn set_reconnecting(&self, reconnecting: Option<Reconnecting>) {
        *lock(&self.reconnecting) = reconnecting;
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
        reconnecting: None,
        ticket: record.ticket,
        ends_at: None,
        ends_because: None,
        joined: record.joined,
        participants: Vec::new(),
        policy: record.policy,
        recording: None,
        capture: record.capture,
    }
}
