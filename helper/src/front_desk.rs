//! Takes the pages' requests: checks whose they are, answers, or hands them to the session they are for.

use std::collections::HashMap;
use std::time::Duration;

use helper::native_messaging::Incoming;
use link::metrics::port::MetricsPort;
use link::metrics::{Metrics, Refused};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};
use wire::SessionId;
use wire::helper_messages::{
    ExtensionMessage, HelperError, HelperMessage, HelperReply, HelperRequest, MIN_PROTOCOL, PROTOCOL,
};

use crate::config::ApplianceEntry;
use crate::host_manifest::System;
use crate::live_config::LiveConfig;
use crate::tunnel_session::{Asker, TunnelSession, WAITING_WISHES, Wish, Workshop, answer_of_the_gone};

/// The browser kills the helper two seconds after it is gone.
const STOP_WITHIN: Duration = Duration::from_millis(1_200);

/// The desk.
pub(crate) struct FrontDesk {
    workshop: Workshop,
    sessions: HashMap<SessionId, mpsc::Sender<(Asker, Wish)>>,
    config: LiveConfig,
}

/// Serves the browser until it is gone or `stop` is ready, and ends everything then. What happens is counted in `metrics`.
pub(crate) async fn serve(
    mut from_browser: mpsc::Receiver<Incoming>,
    to_browser: mpsc::Sender<HelperMessage>,
    config: LiveConfig,
    metrics: Metrics,
    stop: impl Future<Output = ()>,
) {
    let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
    let workshop = Workshop::new(to_browser, metrics, tracker.clone(), cancel.clone());
    let mut desk = FrontDesk { workshop, sessions: HashMap::new(), config };
    desk.serve_metrics().await;
    tokio::pin!(stop);
    loop {
        tokio::select! {
            incoming = from_browser.recv() => match incoming {
                Some(incoming) => desk.take(incoming).await,
                None => break,
            },
            () = &mut stop => break,
        }
    }
    cancel.cancel();
    tracker.close();
    if timeout(STOP_WITHIN, tracker.wait()).await.is_err() {
        warn!("not everything ended in time");
    }
}

impl FrontDesk {
    /// Opens the port of the metrics where the configuration wants it. The helper works without it too: that of another
    /// browser may have it.
    async fn serve_metrics(&mut self) {
        // A configuration that cannot be read is told to the first page that asks.
        let Some(address) = self.config.now().await.ok().and_then(|it| it.metrics) else { return };
        match MetricsPort::open(address).await {
            Ok(port) => {
                info!("the metrics are at http://{}/metrics", port.address());
                let Workshop { metrics, tracker, cancel, .. } = &self.workshop;
                tracker.spawn(port.serve(metrics.clone(), cancel.clone()));
            }
            Err(error) => warn!("{error}. This helper works without; the one of another browser may have it"),
        }
    }

