//! The appliance: which links it joins, what passes between them, what it writes down, and how it dies. Pairing, table and
//! inspection are the product's; what is here is what its tasks do around them.

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use appliance::relay::connections::{ConnectionTable, From};
use appliance::relay::inspect::{Inspected, inspect};
use appliance::session::links::Links;
use bytes::{Bytes, BytesMut};
use uuid::Uuid;
use wire::stream::{EndReason, frame};
use wire::{ConnectionId, Timestamp};

use crate::database::Database;
use crate::dice::Dice;
use crate::network::{LinkId, Network, Packet};
use crate::trace::Trace;

const FROM: [From; 2] = [From::Helper, From::Jumpoint];

/// The appliance.
pub(crate) struct Appliance {
    links: Links<LinkId>,
    /// Links that came and were not taken yet: the newest of each side.
    waiting: [Option<(LinkId, u64)>; 2],
    joined: Option<Joined>,
    pub(crate) table: ConnectionTable,
    pub(crate) database: Database,
    /// When it starts again, while it is down.
    pub(crate) starts_at: Option<Duration>,
    last_id: Cell<u64>,
    /// Streams whose end, or all, was not written down when it died.
    pub(crate) forgotten: BTreeSet<u32>,
    /// Streams that were open when it died: bytes behind what was written down are only counted where an end tells of them.
    pub(crate) stale: BTreeSet<u32>,
    pub(crate) is_over: bool,
}

/// Two links that are joined, and what waits for room on either.
struct Joined {
    links: [LinkId; 2],
    /// By side that is read: where it goes and what. Nothing is read while something waits.
    held: [VecDeque<(usize, Bytes)>; 2],
}

impl Appliance {
    pub(crate) fn new() -> Self {
        let database = Database::default();
        Self {
            links: Links::default(),
            waiting: [None, None],
            joined: None,
            table: database.restored(),
            database,
            starts_at: None,
            last_id: Cell::new(0),
            forgotten: BTreeSet::new(),
            stale: BTreeSet::new(),
            is_over: false,
        }
    }

    /// A link was dialled.
    pub(crate) fn bring(
        &mut self,
        side: usize,
        link: LinkId,
        epoch: u64,
        network: &mut Network,
        now: Duration,
        dice: &mut Dice,
    ) {
        if let Some((older, _)) = self.waiting[side].replace((link, epoch)) {
            network.leave_as_appliance(older, now, dice);
        }
    }

    /// Everything it can do now. True when something moved.
    pub(crate) fn act(&mut self, network: &mut Network, now: Duration, dice: &mut Dice, trace: &mut Trace) -> bool {
        if self.starts_at.is_some() || self.is_over {
            return false;
        }
        let mut moved = self.take_links(network, now, dice, trace);
        for side in [0, 1] {
            moved |= match self.joined {
                Some(_) => self.relay(side, network, now, dice, trace),
                None => self.attend(side, network, now, dice),
            };
        }
        moved
    }

    fn take_links(&mut self, network: &mut Network, now: Duration, dice: &mut Dice, trace: &mut Trace) -> bool {
        if self.waiting == [None, None] {
            return false;
        }
        self.part(network, now, dice);
        for side in [0, 1] {
            if let Some((link, epoch)) = self.waiting[side].take() {
                if let Some(older) = self.links.standing(FROM[side]).copied() {
                    network.leave_as_appliance(older, now, dice);
                }
                self.links.stand(FROM[side], link, epoch);
            }
        }
        self.join(network, now, dice, trace);
        true
    }

    fn join(&mut self, network: &mut Network, now: Duration, dice: &mut Dice, trace: &mut Trace) {
        let Some((helper, jumpoint, epoch)) = self.links.join() else { return };
        trace.say(now, format_args!("links {helper} and {jumpoint} are joined as {epoch}"));
        let mut paired = BytesMut::new();
        frame::put_paired(&mut paired, epoch);
        let paired = paired.freeze();
        self.table.begin_epoch(epoch);
        self.joined = Some(Joined { links: [helper, jumpoint], held: Default::default() });
        for (side, link) in [helper, jumpoint].into_iter().enumerate() {
            let lane = &mut network.link(link).down;
            if lane.is_stuck() {
                return self.lose(side, network, now, dice);
            }
            lane.send(now, paired.clone());
        }
    }

    /// They are joined no more. What waited for room had left already, or never does.
    fn part(&mut self, network: &mut Network, now: Duration, dice: &mut Dice) {
        let Some(joined) = self.joined.take() else { return };
        for (to, message) in joined.held.into_iter().flatten() {
            if dice.once_in(2) {
                network.link(joined.links[to]).down.send(now, message);
            }
        }
    }

