//! One end of the stream protocol as a state machine.
//!
//! The caller brings bytes and time and carries out what it is told:
//!
//! - from the link: [`Endpoint::handle_input`], [`Endpoint::handle_timeout`] at [`Endpoint::poll_timeout`];
//! - to the link: [`Endpoint::poll_transmit`] whenever the link can take more;
//! - to the application: [`Endpoint::poll_event`], [`Endpoint::read`];
//! - from the application: [`Endpoint::open`], [`Endpoint::write`], [`Endpoint::consumed`], [`Endpoint::finish`], [`Endpoint::reset`].
//!
//! Time is a [`Duration`] since any fixed moment. Every error ends the session: the program on the other side is broken.
//!
//! # Links come and go
//!
//! An end outlives its link. [`Endpoint::disconnect`] says that the link is lost; what was sent is kept until the other end
//! has consumed it. When the appliance has joined two links again it sends PAIRED with a new epoch to both ends. Each then
//! tells, between RESUME and RESUMED, how far every one of its streams has come, and sends again from where the other stands:
//! bytes it did not receive, an OPEN, a FIN or a RESET it did not see. Frames of an earlier epoch that were still on their
//! way come before the RESUME and are dropped. Nothing depends on what the appliance remembers.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::EndReason;
use super::flowing::Flowing;
use super::frame::{self, FLAG_FIN_SEEN, Frame, FrameError, Kind, StreamId};
use super::receive::{Misbehaved, ReceiveHalf};
use super::round_trip::RoundTrip;
use super::schedule::{Schedule, SentLately};
use super::send::SendHalf;
use super::window::Way;

mod frames;
mod held;
mod resume;

pub use held::Held;
use resume::Pairing;

/// Which end this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Opens connections (the helper).
    Opener,
    /// Accepts them (the agent).
    Acceptor,
}

/// Sizes of an end.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Window of a new connection, in bytes. Part of the protocol: the other end sends that much unasked.
    pub initial_window: u64,
    /// Largest window of one connection, in bytes. 1 Gbit/s × 80 ms needs 10 MB.
    pub max_window: u64,
    /// What all windows of a session may grow to, in bytes; the initial ones count.
    pub session_budget: u64,
    /// Simultaneous connections.
    pub max_streams: usize,
    /// Most payload bytes in one DATA frame: what a keystroke may have to wait for.
    pub frame_bytes: usize,
    /// Bytes an application may write ahead of the link, per connection.
    pub write_ahead: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            initial_window: 256 * 1024,
            max_window: 16 * 1024 * 1024,
            session_budget: 64 * 1024 * 1024,
            max_streams: crate::limits::CONNECTIONS_PER_SESSION,
            frame_bytes: frame::FULL_PAYLOAD,
            write_ahead: 128 * 1024,
        }
    }
}

/// What the application has to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The other end opened a connection. First bytes, if any, are readable.
    Opened {
        /// Its number.
        stream: StreamId,
        /// Number of the tunnel it is for.
        tunnel: u16,
    },
    /// The target of a connection has answered.
    Established(StreamId),
    /// [`Endpoint::read`] has something.
    Readable(StreamId),
    /// [`Endpoint::write_room`] is there again after it was used up.
    Writable(StreamId),
    /// The connection is over and forgotten.
    Reset {
        /// Which.
        stream: StreamId,
        /// Why.
        reason: EndReason,
        /// Details for the log.
        detail: String,
        /// The other end sent everything first: close in order, do not cut.
        after_data: bool,
    },
    /// Both directions finished in order; the connection is forgotten.
    Closed(StreamId),
}

/// What [`Endpoint::read`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadOutcome {
    /// Bytes. Call [`Endpoint::consumed`] when they are where they belong.
    Bytes(Bytes),
    /// Nothing now.
    Pending,
    /// The other end finished; said once.
    End,
    /// The connection is over.
    Gone,
}

/// Why a connection cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// As many as there may be.
    #[error("the session has as many connections as it may")]
    Limit,
    /// Only the opener opens.
    #[error("this end accepts connections, it does not open them")]
    NotTheOpener,
}

