//! One direction of a session: read a message, look at the headers, count, write, await. Nothing queues in between.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures_util::{SinkExt, StreamExt};
use prometheus::Histogram;
use tokio::time::Instant;

use super::connections::{ConnectionTable, From};
use super::gate::Gate;
use super::inspect::{Inspected, Violated, inspect};
use super::link::{Incoming, IncomingHalf, LinkBroken, Outgoing, OutgoingHalf};
use super::tap::Tap;

/// The outgoing half of a link; the relay of the other direction, refusals and pings share it.
pub type Outbound = tokio::sync::Mutex<OutgoingHalf>;

/// Why a direction stopped.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The link that is read ended or broke.
    #[error("the link of the {from:?} ended: {detail}")]
    Gone {
        /// Whose link.
        from: From,
        /// What was seen.
        detail: String,
    },
    /// The program on that link broke the protocol.
    #[error("the {from:?} broke the protocol: {detail}")]
    Broken {
        /// Whose link.
        from: From,
        /// What it did.
        detail: String,
    },
}

/// Round trip and signs of life of one link.
#[derive(Debug)]
pub struct Pulse {
    began: Instant,
    /// Microseconds since `began`; [`BUSY`] while a message is being passed on.
    heard: AtomicU64,
    /// Microseconds; 0 = not measured yet.
    round_trip: AtomicU64,
    /// Bytes of the message that is being passed on, when one is.
    passing: AtomicUsize,
    /// Where round trips are counted.
    counted_in: OnceLock<Histogram>,
}

/// How often a link is pinged.
const PING_EVERY: Duration = Duration::from_secs(5);
/// How long a link may be silent.
const DEAD_AFTER: Duration = Duration::from_secs(15);
/// A timer that rings so late tells that the appliance itself was held up.
const HELD_UP: Duration = Duration::from_secs(2);
/// Not silent, but not being read either, because the other link takes its time.
const BUSY: u64 = u64::MAX;
/// How long a link may take nothing. Two links that both take nothing are not read either, so their silence tells nothing.
const NOT_TAKEN_WITHIN: Duration = Duration::from_secs(30);
/// Rows that may wait for the database before the relay waits for it.
const UNWRITTEN_MOST: usize = 20_000;

impl Default for Pulse {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            heard: AtomicU64::new(0),
            round_trip: AtomicU64::new(0),
            passing: AtomicUsize::new(0),
            counted_in: OnceLock::new(),
        }
    }
}

impl Pulse {
    /// Round trip in microseconds, once measured.
    #[must_use]
    pub fn round_trip_micros(&self) -> Option<u64> {
        Some(self.round_trip.load(Ordering::Relaxed)).filter(|micros| *micros > 0)
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(BUSY - 1)
    }

    /// Something was heard.
    pub fn hear(&self) {
        self.heard.store(self.micros(), Ordering::Relaxed);
    }

    /// A pong came back with what its ping carried.
    pub fn answered(&self, mut sent: Bytes) {
        if let Ok(sent) = sent.try_get_u64() {
            let micros = self.micros().saturating_sub(sent).max(1);
            self.round_trip.store(micros, Ordering::Relaxed);
            if let Some(counted_in) = self.counted_in.get() {
                counted_in.observe(Duration::from_micros(micros).as_secs_f64());
            }
        }
    }

    /// Round trips are counted here from now on.
    pub fn counted_in(&self, histogram: Histogram) {
        // The first one stays.
        let _ = self.counted_in.set(histogram);
    }

    /// Bytes of the message that was read from this link and that the other one has not taken yet, when there is one.
    #[must_use]
    pub fn passing(&self) -> Option<usize> {
        (self.heard.load(Ordering::Relaxed) == BUSY).then(|| self.passing.load(Ordering::Relaxed))
    }

    /// Since when nothing was heard; nothing of a link that is not read because the other one takes its time.
    #[must_use]
    pub fn silent_for(&self) -> Duration {
        match self.heard.load(Ordering::Relaxed) {
            BUSY => Duration::ZERO,
            heard => Duration::from_micros(self.micros().saturating_sub(heard)),
        }
    }

    /// Pings until the link is dead or cannot be written.
    pub async fn watch(&self, from: From, out: &Outbound) -> Stopped {
        self.hear();
        tokio::select! {
            stopped = self.ping(from, out) => stopped,
            () = self.silence() => {
                Stopped::Gone { from, detail: format!("nothing was heard for {} seconds", DEAD_AFTER.as_secs()) }
            }
        }
    }

    /// Waits until nothing was heard for too long. An appliance that was held up itself hears what came meanwhile first.
    async fn silence(&self) {
        loop {
            let left = DEAD_AFTER.saturating_sub(self.silent_for());
            if left.is_zero() {
                return;
            }
            let due = Instant::now() + left;
            tokio::time::sleep_until(due).await;
            if due.elapsed() > HELD_UP {
                self.hear();
            }
        }
    }

