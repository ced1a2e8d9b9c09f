//! Links with latency, a rate and room for so much; cut, they lose what a cable would.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;

use crate::dice::Dice;

/// Number of a link.
pub(crate) type LinkId = u32;

/// What comes out of a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Packet {
    /// One message.
    Frames(Bytes),
    /// Nothing will come any more.
    Gone,
}

/// Whether a lane still leads anywhere, and what the sender sees of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    /// What is sent is lost, and the sender does not know.
    Swallows,
    /// Takes nothing more.
    Stuck,
}

/// One direction of a link.
#[derive(Debug)]
pub(crate) struct Lane {
    queue: VecDeque<(Duration, Packet)>,
    way: Way,
    latency: Duration,
    bytes_per_milli: u64,
    /// Messages are taken while less than this is on its way.
    room: usize,
    on_its_way: usize,
    /// When the last message has left.
    busy_until: Duration,
}

impl Lane {
    fn new(dice: &mut Dice) -> Self {
        Self {
            queue: VecDeque::new(),
            way: Way::Open,
            latency: dice.up_to_millis(60),
            bytes_per_milli: dice.one_of(&[20, 500, 50_000]),
            room: dice.one_of(&[1, 4_000, 100_000]),
            on_its_way: 0,
            busy_until: Duration::ZERO,
        }
    }

    pub(crate) fn has_room(&self) -> bool {
        match self.way {
            Way::Open => self.on_its_way < self.room,
            Way::Swallows => true,
            Way::Stuck => false,
        }
    }

    pub(crate) fn is_stuck(&self) -> bool {
        self.way == Way::Stuck
    }

    pub(crate) fn send(&mut self, now: Duration, message: Bytes) {
        if self.way != Way::Open {
            return;
        }
        let takes = Duration::from_micros(message.len() as u64 * 1000 / self.bytes_per_milli);
        self.busy_until = self.busy_until.max(now) + takes;
        self.on_its_way += message.len();
        self.queue.push_back((self.busy_until + self.latency, Packet::Frames(message)));
    }

    pub(crate) fn receive(&mut self, now: Duration) -> Option<Packet> {
        if self.queue.front().is_none_or(|(at, _)| *at > now) {
            return None;
        }
        let (_, packet) = self.queue.pop_front()?;
        if let Packet::Frames(message) = &packet {
            self.on_its_way -= message.len();
        }
        Some(packet)
    }

    /// When the next packet behind `now` arrives.
    fn due(&self, now: Duration) -> Option<Duration> {
        self.queue.iter().map(|(at, _)| *at).find(|at| *at > now)
    }

    /// Cuts it at any byte of what is on its way: whole messages before that still arrive, and some time later the receiver
    /// notices.
    pub(crate) fn cut(&mut self, now: Duration, dice: &mut Dice) {
        if self.way != Way::Open {
            return;
        }
        self.way = dice.one_of(&[Way::Swallows, Way::Stuck]);
        let mut arrives = dice.below(self.on_its_way as u64 + 1) as usize;
        let mut whole = 0;
        for (_, packet) in &self.queue {
            let Packet::Frames(message) = packet else { break };
            if message.len() > arrives {
                break;
            }
            arrives -= message.len();
            whole += 1;
        }
        self.queue.truncate(whole);
        let last = self.queue.back().map_or(now, |(at, _)| *at).max(now);
        self.queue.push_back((last + dice.up_to_millis(300), Packet::Gone));
    }

    /// Its receiver is gone.
    fn abandon(&mut self, dice: &mut Dice) {
        self.way = dice.one_of(&[Way::Swallows, Way::Stuck]);
        self.queue.clear();
    }
}

/// A link between one end and the appliance.
#[derive(Debug)]
pub(crate) struct Link {
    /// To the appliance.
    pub(crate) up: Lane,
    /// To the end.
    pub(crate) down: Lane,
}

/// Every link there was.
#[derive(Debug, Default)]
pub(crate) struct Network {
    links: BTreeMap<LinkId, Link>,
    last: LinkId,
}

impl Network {
    pub(crate) fn new_link(&mut self, dice: &mut Dice) -> LinkId {
        self.last += 1;
        self.links.insert(self.last, Link { up: Lane::new(dice), down: Lane::new(dice) });
        self.last
    }

    pub(crate) fn link(&mut self, id: LinkId) -> &mut Link {
        self.links.get_mut(&id).unwrap()
    }

    /// The cable is cut; both sides notice in their own time.
    pub(crate) fn cut(&mut self, id: LinkId, now: Duration, dice: &mut Dice) {
        self.link(id).up.cut(now, dice);
        self.link(id).down.cut(now, dice);
    }

    /// The end lets go of it.
    pub(crate) fn leave_as_end(&mut self, id: LinkId, now: Duration, dice: &mut Dice) {
        self.link(id).up.cut(now, dice);
        self.link(id).down.abandon(dice);
    }

    /// The appliance lets go of it.
    pub(crate) fn leave_as_appliance(&mut self, id: LinkId, now: Duration, dice: &mut Dice) {
        self.link(id).down.cut(now, dice);
        self.link(id).up.abandon(dice);
    }

    /// When the next packet behind `now` arrives.
    pub(crate) fn due(&self, now: Duration) -> Option<Duration> {
        self.links.values().flat_map(|it| [it.up.due(now), it.down.due(now)]).flatten().min()
    }
}