    /// A link is gone.
    fn lose(&mut self, side: usize, network: &mut Network, now: Duration, dice: &mut Dice) {
        self.part(network, now, dice);
        if let Some(link) = self.links.standing(FROM[side]).copied() {
            network.leave_as_appliance(link, now, dice);
        }
        self.links.lose(FROM[side]);
    }

    /// One direction of two joined links.
    fn relay(&mut self, side: usize, network: &mut Network, now: Duration, dice: &mut Dice, trace: &mut Trace) -> bool {
        let mut moved = false;
        while let Some(joined) = &mut self.joined {
            if let Some((to, _)) = joined.held[side].front() {
                let lane = &mut network.link(joined.links[*to]).down;
                if !lane.has_room() {
                    return moved;
                }
                if let Some((_, message)) = joined.held[side].pop_front() {
                    lane.send(now, message);
                }
                moved = true;
                continue;
            }
            let Some(packet) = network.link(joined.links[side]).up.receive(now) else { return moved };
            moved = true;
            trace.note(now, "passes", side, &packet);
            match packet {
                Packet::Gone => self.lose(side, network, now, dice),
                Packet::Frames(message) => {
                    let last_id = &self.last_id;
                    let inspected = inspect(&mut self.table, FROM[side], message, timestamp(now), || new_id(last_id));
                    let Inspected { onward, refusals } =
                        inspected.unwrap_or_else(|error| panic!("an honest side is taken for a broken one: {error}"));
                    for (to, frames) in [(1 - side, onward), (side, refusals)] {
                        if !frames.is_empty() {
                            joined.held[side].push_back((to, frames));
                        }
                    }
                }
            }
        }
        moved
    }

    /// A link that waits for the other: its frames lead nowhere.
    fn attend(&mut self, side: usize, network: &mut Network, now: Duration, dice: &mut Dice) -> bool {
        let mut moved = false;
        while let Some(link) = self.links.standing(FROM[side]).copied()
            && let Some(packet) = network.link(link).up.receive(now)
        {
            moved = true;
            if packet == Packet::Gone {
                self.lose(side, network, now, dice);
            }
        }
        moved
    }

    /// Writes down what opened or ended.
    pub(crate) fn write_news(&mut self) {
        let rows = self.table.take_unwritten();
        self.database.save(rows);
    }

    /// The same, and the database fails.
    pub(crate) fn fail_to_write_news(&mut self) {
        let rows = self.table.take_unwritten();
        self.table.give_back(rows);
    }

    /// Writes down how every open connection stands.
    pub(crate) fn write_everything(&mut self) {
        let rows = self.table.open_rows();
        self.database.save(rows);
    }

    /// It dies, and comes back later.
    pub(crate) fn die(&mut self, network: &mut Network, now: Duration, dice: &mut Dice) {
        let lost = self.table.take_unwritten();
        self.forgotten.extend(lost.iter().filter_map(|row| row.stream));
        self.stale.extend(self.table.open_rows().iter().filter_map(|row| row.stream));
        self.joined = None;
        let standing = FROM.map(|from| self.links.standing(from).copied());
        let waiting = self.waiting.map(|it| it.map(|(link, _)| link));
        for link in standing.into_iter().chain(waiting).flatten() {
            network.leave_as_appliance(link, now, dice);
        }
        self.links = Links::default();
        self.waiting = [None, None];
        self.starts_at = Some(now + dice.up_to_millis(400));
    }

    /// It starts again.
    pub(crate) fn start(&mut self) {
        self.starts_at = None;
        self.table = self.database.restored();
    }

    /// The session is over.
    pub(crate) fn end(&mut self, now: Duration) {
        self.is_over = true;
        self.table.end_all(EndReason::SessionEnded, timestamp(now));
        self.write_news();
    }

    /// The helper turned a connection away before there was a stream.
    pub(crate) fn turned_away(&mut self, tunnel: u16, now: Duration) {
        let id = ConnectionId(new_id(&self.last_id));
        let source = ("127.0.0.1:40000".to_owned(), None);
        self.table.turned_away(id, tunnel, source, EndReason::AnotherUser, timestamp(now));
    }
}

fn new_id(last: &Cell<u64>) -> Uuid {
    last.set(last.get() + 1);
    Uuid::from_u128(u128::from(last.get()))
}

pub(crate) fn timestamp(now: Duration) -> Timestamp {
    Timestamp(i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
}
