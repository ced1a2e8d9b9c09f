//! Going on over a new pair of links.

use std::collections::BTreeMap;

use bytes::BytesMut;

use super::frames::misbehaved;
use super::{Control, Endpoint, Event, Frame, Kind, MAX_CLOSING, Side, StreamError, StreamId, frame};
use crate::stream::EndReason;
use crate::stream::frame::{FLAG_CLOSING, FLAG_FIN_SEEN, HEADER_BYTES, Header};

/// How far the two ends are in finding each other again.
#[derive(Debug)]
pub(super) enum Pairing {
    /// There is no link, or none that leads to the other end.
    None,
    /// Both tell how far their streams have come.
    Greeting {
        /// What the other has told; none before its RESUME.
        peer: Option<Peer>,
    },
    /// Frames flow.
    Done,
}

/// What the other end told.
#[derive(Debug)]
pub(super) struct Peer {
    /// Highest stream number it gave or saw.
    highest: u32,
    positions: BTreeMap<StreamId, Position>,
}

#[derive(Clone, Copy, Debug)]
struct Position {
    received: u64,
    limit: u64,
    fin_received: bool,
    closing: bool,
}

impl Endpoint {
    /// The link is lost. What was sent over it may not have arrived.
    pub fn disconnect(&mut self) {
        self.pairing = Pairing::None;
        self.greeting.clear();
        self.control.clear();
    }

    /// Number of the last pair of links; 0 before the first.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether frames flow: both ends know where the other stands.
    #[must_use]
    pub fn is_paired(&self) -> bool {
        matches!(self.pairing, Pairing::Done)
    }

    /// Takes in what belongs to resuming. True for a frame that is none of it and came over the present pair of links.
    pub(super) fn is_of_this_epoch(&mut self, frame: &Frame) -> Result<bool, StreamError> {
        let kind = frame.header.kind;
        if kind == Kind::Paired {
            return self.begin_epoch(frame.header.offset).map(|()| false);
        }
        let peer = match &mut self.pairing {
            Pairing::None => return Ok(false),
            Pairing::Greeting { peer } => peer,
            Pairing::Done => {
                return match kind {
                    Kind::Resume | Kind::Position | Kind::Resumed => {
                        Err(misbehaved(frame.header.stream, "resumed what was not lost"))
                    }
                    _ => Ok(true),
                };
            }
        };
        match (kind, peer) {
            (Kind::Resume, peer) if frame.header.offset == self.epoch => {
                *peer = Some(Peer { highest: frame.highest_stream(), positions: BTreeMap::new() });
            }
            (Kind::Position, Some(peer)) => {
                let flags = frame.header.flags;
                let position = Position {
                    received: frame.header.offset,
                    limit: frame.credit_limit(),
                    fin_received: flags & FLAG_FIN_SEEN != 0,
                    closing: flags & FLAG_CLOSING != 0,
                };
                if peer.positions.len() > self.config.max_streams + MAX_CLOSING {
                    return Err(misbehaved(frame.header.stream, "told of more connections than there can be"));
                }
                peer.positions.insert(frame.header.stream, position);
            }
            (Kind::Resumed, told @ Some(_)) if frame.header.offset == self.epoch => {
                if let Some(peer) = told.take() {
                    self.resume(&peer)?;
                }
            }
            // Of an earlier epoch.
            _ => {}
        }
        Ok(false)
    }

    fn begin_epoch(&mut self, epoch: u64) -> Result<(), StreamError> {
        if epoch <= self.epoch {
            return Err(misbehaved(StreamId(0), "paired for an epoch that is over"));
        }
        self.epoch = epoch;
        self.control.clear();
        self.round_trip.change_way();
        let mut own = std::mem::take(&mut self.greeting);
        own.clear();
        frame::put_resume(&mut own, epoch, self.highest);
        for (id, it) in self.streams.iter().filter(|(_, it)| it.announced) {
            let fin = if it.receive.fin_received() { FLAG_FIN_SEEN } else { 0 };
            let closing = if it.closing.is_some() { FLAG_CLOSING } else { 0 };
            let (received, limit) = (it.receive.received(), it.receive.window.limit());
            frame::put_position(&mut own, *id, it.tunnel, received, limit, fin | closing);
        }
        frame::put_resumed(&mut own, epoch);
        self.greeting = own;
        self.pairing = Pairing::Greeting { peer: None };
        Ok(())
    }

