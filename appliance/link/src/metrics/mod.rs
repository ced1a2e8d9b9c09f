//! What a helper or an agent counts of itself, in the text format of Prometheus.
//!
//! - here: counters that are raised where something happens, at most once for each read or write of a socket.
//! - `families`: their names, which are the appliance's where they mean the same.
//! - `request`: what somebody asks for, from bytes alone.
//! - `port`: where somebody may ask.
//!
//! No label ever holds what a person or a page sent, nor names anybody: reasons are those of the programs.

mod families;
pub mod port;
pub mod request;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use prometheus::{Encoder, IntGauge, TextEncoder};
use serde::Serialize;
use wire::stream::{EndReason, Held};

use families::Families;

/// Media type of the text, <https://prometheus.io/docs/instrumenting/exposition_formats/>.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Who counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// The helper: its sockets are those of local programs.
    Helper,
    /// The jumpoint: its sockets are those of remote systems.
    Jumpoint,
}

/// What was refused, or could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// An agent's control link, by the appliance or by what is on the way to it.
    ControlLink,
    /// A session's link, by the same.
    SessionLink,
    /// A connection to a remote system.
    Target,
    /// A connection, by this program itself.
    Connection,
    /// What a page asked for, by the helper.
    Page,
}

impl Refused {
    fn label(self) -> &'static str {
        match self {
            Self::ControlLink => "control_link",
            Self::SessionLink => "session_link",
            Self::Target => "target",
            Self::Connection => "connection",
            Self::Page => "page",
        }
    }
}

/// The counters of one run of a program. Cheap to clone; clones count into the same.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    families: Families,
    sessions: Mutex<Sessions>,
    /// One scrape at a time.
    turn: Mutex<()>,
}

/// Sessions whose link is kept up, by a number of their own.
#[derive(Debug, Default)]
struct Sessions {
    next: u64,
    running: BTreeMap<u64, Weak<dyn Holds>>,
}

/// What is asked for the bytes it holds when somebody wants to know.
pub(crate) trait Holds: Send + Sync {
    /// How much it is now.
    fn held(&self) -> Held;
}

impl Metrics {
    /// Nothing counted yet, in a program that began at that time.
    ///
    /// # Errors
    /// When two families have one name.
    pub fn new(program: Program, version: &str, began: SystemTime) -> prometheus::Result<Self> {
        let families = Families::new(program, version, began)?;
        Ok(Self(Arc::new(Counts { families, sessions: Mutex::default(), turn: Mutex::default() })))
    }

    /// Everything that is counted, as it is now.
    ///
    /// # Errors
    /// When the text cannot be made.
    pub fn text(&self) -> prometheus::Result<Vec<u8>> {
        let _turn = self.0.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let running: Vec<_> = self.sessions().running.values().cloned().collect();
        let families = &self.0.families;
        families.sessions.set(gauge(running.len()));
        let held = running.iter().filter_map(Weak::upgrade).map(|it| it.held()).fold(Held::default(), |sum, it| Held {
            to_send: sum.to_send + it.to_send,
            to_read: sum.to_read + it.to_read,
        });
        families.unacknowledged.set(gauge(held.to_send));
        families.unwritten.set(gauge(held.to_read));
        let mut text = Vec::new();
        TextEncoder::new().encode(&families.registry.gather(), &mut text)?;
        Ok(text)
    }

    /// Something was refused for a reason of the programs, never in the words of somebody.
    pub fn refused(&self, what: Refused, reason: &str) {
        self.0.families.refusals.with_label_values(&[what.label(), reason]).inc();
    }

    /// The control link stands, until what is returned is dropped.
    pub fn control_link_stands(&self) -> Standing {
        let families = &self.0.families;
        if families.control_links.get() > 0 {
            families.control_reconnects.inc();
        }
        families.control_links.inc();
        Standing::of(&families.control_link_up)
    }

    /// A tunnel listens, until what is returned is dropped.
    pub fn tunnel_listens(&self) -> Standing {
        Standing::of(&self.0.families.tunnels)
    }

    /// A session has its first link; it runs until what is returned is dropped.
    pub(crate) fn session_began(&self, session: Weak<dyn Holds>) -> Running {
        self.0.families.sessions_started.inc();
        let mut sessions = self.sessions();
        let number = sessions.next;
        sessions.next += 1;
        sessions.running.insert(number, session);
        drop(sessions);
        Running { metrics: self.clone(), number }
    }

    /// A session's link was lost.
    pub(crate) fn link_lost(&self) {
        self.0.families.links_lost.inc();
    }

    /// A session waits for another link, until what is returned is dropped.
    pub(crate) fn reconnecting(&self) -> Standing {
        Standing::of(&self.0.families.sessions_reconnecting)
    }

    /// A session goes on over another link.
    pub(crate) fn resumed(&self) {
        self.0.families.resumes.inc();
    }

    /// A session got no other link.
    pub(crate) fn resume_failed(&self) {
        self.0.families.resume_failures.inc();
    }

    /// A connection was opened.
    pub(crate) fn connection_opened(&self) {
        self.0.families.connections_opened.inc();
        self.0.families.connections_open.inc();
    }

    /// A connection that was opened is over.
    pub(crate) fn connection_ended(&self, reason: EndReason) {
        self.0.families.connections_open.dec();
        if let Some(counter) = self.0.families.connections_ended.get(usize::from(reason.code())) {
            counter.inc();
        }
    }

    /// Bytes were read from a socket.
    pub(crate) fn read_from_socket(&self, bytes: usize) {
        self.0.families.from_socket.inc_by(bytes as u64);
    }

