//! What has to be true: while a history goes on, when it has healed, and when its session is over.

use std::collections::{BTreeMap, BTreeSet};

use appliance::relay::connections::Row;
use wire::limits::CONNECTIONS_PER_SESSION;
use wire::stream::{EndReason, StreamId};

use crate::application::{Connection, Over};
use crate::database::PORTS;
use crate::world::World;

/// At every moment: memory within the budget, nothing read that was not written.
pub(crate) fn hold_within_bounds(world: &World) {
    let config = &world.config;
    for (side, end) in world.ends.iter().enumerate() {
        let held = end.endpoint.held();
        let open = end.endpoint.open_streams() as u64;
        assert!(open <= config.max_streams as u64, "side {side} has {open} connections");
        let windows = config.session_budget + open * config.initial_window;
        assert!(held.to_read <= windows, "side {side} holds {} bytes to read, {windows} at most", held.to_read);
        let connections = end.applications.connections.len() as u64;
        // A piece that was written at once goes at once, when its last byte is consumed.
        let most = windows + connections * (2 * config.write_ahead + config.initial_window);
        assert!(held.to_send <= most, "side {side} holds {} bytes to send, {most} at most", held.to_send);
        for (stream, it) in &end.applications.connections {
            let written = world.ends[1 - side].applications.connections.get(stream).map_or(0, |it| it.written);
            assert!(it.got <= written, "{stream:?}: side {side} got {} of {written} bytes", it.got);
        }
    }
}

/// After everything healed.
pub(crate) fn look(world: &World) {
    let [helper, agent] = &world.ends;
    assert!(helper.endpoint.is_paired() && agent.endpoint.is_paired(), "the ends do not find each other");
    assert_eq!(helper.endpoint.epoch(), agent.endpoint.epoch());
    for (stream, here) in &helper.applications.connections {
        match agent.applications.connections.get(stream) {
            Some(there) => both_ends_agree(*stream, here, there),
            None => never_reached_the_agent(*stream, here, world.config.max_streams),
        }
    }
    for (side, end) in world.ends.iter().enumerate() {
        if let Some(stream) = end.applications.is_waiting_to_write() {
            panic!("side {side} waits for ever to write to {stream:?}");
        }
        let live = end.applications.live().count();
        assert_eq!(end.endpoint.open_streams(), live, "side {side} knows of other connections than its applications");
        let held = end.endpoint.held();
        assert_eq!((held.to_send, held.to_read), (0, 0), "side {side} still holds bytes");
    }
    look_at_the_rows(world);
}

fn both_ends_agree(stream: StreamId, here: &Connection, there: &Connection) {
    assert_eq!(here.tunnel, there.tunnel, "{stream:?} is for another tunnel");
    for (from, to, way) in [(here, there, "to the target"), (there, here, "to the workstation")] {
        let wrong = |what: &str| -> ! { panic!("{stream:?}, {way}: {what}\nfrom {from:?}\nto {to:?}") };
        if to.saw_end && !(from.finished && to.got == from.written) {
            wrong("an end before its time");
        }
        match (from.over, to.over) {
            (None, None) | (Some(Over::Closed), Some(Over::Closed)) => {
                if to.got != from.written || to.saw_end != from.finished {
                    wrong("bytes or the end are missing");
                }
                let is_finished = from.finished && to.finished;
                if is_finished != from.over.is_some() {
                    wrong("finished in both directions and closed are not the same");
                }
            }
            (Some(Over::Own { .. }), Some(Over::Own { .. })) => {}
            // Whoever resets behind the end of both directions may be too late.
            (Some(Over::Own { .. }), Some(Over::Closed)) if from.finished && to.finished => {}
            (Some(Over::Own { reason, after_data }), Some(Over::Told { reason: told, after_data: behind })) => {
                if reason != told || (behind && !after_data) || (after_data && behind != (from.written > 0)) {
                    wrong("another reset is told than was made");
                }
                if after_data && to.got != from.written {
                    wrong("the reset overtook bytes before it");
                }
            }
            // The other direction of one of these.
            (Some(Over::Closed), Some(Over::Own { .. })) | (Some(Over::Told { .. }), Some(Over::Own { .. })) => {}
            _ => wrong("the ends do not agree how it ended"),
        }
    }
    assert!(!here.established || there.established, "{stream:?} was never established");
    if here.over.is_none() {
        assert!(here.established, "{stream:?}: the answer of the target was lost");
    }
}

