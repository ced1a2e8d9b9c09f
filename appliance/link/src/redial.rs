//! A session outlives its link: when one is lost, another is dialled, for as long as the grace time lasts.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use wire::stream::EndReason;

use crate::backoff::Backoff;
use crate::link_task::{LinkTask, Texts};
use crate::stream_driver::{LinkEnd, Shared};

/// How a session's link is dialled again.
pub trait Redial: Send + 'static {
    /// What carries the WebSocket.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// How long after the loss of a link another may come; zero = there is no other.
    fn grace(&self) -> Duration;

    /// Dials once. `epoch` is the number of the last pair of links.
    fn dial(&mut self, epoch: u64) -> impl Future<Output = Result<WebSocketStream<Self::Io>, Failed>> + Send;
}

/// Why a link could not be dialled again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// The next attempt may succeed.
    #[error("{0}")]
    ForNow(String),
    /// The session is over there, or this program may not go on with it.
    #[error("{0}")]
    ForGood(String),
}

/// Whether there is a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// There is, and it is the one with this number.
    Standing(u64),
    /// It was lost, and dialled again until then.
    Lost {
        /// When the session ends for want of a link.
        until: Instant,
    },
}

/// The first attempt comes at once; the ceiling of the waits behind it begins here.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// A technician waits: the appliance is looked for often.
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// Keeps a session's link up.
pub(crate) struct Keeper<R> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) texts: Texts,
    pub(crate) redial: R,
    pub(crate) cancel: CancellationToken,
    pub(crate) tell: watch::Sender<LinkState>,
}

impl<R: Redial> Keeper<R> {
    /// Runs until the session is over.
    pub(crate) async fn keep_up(mut self, socket: WebSocketStream<R::Io>) -> LinkEnd {
        let mut socket = socket;
        for number in 2.. {
            let link = LinkTask::new(socket, &self.shared, &mut self.texts, self.cancel.clone());
            let end = link.run().await;
            if end.is_final().is_some() {
                return end;
            }
            self.shared.disconnect();
            let metrics = self.shared.metrics.clone();
            let waiting = metrics.reconnecting();
            let is_closed = end == LinkEnd::Closed;
            if !is_closed {
                metrics.link_lost();
            }
            let until = Instant::now() + self.redial.grace();
            self.tell.send_replace(LinkState::Lost { until });
            info!("the session's link is lost ({end}); dialling again");
            let dialled = self.dial_until(until).await;
            drop(waiting);
            // An appliance that ends the session closes its link too, and then this program ends it before another link stands.
            if is_closed && !matches!(dialled, Err(EndReason::SessionEnded)) {
                metrics.link_lost();
            }
            match dialled {
                Ok(again) => {
                    metrics.resumed();
                    socket = again;
                }
                Err(reason) => {
                    if reason != EndReason::SessionEnded {
                        metrics.resume_failed();
                    }
                    self.shared.end_all(reason);
                    return if reason == EndReason::SessionEnded { LinkEnd::Ours } else { end };
                }
            }
            self.tell.send_replace(LinkState::Standing(number));
        }
        LinkEnd::Ours
    }

    async fn dial_until(&mut self, until: Instant) -> Result<WebSocketStream<R::Io>, EndReason> {
        let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
        let cancel = self.cancel.clone();
        while Instant::now() < until {
            let dialling = timeout_at(until, self.redial.dial(self.shared.epoch()));
            let Some(dialled) = cancel.run_until_cancelled(dialling).await else { return Err(EndReason::SessionEnded) };
            match dialled {
                Ok(Ok(socket)) => return Ok(socket),
                Ok(Err(Failed::ForNow(detail))) => debug!("not linked again: {detail}"),
                Ok(Err(Failed::ForGood(detail))) => {
                    warn!("the session cannot go on: {detail}");
                    return Err(EndReason::LinkLost);
                }
                Err(_) => break,
            }
            let next = (Instant::now() + backoff.next_wait(rand::random())).min(until);
            if cancel.run_until_cancelled(sleep_until(next)).await.is_none() {
                return Err(EndReason::SessionEnded);
            }
        }
        warn!("the session's link did not come back in time");
        Err(EndReason::LinkLost)
    }
}
