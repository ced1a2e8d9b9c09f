//! Which node of a jumpoint gets a new session. Pure.

use std::time::Duration;

use wire::AgentId;

/// What is known of a connected node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which.
    pub id: AgentId,
    /// Takes no new sessions.
    pub draining: bool,
    /// Since when nothing was heard of it.
    pub silent_for: Duration,
    /// Round trip of its control link, once measured, in microseconds.
    pub round_trip_micros: Option<u64>,
    /// What runs on it.
    pub load: Load,
}

/// What runs on a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Sessions.
    pub sessions: usize,
    /// Connections that are open.
    pub connections: usize,
}

/// Longer than the pause between two pings: whoever is silent for so long has left one without an answer.
const LATE: Duration = Duration::from_secs(7);
/// A running session counts like so much of round trip, in microseconds.
const SESSION_MICROS: u64 = 10_000;
/// An open connection counts like so much of round trip, in microseconds.
const CONNECTION_MICROS: u64 = 200;
/// The round trip of a node that has not been measured yet, in microseconds.
const UNKNOWN_MICROS: u64 = 50_000;

impl Candidate {
    /// Less is better, in microseconds: what a keystroke has to wait for, and a guess at what it waits for behind others.
    fn cost(&self) -> u64 {
        let busy = |count: usize, each: u64| u64::try_from(count).unwrap_or(u64::MAX).saturating_mul(each);
        self.round_trip_micros
            .unwrap_or(UNKNOWN_MICROS)
            .saturating_add(busy(self.load.sessions, SESSION_MICROS))
            .saturating_add(busy(self.load.connections, CONNECTION_MICROS))
    }
}

/// The healthiest node that may take a session and was not asked before. One that leaves pings without an answer comes behind
/// all that do not; of equals the one with the lowest id.
#[must_use]
pub fn choose(candidates: impl IntoIterator<Item = Candidate>, asked: &[AgentId]) -> Option<AgentId> {
    candidates
        .into_iter()
        .filter(|it| !it.draining && !asked.contains(&it.id))
        .min_by_key(|it| (it.silent_for > LATE, it.cost(), it.id))
        .map(|it| it.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn id(number: u128) -> AgentId {
        AgentId(Uuid::from_u128(number))
    }

    fn node(number: u128, round_trip_micros: u64, sessions: usize, connections: usize) -> Candidate {
        Candidate {
            id: id(number),
            draining: false,
            silent_for: Duration::from_secs(1),
            round_trip_micros: Some(round_trip_micros),
            load: Load { sessions, connections },
        }
    }

    #[test]
    fn the_nearest_of_idle_nodes_is_chosen_and_the_lowest_id_of_equals() {
        assert_eq!(choose([node(1, 900, 0, 0), node(2, 300, 0, 0)], &[]), Some(id(2)));
        assert_eq!(choose([node(2, 300, 0, 0), node(1, 300, 0, 0)], &[]), Some(id(1)));
        assert_eq!(choose([], &[]), None);
    }

    #[test]
    fn sessions_and_connections_weigh_against_distance() {
        assert_eq!(choose([node(1, 300, 1, 0), node(2, 900, 0, 0)], &[]), Some(id(2)));
        assert_eq!(choose([node(1, 300, 1, 200), node(2, 900, 2, 0)], &[]), Some(id(2)));
        // A node far away is not worth it before the near one has much to do.
        assert_eq!(choose([node(1, 300, 5, 10), node(2, 150_000, 0, 0)], &[]), Some(id(1)));
        assert_eq!(choose([node(1, 300, 20, 100), node(2, 150_000, 0, 0)], &[]), Some(id(2)));
    }

    #[test]
    fn a_draining_node_is_never_chosen_and_one_that_was_asked_not_again() {
        let draining = Candidate { draining: true, ..node(1, 300, 0, 0) };
        assert_eq!(choose([draining, node(2, 90_000, 50, 900)], &[]), Some(id(2)));
        assert_eq!(choose([draining], &[]), None);
        assert_eq!(choose([node(1, 300, 0, 0), node(2, 900, 0, 0)], &[id(1)]), Some(id(2)));
        assert_eq!(choose([node(1, 300, 0, 0)], &[id(1)]), None);
    }

    #[test]
    fn a_node_that_does_not_answer_pings_comes_last() {
        let silent = Candidate { silent_for: LATE + Duration::from_secs(1), ..node(1, 300, 0, 0) };
        assert_eq!(choose([silent, node(2, 90_000, 50, 900)], &[]), Some(id(2)));
        assert_eq!(choose([silent], &[]), Some(id(1)));
    }

    #[test]
    fn a_node_that_has_just_come_counts_as_an_ordinary_one() {
        let fresh = Candidate { round_trip_micros: None, ..node(1, 0, 0, 0) };
        assert_eq!(choose([fresh, node(2, 20_000, 0, 0)], &[]), Some(id(2)));
        assert_eq!(choose([fresh, node(2, 20_000, 4, 0)], &[]), Some(id(1)));
        let endless = node(3, u64::MAX, usize::MAX, usize::MAX);
        assert_eq!(choose([endless], &[]), Some(id(3)));
    }
}