    /// A link that takes nothing more is no reason to stop pinging: a ping that finds no place within the pause between two is
    /// left out. (A ping that is cut short while it is flushed is already in its place.)
    async fn ping(&self, from: From, out: &Outbound) -> Stopped {
        let mut round = tokio::time::interval(PING_EVERY);
        loop {
            round.tick().await;
            let ping = Bytes::copy_from_slice(&self.micros().to_be_bytes());
            let sent = tokio::time::timeout(PING_EVERY, async { out.lock().await.send(Outgoing::Ping(ping)).await });
            if let Ok(Err(LinkBroken(detail))) = sent.await {
                return Stopped::Gone { from, detail };
            }
        }
    }
}

/// What one direction works with.
pub struct Direction<'a> {
    /// Whose messages are read.
    pub from: From,
    /// Where they go.
    pub onward: &'a Outbound,
    /// Where refusals go.
    pub back: &'a Outbound,
    /// Takes note of every frame.
    pub table: &'a Mutex<ConnectionTable>,
    /// The pulse of the link that is read.
    pub pulse: &'a Pulse,
    /// What holds frames back for a while.
    pub gate: &'a Gate,
    /// What keeps a copy of the frames, where anything does.
    pub tap: Option<&'a dyn Tap>,
    /// Told when connections came or went, so that consoles see it at once.
    pub changed: &'a tokio::sync::Notify,
}

impl Direction<'_> {
    /// Passes messages on until the link ends.
    pub async fn run(
        &self,
        incoming: &mut IncomingHalf,
        mut control: impl FnMut(String) -> Result<(), String>,
    ) -> Stopped {
        loop {
            self.pulse.hear();
            let message = match incoming.next().await {
                None => return self.gone("closed".into()),
                Some(Err(LinkBroken(detail))) => return self.gone(detail),
                Some(Ok(message)) => message,
            };
            let size = if let Incoming::Frames(bytes) = &message { bytes.len() } else { 0 };
            self.pulse.passing.store(size, Ordering::Relaxed);
            self.pulse.heard.store(BUSY, Ordering::Relaxed);
            let passed = match message {
                Incoming::Frames(bytes) => {
                    self.gate.pass().await;
                    self.pass(bytes).await
                }
                Incoming::Pong(sent) => {
                    self.pulse.answered(sent);
                    Ok(())
                }
                Incoming::Control(text) => {
                    let heard = control(text).map_err(|detail| Stopped::Broken { from: self.from, detail });
                    wait_for_rows(self.from, self.table, self.changed).await;
                    heard
                }
            };
            if let Err(stopped) = passed {
                return stopped;
            }
        }
    }

    async fn pass(&self, message: Bytes) -> Result<(), Stopped> {
        let Noted { inspected: Inspected { onward, refusals }, has_news, is_full } = self
            .inspect(message)
            .map_err(|violated| Stopped::Broken { from: self.from, detail: violated.to_string() })?;
        if has_news {
            self.changed.notify_one();
        }
        if is_full {
            wait_for_rows(self.from, self.table, self.changed).await;
        }
        if let Some(tap) = self.tap
            && !onward.is_empty()
            && tap.keep(self.from, onward.clone()).await.is_err()
        {
            // The session ends, which is seen where this is waited for.
            std::future::pending::<()>().await;
        }
        if !onward.is_empty() {
            send(other(self.from), self.onward, onward).await?;
        }
        if !refusals.is_empty() {
            send(self.from, self.back, refusals).await?;
        }
        Ok(())
    }

    /// Notes every frame of a message.
    fn inspect(&self, message: Bytes) -> Result<Noted, Violated> {
        let mut table = self.table.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let open_before = (table.open_count(), table.total());
        let inspected = inspect(&mut table, self.from, message, crate::clock::now(), crate::random::id)?;
        Ok(Noted {
            inspected,
            has_news: (table.open_count(), table.total()) != open_before,
            is_full: table.unwritten_count() > UNWRITTEN_MOST,
        })
    }

    fn gone(&self, detail: String) -> Stopped {
        Stopped::Gone { from: self.from, detail }
    }
}

async fn send(to: From, link: &Outbound, frames: Bytes) -> Result<(), Stopped> {
    let sent = async { link.lock().await.send(Outgoing::Frames(frames)).await };
    match tokio::time::timeout(NOT_TAKEN_WITHIN, sent).await {
        Ok(sent) => sent.map_err(|LinkBroken(detail)| Stopped::Gone { from: to, detail }),
        Err(_) => {
            let detail = format!("nothing was taken for {} seconds", NOT_TAKEN_WITHIN.as_secs());
            Err(Stopped::Gone { from: to, detail })
        }
    }
}

struct Noted {
    inspected: Inspected,
    has_news: bool,
    is_full: bool,
}

/// What happened has to be written down; when the database cannot keep up, whoever makes more of it waits.
pub async fn wait_for_rows(from: From, table: &Mutex<ConnectionTable>, changed: &tokio::sync::Notify) {
    let too_many = || {
        let table = table.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        table.unwritten_count() > UNWRITTEN_MOST
    };
    let mut told = false;
    while too_many() {
        if !std::mem::replace(&mut told, true) {
            tracing::warn!(from = ?from, "a link waits for the database: too many connections are not written down");
        }
        changed.notify_one();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn other(from: From) -> From {
    match from {
        From::Helper => From::Jumpoint,
        From::Jumpoint => From::Helper,
    }
}
