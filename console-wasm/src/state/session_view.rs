//! A session as its tab shows it: what was loaded, brought up to date by the events of the socket.

use std::collections::VecDeque;

use wire::Timestamp;
use wire::api::{Connection, Session, SessionDetails, SessionEvent, Statistics};

/// How much of the past the chart shows.
pub(crate) const CHART_SECONDS: i64 = 300;
/// Connections that are kept: more than may be open at once.
const CONNECTIONS_KEPT: usize = 512;
/// Events that are kept.
const EVENTS_KEPT: usize = 500;
/// Refusals that are kept.
const REFUSALS_KEPT: usize = 5;
/// Points of a tunnel's small chart.
const TUNNEL_POINTS: usize = 30;

/// A session with all its tab shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SessionView {
    /// As the appliance last told.
    pub(crate) session: Session,
    /// Whether connections, events and statistics were loaded.
    pub(crate) loaded: bool,
    /// Newest first.
    pub(crate) connections: Vec<Connection>,
    /// Oldest first.
    pub(crate) events: Vec<SessionEvent>,
    /// Oldest first, the last five minutes.
    pub(crate) statistics: VecDeque<Statistics>,
    /// For each tunnel by number: bytes both ways, of the last half minute in which something moved.
    pub(crate) tunnel_totals: Vec<VecDeque<(Timestamp, u64)>>,
    /// Connections that could not be made, until somebody has read it; oldest first.
    pub(crate) refusals: Vec<Refused>,
}

/// Connections of one tunnel that could not be made for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Number of the tunnel.
    pub(crate) tunnel: u16,
    /// A sentence with what to do.
    pub(crate) message: String,
    /// How often.
    pub(crate) times: u32,
}

/// Bytes a second, each way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rates {
    /// From the workstation to the targets.
    pub(crate) sent: u64,
    /// From the targets to the workstation.
    pub(crate) received: u64,
}

impl SessionView {
    /// A session of which only the list entry is known.
    pub(crate) fn new(session: Session) -> Self {
        let tunnel_totals = vec![VecDeque::new(); session.tunnels.len()];
        Self {
            session,
            loaded: false,
            connections: Vec::new(),
            events: Vec::new(),
            statistics: VecDeque::new(),
            tunnel_totals,
            refusals: Vec::new(),
        }
    }

    /// What `GET /api/sessions/{id}` answered.
    pub(crate) fn load(&mut self, details: SessionDetails) {
        self.change(details.session);
        self.loaded = true;
        self.connections = details.connections;
        self.events = details.events;
        self.statistics = details.statistics.into();
    }

    /// The session changed.
    pub(crate) fn change(&mut self, session: Session) {
        self.tunnel_totals.resize(session.tunnels.len(), VecDeque::new());
        self.session = session;
    }

    /// What moves, once a second.
    pub(crate) fn live(
        &mut self,
        statistics: Statistics,
        tunnels: &[(u16, u32, u64, u64)],
        connections: Vec<Connection>,
    ) {
        let session = &mut self.session;
        session.bytes_sent = statistics.bytes_sent;
        session.bytes_received = statistics.bytes_received;
        for (index, open, sent, received) in tunnels.iter().copied() {
            if let Some(tunnel) = session.tunnels.iter_mut().find(|tunnel| tunnel.index == index) {
                tunnel.connections_open = open;
                tunnel.bytes_sent = sent;
                tunnel.bytes_received = received;
            }
            if let Some(totals) = self.tunnel_totals.get_mut(usize::from(index)) {
                totals.push_back((statistics.at, sent.saturating_add(received)));
                while totals.len() > TUNNEL_POINTS {
                    totals.pop_front();
                }
            }
        }
        session.connections_open = session.tunnels.iter().map(|tunnel| tunnel.connections_open).sum();
        self.add_statistics(statistics);
        for connection in connections {
            self.put_connection(connection);
        }
    }

    /// Something happened.
    pub(crate) fn event(&mut self, event: SessionEvent) {
        if self.events.iter().any(|known| known.id == event.id) {
            return;
        }
        self.events.push(event);
        if self.events.len() > EVENTS_KEPT {
            self.events.remove(0);
        }
    }

