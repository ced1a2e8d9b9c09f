//! One TCP socket joined to one stream of a link.
//!
//! No buffer belongs to a connection: a block to read into is taken when the socket has something, and what goes to the socket
//! are slices of the link's messages.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice, Read};
use std::pin::pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use tokio::io::Interest;
use tokio::net::TcpStream;
#[cfg(target_os = "linux")]
use tokio::time::timeout;
use tracing::debug;
use wire::stream::EndReason;
use wire::stream::frame::FULL_PAYLOAD;

use crate::link_stream::{LinkStream, ReadEnd, StreamEnd};
use crate::read_blocks::{BLOCK_BYTES, read_into_block};

/// Pieces written to a socket at once, and the bytes of each.
const PIECES: usize = 8;
const PIECE_BYTES: usize = 64 * 1024;

/// How long a reset waits for the data before it.
const SENDING_WITHIN: Duration = Duration::from_secs(5);

/// Whose socket it is: names the end when the socket is reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The local program's, in the helper.
    Client,
    /// The remote system's, in the agent.
    Target,
}

impl Party {
    fn reset_reason(self) -> EndReason {
        match self {
            Self::Client => EndReason::ResetByClient,
            Self::Target => EndReason::ResetByTarget,
        }
    }
}

/// Carries bytes both ways until both directions are finished or the connection is cut; returns why it ended. A cut
/// connection ends with a TCP reset, as it would without a tunnel.
pub async fn carry(socket: TcpStream, stream: LinkStream, party: Party) -> EndReason {
    let (outcome, stream) = until_the_end(&socket, stream).await;
    match outcome {
        Outcome::Finished => EndReason::Finished,
        Outcome::Cut(end) => {
            if end.after_data {
                reset_behind_data(socket).await;
            } else {
                reset(socket);
            }
            end.reason
        }
        // What the socket said before it failed still arrives.
        Outcome::SocketFailed(error) => failed(socket, stream, &error, party, true),
        // The other end takes nothing: a reset that waited for its turn would never come.
        Outcome::HungUp(error) => failed(socket, stream, &error, party, false),
    }
}

async fn until_the_end(socket: &TcpStream, stream: LinkStream) -> (Outcome, LinkStream) {
    let mut carrier = Carrier {
        socket,
        stream,
        pending: VecDeque::new(),
        reading: true,
        no_room: false,
        writing: true,
        failed: None,
    };
    let mut hang_up = pin!(hang_up(socket));
    let mut watching = true;
    let outcome = poll_fn(|cx| {
        let outcome = carrier.poll(cx);
        // While the link has no room nothing is read, and reading is what tells of a reset otherwise.
        if outcome.is_pending()
            && watching
            && carrier.reading
            && carrier.no_room
            && let Poll::Ready(error) = hang_up.as_mut().poll(cx)
        {
            watching = false;
            return error.map_or(Poll::Pending, |error| Poll::Ready(Outcome::HungUp(error)));
        }
        outcome
    })
    .await;
    (outcome, carrier.stream)
}

fn failed(socket: TcpStream, stream: LinkStream, error: &io::Error, party: Party, after_data: bool) -> EndReason {
    let reason = party.reset_reason();
    let detail = if is_reset(error) { String::new() } else { error.to_string() };
    stream.reset(reason, &detail, after_data);
    reset(socket);
    reason
}

/// Waits until the socket fails; none when the system said so without a reason.
async fn hang_up(socket: &TcpStream) -> Option<io::Error> {
    match socket.ready(Interest::ERROR).await {
        Ok(_) => socket.take_error().ok().flatten(),
        Err(error) => Some(error),
    }
}

/// Closes a socket with a TCP reset instead of an orderly end.
pub fn reset(socket: TcpStream) {
    // Without it the close is orderly, which is the best that is left.
    let _ = socket.set_zero_linger();
    drop(socket);
}

/// The same, once the kernel has sent what was written: a reset discards everything else.
async fn reset_behind_data(socket: TcpStream) {
    match once_sent(socket).await {
        Ok(socket) => reset(socket),
        Err(error) => debug!("a reset could not wait for its data: {error}"),
    }
}

/// Waits, not too long, until the kernel has sent everything. Registered anew, the socket is writable only then.
#[cfg(target_os = "linux")]
async fn once_sent(socket: TcpStream) -> io::Result<TcpStream> {
    let socket = socket.into_std()?;
    socket2::SockRef::from(&socket).set_tcp_notsent_lowat(1)?;
    let socket = TcpStream::from_std(socket)?;
    // Whoever does not read for so long gets the reset at once.
    let _ = timeout(SENDING_WITHIN, socket.writable()).await;
    Ok(socket)
}

