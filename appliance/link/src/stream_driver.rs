//! The stream protocol of one session, over one WebSocket after the other, for many tasks.
//!
//! The state machine is [`Endpoint`]; this shell brings it bytes and time. One task owns the WebSocket
//! (`link_task.rs`) and dials again when it is lost (`redial.rs`); each connection has a task of its own ([`crate::carry`]). They meet at one mutex that is held for
//! moments, never across an await, and wake each other through it: whoever finds nothing to do leaves its waker there.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wire::stream::{Config, EndReason, Endpoint, Event, Held, OpenError, Side, StreamError, StreamId};

use crate::link_stream::{LinkStream, StreamEnd};
use crate::link_task::Texts;
use crate::metrics::{Holds, Metrics};
use crate::redial::{Keeper, LinkState, Redial};

/// Control messages that may wait, in either direction.
const WAITING_MESSAGES: usize = 64;

/// How a link ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkEnd {
    /// This side ended it.
    #[error("this side ended it")]
    Ours,
    /// The other side closed it.
    #[error("the appliance closed it")]
    Closed,
    /// It broke.
    #[error("{0}")]
    Broken(String),
    /// Nothing came for too long.
    #[error("nothing was heard for {} seconds", .0.as_secs())]
    Silent(Duration),
    /// The other side broke the protocol.
    #[error("{0}")]
    Misbehaved(String),
}

impl LinkEnd {
    /// Why the connections end with the link; none when they may go on over another.
    pub(crate) fn is_final(&self) -> Option<EndReason> {
        match self {
            Self::Ours => Some(EndReason::SessionEnded),
            Self::Misbehaved(_) => Some(EndReason::ProtocolError),
            Self::Closed | Self::Broken(_) | Self::Silent(_) => None,
        }
    }
}

/// The streams of a session. Clones are the same session.
#[derive(Clone)]
pub struct StreamDriver {
    shared: Arc<Shared>,
    cancel: CancellationToken,
    ended: watch::Receiver<Option<LinkEnd>>,
    links: watch::Receiver<LinkState>,
}

/// The JSON text beside the streams.
pub struct Control {
    /// Messages for the appliance.
    pub outgoing: mpsc::Sender<String>,
    /// Messages from the appliance; ends with the link. Whoever leaves too many waiting loses the link.
    pub incoming: mpsc::Receiver<String>,
}

/// A connection that the other end opened.
pub struct Accepted {
    /// The stream.
    pub stream: LinkStream,
    /// Number of the tunnel it is for.
    pub tunnel: u16,
}