    /// A connection could not be made.
    pub(crate) fn refused(&mut self, tunnel: u16, message: String) {
        let known = self.refusals.iter_mut().find(|known| known.tunnel == tunnel && known.message == message);
        if let Some(known) = known {
            known.times = known.times.saturating_add(1);
            return;
        }
        self.refusals.push(Refused { tunnel, message, times: 1 });
        if self.refusals.len() > REFUSALS_KEPT {
            self.refusals.remove(0);
        }
    }

    /// Bytes a second now: zero when nothing was told for a while, because only what moves is told.
    pub(crate) fn rates_now(&self, now: Timestamp) -> Rates {
        let Some(last) = self.statistics.back() else { return Rates::default() };
        if now.millis_since(last.at) > 2_500 {
            return Rates::default();
        }
        let Some(before) = self.statistics.len().checked_sub(2).and_then(|at| self.statistics.get(at)) else {
            return Rates::default();
        };
        rates_between(before, last)
    }

    /// Bytes a second through one tunnel now, both ways together.
    pub(crate) fn tunnel_rate_now(&self, index: u16, now: Timestamp) -> u64 {
        let Some(totals) = self.tunnel_totals.get(usize::from(index)) else { return 0 };
        match totals.iter().rev().take(2).collect::<Vec<_>>()[..] {
            [last, before] if now.millis_since(last.0) <= 2_500 => per_second(before.1, last.1, before.0, last.0),
            _ => 0,
        }
    }

    /// The rates of one tunnel for its small chart, one a second, oldest first.
    pub(crate) fn tunnel_rates(&self, index: u16, now: Timestamp) -> Vec<u64> {
        let Some(totals) = self.tunnel_totals.get(usize::from(index)) else { return Vec::new() };
        let points: Vec<(Timestamp, u64)> = totals
            .iter()
            .zip(totals.iter().skip(1))
            .map(|(before, after)| (after.0, per_second(before.1, after.1, before.0, after.0)))
            .collect();
        by_second(&points, now, TUNNEL_POINTS as i64)
    }

    /// The rates of the last five minutes, one a second, oldest first: (sent, received).
    pub(crate) fn chart(&self, now: Timestamp) -> (Vec<u64>, Vec<u64>) {
        let pairs = || self.statistics.iter().zip(self.statistics.iter().skip(1));
        let series = |of: fn(&Statistics) -> u64| -> Vec<u64> {
            let points: Vec<(Timestamp, u64)> = pairs()
                .map(|(before, after)| (after.at, per_second(of(before), of(after), before.at, after.at)))
                .collect();
            by_second(&points, now, CHART_SECONDS)
        };
        (series(|point| point.bytes_sent), series(|point| point.bytes_received))
    }

    fn add_statistics(&mut self, point: Statistics) {
        if self.statistics.back().is_some_and(|last| last.at >= point.at) {
            return;
        }
        let oldest = point.at.plus_millis(-(CHART_SECONDS + 5) * 1000);
        // One point before the window stays: the first rate inside it is counted from there.
        while self.statistics.get(1).is_some_and(|second| second.at < oldest) {
            self.statistics.pop_front();
        }
        self.statistics.push_back(point);
    }

    fn put_connection(&mut self, connection: Connection) {
        if let Some(known) = self.connections.iter_mut().find(|known| known.id == connection.id) {
            *known = connection;
            return;
        }
        self.session.connections_total = self.session.connections_total.saturating_add(1);
        let at = self.connections.partition_point(|known| known.opened_at > connection.opened_at);
        self.connections.insert(at, connection);
        self.connections.truncate(CONNECTIONS_KEPT);
    }
}

fn rates_between(before: &Statistics, after: &Statistics) -> Rates {
    Rates {
        sent: per_second(before.bytes_sent, after.bytes_sent, before.at, after.at),
        received: per_second(before.bytes_received, after.bytes_received, before.at, after.at),
    }
}