    /// Both know of each other: what each stream still has to send is found anew.
    fn resume(&mut self, peer: &Peer) -> Result<(), StreamError> {
        if self.side == Side::Opener && peer.highest > self.highest {
            return Err(misbehaved(StreamId(peer.highest), "resumed a connection that was never opened"));
        }
        self.pairing = Pairing::Done;
        self.control.clear();
        self.schedule.clear();
        let ids: Vec<StreamId> = self.streams.keys().copied().collect();
        for id in ids {
            self.resume_stream(id, peer)?;
        }
        Ok(())
    }

    fn resume_stream(&mut self, id: StreamId, peer: &Peer) -> Result<(), StreamError> {
        let is_unknown_there = self.side == Side::Opener && id.0 > peer.highest;
        let initial_window = self.config.initial_window;
        let Some(it) = self.streams.get_mut(&id) else { return Ok(()) };
        it.queued = false;
        it.credit_queued = false;
        it.receive.window.forget_told();
        let nowhere = || misbehaved(id, "stands where it cannot have come");
        match peer.positions.get(&id) {
            // Its RESET follows; what this end has to say is of no use there.
            Some(at) if at.closing => self.discard(id),
            Some(at) => {
                let before = it.send.outstanding();
                let most = self.grantable(before);
                let Some(it) = self.streams.get_mut(&id) else { return Ok(()) };
                if !it.send.rewind(at.received, at.limit, most, at.fin_received) {
                    return Err(nowhere());
                }
                self.granted = (self.granted + it.send.outstanding()).saturating_sub(before);
            }
            None if is_unknown_there => {
                // Once announced it stays so: the appliance may have seen its OPEN.
                if it.announced && !it.send.rewind(0, initial_window, initial_window, false) {
                    return Err(nowhere());
                }
                self.control.push_back(Control::Open(id));
            }
            // The other end had read everything and told so before it forgot the connection; or it knows of its own reset.
            None if it.reset_by_peer.is_some() => {}
            None => {
                let is_closing = it.closing.is_some();
                let is_finished = it.send.fin_has_left() && it.receive.is_done();
                self.remove(id);
                if is_finished && !is_closing {
                    self.events.push_back(Event::Closed(id));
                } else if !is_closing {
                    let detail = "the other end no longer had it".to_owned();
                    let reason = EndReason::LinkLost;
                    self.events.push_back(Event::Reset { stream: id, reason, detail, after_data: false });
                }
                return Ok(());
            }
        }
        self.tell_again(id);
        Ok(())
    }

    /// What may have been lost and can be said twice.
    fn tell_again(&mut self, id: StreamId) {
        let Some(it) = self.streams.get_mut(&id) else { return };
        // What waited to be sent may have arrived before.
        if it.wants_room && it.send.unsent() <= self.config.write_ahead / 2 {
            it.wants_room = false;
            self.events.push_back(Event::Writable(id));
        }
        if it.closing.is_some() {
            if it.send.unsent() == 0 {
                self.control.push_back(Control::Reset(id));
            }
        } else {
            if self.side == Side::Acceptor && it.established {
                self.control.push_back(Control::Opened(id));
            }
            if it.receive.consumed() > 0 || it.receive.fin_seen() {
                it.credit_queued = true;
                self.control.push_back(Control::Credit(id));
            }
        }
        self.wake(id);
    }

    /// Appends what is left of the greeting, in whole frames.
    pub(super) fn put_greeting(&mut self, out: &mut BytesMut, most: usize) {
        while out.len() < most
            && let Ok(header) = Header::parse(&self.greeting)
        {
            out.extend_from_slice(&self.greeting.split_to(HEADER_BYTES + header.length as usize));
        }
    }
}
