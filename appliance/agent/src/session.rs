//! One session: its link, and connections to exactly its targets.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use link::backoff::Backoff;
use link::carry::{Party, carry};
use link::metrics::{Metrics, Refused, name_of};
use link::redial::{Failed, Redial};
use link::stream_driver::{Accepted, Control, LinkEnd, StreamDriver};
use link::tcp::{self, ConnectError, Lookups};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, debug, info, info_span, warn};
use wire::SessionId;
use wire::agent_messages::{ApplianceToAgent, TunnelTarget};
use wire::stream::{Config, EndReason, Side};

use crate::greeting::{Caller, GreetingError, LinkFor};

/// The time a target has to answer.
const TARGET_ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// How often the appliance is dialled for one session.
const DIAL_ATTEMPTS: u32 = 4;

/// Names of targets that are looked up at a time for one session.
const LOOKUPS_MOST: usize = 32;

/// What the connections of a session lead to.
struct Targets {
    /// By tunnel number.
    by_tunnel: HashMap<u16, TunnelTarget>,
    lookups: Lookups,
}

/// Serves one session until it ends, over as many links as it takes. Its connections run on `tracker`.
///
/// # Errors
/// When its first link could not be made.
pub(crate) async fn serve(
    session_id: SessionId,
    targets: Vec<TunnelTarget>,
    grace: Duration,
    caller: Arc<Caller>,
    tracker: &TaskTracker,
    cancel: CancellationToken,
) -> Result<(), GreetingError> {
    let Some(dialled) = cancel.run_until_cancelled(dial(session_id, &caller)).await else { return Ok(()) };
    let socket = dialled?;
    info!("the session's link stands");
    let metrics = caller.metrics.clone();
    let again = DialAgain { session_id, grace, caller };
    let config = Config::default();
    let (driver, control) =
        StreamDriver::start(socket, again, Side::Acceptor, config, &metrics, tracker, cancel.child_token());
    let by_tunnel = targets.into_iter().map(|target| (target.index, target)).collect();
    let targets = Arc::new(Targets { by_tunnel, lookups: Lookups::at_most(LOOKUPS_MOST) });
    let end = accept_until_the_end(&driver, control, &targets, tracker, &cancel).await;
    match end {
        LinkEnd::Ours | LinkEnd::Closed => info!("the session is over"),
        LinkEnd::Broken(_) | LinkEnd::Silent(_) | LinkEnd::Misbehaved(_) => warn!("the session's link is lost: {end}"),
    }
    Ok(())
}

async fn dial(session_id: SessionId, caller: &Caller) -> Result<link::WebSocket, GreetingError> {
    let mut backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(4));
    for _ in 1..DIAL_ATTEMPTS {
        match Box::pin(caller.greet(LinkFor::Session(session_id, None))).await {
            Err(error) if error.may_pass() => {
                debug!("the session's link was not made, trying again: {error}");
                sleep(backoff.next_wait(rand::random())).await;
            }
            result => return result.map(|(socket, _)| socket),
        }
    }
    Box::pin(caller.greet(LinkFor::Session(session_id, None))).await.map(|(socket, _)| socket)
}

/// Dials a session's link when it was lost.
struct DialAgain {
    session_id: SessionId,
    grace: Duration,
    caller: Arc<Caller>,
}

impl Redial for DialAgain {
    type Io = link::LinkIo;

    fn grace(&self) -> Duration {
        self.grace
    }

    async fn dial(&mut self, epoch: u64) -> Result<link::WebSocket, Failed> {
        match Box::pin(self.caller.greet(LinkFor::Session(self.session_id, Some(epoch)))).await {
            Ok((socket, _)) => Ok(socket),
            Err(error) if error.may_pass() || error.is_of_the_way() => Err(Failed::ForNow(error.to_string())),
            Err(error) => Err(Failed::ForGood(error.to_string())),
        }
    }
}

async fn accept_until_the_end(
    driver: &StreamDriver,
    mut control: Control,
    targets: &Arc<Targets>,
    tracker: &TaskTracker,
    cancel: &CancellationToken,
) -> LinkEnd {
    loop {
        tokio::select! {
            () = cancel.cancelled() => driver.end(EndReason::SessionEnded),
            accepted = driver.accept() => if let Some(accepted) = accepted {
                let span = info_span!("connection", stream = accepted.stream.id().0, tunnel = accepted.tunnel);
                let (targets, metrics) = (Arc::clone(targets), driver.metrics().clone());
                tracker.spawn(connect(accepted, targets, metrics).instrument(span));
                continue;
            },
            text = control.incoming.recv() => {
                if !text.is_some_and(|text| ends_session(&text)) {
                    continue;
                }
                driver.end(EndReason::SessionEnded);
            }
        }
        return driver.ended().await;
    }
}

/// Whether a message on the session's link ends it. There is no other kind.
fn ends_session(text: &str) -> bool {
    match serde_json::from_str(text) {
        Ok(ApplianceToAgent::EndSession { message, .. }) => {
            info!("the appliance ends the session: {message}");
            true
        }
        Ok(ApplianceToAgent::Dismissed { message }) => {
            info!("this agent is dismissed: {message}");
            true
        }
        Ok(_) | Err(_) => {
            debug!("a message on the session's link was not understood");
            false
        }
    }
}

/// Connects one stream to its target and carries its bytes.
async fn connect(accepted: Accepted, targets: Arc<Targets>, metrics: Metrics) {
    let Accepted { mut stream, tunnel } = accepted;
    let Some(target) = targets.by_tunnel.get(&tunnel) else {
        warn!("refused: the session has no such tunnel");
        metrics.refused(Refused::Connection, &name_of(&EndReason::NotAllowed));
        stream.reset(EndReason::NotAllowed, "", false);
        return;
    };
    let connecting = tcp::connect(&target.host, target.port, TARGET_ANSWERS_WITHIN, &targets.lookups);
    let connected = tokio::select! {
        // The local program may give up before the target has answered.
        _ = poll_fn(|cx| stream.poll_end(cx)) => return,
        connected = connecting => connected,
    };
    match connected {
        Ok(socket) => {
            stream.establish();
            let reason = carry(socket, stream, Party::Target).await;
            debug!(?reason, "the connection is over");
        }
        Err(error) => {
            debug!("{error}");
            let (reason, detail) = explain(error);
            metrics.refused(Refused::Target, &name_of(&reason));
            stream.reset(reason, &detail, false);
        }
    }
}

/// What the console is told of a target that could not be reached.
fn explain(error: ConnectError) -> (EndReason, String) {
    match error {
        ConnectError::NameNotFound { detail, .. } => (EndReason::NameNotFound, detail),
        ConnectError::Refused(_) => (EndReason::Refused, String::new()),
        ConnectError::Unreachable(_) => (EndReason::Unreachable, String::new()),
        ConnectError::NoAnswer { .. } => (EndReason::NoAnswer, String::new()),
        ConnectError::Other { source, .. } => (EndReason::JumpointFailed, source.to_string()),
    }
}
