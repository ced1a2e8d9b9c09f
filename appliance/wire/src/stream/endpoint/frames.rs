//! What an end does with each frame, and how it makes its own.

use std::time::Duration;

use bytes::BytesMut;

use super::{
    Control, Endpoint, Event, FLAG_FIN_SEEN, Frame, Kind, Misbehaved, Side, Stream, StreamError, StreamId, frame,
};
use crate::stream::EndReason;
use crate::stream::receive::ReceiveHalf;
use crate::stream::schedule::SentLately;
use crate::stream::send::SendHalf;

impl Endpoint {
    pub(super) fn handle_frame(&mut self, now: Duration, frame: Frame) -> Result<(), StreamError> {
        let stream = frame.header.stream;
        if !self.is_of_this_epoch(&frame)? {
            return Ok(());
        }
        match frame.header.kind {
            Kind::Ping => self.answer_ping(frame.header.offset),
            Kind::Pong => self.round_trip.answered(now, frame.header.offset),
            Kind::Open => return self.handle_open(frame),
            // The appliance refuses connections that this end then never hears of; what the opener says of their end comes
            // through all the same.
            Kind::Reset if stream.0 > self.highest && self.side == Side::Acceptor => {
                self.control.push_back(Control::Gone(stream));
            }
            Kind::Gone if stream.0 > self.highest && self.side == Side::Acceptor => {}
            kind => {
                if stream.0 > self.highest {
                    return Err(misbehaved(stream, "a frame for a connection that was never opened"));
                }
                if kind == Kind::Reset {
                    self.control.push_back(Control::Gone(stream));
                }
                // A connection that is over here may still get what was on its way.
                if self.streams.contains_key(&stream) {
                    return self.handle_stream_frame(kind, frame);
                }
            }
        }
        Ok(())
    }

    fn handle_open(&mut self, frame: Frame) -> Result<(), StreamError> {
        let stream = frame.header.stream;
        if self.side != Side::Acceptor {
            return Err(misbehaved(stream, "OPEN for the opener"));
        }
        if stream.0 <= self.highest {
            return Ok(());
        }
        self.highest = stream.0;
        if self.open_streams() >= self.config.max_streams {
            self.control.push_back(Control::Refuse(stream, EndReason::Limit));
            return Ok(());
        }
        self.insert(stream, frame.header.aux, true);
        self.events.push_back(Event::Opened { stream, tunnel: frame.header.aux });
        if frame.payload.is_empty() { Ok(()) } else { self.handle_stream_frame(Kind::Data, frame) }
    }

