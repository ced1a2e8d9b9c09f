//! Takes the pages' requests: checks whose they are, answers, or hands them to the session they are for.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;
use wire::SessionId;
use wire::helper_messages::{
    ExtensionMessage, HelperError, HelperMessage, HelperReply, HelperRequest, MIN_PROTOCOL, PROTOCOL,
};

use crate::config::{ApplianceEntry, Config};
use crate::host_manifest::System;
use crate::native_messaging::Incoming;
use crate::tunnel_session::{Asker, TunnelSession, Wish, Workshop, answer_of_the_gone};

/// Wishes that may wait for one session.
const WAITING_WISHES: usize = 16;
/// The browser kills the helper two seconds after it is gone.
const STOP_WITHIN: Duration = Duration::from_millis(1_200);

/// Reads the configuration in force.
pub(crate) type ReadConfig = fn() -> anyhow::Result<Config>;

/// The desk.
pub(crate) struct FrontDesk {
    workshop: Workshop,
    sessions: HashMap<SessionId, mpsc::Sender<(Asker, Wish)>>,
    /// Read anew with every request: `install` may have run in between.
    config: ReadConfig,
}

/// Serves the browser until it is gone or `stop` is ready, and ends everything then.
pub(crate) async fn serve(
    mut from_browser: mpsc::Receiver<Incoming>,
    to_browser: mpsc::Sender<HelperMessage>,
    config: ReadConfig,
    stop: impl Future<Output = ()>,
) {
    let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
    let workshop = Workshop::new(to_browser, tracker.clone(), cancel.clone());
    let mut desk = FrontDesk { workshop, sessions: HashMap::new(), config };
    tokio::pin!(stop);
    loop {
        tokio::select! {
            incoming = from_browser.recv() => match incoming {
                Some(incoming) => desk.take(incoming),
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
    fn take(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Message(message) => {
                let asker = Asker { page: message.page, id: message.id };
                if let Err(error) = self.handle(asker, *message) {
                    self.workshop.reply(asker, HelperReply::Failed { error });
                }
            }
            Incoming::Garbage { asker, error } => {
                warn!("{error}");
                if let Some((page, id)) = asker {
                    self.workshop.reply(Asker { page, id }, HelperReply::Failed { error });
                }
            }
        }
    }

    fn handle(&mut self, asker: Asker, message: ExtensionMessage) -> Result<(), HelperError> {
        let ExtensionMessage { origin, request, .. } = message;
        let config = (self.config)().map_err(|error| {
            warn!("{error:#}");
            HelperError::BadMessage {
                detail: format!("{error:#}. Mend or remove that file, and install the helper again"),
            }
        })?;
        let Some(appliance) = config.appliance_of(&origin) else {
            return Err(HelperError::OriginNotServed { origin, serves: config.served() });
        };
        match request {
            HelperRequest::Hello { protocol } => {
                let reply = self.hello(&origin, protocol)?;
                self.workshop.reply(asker, reply);
            }
            HelperRequest::OpenTunnels { session_id, ticket } => {
                if self.workshop.open().has(&origin, session_id) {
                    self.hand_over(&origin, session_id, asker, Wish::Describe);
                } else {
                    let session = self.enter(origin, session_id)?;
                    self.workshop.tracker.spawn(session.run(ApplianceEntry::clone(appliance), ticket, asker));
                }
            }
            HelperRequest::RetryListening { session_id } => self.hand_over(&origin, session_id, asker, Wish::Retry),
            HelperRequest::CloseTunnels { session_id } => self.hand_over(&origin, session_id, asker, Wish::Close),
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
    fn hand_over(&self, origin: &str, session_id: SessionId, asker: Asker, wish: Wish) {
        let has = self.workshop.open().has(origin, session_id);
        let handed = match self.sessions.get(&session_id).filter(|_| has) {
            Some(session) => session.try_send((asker, wish)).is_ok(),
            None => false,
        };
        if !handed {
            self.workshop.reply(asker, answer_of_the_gone(wish));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use wire::SecretText;

    const GATE: &str = "https://localhost:1";

    fn config() -> anyhow::Result<Config> {
        let mut config = Config::default();
        config.put(ApplianceEntry { url: GATE.into(), dial: None, ca_pem: Some(PEM.into()), extension: None });
        Ok(config)
    }

    // Any certificate will do: nothing listens there.
    const PEM: &str = include_str!("../tests/authority.pem");

    fn ask(origin: &str, id: u32, request: HelperRequest) -> Incoming {
        let extension_version = "0.1.0".into();
        Incoming::Message(Box::new(ExtensionMessage { origin: origin.into(), page: 1, id, extension_version, request }))
    }

    /// What the helper answers to these, one after the other.
    async fn answers(asked: Vec<Incoming>) -> Vec<HelperReply> {
        let (to_helper, from_browser) = mpsc::channel(16);
        let (to_browser, mut from_helper) = mpsc::channel(16);
        let mut serving = pin!(serve(from_browser, to_browser, config, std::future::pending()));
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
        let HelperReply::Failed { error: HelperError::OriginNotServed { origin, serves } } = &said[1] else {
            panic!("{said:?}")
        };
        assert_eq!((origin.as_str(), serves.as_slice()), ("https://evil.example", &[GATE.to_owned()][..]));
        assert!(matches!(&said[2], HelperReply::Failed { error: HelperError::Incompatible { theirs: 0, .. } }));
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
