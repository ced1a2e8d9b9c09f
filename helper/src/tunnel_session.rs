//! One session on this workstation, from its ticket to its end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use link::WebSocket;
use link::metrics::{Metrics, Refused};
use link::redial::LinkState;
use link::stream_driver::{Control, LinkEnd, StreamDriver};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};
use wire::helper_messages::{HelperError, HelperEvent, HelperMessage, HelperReply, LocalTunnel};
use wire::link_messages::{ApplianceToHelper, HelperToAppliance, TunnelToListen};
use wire::stream::{Config as StreamConfig, EndReason, Side};
use wire::{SecretText, SessionId};

use crate::appliance_link::{self, DialAgain, Welcome};
use crate::config::ApplianceEntry;
use crate::connecting_users::ConnectingUsers;
use crate::connection_sources::Sources;
use crate::front_desk::label;
use crate::listener::{Doorkeeper, listen, name_holders};
use crate::open_tunnels::OpenTunnels;

/// Wishes that may wait for one session.
pub(crate) const WAITING_WISHES: usize = 16;
/// How long a message waits for a reader that has many others before it.
const READ_WITHIN: Duration = Duration::from_millis(500);

/// What all sessions of the helper share.
#[derive(Clone)]
pub(crate) struct Workshop {
    open: Arc<Mutex<OpenTunnels>>,
    to_browser: mpsc::Sender<HelperMessage>,
    users: Arc<ConnectingUsers>,
    sources: Sources,
    /// Where it is counted what happens.
    pub(crate) metrics: Metrics,
    /// Owns every task.
    pub(crate) tracker: TaskTracker,
    /// Cancelled when the browser is gone.
    pub(crate) cancel: CancellationToken,
}

/// Whom an answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asker {
    pub(crate) page: u32,
    pub(crate) id: u32,
}

/// What a page wants of a running session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// To know how it stands.
    Describe,
    /// To listen again where it failed.
    Retry,
    /// To end it.
    Close,
}

impl Workshop {
    pub(crate) fn new(
        to_browser: mpsc::Sender<HelperMessage>,
        metrics: Metrics,
        tracker: TaskTracker,
        cancel: CancellationToken,
    ) -> Self {
        let sources = Sources::start(&tracker, cancel.child_token());
        Self { open: Arc::default(), to_browser, users: Arc::default(), sources, metrics, tracker, cancel }
    }

    /// The register of sessions; held for moments only.
    pub(crate) fn open(&self) -> MutexGuard<'_, OpenTunnels> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers a page.
    pub(crate) async fn reply(&self, asker: Asker, reply: HelperReply) {
        let Asker { page, id } = asker;
        let open_sessions = self.open().count();
        self.send(HelperMessage::Reply { page, id, reply, open_sessions }).await;
    }

    async fn tell(&self, origin: &str, event: HelperEvent) {
        let open_sessions = self.open().count();
        self.send(HelperMessage::Event { origin: origin.into(), event, open_sessions }).await;
    }

    /// Waits for the browser to read, not for long: a page that asks too much slows itself down, and a browser that does
    /// not read at all has nobody to be told.
    async fn send(&self, message: HelperMessage) {
        if self.to_browser.send_timeout(message, READ_WITHIN).await.is_err() {
            warn!("the browser takes no messages");
        }
    }
}

/// A session's task.
pub(crate) struct TunnelSession {
    pub(crate) workshop: Workshop,
    pub(crate) origin: String,
    pub(crate) session_id: SessionId,
    pub(crate) wishes: mpsc::Receiver<(Asker, Wish)>,
}

/// A tunnel and its listener.
struct Tunnel {
    definition: TunnelToListen,
    state: LocalTunnel,
}

/// Why a session ends, in words for the appliance, if it does not know, and for the page.
struct Ending {
    tell_appliance: bool,
    message: String,
}

/// How dialling the appliance ends.
enum Dialled {
    Link(Box<(WebSocket, Welcome)>),
    Failed(HelperError),
    /// A page has thought better of it.
    Closed(Asker),
    /// The helper ends.
    Stopping,
}

