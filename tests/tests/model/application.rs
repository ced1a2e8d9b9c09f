//! What the programs at both ends of a connection do, and what they are told. They act when an event calls them, never
//! otherwise, so an event that is left out shows as a connection that stands still.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use wire::stream::{EndReason, Endpoint, Event, ReadOutcome, StreamId};

use crate::dice::Dice;
use crate::pattern;

/// How a connection was over for one application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// Both directions finished.
    Closed,
    /// It was told of a reset.
    Told { reason: EndReason, after_data: bool },
    /// It reset the connection itself.
    Own { reason: EndReason, after_data: bool },
}

/// One connection as the application at one end knows it.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    pub(crate) tunnel: u16,
    /// Bytes it would like to write.
    backlog: u64,
    /// Bytes it wrote.
    pub(crate) written: u64,
    wants_finish: bool,
    /// It finished its output.
    pub(crate) finished: bool,
    /// It found no room and waits to be told that there is some.
    waits_for_room: bool,
    /// It was told that there is something to read.
    readable: bool,
    stalled: bool,
    /// Read, but not where it belongs.
    unconsumed: usize,
    /// Bytes it read.
    pub(crate) got: u64,
    /// It read the end of the other side's output.
    pub(crate) saw_end: bool,
    /// The target answered: said, or heard.
    pub(crate) established: bool,
    pub(crate) over: Option<Over>,
}

/// The applications of one end.
#[derive(Debug)]
pub(crate) struct Applications {
    /// 0 = workstation, 1 = remote network.
    side: usize,
    pub(crate) connections: BTreeMap<StreamId, Connection>,
    /// All targets answer, and everybody reads.
    pub(crate) is_kind: bool,
}

impl Applications {
    pub(crate) fn new(side: usize) -> Self {
        Self { side, connections: BTreeMap::new(), is_kind: false }
    }

    pub(crate) fn open(&mut self, end: &mut Endpoint, tunnel: u16, first: usize) -> Option<StreamId> {
        // The number is only known afterwards, and the bytes follow from it.
        let number = self.connections.last_key_value().map_or(1, |(id, _)| id.0 + 1);
        let bytes = pattern::bytes(StreamId(number), self.side, 0, first);
        let stream = end.open(tunnel, bytes).ok()?;
        assert_eq!(stream.0, number, "numbers are given one after the other");
        let connection = Connection { tunnel, written: first as u64, ..Connection::default() };
        self.connections.insert(stream, connection);
        Some(stream)
    }

    /// Those that are not over here.
    pub(crate) fn live(&self) -> impl Iterator<Item = StreamId> {
        self.connections.iter().filter(|(_, it)| it.over.is_none()).map(|(id, _)| *id)
    }

    pub(crate) fn any_live(&self, dice: &mut Dice) -> Option<StreamId> {
        let live: Vec<StreamId> = self.live().collect();
        (!live.is_empty()).then(|| dice.one_of(&live))
    }

    fn live_mut(&mut self, stream: StreamId) -> Option<&mut Connection> {
        self.connections.get_mut(&stream).filter(|it| it.over.is_none())
    }

    pub(crate) fn want_to_write(&mut self, stream: StreamId, bytes: u64) {
        if let Some(it) = self.live_mut(stream).filter(|it| !it.wants_finish) {
            it.backlog += bytes;
        }
    }

    pub(crate) fn want_to_finish(&mut self, stream: StreamId) {
        if let Some(it) = self.live_mut(stream) {
            it.wants_finish = true;
        }
    }

    pub(crate) fn stall(&mut self, stream: StreamId, stalled: bool) {
        if let Some(it) = self.live_mut(stream) {
            it.stalled = stalled;
        }
    }

    pub(crate) fn establish(&mut self, end: &mut Endpoint, stream: StreamId) {
        if let Some(it) = self.live_mut(stream)
            && !it.established
        {
            it.established = true;
            end.establish(stream);
        }
    }

    pub(crate) fn reset(&mut self, end: &mut Endpoint, stream: StreamId, reason: EndReason, after_data: bool) {
        if let Some(it) = self.live_mut(stream) {
            it.over = Some(Over::Own { reason, after_data });
            end.reset(stream, reason, "", after_data);
        }
    }

    /// Nobody stalls any more and every target answers.
    pub(crate) fn be_kind(&mut self, end: &mut Endpoint) {
        self.is_kind = true;
        let live: Vec<StreamId> = self.live().collect();
        for stream in live {
            self.stall(stream, false);
            if self.side == 1 {
                self.establish(end, stream);
            }
        }
    }

    /// Lets the applications do what they can. True when something moved.
    pub(crate) fn act(&mut self, end: &mut Endpoint, now: Duration, dice: &mut Dice) -> bool {
        let mut moved = false;
        loop {
            let mut again = false;
            while let Some(event) = end.poll_event() {
                again = true;
                self.hear(end, event, dice);
            }
            let live: Vec<StreamId> = self.live().collect();
            for stream in live {
                again |= self.write(end, stream);
                again |= self.read(end, now, stream, dice);
            }
            if !again {
                return moved;
            }
            moved = true;
        }
    }

