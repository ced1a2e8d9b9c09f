//! An end of the stream protocol that hears what a hostile other end and a hostile appliance say.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use wire::stream::{Config, EndReason, Endpoint, Event, ReadOutcome, Side, StreamId, frame};

use crate::input::Input;

const CONFIG: Config = Config {
    initial_window: 4096,
    max_window: 16 * 1024,
    session_budget: 32 * 1024,
    max_streams: 6,
    frame_bytes: 512,
    write_ahead: 4096,
};

/// An end and the time it is told.
struct Tried {
    end: Endpoint,
    now: Duration,
    epoch: u64,
    written: u64,
}

impl Tried {
    fn new(side: Side) -> Self {
        Self { end: Endpoint::new(side, CONFIG), now: Duration::ZERO, epoch: 0, written: 0 }
    }

    /// False when the end has seen that the other one is broken.
    fn hears(&mut self, message: Bytes) -> bool {
        self.end.handle_input(self.now, message).is_ok()
    }

    /// Joined under the next number, with an other end that tells `highest` and no connection.
    fn is_joined(&mut self, highest: u32) -> bool {
        self.epoch += 1;
        let mut out = BytesMut::new();
        frame::put_paired(&mut out, self.epoch);
        frame::put_resume(&mut out, self.epoch, highest);
        frame::put_resumed(&mut out, self.epoch);
        self.hears(out.freeze())
    }

    /// What an application does.
    fn acts(&mut self, input: &mut Input<'_>) {
        let stream = StreamId(1 + u32::from(input.byte() % 8));
        let length = usize::from(input.byte()) * 16;
        let end = &mut self.end;
        match input.byte() % 8 {
            0 => {
                if end.open(0, Bytes::from(vec![1; length])).is_ok() {
                    self.written += length as u64;
                }
            }
            1 => {
                let length = length.min(end.write_room(stream));
                if end.write(stream, Bytes::from(vec![2; length])) {
                    self.written += length as u64;
                }
            }
            2 => end.finish(stream),
            3 => end.reset(stream, EndReason::ResetByTarget, "detail", length > 100),
            4 => end.establish(stream),
            5 => {
                if let ReadOutcome::Bytes(bytes) = end.read(stream, length + 1) {
                    assert!(bytes.len() <= length + 1);
                    end.consumed(self.now, stream, bytes.len());
                }
            }
            6 => end.disconnect(),
            _ => {
                self.now += Duration::from_millis(length as u64);
                end.handle_timeout(self.now);
            }
        }
    }

    /// What it sends is frames, and it holds no more than it may.
    fn stays_sound(&mut self) {
        let mut events = 0;
        while let Some(event) = self.end.poll_event() {
            events += 1;
            assert!(events < 10_000, "events without end");
            if let Event::Reset { detail, .. } = event {
                assert!(detail.len() <= 3 * frame::MAX_DETAIL);
            }
        }
        for _ in 0..4 {
            let mut out = BytesMut::new();
            if !self.end.poll_transmit(self.now, &mut out, 2000) {
                break;
            }
            crate::frames::stream_frames(&out);
            assert!(frame::next(&mut out.freeze()).is_ok(), "it sends what is no frame");
        }
        let held = self.end.held();
        let open = self.end.open_streams() as u64;
        assert!(open <= CONFIG.max_streams as u64, "{open} connections");
        let most = CONFIG.session_budget + open * CONFIG.initial_window;
        assert!(held.to_read <= most, "{} bytes wait to be read", held.to_read);
        assert!(held.to_send <= self.written, "more is kept than was written");
    }
}

/// Frames of every kind, whole and broken ones, between things that applications do.
pub fn stream_endpoint(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let side = if input.byte() & 1 == 0 { Side::Acceptor } else { Side::Opener };
    let mut tried = Tried::new(side);
    assert!(tried.is_joined(0), "an honest greeting is taken for a broken one");
    while !input.is_empty() {
        let goes_on = match input.byte() % 4 {
            0 => {
                tried.acts(&mut input);
                true
            }
            1 => {
                let length = usize::from(input.byte());
                tried.hears(Bytes::copy_from_slice(input.bytes(length)))
            }
            _ => tried.hears(input.frame()),
        };
        tried.stays_sound();
        if !goes_on {
            return;
        }
    }
}

/// Links that come and go: greetings of every kind, true ones and false ones.
pub fn resume_handshake(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let side = if input.byte() & 1 == 0 { Side::Acceptor } else { Side::Opener };
    let mut tried = Tried::new(side);
    tried.is_joined(0);
    while !input.is_empty() {
        let mut out = BytesMut::new();
        let epoch = tried.epoch;
        match input.byte() % 10 {
            0 => tried.acts(&mut input),
            1 => out.extend_from_slice(&input.frame()),
            2 => tried.end.disconnect(),
            3 | 4 => {
                tried.epoch += 1 + u64::from(input.byte() % 2);
                frame::put_paired(&mut out, tried.epoch);
            }
            5 | 6 => frame::put_resume(&mut out, epoch, u32::from(input.byte() % 10)),
            7 | 8 => {
                let stream = StreamId(1 + u32::from(input.byte() % 8));
                let (received, limit) = (input.number(), input.number());
                frame::put_position(&mut out, stream, 0, received, limit, input.byte() % 4);
            }
            _ => frame::put_resumed(&mut out, epoch),
        }
        if !out.is_empty() && !tried.hears(out.freeze()) {
            return;
        }
        tried.stays_sound();
    }
}
