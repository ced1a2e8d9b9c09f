//! A session as its tab shows it: what was loaded, brought up to date by the events of the socket.

use std::collections::VecDeque;

use wire::Timestamp;
use wire::api::{Connection, Session, SessionDetails, SessionEvent, SessionState, Statistics};

/// How much of the past the chart shows.
const CHART_SECONDS: usize = 300;
/// How long points are kept: somewhat longer than the chart shows.
const KEPT_MILLIS: i64 = 310_000;
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

    /// The session changed. One that is over stays so: an answer that was on its way may be older than the event.
    pub(crate) fn change(&mut self, mut session: Session) {
        if self.session.state == SessionState::Ended && session.state != SessionState::Ended {
            return;
        }
        if session.state == SessionState::Ended && session.participants.is_empty() {
            // Who was in until the end stays to be seen.
            session.participants = std::mem::take(&mut self.session.participants);
            for it in session.participants.iter_mut().filter(|it| it.until.is_none()) {
                (it.state, it.until) = (SessionState::Ended, session.ended_at);
            }
        }
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
        let rate =
            |of: fn(&Statistics) -> u64| latest_rate(self.statistics.iter().map(|point| (point.at, of(point))), now);
        Rates { sent: rate(|point| point.bytes_sent), received: rate(|point| point.bytes_received) }
    }

    /// Bytes a second through one tunnel now, both ways together.
    pub(crate) fn tunnel_rate_now(&self, index: u16, now: Timestamp) -> u64 {
        let totals = self.tunnel_totals.get(usize::from(index));
        totals.map_or(0, |totals| latest_rate(totals.iter().copied(), now))
    }

    /// The rates of one tunnel for its small chart, one a second, oldest first.
    pub(crate) fn tunnel_rates(&self, index: u16, now: Timestamp) -> Vec<u64> {
        let totals = self.tunnel_totals.get(usize::from(index));
        totals.map_or_else(Vec::new, |totals| by_second(totals.iter().copied(), now, TUNNEL_POINTS))
    }

    /// The rates of the last five minutes, one a second, oldest first: (sent, received).
    pub(crate) fn chart(&self, now: Timestamp) -> (Vec<u64>, Vec<u64>) {
        let series = |of: fn(&Statistics) -> u64| {
            by_second(self.statistics.iter().map(|point| (point.at, of(point))), now, CHART_SECONDS)
        };
        (series(|point| point.bytes_sent), series(|point| point.bytes_received))
    }

    fn add_statistics(&mut self, point: Statistics) {
        if self.statistics.back().is_some_and(|last| last.at >= point.at) {
            return;
        }
        let oldest = point.at.plus_millis(-KEPT_MILLIS);
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

/// After so many milliseconds without a point nothing moved: points come once a second while something does.
const QUIET_MILLIS: u64 = 2_500;
/// How far the charts stay behind the clock, in seconds: the last second's point may still be on its way.
const CHART_LAG: i64 = 2;

/// Bytes a second at the end of a series of totals, measured over at least a second.
fn latest_rate(totals: impl DoubleEndedIterator<Item = (Timestamp, u64)>, now: Timestamp) -> u64 {
    let mut newest_first = totals.rev();
    let Some((last_at, last)) = newest_first.next() else { return 0 };
    if now.millis_since(last_at) > QUIET_MILLIS {
        return 0;
    }
    let mut earlier = None;
    for (at, total) in newest_first {
        earlier = Some((at, total));
        if last_at.millis_since(at) >= 1_000 {
            break;
        }
    }
    let Some((at, total)) = earlier else { return 0 };
    let millis = last_at.millis_since(at);
    let millis = if millis > QUIET_MILLIS { 1_000 } else { millis.max(1_000) };
    last.saturating_sub(total).saturating_mul(1_000) / millis
}

/// Bytes moved in each of the last `seconds`, from totals at moments: what moved between two moments is spread over
/// the time between, or over the last second of it when that was a quiet time.
fn by_second(totals: impl Iterator<Item = (Timestamp, u64)>, now: Timestamp, seconds: usize) -> Vec<u64> {
    let mut values = vec![0_u64; seconds];
    let first = now.0.div_euclid(1_000) - CHART_LAG + 1 - i64::try_from(seconds).unwrap_or(0);
    let mut before: Option<(Timestamp, u64)> = None;
    for (at, total) in totals {
        if let Some((from, earlier)) = before {
            let from = if at.millis_since(from) > QUIET_MILLIS { at.0 - 1_000 } else { from.0 };
            let (moved, whole) = (total.saturating_sub(earlier), (at.0 - from).max(1));
            for second in from.div_euclid(1_000)..=(at.0 - 1).div_euclid(1_000) {
                let overlap = (at.0.min((second + 1) * 1_000) - from.max(second * 1_000)).max(0);
                let place = usize::try_from(second - first).ok().and_then(|place| values.get_mut(place));
                if let Some(place) = place {
                    *place += u64::try_from(i128::from(moved) * i128::from(overlap) / i128::from(whole)).unwrap_or(0);
                }
            }
        }
        before = Some((at, total));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::super::samples::{connection, number, point, session};
    use super::*;
    use wire::SessionEventId;

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
        let (sent, received) = it.chart(Timestamp(71_000));
        assert_eq!(sent.len(), CHART_SECONDS);
        assert_eq!(sent.last(), Some(&6_000));
        assert_eq!(sent.iter().filter(|rate| **rate > 0).count(), 1);
        assert!(received.iter().all(|rate| *rate == 0));
        assert_eq!(it.rates_now(Timestamp(70_500)).sent, 6_000);
    }

    #[test]
    fn two_points_within_a_moment_make_no_storm() {
        let mut it = view();
        for (millis, total) in [(10_000, 0), (10_100, 500), (10_200, 1_000)] {
            let statistics = Statistics { at: Timestamp(millis), ..point(0, total, 0) };
            it.live(statistics, &[(0, 1, total, 0)], vec![]);
        }
        assert_eq!(it.rates_now(Timestamp(10_300)).sent, 1_000);
        assert_eq!(it.tunnel_rate_now(0, Timestamp(10_300)), 1_000);
        assert_eq!(it.tunnel_rates(0, Timestamp(12_500)).last(), Some(&1_000));
    }

    #[test]
    fn what_moved_between_points_is_shared_by_the_seconds_between() {
        let totals = [(Timestamp(500), 0), (Timestamp(2_500), 2_000)];
        assert_eq!(by_second(totals.into_iter(), Timestamp(4_000), 4), [0, 500, 1_000, 500]);
    }

    #[test]
    fn the_chart_forgets_what_is_older_than_its_window() {
        let mut it = view();
        for second in 0..1_000 {
            it.live(point(second, 1, 1), &[], vec![]);
        }
        assert!(it.statistics.len() < 315, "{}", it.statistics.len());
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
    fn a_session_that_is_over_stays_so() {
        let mut it = view();
        it.change(session(1, SessionState::Ended));
        it.change(session(1, SessionState::Tunnelling));
        assert_eq!(it.session.state, SessionState::Ended);
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