/// The other end broke the protocol; the link is worthless.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// A message that is not frames.
    #[error("the peer sent a malformed frame: {0}")]
    Frame(#[from] FrameError),
    /// A frame that does not fit its stream.
    #[error("the peer broke the protocol on stream {stream}: {what}")]
    Misbehaved {
        /// The stream.
        stream: u32,
        /// What it did.
        what: &'static str,
    },
}

/// One end.
#[derive(Debug)]
pub struct Endpoint {
    side: Side,
    config: Config,
    pairing: Pairing,
    /// Whole frames with what this end has still to tell of itself after a PAIRED.
    greeting: BytesMut,
    /// Number of the last pair of links.
    epoch: u64,
    /// Ordered, so that a run can be repeated exactly.
    streams: BTreeMap<StreamId, Stream>,
    /// How many of them are over for the application and wait for the other end to know.
    closing: usize,
    /// Highest stream number seen or given.
    highest: u32,
    control: VecDeque<Control>,
    schedule: Schedule,
    events: VecDeque<Event>,
    /// Sum of all windows.
    windows: u64,
    /// Bytes that the other end may make this one keep.
    granted: u64,
    /// When consumed bytes that nobody was told of are told.
    tell_at: Option<Duration>,
    round_trip: RoundTrip,
    flowing: Flowing,
    /// The time that was told last.
    now: Duration,
}

#[derive(Debug)]
struct Stream {
    tunnel: u16,
    /// OPEN has left, or came.
    announced: bool,
    /// The target has answered.
    established: bool,
    send: SendHalf,
    receive: ReceiveHalf,
    /// Stands in the schedule.
    queued: bool,
    sent_lately: SentLately,
    /// A CREDIT stands in the control queue.
    credit_queued: bool,
    /// The application found no room.
    wants_room: bool,
    /// The application has been told that there is something to read.
    told_readable: bool,
    /// The other end reset it; holds once this much has been read.
    reset_by_peer: Option<(u64, EndReason, String)>,
    /// The application reset it; kept until the other end knows.
    closing: Option<(EndReason, String)>,
    /// While it is closing: what came, and how far the other end may send. Nobody takes it, but a RESET may stand behind it.
    untaken: (u64, u64),
}

#[derive(Debug)]
enum Control {
    Open(StreamId),
    Opened(StreamId),
    Credit(StreamId),
    /// A CREDIT for what nobody takes.
    Untaken(StreamId),
    Reset(StreamId),
    /// A RESET for a connection that never was one here.
    Refuse(StreamId, EndReason),
    Gone(StreamId),
    Ping {
        number: u64,
        answer: bool,
    },
}

/// How long consumed bytes may go untold when too few for an update of the window: the other end keeps them that long.
const TELL_AFTER: Duration = Duration::from_millis(50);
/// Assumed before the first measurement.
const ROUND_TRIP_GUESS: Duration = Duration::from_millis(50);
/// Control frames that may wait. A peer that makes more necessary than this is attacking.
const MAX_CONTROL: usize = 8 * 1024;
/// Connections that may wait for the other end to know of their end. The oldest are forgotten first: whoever leaves so many
/// unanswered does not answer at all.
const MAX_CLOSING: usize = 1024;

impl Endpoint {
    /// An end with no connections.
    #[must_use]
    pub fn new(side: Side, config: Config) -> Self {
        Self {
            side,
            config,
            pairing: Pairing::None,
            greeting: BytesMut::new(),
            epoch: 0,
            streams: BTreeMap::new(),
            closing: 0,
            highest: 0,
            control: VecDeque::new(),
            schedule: Schedule::default(),
            events: VecDeque::new(),
            windows: 0,
            granted: 0,
            tell_at: None,
            round_trip: RoundTrip::default(),
            flowing: Flowing::default(),
            now: Duration::ZERO,
        }
    }

    /// Opens a connection through a tunnel. `first` may be empty; it leaves with the opening.
    ///
    /// # Errors
    /// At the limit of connections, or at the accepting end.
    pub fn open(&mut self, tunnel: u16, first: Bytes) -> Result<StreamId, OpenError> {
        if self.side != Side::Opener {
            return Err(OpenError::NotTheOpener);
        }
        if self.open_streams() >= self.config.max_streams || self.highest == u32::MAX {
            return Err(OpenError::Limit);
        }
        self.highest += 1;
        let stream = StreamId(self.highest);
        self.insert(stream, tunnel, false);
        self.control.push_back(Control::Open(stream));
        self.write(stream, first);
        Ok(stream)
    }