    /// Bytes were written to a socket.
    pub(crate) fn written_to_socket(&self, bytes: usize) {
        self.0.families.to_socket.inc_by(bytes as u64);
    }

    /// The round trip to the other end was measured anew.
    pub(crate) fn round_trip(&self, it: Duration) {
        self.0.families.round_trip.observe(it.as_secs_f64());
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of those that are counted while they last.
#[derive(Debug)]
#[must_use]
pub struct Standing(IntGauge);

impl Standing {
    fn of(gauge: &IntGauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A session that runs.
#[derive(Debug)]
#[must_use]
pub(crate) struct Running {
    metrics: Metrics,
    number: u64,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.metrics.sessions().running.remove(&self.number);
    }
}

/// A stable name of the programs as a label: that of a unit variant.
#[must_use]
pub fn name_of<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => "unknown".to_owned(),
    }
}

fn gauge<N: TryInto<i64>>(count: N) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(program: Program) -> Metrics {
        Metrics::new(program, "1.2.3", SystemTime::UNIX_EPOCH + Duration::from_millis(1_500)).unwrap()
    }

    /// The value of a series, written as in the text.
    fn value(metrics: &Metrics, series: &str) -> Option<String> {
        let text = String::from_utf8(metrics.text().unwrap()).unwrap();
        text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ').map(str::to_owned))
    }

    fn assert_values(metrics: &Metrics, expected: &[(&str, &str)]) {
        for (series, expected) in expected {
            assert_eq!(value(metrics, series).as_deref(), Some(*expected), "{series}");
        }
    }

    struct Full;

    impl Holds for Full {
        fn held(&self) -> Held {
            Held { to_send: 7, to_read: 2 }
        }
    }

    #[test]
    fn a_program_says_which_it_is_and_since_when() {
        let it = metrics(Program::Jumpoint);
        assert_values(
            &it,
            &[
                ("sallyport_build_info{program=\"jumpoint\",version=\"1.2.3\"}", "1"),
                ("process_start_time_seconds", "1.5"),
                ("sallyport_control_link_up", "0"),
            ],
        );
        assert_eq!(value(&it, "sallyport_tunnels_listening"), None, "a jumpoint has no listeners");
        assert_eq!(value(&metrics(Program::Helper), "sallyport_control_link_up"), None, "a helper has no control link");
    }

    #[test]
    fn bytes_are_named_by_the_end_they_came_from() {
        for (program, from_socket, to_socket) in
            [(Program::Helper, "workstation", "target"), (Program::Jumpoint, "target", "workstation")]
        {
            let it = metrics(program);
            it.read_from_socket(5);
            it.written_to_socket(3);
            it.written_to_socket(4);
            let series = |from: &str| format!("sallyport_bytes_total{{from=\"{from}\"}}");
            assert_values(&it, &[(&series(from_socket), "5"), (&series(to_socket), "7")]);
        }
    }

    #[test]
    fn connections_are_open_until_they_end_for_a_reason() {
        let it = metrics(Program::Helper);
        for _ in 0..3 {
            it.connection_opened();
        }
        it.connection_ended(EndReason::Finished);
        it.connection_ended(EndReason::AnotherUser);
        assert_values(
            &it,
            &[
                ("sallyport_connections_opened_total", "3"),
                ("sallyport_connections_open", "1"),
                ("sallyport_connections_ended_total{reason=\"finished\"}", "1"),
                ("sallyport_connections_ended_total{reason=\"another_user\"}", "1"),
                ("sallyport_connections_ended_total{reason=\"refused\"}", "0"),
            ],
        );
    }

    #[test]
    fn sessions_count_with_what_they_hold_while_they_run() {
        let it = metrics(Program::Jumpoint);
        let full: Arc<dyn Holds> = Arc::new(Full);
        let (first, second) = (it.session_began(Arc::downgrade(&full)), it.session_began(Arc::downgrade(&full)));
        let waiting = it.reconnecting();
        let held = |bytes_for: &str| format!("sallyport_kept_bytes{{for=\"{bytes_for}\"}}");
        assert_values(
            &it,
            &[
                ("sallyport_sessions", "2"),
                ("sallyport_sessions_reconnecting", "1"),
                (&held("link"), "14"),
                (&held("socket"), "4"),
            ],
        );
        drop((first, waiting));
        assert_values(&it, &[("sallyport_sessions", "1"), ("sallyport_sessions_reconnecting", "0")]);
        assert_values(&it, &[(&held("link"), "7"), ("sallyport_sessions_started_total", "2")]);
        drop((second, full));
        assert_values(&it, &[("sallyport_sessions", "0"), (&held("link"), "0")]);
    }

    #[test]
    fn every_control_link_behind_the_first_is_a_reconnect() {
        let it = metrics(Program::Jumpoint);
        drop(it.control_link_stands());
        assert_values(&it, &[("sallyport_control_link_up", "0"), ("sallyport_control_link_reconnects_total", "0")]);
        let _again = it.control_link_stands();
        assert_values(&it, &[("sallyport_control_link_up", "1"), ("sallyport_control_link_reconnects_total", "1")]);
    }

    #[test]
    fn refusals_and_round_trips_are_told() {
        let it = metrics(Program::Helper);
        it.refused(Refused::Target, &name_of(&EndReason::NameNotFound));
        it.round_trip(Duration::from_millis(3));
        assert_values(
            &it,
            &[
                ("sallyport_refusals_total{reason=\"name_not_found\",what=\"target\"}", "1"),
                ("sallyport_session_round_trip_seconds_bucket{le=\"0.0025\"}", "0"),
                ("sallyport_session_round_trip_seconds_bucket{le=\"0.005\"}", "1"),
            ],
        );
    }
}
