//! What the table learns from the two ends when their links were joined: which connections there are, and how far they have
//! come. After a new start of the appliance it is all there is.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;
use wire::api::Connection;
use wire::limits::CONNECTIONS_PER_SESSION;
use wire::stream::frame::FLAG_FIN_SEEN;
use wire::stream::{EndReason, Frame, Kind};
use wire::{ConnectionId, Timestamp};

use super::{ConnectionTable, Entry, From, Row, new_row};

/// Connections an end may tell of: those that are open, and those whose end the other side does not know yet.
const POSITIONS_MOST: usize = 8 * CONNECTIONS_PER_SESSION;

/// What both ends told since their links were joined last.
#[derive(Debug, Default)]
pub(super) struct Greetings {
    epoch: u64,
    /// Both ends have told everything.
    are_over: bool,
    helper: Option<Greeting>,
    jumpoint: Option<Greeting>,
}

#[derive(Debug, Default)]
struct Greeting {
    /// Highest stream number it knows of.
    highest: u32,
    positions: HashMap<u32, Position>,
    is_whole: bool,
}

#[derive(Clone, Copy, Debug)]
struct Position {
    tunnel: u16,
    received: u64,
    fin_received: bool,
}

impl Greetings {
    /// Whether what comes now is of the links that were joined last: each end sends nothing else before it has heard
    /// everything of the other, so what comes earlier was on its way when the links before broke.
    pub(super) fn are_over(&self) -> bool {
        self.are_over || self.epoch == 0
    }

    /// Takes in RESUME, POSITION and RESUMED. True when both ends have told everything.
    pub(super) fn hear(&mut self, from: From, frame: &Frame) -> bool {
        let header = frame.header;
        let is_now = header.offset == self.epoch;
        let greeting = match from {
            From::Helper => &mut self.helper,
            From::Jumpoint => &mut self.jumpoint,
        };
        match (header.kind, greeting) {
            (Kind::Resume, greeting) if is_now => {
                *greeting = Some(Greeting { highest: frame.highest_stream(), ..Greeting::default() });
            }
            (Kind::Position, Some(greeting)) if !greeting.is_whole && greeting.positions.len() < POSITIONS_MOST => {
                let fin_received = header.flags & FLAG_FIN_SEEN != 0;
                let position = Position { tunnel: header.aux, received: header.offset, fin_received };
                greeting.positions.insert(header.stream.0, position);
            }
            (Kind::Resumed, Some(greeting)) if is_now && !greeting.is_whole => {
                greeting.is_whole = true;
                return [&self.helper, &self.jumpoint].into_iter().all(|it| it.as_ref().is_some_and(|it| it.is_whole));
            }
            // Of an earlier pair of links, on its way when it broke.
            _ => {}
        }
        false
    }
}

impl ConnectionTable {
    /// Two links were joined under this number; what the ends tell of themselves comes next.
    pub fn begin_epoch(&mut self, epoch: u64) {
        self.greetings = Greetings { epoch, ..Greetings::default() };
    }

    /// Makes the table what both ends agree on. `new_id` is used for connections that nothing is known of.
    pub(super) fn reconcile(&mut self, now: Timestamp, new_id: impl Fn() -> Uuid) {
        let greetings = std::mem::take(&mut self.greetings);
        self.greetings = Greetings { epoch: greetings.epoch, are_over: true, ..Greetings::default() };
        let (Some(helper), Some(jumpoint)) = (greetings.helper, greetings.jumpoint) else { return };
        self.highest = self.highest.max(jumpoint.highest);
        let streams: BTreeSet<u32> = self.open.keys().chain(helper.positions.keys()).copied().collect();
        for stream in streams {
            let at_helper = helper.positions.get(&stream);
            let at_jumpoint = jumpoint.positions.get(&stream);
            let goes_on = at_helper.is_some() && (at_jumpoint.is_some() || stream > jumpoint.highest);
            if !goes_on {
                let reason = self.open.get(&stream).map_or(EndReason::LinkLost, Entry::likely_end);
                self.end(stream, reason, "", now);
                continue;
            }
            if let Some(at) = at_helper
                && !self.open.contains_key(&stream)
            {
                self.open_again(stream, at.tunnel, now, &new_id);
            }
            let Some(entry) = self.open.get_mut(&stream) else { continue };
            if let Some(at) = at_jumpoint {
                entry.count(From::Helper, at.received, &mut self.counts);
            }
            if let Some(at) = at_helper {
                entry.count(From::Jumpoint, at.received, &mut self.counts);
            }
            // A FIN that passed here and did not arrive comes again, and has to find its connection open.
            entry.helper_finished = at_jumpoint.is_some_and(|at| at.fin_received);
            entry.jumpoint_finished = at_helper.is_some_and(|at| at.fin_received);
            self.changed.insert(stream);
            if entry.helper_finished && entry.jumpoint_finished {
                self.end(stream, EndReason::Finished, "", now);
            }
        }
    }

    /// An end still has a connection that is over here, or not known. What it still has to say has to find its connection. A
    /// reset that one of the ends made stays noted; a refusal of the appliance may come to nothing.
    fn open_again(&mut self, stream: u32, tunnel: u16, now: Timestamp, new_id: impl Fn() -> Uuid) {
        let known = self.lately.iter().position(|(it, _)| *it == stream);
        let tunnel = known.and_then(|at| self.lately.get(at)).map_or(tunnel, |(_, row)| row.tunnel);
        // One for a tunnel that the session does not have is refused when its OPEN comes again.
        let Some(count) = self.counts.get_mut(usize::from(tunnel)) else { return };
        let row = match known.and_then(|at| self.lately.remove(at)) {
            Some((_, row)) if !row.end.is_some_and(may_go_on) => row,
            Some((_, row)) => {
                // It ends another time, and that one counts.
                if let Some(count) = row.end.and_then(|end| self.ended.get_mut(usize::from(end.code()))) {
                    *count = count.saturating_sub(1);
                }
                Connection { closed_at: None, end: None, end_message: String::new(), fault: None, ..row }
            }
            None => {
                self.total += 1;
                new_row(ConnectionId(new_id()), tunnel, now)
            }
        };
        if row.end.is_none() {
            count.open += 1;
            self.unwritten.push(Row { stream: Some(stream), connection: row.clone() });
        }
        self.open.insert(stream, Entry::new(row));
    }
}

/// Whether a connection with this end in the table may live on at both ends.
fn may_go_on(end: EndReason) -> bool {
    matches!(end, EndReason::Finished | EndReason::LinkLost | EndReason::Limit | EndReason::NotAllowed)
}
