//! One end: the endpoint, the link it has or dials, and its applications. What the shells in `link` do, without tasks.

use std::hash::Hasher;
use std::time::Duration;

use bytes::BytesMut;
use wire::stream::{Config, EndReason, Endpoint, Side};

use crate::application::Applications;
use crate::dice::Dice;
use crate::network::{LinkId, Network, Packet};
use crate::trace::Trace;

/// One end.
#[derive(Debug)]
pub(crate) struct End {
    /// 0 = helper, 1 = agent.
    side: usize,
    pub(crate) endpoint: Endpoint,
    pub(crate) applications: Applications,
    /// The link that stands, as far as it knows.
    pub(crate) link: Option<LinkId>,
    /// When it dials, if it has none.
    pub(crate) dials_at: Option<Duration>,
    /// Bytes it puts into one message, about.
    message_bytes: usize,
    pub(crate) is_over: bool,
}

impl End {
    pub(crate) fn new(side: usize, config: Config, dice: &mut Dice) -> Self {
        let role = [Side::Opener, Side::Acceptor][side];
        Self {
            side,
            endpoint: Endpoint::new(role, config),
            applications: Applications::new(side),
            link: None,
            dials_at: Some(dice.up_to_millis(50)),
            message_bytes: dice.one_of(&[200, 3_000, 64 * 1024]),
            is_over: false,
        }
    }

    /// Everything it can do now. True when something moved.
    pub(crate) fn act(&mut self, network: &mut Network, now: Duration, dice: &mut Dice, trace: &mut Trace) -> bool {
        let mut moved = self.take_in(network, now, dice, trace);
        if self.endpoint.poll_timeout().is_some_and(|at| at <= now) {
            self.endpoint.handle_timeout(now);
            moved = true;
        }
        if !self.is_over {
            moved |= self.applications.act(&mut self.endpoint, now, dice);
        }
        moved | self.send(network, now, trace)
    }

    fn take_in(&mut self, network: &mut Network, now: Duration, dice: &mut Dice, trace: &mut Trace) -> bool {
        let mut moved = false;
        while let Some(id) = self.link
            && let Some(packet) = network.link(id).down.receive(now)
        {
            moved = true;
            trace.note(now, "arrives", self.side, &packet);
            match packet {
                Packet::Frames(message) => {
                    let heard = self.endpoint.handle_input(now, message);
                    assert_eq!(heard, Ok(()), "side {} takes an honest peer for a broken one", self.side);
                }
                Packet::Gone => self.lose_link(network, now, dice),
            }
        }
        moved
    }

    fn send(&mut self, network: &mut Network, now: Duration, trace: &mut Trace) -> bool {
        let mut moved = false;
        while let Some(id) = self.link
            && network.link(id).up.has_room()
        {
            let mut out = BytesMut::new();
            if !self.endpoint.poll_transmit(now, &mut out, self.message_bytes) {
                break;
            }
            assert!(out.len() <= wire::stream::frame::MAX_MESSAGE, "a message of {} bytes", out.len());
            moved = true;
            let message = out.freeze();
            trace.note(now, "leaves", self.side, &Packet::Frames(message.clone()));
            network.link(id).up.send(now, message);
        }
        moved
    }

    /// It notices that its link is gone, or believes so.
    pub(crate) fn lose_link(&mut self, network: &mut Network, now: Duration, dice: &mut Dice) {
        if let Some(id) = self.link.take() {
            network.leave_as_end(id, now, dice);
            self.endpoint.disconnect();
            self.dials_at = (!self.is_over).then(|| now + dice.up_to_millis(200));
        }
    }

    /// The session ends: what the shell does when it is told so.
    pub(crate) fn end(&mut self) {
        let live: Vec<_> = self.applications.live().collect();
        for stream in live {
            self.applications.reset(&mut self.endpoint, stream, EndReason::SessionEnded, false);
        }
        self.is_over = true;
        self.dials_at = None;
    }

    pub(crate) fn due(&self) -> Option<Duration> {
        self.endpoint.poll_timeout().into_iter().chain(self.dials_at).min()
    }

    /// Puts what it holds into the trace.
    pub(crate) fn describe(&self, hasher: &mut impl Hasher) {
        hasher.write(format!("{:?}", self.applications).as_bytes());
    }
}