    async fn take(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Message(message) => {
                let asker = Asker { page: message.page, id: message.id };
                if let Err(error) = self.handle(asker, *message).await {
                    self.workshop.metrics.refused(Refused::Page, label(&error));
                    self.workshop.reply(asker, HelperReply::Failed { error }).await;
                }
            }
            Incoming::Garbage { asker, error } => {
                warn!("{error}");
                self.workshop.metrics.refused(Refused::Page, label(&error));
                if let Some((page, id)) = asker {
                    self.workshop.reply(Asker { page, id }, HelperReply::Failed { error }).await;
                }
            }
        }
    }

    async fn handle(&mut self, asker: Asker, message: ExtensionMessage) -> Result<(), HelperError> {
        let ExtensionMessage { origin, request, .. } = message;
        let config = self.config.now().await.map_err(|error| {
            warn!("{error}");
            HelperError::ConfigurationDamaged { detail: error.for_a_page() }
        })?;
        let Some(appliance) = config.appliance_of(&origin) else {
            warn!(origin, serves = ?config.served(), "a page of another address was refused");
            return Err(HelperError::OriginNotServed { origin });
        };
        match request {
            HelperRequest::Hello { protocol } => {
                let reply = self.hello(&origin, protocol)?;
                self.workshop.reply(asker, reply).await;
            }
            HelperRequest::OpenTunnels { session_id, ticket } => {
                if self.workshop.open().has(&origin, session_id) {
                    self.hand_over(&origin, session_id, asker, Wish::Describe).await;
                } else {
                    let session = self.enter(origin, session_id)?;
                    self.workshop.tracker.spawn(session.run(ApplianceEntry::clone(appliance), ticket, asker));
                }
            }
            HelperRequest::RetryListening { session_id } => {
                self.hand_over(&origin, session_id, asker, Wish::Retry).await;
            }
            HelperRequest::CloseTunnels { session_id } => {
                self.hand_over(&origin, session_id, asker, Wish::Close).await;
            }
        }
        Ok(())
    }

    fn hello(&self, origin: &str, theirs: u32) -> Result<HelperReply, HelperError> {
        if theirs < MIN_PROTOCOL {
            return Err(HelperError::Incompatible { ours: PROTOCOL, theirs, older: "appliance".into() });
        }
        Ok(HelperReply::Hello {
            version: env!("CARGO_PKG_VERSION").into(),
            protocol: PROTOCOL,
            os: System::here().name().into(),
            sessions: self.workshop.open().of_origin(origin),
        })
    }

    fn enter(&mut self, origin: String, session_id: SessionId) -> Result<TunnelSession, HelperError> {
        self.workshop.open().enter(&origin, session_id)?;
        let (sender, wishes) = mpsc::channel(WAITING_WISHES);
        self.sessions.retain(|_, it| !it.is_closed());
        self.sessions.insert(session_id, sender);
        Ok(TunnelSession { workshop: self.workshop.clone(), origin, session_id, wishes })
    }

    /// The session answers; a session that is not there, or not this origin's, does not exist.
    async fn hand_over(&self, origin: &str, session_id: SessionId, asker: Asker, wish: Wish) {
        let has = self.workshop.open().has(origin, session_id);
        let handed = match self.sessions.get(&session_id).filter(|_| has) {
            Some(session) => session.try_send((asker, wish)).is_ok(),
            None => false,
        };
        if !handed {
            self.workshop.reply(asker, answer_of_the_gone(wish)).await;
        }
    }
}