impl TunnelSession {
    /// Runs until the session is over; `asker` is answered once its tunnels are open or refused. The session has to be in
    /// the register, and leaves it at its end.
    pub(crate) async fn run(mut self, appliance: ApplianceEntry, ticket: SecretText, asker: Asker) {
        // Wishes that came too early for an answer; no more than may wait.
        let mut early = Vec::new();
        let (failure, closer) = match self.dial(&appliance, ticket, &mut early).await {
            Dialled::Link(link) => {
                self.serve(*link, appliance, asker, std::mem::take(&mut early)).await;
                (None, None)
            }
            Dialled::Failed(error) => {
                warn!(session = %self.session_id, "not opened: {error}");
                (Some(error), None)
            }
            Dialled::Closed(closer) => (Some(HelperError::NoSuchSession), Some(closer)),
            Dialled::Stopping => (None, None),
        };
        self.workshop.open().leave(self.session_id);
        if let Some(error) = failure {
            self.workshop.reply(asker, HelperReply::Failed { error }).await;
            for (asker, wish) in early {
                self.workshop.reply(asker, answer_of_the_gone(wish)).await;
            }
        }
        if let Some(closer) = closer {
            self.workshop.reply(closer, HelperReply::Done).await;
        }
        self.wishes.close();
        while let Some((asker, wish)) = self.wishes.recv().await {
            self.workshop.reply(asker, answer_of_the_gone(wish)).await;
        }
    }

    /// Dials; a page may close the session meanwhile.
    async fn dial(
        &mut self,
        appliance: &ApplianceEntry,
        ticket: SecretText,
        early: &mut Vec<(Asker, Wish)>,
    ) -> Dialled {
        let mut dialling = Box::pin(appliance_link::dial(appliance, self.session_id, ticket, None));
        loop {
            tokio::select! {
                () = self.workshop.cancel.cancelled() => return Dialled::Stopping,
                Some((asker, wish)) = self.wishes.recv(), if early.len() < WAITING_WISHES => match wish {
                    Wish::Close => return Dialled::Closed(asker),
                    Wish::Describe | Wish::Retry => early.push((asker, wish)),
                },
                dialled = &mut dialling => return match dialled {
                    Ok(link) => Dialled::Link(Box::new(link)),
                    Err(error) => {
                        self.workshop.metrics.refused(Refused::SessionLink, label(&error));
                        Dialled::Failed(error)
                    }
                },
            }
        }
    }

    /// Serves the session over its link, to its end.
    async fn serve(
        &mut self,
        (socket, welcome): (WebSocket, Welcome),
        appliance: ApplianceEntry,
        asker: Asker,
        early: Vec<(Asker, Wish)>,
    ) {
        let tracker = self.workshop.tracker.clone();
        let Welcome { tunnels: definitions, resumption } = welcome;
        let metrics = &self.workshop.metrics;
        let again = DialAgain { appliance, session_id: self.session_id, resumption, metrics: metrics.clone() };
        let config = StreamConfig::default();
        let (driver, control) =
            StreamDriver::start(socket, again, Side::Opener, config, metrics, &tracker, CancellationToken::new());
        let listeners = CancellationToken::new();
        let closes = listeners.clone().drop_guard();
        let askers = [asker].into_iter().chain(early.into_iter().map(|(asker, _)| asker));
        let ending = self.attend(definitions, &driver, control, &listeners, askers).await;
        drop(closes);
        driver.end(EndReason::SessionEnded);
        driver.ended().await;
        self.workshop.open().leave(self.session_id);
        info!(session = %self.session_id, "over: {}", ending.message);
        let event = HelperEvent::SessionEnded { session_id: self.session_id, message: ending.message };
        self.workshop.tell(&self.origin, event).await;
    }

    /// Listens, and does what page and appliance ask until one of them ends it.
    async fn attend(
        &mut self,
        definitions: Vec<TunnelToListen>,
        driver: &StreamDriver,
        mut control: Control,
        listeners: &CancellationToken,
        askers: impl Iterator<Item = Asker>,
    ) -> Ending {
        let not_yet = |definition: TunnelToListen| {
            let state = LocalTunnel { index: definition.index, listening: None, problem: None };
            Tunnel { definition, state }
        };
        let mut tunnels: Vec<_> = definitions.into_iter().map(not_yet).collect();
        self.listen_where_it_fails(&mut tunnels, driver, &control, listeners).await;
        for asker in askers {
            self.workshop.reply(asker, self.description()).await;
        }
        info!(session = %self.session_id, "open");
        let mut links = driver.links();
        let ending = loop {
            tokio::select! {
                Ok(()) = links.changed() => {
                    // What was said over the link that was lost may not have arrived.
                    let state = *links.borrow_and_update();
                    if let LinkState::Standing(_) = state {
                        self.report_listening(&control).await;
                    }
                }
                () = self.workshop.cancel.cancelled() => {
                    break Ending { tell_appliance: true, message: "The browser on the workstation was closed.".into() };
                }
                Some((asker, wish)) = self.wishes.recv() => match wish {
                    Wish::Describe => self.workshop.reply(asker, self.description()).await,
                    Wish::Retry => {
                        self.listen_where_it_fails(&mut tunnels, driver, &control, listeners).await;
                        self.workshop.reply(asker, self.description()).await;
                    }
                    Wish::Close => {
                        self.workshop.reply(asker, HelperReply::Done).await;
                        let message = "The tunnels were closed on the workstation.".into();
                        break Ending { tell_appliance: true, message };
                    }
                },
                text = control.incoming.recv() => match text.map(|text| serde_json::from_str(&text)) {
                    Some(Ok(ApplianceToHelper::RetryListening)) => {
                        self.listen_where_it_fails(&mut tunnels, driver, &control, listeners).await;
                    }
                    Some(Ok(ApplianceToHelper::Ended { message })) => break Ending { tell_appliance: false, message },
                    Some(Ok(ApplianceToHelper::Refused { message, .. })) => break Ending { tell_appliance: false, message },
                    Some(Ok(ApplianceToHelper::Welcome { .. })) => {}
                    Some(Err(error)) => debug!("a message of the appliance was not understood: {error}"),
                    None => break ending_of(&driver.ended().await),
                },
            }
        };
        if ending.tell_appliance {
            report(&control, &HelperToAppliance::Ending { message: ending.message.clone() }).await;
        }
        ending
    }