    /// Tells the opener that the target has answered.
    pub fn establish(&mut self, stream: StreamId) {
        if self.side == Side::Acceptor
            && let Some(it) = self.live(stream)
        {
            it.established = true;
            self.control.push_back(Control::Opened(stream));
        }
    }

    /// How many bytes the application may write now; 0 = wait for [`Event::Writable`], or the connection is over.
    pub fn write_room(&mut self, stream: StreamId) -> usize {
        let most = self.config.write_ahead;
        let Some(it) = self.live(stream).filter(|it| it.send.is_open()) else { return 0 };
        let room = most.saturating_sub(it.send.unsent());
        // A wish stays until it is met, however often is asked.
        it.wants_room |= room == 0;
        usize::try_from(room).unwrap_or(usize::MAX)
    }

    /// Takes bytes from the application. More than [`Endpoint::write_room`] is taken too, but is not good manners.
    /// False when the connection is over or finished.
    pub fn write(&mut self, stream: StreamId, bytes: Bytes) -> bool {
        let Some(it) = self.live(stream).filter(|it| it.send.is_open()) else { return false };
        it.send.push(bytes);
        self.wake(stream);
        true
    }

    /// The application will write no more (half close).
    pub fn finish(&mut self, stream: StreamId) {
        if let Some(it) = self.live(stream) {
            it.send.finish();
            self.wake(stream);
        }
    }

    /// Ends a connection in both directions. With `after_data`, what was written still arrives first.
    pub fn reset(&mut self, stream: StreamId, reason: EndReason, detail: &str, after_data: bool) {
        let Some(it) = self.live(stream) else { return };
        if !it.announced && !after_data {
            self.remove(stream);
            return;
        }
        let granted = if after_data { 0 } else { it.send.outstanding() };
        if !after_data {
            it.send.discard();
        }
        let window = it.receive.window.size();
        it.untaken = (it.receive.received(), it.receive.window.limit());
        it.receive = ReceiveHalf::new(0);
        it.closing = Some((reason, detail.to_owned()));
        let sends_first = it.send.unsent() > 0;
        self.windows = self.windows.saturating_sub(window);
        self.granted = self.granted.saturating_sub(granted);
        self.closing += 1;
        if sends_first {
            self.wake(stream);
            self.let_pass(stream, 0);
        } else {
            self.control.push_back(Control::Reset(stream));
        }
        if self.closing > MAX_CLOSING
            && let Some(oldest) = self.streams.iter().find_map(|(id, it)| it.closing.as_ref().map(|_| *id))
        {
            self.remove(oldest);
        }
    }

    /// The next bytes of a connection, at most `most`.
    pub fn read(&mut self, stream: StreamId, most: usize) -> ReadOutcome {
        let Some(it) = self.live(stream) else { return ReadOutcome::Gone };
        it.told_readable = false;
        if let Some(bytes) = it.receive.read(most) {
            return ReadOutcome::Bytes(bytes);
        }
        // Behind an end nobody reads any more, so a reset that follows it is told in its place.
        if it.receive.take_end() && it.reset_by_peer.is_none() {
            self.credit_if_due(stream);
            return ReadOutcome::End;
        }
        if let Some((_, reason, detail)) = it.reset_by_peer.take() {
            self.events.push_back(Event::Reset { stream, reason, detail, after_data: true });
            self.remove(stream);
            return ReadOutcome::Gone;
        }
        ReadOutcome::Pending
    }

    /// More bytes behind those of [`Endpoint::read`], if they have come. Says nothing of the end.
    pub fn read_more(&mut self, stream: StreamId, most: usize) -> Option<Bytes> {
        self.live(stream)?.receive.read(most)
    }

