//! Whether anything moves on a connection. One on which nothing does for long is closed: its place is for others.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::time::Instant;

/// A connection that has asked for nothing yet is closed after this time.
const FIRST_REQUEST: Duration = Duration::from_secs(10);
/// One that has is closed when nothing moved for this time: no request, no piece of a body.
const QUIET: Duration = Duration::from_secs(180);
/// Large answers are handed out in pieces of so many bytes, so that it shows when the other side stops reading.
const PIECE: usize = 64 * 1024;

/// What moved last on one connection.
#[derive(Clone, Debug)]
pub(super) struct Activity(Arc<Mutex<Last>>);

#[derive(Clone, Copy, Debug)]
struct Last {
    at: Instant,
    has_asked: bool,
}

impl Last {
    /// When the connection is closed, unless something moves before.
    fn quiet_at(self) -> Instant {
        self.at + if self.has_asked { QUIET } else { FIRST_REQUEST }
    }
}

impl Activity {
    /// A connection that has just been made.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Last { at: Instant::now(), has_asked: false })))
    }

    /// Something moves.
    pub(super) fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Last { at: Instant::now(), has_asked: true };
    }

    /// Ends when nothing has moved for too long.
    pub(super) async fn quiet(&self) {
        loop {
            let until = self.last().quiet_at();
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    fn last(&self) -> Last {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same body; each piece of it is noted.
    pub(super) fn watch(&self, body: Body) -> Body {
        self.note();
        Body::new(Watched { body, rest: Bytes::new(), activity: self.clone() })
    }
}

struct Watched {
    body: Body,
    /// What is left of the body's last frame.
    rest: Bytes,
    activity: Activity,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
            self.activity.note();
            match frame.map(|frame| frame.map(Frame::into_data)) {
                Some(Ok(Ok(data))) => self.rest = data,
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        self.activity.note();
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (inner, rest) = (self.body.size_hint(), self.rest.len() as u64);
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower().saturating_add(rest));
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asked_for_nothing_has_less_time() {
        let activity = Activity::new();
        let begun = activity.last().at;
        assert_eq!(activity.last().quiet_at() - begun, FIRST_REQUEST);
        activity.note();
        assert!(activity.last().quiet_at() - begun >= QUIET);
    }

    #[tokio::test]
    async fn only_what_has_been_quiet_for_long_is_closed() {
        let long_ago = Instant::now().checked_sub(FIRST_REQUEST).unwrap();
        let activity = Activity(Arc::new(Mutex::new(Last { at: long_ago, has_asked: false })));
        activity.quiet().await;
        activity.note();
        assert!(tokio::time::timeout(Duration::from_millis(10), activity.quiet()).await.is_err());
    }

    #[tokio::test]
    async fn a_large_body_goes_out_whole_in_pieces() {
        let whole: Bytes = (0..PIECE * 2 + 10).map(|it| it.to_le_bytes()[0]).collect::<Vec<_>>().into();
        let mut body = Activity::new().watch(whole.clone().into());
        let mut got = Vec::new();
        let mut pieces = 0;
        assert_eq!(body.size_hint().exact(), Some(whole.len() as u64));
        while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            got.extend_from_slice(&frame.unwrap().into_data().unwrap());
            pieces += 1;
            assert_eq!(body.size_hint().exact(), Some((whole.len() - got.len()) as u64));
        }
        assert_eq!((got.as_slice(), pieces), (whole.as_ref(), 3));
        assert!(body.is_end_stream());
    }
}