/// Bytes a second between two points. After a quiet time, in which nothing is told, all that moved did so in the last
/// second before the later point.
fn per_second(before: u64, after: u64, from: Timestamp, to: Timestamp) -> u64 {
    let moved = after.saturating_sub(before);
    let millis = to.millis_since(from);
    let millis = if millis > 2_500 { 1_000 } else { millis.max(100) };
    moved.saturating_mul(1000) / millis
}

/// One value for each of the last `seconds`, 0 where there is no point.
fn by_second(points: &[(Timestamp, u64)], now: Timestamp, seconds: i64) -> Vec<u64> {
    let mut values = vec![0; usize::try_from(seconds).unwrap_or(0)];
    for (at, value) in points {
        let age = now.0.saturating_sub(at.0).max(0) / 1000;
        let place = usize::try_from(seconds - 1 - age).ok().and_then(|place| values.get_mut(place));
        if let Some(place) = place {
            *place = (*value).max(*place);
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::super::samples::{connection, number, point, session};
    use super::*;
    use wire::SessionEventId;
    use wire::api::SessionState;

    fn view() -> SessionView {
        SessionView::new(session(1, SessionState::Tunnelling))
    }

    #[test]
    fn live_numbers_arrive_at_the_session_and_its_tunnels() {
        let mut it = view();
        it.live(point(10, 100, 200), &[(0, 3, 100, 200), (9, 1, 1, 1)], vec![connection(1, 9)]);
        assert_eq!((it.session.bytes_sent, it.session.bytes_received), (100, 200));
        assert_eq!((it.session.connections_open, it.session.connections_total), (3, 1));
        assert_eq!(it.session.tunnels[0].connections_open, 3);
    }

    #[test]
    fn rates_are_counted_over_the_last_second_and_fall_to_zero() {
        let mut it = view();
        it.live(point(10, 0, 0), &[(0, 1, 0, 0)], vec![]);
        it.live(point(11, 1_000, 4_000), &[(0, 1, 1_000, 4_000)], vec![]);
        let now = Timestamp(11_500);
        assert_eq!(it.rates_now(now), Rates { sent: 1_000, received: 4_000 });
        assert_eq!(it.tunnel_rate_now(0, now), 5_000);
        assert_eq!(it.rates_now(Timestamp(14_000)), Rates::default());
    }

    #[test]
    fn a_burst_after_a_quiet_minute_is_not_spread_over_the_minute() {
        let mut it = view();
        it.live(point(10, 0, 0), &[], vec![]);
        it.live(point(70, 6_000, 0), &[], vec![]);
        let (sent, received) = it.chart(Timestamp(70_000));
        assert_eq!(sent.len(), usize::try_from(CHART_SECONDS).unwrap());
        assert_eq!(sent.last(), Some(&6_000));
        assert_eq!(sent.iter().filter(|rate| **rate > 0).count(), 1);
        assert!(received.iter().all(|rate| *rate == 0));
    }

    #[test]
    fn the_chart_forgets_what_is_older_than_its_window() {
        let mut it = view();
        for second in 0..1_000 {
            it.live(point(second, 1, 1), &[], vec![]);
        }
        assert!(it.statistics.len() < 310, "{}", it.statistics.len());
    }

    #[test]
    fn connections_stay_newest_first_and_are_updated_in_place() {
        let mut it = view();
        it.live(point(1, 0, 0), &[], vec![connection(1, 1), connection(2, 2)]);
        let mut changed = connection(1, 1);
        changed.bytes_sent = 7;
        it.live(point(2, 0, 0), &[], vec![changed, connection(3, 3)]);
        let ids: Vec<u128> = it.connections.iter().map(|known| known.id.0.as_u128()).collect();
        assert_eq!(ids, [3, 2, 1]);
        assert_eq!(it.connections[2].bytes_sent, 7);
    }

    #[test]
    fn an_event_told_twice_shows_once() {
        let mut it = view();
        let event = SessionEvent {
            id: SessionEventId(number(1)),
            at: Timestamp(0),
            kind: "started".into(),
            message: "Started.".into(),
            user_name: None,
        };
        it.event(event.clone());
        it.event(event);
        assert_eq!(it.events.len(), 1);
    }
}