    /// The application is done with bytes that it read: they are in the socket's hands. Gives the other end room.
    pub fn consumed(&mut self, now: Duration, stream: StreamId, bytes: usize) {
        let round_trip = self.round_trip.shortest().unwrap_or(ROUND_TRIP_GUESS);
        let spare = self.config.session_budget.saturating_sub(self.windows);
        let is_short = spare < self.config.session_budget / 2;
        let beside = self.flowing.beside(now);
        let Config { initial_window, max_window, .. } = self.config;
        let Some(it) = self.live(stream) else { return };
        it.receive.consume(bytes as u64);
        let consumed = it.receive.consumed();
        let before = it.receive.window.size();
        // Beside others a window is made a little smaller than it begins: a keystroke waits for no more than that.
        let floor = beside.map_or(initial_window, |_| initial_window / 8 * 5);
        // Slowly, so that a pause does not cost all of it; but what stands in queues goes.
        let least = if is_short { floor } else { (before - before / 8).max(floor) };
        let most = max_window.min(before + spare);
        let own = it.receive.window.measure(now, consumed, &Way { round_trip, beside, allowed: least..=most });
        let after = it.receive.window.size();
        if let Some(own) = own {
            self.flowing.window(now, own);
        }
        self.windows = (self.windows + after).saturating_sub(before);
        self.credit_if_due(stream);
        if self.tell_at.is_none() {
            self.tell_at = Some(now + TELL_AFTER);
        }
    }

    /// Takes one binary message from the link.
    ///
    /// # Errors
    /// When the other end broke the protocol.
    pub fn handle_input(&mut self, now: Duration, mut message: Bytes) -> Result<(), StreamError> {
        self.now = now;
        while let Some(frame) = frame::next(&mut message)? {
            self.handle_frame(now, frame)?;
            if self.control.len() > MAX_CONTROL {
                return Err(StreamError::Misbehaved { stream: 0, what: "asked for more answers than can wait" });
            }
        }
        Ok(())
    }

    /// When [`Endpoint::handle_timeout`] wants to be called.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.tell_at
    }

    /// Time has come to `now`.
    pub fn handle_timeout(&mut self, now: Duration) {
        if self.tell_at.is_none_or(|at| now < at) {
            return;
        }
        self.tell_at = None;
        for (id, it) in &mut self.streams {
            if it.closing.is_none() && it.receive.window.is_stale(it.receive.consumed()) && !it.credit_queued {
                it.credit_queued = true;
                self.control.push_back(Control::Credit(*id));
            }
        }
    }

    /// Appends frames to `out` until it holds about `most` bytes or there is nothing to send. False when it added none.
    pub fn poll_transmit(&mut self, now: Duration, out: &mut BytesMut, most: usize) -> bool {
        self.now = now;
        let before = out.len();
        self.put_greeting(out, most);
        // The other end drops everything else before it has heard all of it.
        if !self.greeting.is_empty() || !self.is_paired() {
            return out.len() > before;
        }
        let mut flows = false;
        while out.len() < most
            && let Some(control) = self.control.pop_front()
        {
            flows |= matches!(control, Control::Credit(_));
            self.put_control(control, out);
        }
        while out.len() < most
            && let Some(stream) = self.schedule.next()
        {
            flows |= self.put_data(stream, out);
        }
        if flows && let Some(number) = self.round_trip.ask(now) {
            frame::put_ping(out, number, false);
        }
        out.len() > before
    }

    /// Whether [`Endpoint::poll_transmit`] would add something.
    #[must_use]
    pub fn wants_transmit(&self) -> bool {
        !self.greeting.is_empty() || (self.is_paired() && !(self.control.is_empty() && self.schedule.is_empty()))
    }

    /// The next thing the application has to know.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Connections that are not over.
    #[must_use]
    pub fn open_streams(&self) -> usize {
        self.streams.len() - self.closing
    }

    /// How far ahead the other end may make this one keep the bytes of a stream that has `outstanding` already. An honest one
    /// never gets near the limit of the session: it has the same budget.
    fn grantable(&self, outstanding: u64) -> u64 {
        let initial = self.config.initial_window * self.config.max_streams as u64;
        let left = (2 * self.config.session_budget + initial).saturating_sub(self.granted);
        self.config.max_window.min(outstanding + left)
    }

    /// A connection that is not over for the application.
    fn live(&mut self, stream: StreamId) -> Option<&mut Stream> {
        self.streams.get_mut(&stream).filter(|it| it.closing.is_none())
    }

    /// End-to-end round trip, once measured.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip.usual()
    }
}