/// It was refused on the way, or reset before there was a link.
fn never_reached_the_agent(stream: StreamId, here: &Connection, max_streams: usize) {
    assert_eq!(here.got, 0, "{stream:?}");
    // One that was reset here may still be open there, behind its last bytes.
    let is_one_of_many = stream.0 as usize > max_streams.min(CONNECTIONS_PER_SESSION);
    let is_for_no_tunnel = usize::from(here.tunnel) >= PORTS.len();
    match here.over {
        Some(Over::Own { .. }) => {}
        Some(Over::Told { reason: EndReason::NotAllowed, .. }) if is_for_no_tunnel => {}
        Some(Over::Told { reason: EndReason::Limit, .. }) if is_one_of_many => {}
        // The refusal was lost with a link, and the agent had heard of later connections.
        Some(Over::Told { reason: EndReason::LinkLost, .. }) if is_for_no_tunnel || is_one_of_many => {}
        over => panic!("{stream:?} never reached the agent and is {over:?}"),
    }
}

/// What is written down: a row for each connection, with the bytes that were carried and one end.
fn look_at_the_rows(world: &World) {
    let rows = rows_by_stream(world);
    let [helper, agent] = &world.ends;
    for (stream, here) in &helper.applications.connections {
        let is_live = here.over.is_none();
        let Some(there) = agent.applications.connections.get(stream) else { continue };
        let Some(row) = rows.get(&stream.0) else {
            assert!(!is_live && world.appliance.forgotten.contains(&stream.0), "{stream:?} has no row");
            continue;
        };
        let row = &row.connection;
        let wrong = |what: &str| -> ! { panic!("{stream:?}: {what}\nrow {row:?}\nhere {here:?}\nthere {there:?}") };
        if row.bytes_sent > here.written || row.bytes_received > there.written {
            wrong("more bytes were counted than written");
        }
        if is_live != row.closed_at.is_none() || is_live != row.end.is_none() {
            wrong("the row is open and the connection is not, or the other way round");
        }
        if !is_live && world.appliance.forgotten.contains(&stream.0) {
            continue;
        }
        // Whoever reset a connection does not tell any more how much of it came.
        let was_reset = [here, there].iter().any(|it| matches!(it.over, Some(Over::Own { .. } | Over::Told { .. })));
        let is_stale = was_reset && world.appliance.stale.contains(&stream.0);
        if !is_stale && (row.bytes_sent < there.got || row.bytes_received < here.got) {
            wrong("fewer bytes were counted than arrived");
        }
        let by_own = [here, there].into_iter().filter_map(|it| match it.over {
            Some(Over::Own { reason, .. }) => Some(reason),
            _ => None,
        });
        let reasons: BTreeSet<String> = by_own.map(|it| format!("{it:?}")).collect();
        match row.end {
            Some(EndReason::Finished) if here.finished && there.finished => {}
            Some(end) if reasons.contains(&format!("{end:?}")) => {}
            None => {}
            Some(end) => wrong(&format!("the row says {end:?}")),
        }
    }
    assert_eq!(world.appliance.table.open_count(), helper.applications.live().count(), "connections open in the table");
    look_at_the_sums(world);
}

/// The session's counts are the sums of its rows.
fn look_at_the_sums(world: &World) {
    let table = &world.appliance.table;
    let rows = &world.appliance.database.rows;
    assert_eq!(table.total(), rows.len() as u64, "connections there ever were");
    for (tunnel, count) in table.counts().iter().enumerate() {
        let mut of_it = rows.values().map(|it| &it.connection).filter(|it| usize::from(it.tunnel) == tunnel);
        let (mut sent, mut received, mut open) = (0, 0, 0);
        of_it.by_ref().for_each(|row| {
            sent += row.bytes_sent;
            received += row.bytes_received;
            open += u32::from(row.closed_at.is_none());
        });
        assert_eq!((count.sent, count.received, count.open), (sent, received, open), "counts of tunnel {tunnel}");
    }
}

fn rows_by_stream(world: &World) -> BTreeMap<u32, &Row> {
    let mut rows = BTreeMap::new();
    for row in world.appliance.database.rows.values() {
        if let Some(stream) = row.stream {
            let other = rows.insert(stream, row);
            assert!(other.is_none(), "stream {stream} has two rows: {other:?} and {row:?}");
        }
    }
    rows
}

/// After the end of the session: nothing is open, everything is written down, every end has a reason.
pub(crate) fn look_at_the_end_of_the_session(world: &World) {
    assert_eq!(world.appliance.table.open_count(), 0);
    assert!(world.ends.iter().all(|end| end.endpoint.open_streams() == 0), "a connection outlives its session");
    rows_by_stream(world);
    for row in world.appliance.database.rows.values() {
        assert!(row.connection.end.is_some() && row.connection.closed_at.is_some(), "a row stays open: {row:?}");
    }
    look_at_the_sums(world);
}