/// The error's name among what is counted.
pub(crate) fn label(error: &HelperError) -> &str {
    match error {
        HelperError::OriginNotServed { .. } => "origin_not_served",
        HelperError::ConfigurationDamaged { .. } => "configuration_damaged",
        HelperError::BadMessage { .. } => "bad_message",
        HelperError::Incompatible { .. } => "version",
        HelperError::CertificateRefused { .. } => "certificate_refused",
        HelperError::ApplianceUnreachable { .. } => "unreachable",
        // That of the programs' list.
        HelperError::Refused { reason, .. } => reason,
        HelperError::NoSuchSession => "no_such_session",
        HelperError::TooManySessions { .. } => "too_many_sessions",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use std::pin::pin;
    use wire::SecretText;

    const GATE: &str = "https://localhost:1";

    // Any certificate will do: nothing listens there.
    const PEM: &str = include_str!("../tests/authority.pem");

    fn ask(origin: &str, id: u32, request: HelperRequest) -> Incoming {
        let extension_version = "0.1.0".into();
        Incoming::Message(Box::new(ExtensionMessage { origin: origin.into(), page: 1, id, extension_version, request }))
    }

    /// What the helper answers to these, one after the other.
    async fn answers(asked: Vec<Incoming>) -> Vec<HelperReply> {
        let mut config = Config::default();
        config.put(ApplianceEntry {
            url: GATE.into(),
            dial: None,
            proxy: None,
            ca_pem: Some(PEM.into()),
            extension: None,
        });
        answers_with(asked, &toml::to_string(&config).unwrap()).await
    }

    async fn answers_with(asked: Vec<Incoming>, config: &str) -> Vec<HelperReply> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("helper.toml");
        std::fs::write(&path, config).unwrap();
        let config = LiveConfig::of(vec![path]);
        let metrics = Metrics::new(link::metrics::Program::Helper, "0", std::time::SystemTime::now()).unwrap();
        let (to_helper, from_browser) = mpsc::channel(16);
        let (to_browser, mut from_helper) = mpsc::channel(16);
        let mut serving = pin!(serve(from_browser, to_browser, config, metrics, std::future::pending()));
        let mut answers = Vec::new();
        for incoming in asked {
            to_helper.send(incoming).await.unwrap();
            tokio::select! {
                () = &mut serving => panic!("the helper ended"),
                message = from_helper.recv() => match message {
                    Some(HelperMessage::Reply { page: 1, reply, open_sessions: 0, .. }) => answers.push(reply),
                    other => panic!("{other:?}"),
                },
            }
        }
        drop(to_helper);
        serving.await;
        answers
    }

    #[tokio::test]
    async fn a_page_of_the_appliance_is_greeted_and_another_refused() {
        let hello = |protocol| HelperRequest::Hello { protocol };
        let said =
            answers(vec![ask(GATE, 1, hello(1)), ask("https://evil.example", 2, hello(1)), ask(GATE, 3, hello(0))]);
        let said = said.await;
        assert!(matches!(&said[0], HelperReply::Hello { protocol: PROTOCOL, sessions, .. } if sessions.is_empty()));
        let origin = "https://evil.example".to_owned();
        assert_eq!(said[1], HelperReply::Failed { error: HelperError::OriginNotServed { origin } });
        assert!(matches!(&said[2], HelperReply::Failed { error: HelperError::Incompatible { theirs: 0, .. } }));
    }

    #[tokio::test]
    async fn a_page_learns_nothing_of_a_damaged_configuration() {
        let damaged = format!("[[appliance]]\nurl = \"{GATE}\"\nsecret = 1\n");
        let said = answers_with(vec![ask(GATE, 1, HelperRequest::Hello { protocol: 1 })], &damaged).await;
        let HelperReply::Failed { error: error @ HelperError::ConfigurationDamaged { .. } } = &said[0] else {
            panic!("{said:?}")
        };
        let words = error.to_string();
        assert!(words.contains("helper.toml") && words.contains("line"), "{words}");
        assert!(!words.contains(GATE) && !words.contains("secret"), "{words}");
    }

    #[tokio::test]
    async fn sessions_that_are_not_there_are_said_so() {
        let session_id = SessionId(uuid::Uuid::nil());
        let said = answers(vec![
            ask(GATE, 1, HelperRequest::RetryListening { session_id }),
            ask(GATE, 2, HelperRequest::CloseTunnels { session_id }),
        ]);
        let gone = HelperReply::Failed { error: HelperError::NoSuchSession };
        assert_eq!(said.await, [gone, HelperReply::Done]);
    }

    #[tokio::test]
    async fn an_appliance_that_cannot_be_reached_is_told_and_may_be_tried_again() {
        let session_id = SessionId(uuid::Uuid::nil());
        let open = || HelperRequest::OpenTunnels { session_id, ticket: SecretText::new("t".into()) };
        for reply in answers(vec![ask(GATE, 1, open()), ask(GATE, 2, open())]).await {
            let HelperReply::Failed { error: HelperError::ApplianceUnreachable { appliance, detail } } = reply else {
                panic!("{reply:?}")
            };
            assert_eq!(appliance, GATE);
            assert!(detail.contains("refused"), "{detail}");
        }
    }

    #[tokio::test]
    async fn garbage_with_a_number_is_answered() {
        let error = HelperError::BadMessage { detail: "x".into() };
        let said = answers(vec![Incoming::Garbage { asker: Some((1, 9)), error: error.clone() }]).await;
        assert_eq!(said, [HelperReply::Failed { error }]);
    }
}