    fn handle_stream_frame(&mut self, kind: Kind, frame: Frame) -> Result<(), StreamError> {
        let stream = frame.header.stream;
        let offset = frame.header.offset;
        let Some(it) = self.streams.get_mut(&stream) else { return Ok(()) };
        let wrong = |Misbehaved(what)| misbehaved(stream, what);
        if it.closing.is_some() {
            match kind {
                Kind::Reset | Kind::Gone => self.remove(stream),
                Kind::Data => self.let_pass(stream, offset.saturating_add(u64::from(frame.header.length))),
                // What is left of the bytes may go on.
                Kind::Credit => {
                    self.credit(&frame);
                    self.wake(stream);
                }
                _ => {}
            }
            return Ok(());
        }
        if it.reset_by_peer.is_some() && matches!(kind, Kind::Data | Kind::Fin) {
            return Err(misbehaved(stream, "sent more behind its RESET"));
        }
        match kind {
            Kind::Data | Kind::Fin => {
                let is_new = match kind {
                    Kind::Data => it.receive.data(offset, frame.payload),
                    _ => it.receive.finish(offset),
                };
                if is_new.map_err(wrong)? {
                    self.flowing.note(self.now, stream);
                    self.tell_readable(stream);
                }
            }
            Kind::Credit => {
                if !self.credit(&frame) {
                    return Err(misbehaved(stream, "acknowledged what was not sent"));
                }
                self.wake(stream);
                self.remove_if_done(stream);
            }
            Kind::Opened => {
                if self.side == Side::Acceptor {
                    return Err(misbehaved(stream, "OPENED for the acceptor"));
                }
                if !std::mem::replace(&mut it.established, true) {
                    self.events.push_back(Event::Established(stream));
                }
            }
            Kind::Reset => {
                let (reason, detail) = (frame.reset_reason(), frame.reset_detail());
                if offset > it.receive.received() {
                    return Err(misbehaved(stream, "a RESET behind bytes that never came"));
                }
                if offset == 0 || it.receive.end_was_read() {
                    let after_data = offset > 0;
                    self.events.push_back(Event::Reset { stream, reason, detail, after_data });
                    self.remove(stream);
                } else if it.reset_by_peer.is_none() {
                    it.reset_by_peer = Some((offset, reason, detail));
                    self.discard(stream);
                    self.tell_readable(stream);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes in a CREDIT. False when it acknowledges what was never sent.
    fn credit(&mut self, frame: &Frame) -> bool {
        let stream = frame.header.stream;
        let Some(before) = self.streams.get(&stream).map(|it| it.send.outstanding()) else { return true };
        let most = self.grantable(before);
        let Some(it) = self.streams.get_mut(&stream) else { return true };
        let fin_seen = frame.header.flags & FLAG_FIN_SEEN != 0;
        let is_sound = it.send.credit(frame.header.offset, frame.credit_limit(), most, fin_seen);
        self.granted = (self.granted + it.send.outstanding()).saturating_sub(before);
        is_sound
    }

    /// Nothing more is sent on this stream.
    pub(super) fn discard(&mut self, stream: StreamId) {
        if let Some(it) = self.streams.get_mut(&stream) {
            self.granted = self.granted.saturating_sub(it.send.outstanding());
            it.send.discard();
        }
    }

    pub(super) fn put_control(&mut self, control: Control, out: &mut BytesMut) {
        match control {
            Control::Open(stream) => {
                let most = self.config.frame_bytes.min(frame::MAX_PAYLOAD);
                let Some(it) = self.streams.get_mut(&stream) else { return };
                it.announced = true;
                let first = it.send.next(most);
                frame::put_open(out, stream, it.tunnel, first.as_ref().map_or(&[], |(_, bytes)| bytes));
            }
            Control::Opened(stream) => frame::put_opened(out, stream),
            Control::Credit(stream) => {
                let Some(it) = self.live(stream) else { return };
                it.credit_queued = false;
                let consumed = it.receive.consumed();
                let limit = it.receive.window.advance(consumed);
                let fin_seen = it.receive.fin_seen();
                it.receive.fin_acked |= fin_seen;
                frame::put_credit(out, stream, consumed, limit, fin_seen);
                self.remove_if_done(stream);
            }
            Control::Untaken(stream) => {
                if let Some((came, limit)) = self.streams.get(&stream).map(|it| it.untaken) {
                    frame::put_credit(out, stream, came, limit, false);
                }
            }
            Control::Reset(stream) => {
                if let Some(Stream { send, closing: Some((reason, detail)), .. }) = self.streams.get(&stream) {
                    frame::put_reset(out, stream, *reason, send.end(), detail);
                }
            }
            Control::Refuse(stream, reason) => frame::put_reset(out, stream, reason, 0, ""),
            Control::Gone(stream) => frame::put_gone(out, stream),
            Control::Ping { number, answer } => frame::put_ping(out, number, answer),
        }
    }

    /// One turn of one stream. True when it sent bytes.
    pub(super) fn put_data(&mut self, stream: StreamId, out: &mut BytesMut) -> bool {
        let most = self.config.frame_bytes.min(frame::MAX_PAYLOAD);
        let resume_writing = self.config.write_ahead / 2;
        let Some(it) = self.streams.get_mut(&stream) else { return false };
        it.queued = false;
        let next = it.send.next(most);
        if let Some((offset, bytes)) = &next {
            frame::put_data(out, stream, *offset, bytes);
            it.sent_lately.add(bytes.len() as u64, self.now);
        }
        if it.send.fin_due() && it.closing.is_none() {
            frame::put_fin(out, stream, it.send.end());
            it.send.fin_sent();
        }
        if it.send.unsent() == 0
            && let Some((reason, detail)) = &it.closing
        {
            frame::put_reset(out, stream, *reason, it.send.end(), detail);
            return next.is_some();
        }
        if it.wants_room && it.send.unsent() <= resume_writing {
            it.wants_room = false;
            self.events.push_back(Event::Writable(stream));
        }
        if it.send.can_send() {
            it.queued = true;
            self.schedule.again(stream);
        }
        next.is_some()
    }

    /// Bytes up to `end` came for a connection that was reset here behind others, which still have to leave. The other end
    /// may have reset it in the same way: each would wait for ever to be read, so what nobody takes makes room too.
    pub(super) fn let_pass(&mut self, stream: StreamId, end: u64) {
        let window = self.config.initial_window;
        let Some(it) = self.streams.get_mut(&stream).filter(|it| it.send.unsent() > 0) else { return };
        let (came, limit) = &mut it.untaken;
        *came = end.max(*came);
        if *came + window / 2 >= *limit {
            *limit = (*came + window).max(*limit);
            self.control.push_back(Control::Untaken(stream));
        }
    }

    pub(super) fn insert(&mut self, stream: StreamId, tunnel: u16, announced: bool) {
        let window = self.config.initial_window;
        self.windows += window;
        self.granted += window;
        self.streams.insert(
            stream,
            Stream {
                tunnel,
                announced,
                established: false,
                send: SendHalf::new(window),
                receive: ReceiveHalf::new(window),
                queued: false,
                sent_lately: SentLately::default(),
                credit_queued: false,
                wants_room: false,
                told_readable: false,
                reset_by_peer: None,
                closing: None,
                untaken: (0, 0),
            },
        );
    }

    pub(super) fn remove(&mut self, stream: StreamId) {
        if let Some(it) = self.streams.remove(&stream) {
            // The window of one that is closing was given back before.
            self.windows = self.windows.saturating_sub(it.receive.window.size());
            self.granted = self.granted.saturating_sub(it.send.outstanding());
            self.closing -= usize::from(it.closing.is_some());
            self.flowing.forget(stream);
        }
    }

    fn remove_if_done(&mut self, stream: StreamId) {
        // A CREDIT that still waits may be the one that tells the other end of its own end.
        if self.streams.get(&stream).is_some_and(|it| it.send.is_done() && it.receive.is_done() && !it.credit_queued) {
            self.remove(stream);
            self.events.push_back(Event::Closed(stream));
        }
    }

    /// Puts a stream that can send into the schedule.
    pub(super) fn wake(&mut self, stream: StreamId) {
        if let Some(it) = self.streams.get_mut(&stream)
            && !it.queued
            && it.send.can_send()
        {
            it.queued = true;
            self.schedule.wake(stream, &it.sent_lately, self.now);
        }
    }

    fn tell_readable(&mut self, stream: StreamId) {
        if let Some(it) = self.streams.get_mut(&stream)
            && !it.told_readable
        {
            it.told_readable = true;
            self.events.push_back(Event::Readable(stream));
        }
    }

    pub(super) fn credit_if_due(&mut self, stream: StreamId) {
        if let Some(it) = self.streams.get_mut(&stream)
            && !it.credit_queued
            && (it.receive.window.is_update_due(it.receive.consumed()) || it.receive.fin_seen())
        {
            it.credit_queued = true;
            self.control.push_back(Control::Credit(stream));
        }
    }

    /// One PONG waits at most; a newer PING replaces the number of the older.
    fn answer_ping(&mut self, number: u64) {
        let waiting = self.control.iter_mut().find(|it| matches!(it, Control::Ping { answer: true, .. }));
        match waiting {
            Some(it) => *it = Control::Ping { number, answer: true },
            None => self.control.push_back(Control::Ping { number, answer: true }),
        }
    }
}

pub(super) fn misbehaved(stream: StreamId, what: &'static str) -> StreamError {
    StreamError::Misbehaved { stream: stream.0, what }
}
