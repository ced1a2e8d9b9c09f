//! What is done with one WebSocket for as long as it stands: one place reads and writes it, in one turn after the other.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use futures_util::{Sink, Stream};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use wire::stream::frame::FULL_MESSAGE;

use crate::stream_driver::{LinkEnd, Shared};
use crate::talk::plain;

/// Messages sent before the incoming ones get their turn, and the other way round.
const MESSAGES_PER_TURN: usize = 16;
/// The appliance pings every 5 seconds; four of them missing is a dead link.
const SILENCE: Duration = Duration::from_secs(20);
/// The time for the last words.
const FAREWELL: Duration = Duration::from_millis(500);

/// The JSON text beside the streams, on the link's side.
pub(crate) struct Texts {
    pub(crate) outgoing: mpsc::Receiver<String>,
    pub(crate) incoming: mpsc::Sender<String>,
}

pub(crate) struct LinkTask<'a, S> {
    socket: WebSocketStream<S>,
    shared: &'a Shared,
    texts: &'a mut Texts,
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
    timer: Pin<Box<Sleep>>,
    heard: Instant,
    buffer: BytesMut,
    unflushed: bool,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> LinkTask<'a, S> {
    pub(crate) fn new(
        socket: WebSocketStream<S>,
        shared: &'a Shared,
        texts: &'a mut Texts,
        cancel: CancellationToken,
    ) -> Self {
        let heard = Instant::now();
        Self {
            socket,
            shared,
            texts,
            cancelled: Box::pin(cancel.cancelled_owned()),
            timer: Box::pin(sleep_until(heard + SILENCE)),
            heard,
            buffer: BytesMut::new(),
            unflushed: false,
        }
    }

    /// Runs until the link is over. Its connections end with it only when one of the two programs wants it so; otherwise
    /// they wait for the next link.
    pub(crate) async fn run(mut self) -> LinkEnd {
        let end = std::future::poll_fn(|cx| self.poll_turns(cx)).await;
        if let Some(reason) = end.is_final() {
            self.shared.end_all(reason);
            let farewell = async {
                let _ = std::future::poll_fn(|cx| self.poll_drain(cx)).await;
                let _ = self.socket.close(None).await;
            };
            let _ = timeout(FAREWELL, farewell).await;
        }
        end
    }

    fn poll_turns(&mut self, cx: &mut Context<'_>) -> Poll<LinkEnd> {
        loop {
            if self.cancelled.as_mut().poll(cx).is_ready() {
                return Poll::Ready(LinkEnd::Ours);
            }
            let turn = self.poll_outgoing(cx).and_then(|sent| Ok(self.poll_incoming(cx)? || sent));
            match turn {
                Ok(true) => {}
                Ok(false) => match self.poll_time(cx) {
                    Poll::Ready(Some(end)) => return Poll::Ready(end),
                    Poll::Ready(None) => {}
                    Poll::Pending => return Poll::Pending,
                },
                Err(end) => return Poll::Ready(end),
            }
        }
    }

    /// Sends what there is. True when there may be more than fitted into this turn.
    fn poll_outgoing(&mut self, cx: &mut Context<'_>) -> Result<bool, LinkEnd> {
        for _ in 0..MESSAGES_PER_TURN {
            match Pin::new(&mut self.socket).poll_ready(cx) {
                Poll::Pending => return Ok(false),
                Poll::Ready(result) => result.map_err(broken)?,
            }
            let Some(message) = self.next_message(cx) else { return self.poll_flush(cx).map(|_| false) };
            Pin::new(&mut self.socket).start_send(message).map_err(broken)?;
            self.unflushed = true;
        }
        Ok(true)
    }

    /// Control messages go before frames.
    fn next_message(&mut self, cx: &mut Context<'_>) -> Option<Message> {
        if let Poll::Ready(Some(text)) = self.texts.outgoing.poll_recv(cx) {
            return Some(Message::text(text));
        }
        self.shared.transmit(cx, &mut self.buffer, FULL_MESSAGE).then(|| Message::binary(self.buffer.split().freeze()))
    }

    /// True when everything has left.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Result<bool, LinkEnd> {
        if self.unflushed {
            match Pin::new(&mut self.socket).poll_flush(cx) {
                Poll::Pending => return Ok(false),
                Poll::Ready(result) => result.map_err(broken)?,
            }
            self.unflushed = false;
        }
        Ok(true)
    }

    /// Takes in what has come. True when there was something: it may call for an answer, and there may be more.
    fn poll_incoming(&mut self, cx: &mut Context<'_>) -> Result<bool, LinkEnd> {
        for turn in 0..MESSAGES_PER_TURN {
            let message = match Pin::new(&mut self.socket).poll_next(cx) {
                Poll::Pending => return Ok(turn > 0),
                Poll::Ready(None) => return Err(LinkEnd::Closed),
                Poll::Ready(Some(message)) => message.map_err(broken)?,
            };
            self.heard = Instant::now();
            match message {
                Message::Binary(bytes) => {
                    self.shared.input(bytes).map_err(|error| LinkEnd::Misbehaved(error.to_string()))?;
                }
                Message::Text(text) => match self.texts.incoming.try_send(text.as_str().to_owned()) {
                    Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
                    Err(mpsc::error::TrySendError::Full(_)) => {
                        return Err(LinkEnd::Misbehaved("more control messages came than can wait".into()));
                    }
                },
                Message::Close(_) => return Err(LinkEnd::Closed),
                Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
            }
        }
        Ok(true)
    }

    /// The clock's turn, when nothing else had one. Ready with the end of a silent link, or with nothing when the endpoint
    /// may have something to send now.
    fn poll_time(&mut self, cx: &mut Context<'_>) -> Poll<Option<LinkEnd>> {
        loop {
            let dead = self.heard + SILENCE;
            let due = self.shared.timeout().map_or(dead, |due| dead.min(Instant::from_std(due)));
            // A timer that fires too early costs less than moving it with every message.
            if self.timer.is_elapsed() || due < self.timer.deadline() {
                self.timer.as_mut().reset(due);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if Instant::now() >= dead {
                return Poll::Ready(Some(LinkEnd::Silent(SILENCE)));
            }
            if self.shared.wants_transmit() {
                return Poll::Ready(None);
            }
        }
    }

    /// Sends all that waits.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), LinkEnd>> {
        loop {
            match self.poll_outgoing(cx) {
                Ok(true) => {}
                Ok(false) if self.unflushed => return Poll::Pending,
                Ok(false) => return Poll::Ready(Ok(())),
                Err(end) => return Poll::Ready(Err(end)),
            }
        }
    }
}

fn broken(error: WsError) -> LinkEnd {
    match error {
        WsError::ConnectionClosed | WsError::AlreadyClosed => LinkEnd::Closed,
        WsError::Capacity(error) => LinkEnd::Misbehaved(error.to_string()),
        error => LinkEnd::Broken(plain(&error)),
    }
}