impl StreamDriver {
    /// Starts the link's task on `tracker`. When the link is lost it dials again with `redial`. It ends when `cancel` is
    /// cancelled, after a last attempt to send what waits. What happens is counted in `metrics`.
    pub fn start<R: Redial>(
        socket: WebSocketStream<R::Io>,
        redial: R,
        side: Side,
        config: Config,
        metrics: &Metrics,
        tracker: &TaskTracker,
        cancel: CancellationToken,
    ) -> (Self, Control) {
        let (outgoing, from_us) = mpsc::channel(WAITING_MESSAGES);
        let (to_us, incoming) = mpsc::channel(WAITING_MESSAGES);
        let (tell_end, ended) = watch::channel(None);
        let (tell_links, links) = watch::channel(LinkState::Standing(1));
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                endpoint: Endpoint::new(side, config),
                slots: HashMap::new(),
                accepted: VecDeque::new(),
                accept_waker: None,
                link_waker: None,
                alarm: None,
                over: None,
                round_trip: None,
            }),
            metrics: metrics.clone(),
            began: Instant::now(),
        });
        let session: Arc<dyn Holds> = Arc::<Shared>::clone(&shared);
        let running = metrics.session_began(Arc::downgrade(&session));
        let texts = Texts { outgoing: from_us, incoming: to_us };
        let keeper = Keeper { shared: Arc::clone(&shared), texts, redial, cancel: cancel.clone(), tell: tell_links };
        tracker.spawn(async move {
            let end = keeper.keep_up(socket).await;
            drop(running);
            tell_end.send_replace(Some(end));
        });
        (Self { shared, cancel, ended, links }, Control { outgoing, incoming })
    }

    /// Where it is counted what happens.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Whether there is a link now; changes are told.
    #[must_use]
    pub fn links(&self) -> watch::Receiver<LinkState> {
        self.links.clone()
    }

    /// Opens a connection through a tunnel. Nothing is waited for; the first bytes, as far as there are any, leave with it.
    ///
    /// # Errors
    /// At the limit of connections, or when the link is over.
    pub fn open(&self, tunnel: u16, first: Bytes) -> Result<LinkStream, OpenFailure> {
        let mut state = self.shared.lock();
        if let Some(reason) = state.over {
            return Err(OpenFailure::LinkOver(reason));
        }
        let bytes = first.len();
        let id = state.endpoint.open(tunnel, first)?;
        self.shared.metrics.read_from_socket(bytes);
        state.slots.insert(id, Slot::default());
        self.shared.settle(state);
        Ok(LinkStream::new(Arc::clone(&self.shared), id))
    }

    /// The next connection that the other end opened; none when the link is over.
    pub async fn accept(&self) -> Option<Accepted> {
        std::future::poll_fn(|cx| {
            let mut state = self.shared.lock();
            if let Some((id, tunnel)) = state.accepted.pop_front() {
                let stream = LinkStream::new(Arc::clone(&self.shared), id);
                return Poll::Ready(Some(Accepted { stream, tunnel }));
            }
            if state.over.is_some() {
                return Poll::Ready(None);
            }
            state.accept_waker = Some(cx.waker().clone());
            Poll::Pending
        })
        .await
    }

    /// Ends every connection for `reason` and then the link.
    pub fn end(&self, reason: EndReason) {
        self.shared.end_all(reason);
        self.cancel.cancel();
    }

    /// Waits until the link is over.
    pub async fn ended(&self) -> LinkEnd {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(end) => end.clone().unwrap_or(LinkEnd::Ours),
            Err(_) => LinkEnd::Ours,
        }
    }

    /// Connections that are open now.
    #[must_use]
    pub fn open_streams(&self) -> usize {
        self.shared.lock().endpoint.open_streams()
    }

    /// Round trip to the other end, once measured.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.shared.lock().endpoint.round_trip()
    }
}

/// Why a connection cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenFailure {
    /// The protocol forbids it.
    #[error("{0}")]
    Refused(#[from] OpenError),
    /// The link is over.
    #[error("the link is over")]
    LinkOver(EndReason),
}

impl OpenFailure {
    /// The same as the reason a connection ends with.
    #[must_use]
    pub fn reason(self) -> EndReason {
        match self {
            Self::Refused(OpenError::Limit) => EndReason::Limit,
            Self::Refused(OpenError::NotTheOpener) => EndReason::ProtocolError,
            Self::LinkOver(reason) => reason,
        }
    }
}

/// What the tasks of a link share.
pub(crate) struct Shared {
    state: Mutex<State>,
    pub(crate) metrics: Metrics,
    began: Instant,
}

pub(crate) struct State {
    pub(crate) endpoint: Endpoint,
    pub(crate) slots: HashMap<StreamId, Slot>,
    /// Connections nobody has taken yet; no more than the endpoint allows at once.
    accepted: VecDeque<(StreamId, u16)>,
    accept_waker: Option<Waker>,
    link_waker: Option<Waker>,
    /// When the link's task wakes by itself, in the endpoint's time.
    alarm: Option<Duration>,
    /// Set once the link takes no more connections.
    pub(crate) over: Option<EndReason>,
    /// As last measured.
    round_trip: Option<Duration>,
}

impl Holds for Shared {
    fn held(&self) -> Held {
        self.lock().endpoint.held()
    }
}

/// Where the task of a connection is reached.
#[derive(Default)]
pub(crate) struct Slot {
    pub(crate) waker: Option<Waker>,
    pub(crate) end: Option<StreamEnd>,
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that runs under the lock panics; if it ever did, cutting this link is better than the whole program.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Carries out what the endpoint asks for, lets go of the lock, and wakes whom it concerns.
    pub(crate) fn settle(&self, mut state: MutexGuard<'_, State>) {
        let wakers = state.wakers();
        let is_earlier = |at: Duration| state.alarm.is_none_or(|alarm| at < alarm);
        let wakes = state.endpoint.wants_transmit() || state.endpoint.poll_timeout().is_some_and(is_earlier);
        let link = if wakes { state.link_waker.take() } else { None };
        drop(state);
        wakers.into_iter().chain(link).for_each(Waker::wake);
    }