    /// Tries every tunnel that has no listener; tells appliance and page how all of them stand.
    async fn listen_where_it_fails(
        &self,
        tunnels: &mut [Tunnel],
        driver: &StreamDriver,
        control: &Control,
        listeners: &CancellationToken,
    ) {
        for tunnel in tunnels.iter_mut().filter(|it| it.state.listening.is_none()) {
            let mut open = self.workshop.open();
            let result = listen(&tunnel.definition, self.session_id, &open);
            let listener = match result {
                Ok((listener, listening)) => {
                    tunnel.state.listening = Some(listening);
                    tunnel.state.problem = None;
                    Some(listener)
                }
                Err(problem) => {
                    tunnel.state.problem = Some(problem);
                    None
                }
            };
            let mut states = open.session(self.session_id).tunnels;
            states.retain(|it| it.index != tunnel.state.index);
            states.push(tunnel.state.clone());
            states.sort_by_key(|it| it.index);
            open.update(self.session_id, states);
            drop(open);
            if let Some(listener) = listener {
                self.accept(tunnel.definition.index, listener, driver, control, listeners);
            }
        }
        name_holders(tunnels.iter_mut().filter_map(|it| it.state.problem.as_mut()).collect()).await;
        let mut states: Vec<_> = tunnels.iter().map(|it| it.state.clone()).collect();
        states.sort_by_key(|it| it.index);
        self.workshop.open().update(self.session_id, states);
        self.report_listening(control).await;
        let session = self.workshop.open().session(self.session_id);
        self.workshop.tell(&self.origin, HelperEvent::SessionChanged { session }).await;
    }

    async fn report_listening(&self, control: &Control) {
        let tunnels = self.workshop.open().session(self.session_id).tunnels;
        report(control, &HelperToAppliance::ListenReport { tunnels }).await;
    }

    fn accept(
        &self,
        tunnel: u16,
        listener: TcpListener,
        driver: &StreamDriver,
        control: &Control,
        listeners: &CancellationToken,
    ) {
        let doorkeeper = Doorkeeper {
            tunnel,
            driver: driver.clone(),
            to_appliance: control.outgoing.clone(),
            users: Arc::clone(&self.workshop.users),
            sources: self.workshop.sources.clone(),
            tracker: self.workshop.tracker.clone(),
        };
        self.workshop.tracker.spawn(doorkeeper.accept(listener, listeners.clone()));
    }

    fn description(&self) -> HelperReply {
        HelperReply::Session { session: self.workshop.open().session(self.session_id) }
    }
}

/// Tells the appliance, waiting a moment where many other messages are before this one.
async fn report(control: &Control, message: &HelperToAppliance) {
    match serde_json::to_string(message) {
        Ok(text) => {
            if control.outgoing.send_timeout(text, READ_WITHIN).await.is_err() {
                warn!("the appliance takes no messages");
            }
        }
        Err(error) => warn!("a message for the appliance could not be written: {error}"),
    }
}

fn ending_of(end: &LinkEnd) -> Ending {
    let message = match end {
        LinkEnd::Ours | LinkEnd::Closed => "The appliance closed the link.".into(),
        LinkEnd::Broken(_) | LinkEnd::Silent(_) | LinkEnd::Misbehaved(_) => {
            format!("The link to the appliance was lost: {end}.")
        }
    };
    Ending { tell_appliance: false, message }
}

/// To a page whose wish came too late.
pub(crate) fn answer_of_the_gone(wish: Wish) -> HelperReply {
    match wish {
        Wish::Close => HelperReply::Done,
        Wish::Describe | Wish::Retry => HelperReply::Failed { error: HelperError::NoSuchSession },
    }
}