    fn hear(&mut self, end: &mut Endpoint, event: Event, dice: &mut Dice) {
        match event {
            // It was on its way to an application that has gone meanwhile.
            Event::Established(stream)
            | Event::Readable(stream)
            | Event::Writable(stream)
            | Event::Closed(stream)
            | Event::Reset { stream, .. }
                if self.connections.get(&stream).is_some_and(|it| matches!(it.over, Some(Over::Own { .. }))) => {}
            Event::Opened { stream, tunnel } => {
                assert_eq!(self.side, 1, "only the agent accepts");
                let connection = Connection { tunnel, readable: true, ..Connection::default() };
                let known = self.connections.insert(stream, connection);
                assert!(known.is_none(), "{stream:?} was announced twice");
                if !self.is_kind && dice.once_in(12) {
                    self.reset(end, stream, EndReason::Refused, false);
                } else if self.is_kind || !dice.once_in(3) {
                    self.establish(end, stream);
                }
            }
            Event::Established(stream) => {
                let it = self.told(stream, "established");
                assert!(!std::mem::replace(&mut it.established, true), "{stream:?} was established twice");
            }
            Event::Readable(stream) => self.told(stream, "readable").readable = true,
            Event::Writable(stream) => self.told(stream, "writable").waits_for_room = false,
            Event::Closed(stream) => {
                let it = self.told(stream, "closed");
                assert!(it.finished && it.saw_end, "{stream:?} closed before both directions finished");
                it.over = Some(Over::Closed);
            }
            Event::Reset { stream, reason, after_data, .. } => {
                self.told(stream, "reset").over = Some(Over::Told { reason, after_data });
            }
        }
    }

    /// A connection that is told of; nothing may be told behind its end.
    fn told(&mut self, stream: StreamId, what: &str) -> &mut Connection {
        let side = self.side;
        let it = self.connections.get_mut(&stream);
        let it = it.unwrap_or_else(|| panic!("side {side}: {stream:?} is {what}, and was never announced"));
        assert!(it.over.is_none(), "side {side}: {stream:?} is {what} behind its end {:?}", it.over);
        it
    }

    fn write(&mut self, end: &mut Endpoint, stream: StreamId) -> bool {
        let side = self.side;
        let Some(it) = self.live_mut(stream).filter(|it| !it.finished && !it.waits_for_room) else { return false };
        if it.backlog == 0 {
            if it.wants_finish {
                it.finished = true;
                end.finish(stream);
            }
            return it.finished;
        }
        let room = end.write_room(stream);
        if room == 0 {
            it.waits_for_room = true;
            return false;
        }
        let len = it.backlog.min(room as u64).min(pattern::PIECE as u64);
        let taken = end.write(stream, pattern::bytes(stream, side, it.written, len as usize));
        // Where it is not taken a reset is waiting behind what is still to be read.
        if taken {
            it.written += len;
        }
        it.backlog = if taken { it.backlog - len } else { 0 };
        taken
    }

    fn read(&mut self, end: &mut Endpoint, now: Duration, stream: StreamId, dice: &mut Dice) -> bool {
        let side = self.side;
        let Some(it) = self.live_mut(stream).filter(|it| !it.stalled) else { return false };
        if it.unconsumed > 0 {
            end.consumed(now, stream, std::mem::take(&mut it.unconsumed));
        }
        if !it.readable || it.saw_end {
            return false;
        }
        let most = 1 + dice.amount(30_000) as usize;
        match end.read(stream, most) {
            ReadOutcome::Bytes(bytes) => {
                assert_eq!(bytes.len().min(most), bytes.len(), "more was read than asked for");
                compare(&bytes, stream, 1 - side, it.got);
                it.got += bytes.len() as u64;
                // Not all of it is where it belongs at once.
                it.unconsumed = dice.below(bytes.len() as u64 + 1) as usize;
                end.consumed(now, stream, bytes.len() - it.unconsumed);
            }
            ReadOutcome::End => it.saw_end = true,
            ReadOutcome::Pending | ReadOutcome::Gone => it.readable = false,
        }
        true
    }

    /// Whether somebody still has to write or finish.
    pub(crate) fn is_waiting_to_write(&self) -> Option<StreamId> {
        let waits = |it: &Connection| it.over.is_none() && !it.finished && (it.backlog > 0 || it.wants_finish);
        self.connections.iter().find(|(_, it)| waits(it)).map(|(id, _)| *id)
    }
}

fn compare(bytes: &Bytes, stream: StreamId, writer: usize, offset: u64) {
    let mut offset = offset;
    for piece in bytes.chunks(pattern::PIECE) {
        let wanted = pattern::bytes(stream, writer, offset, piece.len());
        assert!(wanted == piece, "{stream:?}: other bytes arrive than side {writer} wrote, from {offset}");
        offset += piece.len() as u64;
    }
}