    /// Takes a message from the link.
    pub(crate) fn input(&self, message: Bytes) -> Result<(), StreamError> {
        let now = self.now();
        let mut state = self.lock();
        let result = state.endpoint.handle_input(now, message);
        let wakers = state.wakers();
        let round_trip = state.endpoint.round_trip();
        let is_new = std::mem::replace(&mut state.round_trip, round_trip) != round_trip;
        drop(state);
        if let Some(measured) = round_trip.filter(|_| is_new) {
            self.metrics.round_trip(measured);
        }
        wakers.into_iter().for_each(Waker::wake);
        result
    }

    /// Fills `out` with frames. When there are none, leaves the waker for the moment there are.
    pub(crate) fn transmit(&self, cx: &Context<'_>, out: &mut BytesMut, most: usize) -> bool {
        let now = self.now();
        let mut state = self.lock();
        let some = state.endpoint.poll_transmit(now, out, most);
        if !some {
            state.link_waker = Some(cx.waker().clone());
        }
        let wakers = state.wakers();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        some
    }

    /// Gives the endpoint the time, and says when it wants it next.
    pub(crate) fn timeout(&self) -> Option<Instant> {
        let now = self.now();
        let mut state = self.lock();
        if state.endpoint.poll_timeout().is_some_and(|at| at <= now) {
            state.endpoint.handle_timeout(now);
        }
        let next = state.endpoint.poll_timeout();
        state.alarm = next;
        next.map(|at| self.began + at)
    }

    pub(crate) fn wants_transmit(&self) -> bool {
        self.lock().endpoint.wants_transmit()
    }

    /// The link is lost; connections wait for the next.
    pub(crate) fn disconnect(&self) {
        self.lock().endpoint.disconnect();
    }

    /// Number of the last pair of links.
    pub(crate) fn epoch(&self) -> u64 {
        self.lock().endpoint.epoch()
    }

    /// Ends every connection here; the other end hears of it if the link still stands.
    pub(crate) fn end_all(&self, reason: EndReason) {
        let mut state = self.lock();
        if state.over.is_some() {
            return;
        }
        state.over = Some(reason);
        let waiting: Vec<_> = state.accepted.drain(..).map(|(id, _)| id).collect();
        let ids: Vec<_> = state.slots.keys().copied().chain(waiting).collect();
        for id in ids {
            state.endpoint.reset(id, reason, "", false);
            if let Some(slot) = state.slots.get_mut(&id) {
                slot.end.get_or_insert_with(|| StreamEnd { reason, detail: String::new(), after_data: false });
            }
        }
        let wakers: Vec<_> = state.slots.values_mut().filter_map(|slot| slot.waker.take()).collect();
        let others = [state.accept_waker.take(), state.link_waker.take()];
        drop(state);
        wakers.into_iter().chain(others.into_iter().flatten()).for_each(Waker::wake);
    }
}

impl State {
    /// Takes the endpoint's events in; returns who has to be woken.
    fn wakers(&mut self) -> Vec<Waker> {
        let mut wakers = Vec::new();
        while let Some(event) = self.endpoint.poll_event() {
            let stream = match event {
                Event::Opened { stream, tunnel } => {
                    self.slots.insert(stream, Slot::default());
                    self.accepted.push_back((stream, tunnel));
                    wakers.extend(self.accept_waker.take());
                    continue;
                }
                Event::Closed(stream) => {
                    self.slots.remove(&stream);
                    continue;
                }
                Event::Reset { stream, reason, detail, after_data } => {
                    if let Some(slot) = self.slots.get_mut(&stream) {
                        slot.end = Some(StreamEnd { reason, detail, after_data });
                    }
                    stream
                }
                Event::Established(stream) | Event::Readable(stream) | Event::Writable(stream) => stream,
            };
            wakers.extend(self.slots.get_mut(&stream).and_then(|slot| slot.waker.take()));
        }
        wakers
    }
}