/// Other systems do not tell.
#[cfg(not(target_os = "linux"))]
async fn once_sent(socket: TcpStream) -> io::Result<TcpStream> {
    tokio::time::sleep(SENDING_WITHIN / 10).await;
    Ok(socket)
}

struct Carrier<'a> {
    socket: &'a TcpStream,
    stream: LinkStream,
    /// Read from the link, not yet written to the socket.
    pending: VecDeque<Bytes>,
    /// The socket has not ended its output.
    reading: bool,
    /// The link takes nothing now.
    no_room: bool,
    /// The link has not ended its output.
    writing: bool,
    /// Why nothing can be written any more; what can be read still is.
    failed: Option<io::Error>,
}

enum Outcome {
    Finished,
    Cut(StreamEnd),
    SocketFailed(io::Error),
    /// It failed while nothing could be read from it.
    HungUp(io::Error),
}

impl Carrier<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        if let Poll::Ready(end) = self.stream.poll_end(cx) {
            return Poll::Ready(Outcome::Cut(end));
        }
        if self.writing
            && let Poll::Ready(Err(error)) = self.poll_to_socket(cx)
        {
            self.writing = false;
            self.failed = Some(error);
        }
        if self.reading
            && let Poll::Ready(Err(error)) = self.poll_from_socket(cx)
        {
            return Poll::Ready(Outcome::SocketFailed(error));
        }
        match self.failed.take_if(|_| !self.reading) {
            Some(error) => Poll::Ready(Outcome::SocketFailed(error)),
            None if self.reading || self.writing => Poll::Pending,
            None => Poll::Ready(Outcome::Finished),
        }
    }

    /// Ready when the socket has ended its output, or failed.
    fn poll_from_socket(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let room = self.stream.room();
            self.no_room = room == 0;
            if self.no_room {
                return Poll::Pending;
            }
            ready!(self.socket.poll_read_ready(cx))?;
            match read_available(self.socket, room) {
                Ok(bytes) if bytes.is_empty() => {
                    self.reading = false;
                    self.stream.finish();
                    return Poll::Ready(Ok(()));
                }
                Ok(bytes) => self.stream.write(bytes),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// Ready when the link has ended its output, or the socket failed.
    fn poll_to_socket(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.pending.is_empty() {
                if self.stream.read(PIECES, PIECE_BYTES, &mut self.pending) == ReadEnd::Reached {
                    self.writing = false;
                    return Poll::Ready(shut_down_output(self.socket));
                }
                // A cut shows at `poll_end`, for which this task has just been woken.
                if self.pending.is_empty() {
                    return Poll::Pending;
                }
            }
            ready!(self.socket.poll_write_ready(cx))?;
            match write_pieces(self.socket, &self.pending) {
                Ok(written) => {
                    let_go(&mut self.pending, written);
                    self.stream.consumed(written);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

/// What a socket that was just accepted has said already; often nothing yet. Its end is told by the next to read.
///
/// # Errors
/// When the socket has failed already.
pub fn first_bytes(socket: &TcpStream) -> io::Result<Bytes> {
    // The runtime does not know yet whether there is something.
    let ask = |space: &mut [u8]| (&*socket2::SockRef::from(socket)).read(space);
    match read_into_block(|block| {
        block.resize(FULL_PAYLOAD, 0);
        let read = ask(block);
        block.truncate(read.as_ref().copied().unwrap_or(0));
        read
    }) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Bytes::new()),
        read => read,
    }
}

/// Reads what the socket has, at most `most` bytes; empty at its end.
fn read_available(socket: &TcpStream, most: usize) -> io::Result<Bytes> {
    read_into_block(|block| socket.try_read_buf(&mut block.limit(most.min(BLOCK_BYTES))))
}

fn write_pieces(socket: &TcpStream, pieces: &VecDeque<Bytes>) -> io::Result<usize> {
    let mut slices = [IoSlice::new(&[]); PIECES];
    let mut count = 0;
    for (slice, piece) in slices.iter_mut().zip(pieces) {
        *slice = IoSlice::new(piece);
        count += 1;
    }
    socket.try_write_vectored(&slices[..count])
}

/// Drops the first `written` bytes.
fn let_go(pieces: &mut VecDeque<Bytes>, mut written: usize) {
    while let Some(first) = pieces.front_mut() {
        if written < first.len() {
            first.advance(written);
            return;
        }
        written -= first.len();
        pieces.pop_front();
    }
}

/// Sends FIN; the other direction stays open.
fn shut_down_output(socket: &TcpStream) -> io::Result<()> {
    match socket2::SockRef::from(socket).shutdown(std::net::Shutdown::Write) {
        // The other side has closed already: it wants nothing more, and reading will tell what it meant.
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
        result => result,
    }
}

fn is_reset(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionAborted
    )
}
