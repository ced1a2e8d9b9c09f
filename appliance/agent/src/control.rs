//! The control link: kept up for as long as the agent runs, and how it hears of sessions.

use std::sync::Arc;
use std::time::Duration;

use link::backoff::Backoff;
use link::metrics::Metrics;
use link::talk::{self, TalkError};
use link::{Dialer, WebSocket};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, debug, error, info, info_span, warn};
use uuid::Uuid;
use wire::SessionId;
use wire::agent_messages::{AgentToAppliance, ApplianceToAgent, HostFacts, TunnelTarget};

use crate::greeting::{Caller, LinkFor};
use crate::host_facts;
use crate::identity::Identity;
use crate::session;
use crate::sessions::Sessions;

/// The appliance pings every 5 seconds, and gives up a link itself after this much silence.
const SILENCE: Duration = Duration::from_secs(15);
/// The time for a word of farewell.
const FAREWELL: Duration = Duration::from_millis(500);
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Between attempts that can only succeed after somebody has done something.
const HOPELESS_WAIT: Duration = Duration::from_secs(60);
/// A link that stood this long was a good one: the next failure is a new one.
const GOOD_LINK: Duration = Duration::from_secs(10);
/// How often the host's facts are looked at.
const FACTS_EVERY: Duration = Duration::from_secs(60);
/// The time for sessions to end when the program stops.
const STOP_WITHIN: Duration = Duration::from_secs(3);
/// Messages for the appliance that may wait while the link is down.
const WAITING_MESSAGES: usize = 64;

/// A running agent.
pub struct Agent {
    caller: Arc<Caller>,
    /// Version of the program.
    version: &'static str,
    sessions: Sessions,
    tracker: TaskTracker,
    cancel: CancellationToken,
    to_appliance: mpsc::Sender<AgentToAppliance>,
}

/// Why a control link is over.
enum Over {
    /// It broke, or the appliance goes for a while.
    Lost(String),
    /// The agent was disabled or removed.
    Dismissed(String),
    /// The agent stops.
    Stopping,
}

impl Agent {
    /// Keeps the control link up and serves sessions until `cancel` is cancelled; then ends what runs. What happens is
    /// counted in `metrics`.
    pub async fn run(
        identity: Identity,
        dialer: Dialer,
        metrics: Metrics,
        version: &'static str,
        cancel: CancellationToken,
    ) {
        let (to_appliance, mut waiting) = mpsc::channel(WAITING_MESSAGES);
        let agent = Self {
            caller: Arc::new(Caller { identity, dialer, metrics, run_id: Uuid::new_v4() }),
            version,
            sessions: Sessions::default(),
            tracker: TaskTracker::new(),
            cancel,
            to_appliance,
        };
        agent.keep_link(&mut waiting).await;
        agent.tracker.close();
        if timeout(STOP_WITHIN, agent.tracker.wait()).await.is_err() {
            warn!("some connections did not end in time");
        }
    }

    async fn keep_link(&self, waiting: &mut mpsc::Receiver<AgentToAppliance>) {
        let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
        loop {
            let facts = host_facts::gather(self.version);
            let link_for = LinkFor::Control(facts.clone());
            let greeting = Box::pin(self.caller.greet(link_for));
            let Some(greeted) = self.cancel.run_until_cancelled(greeting).await else { return };
            let wait = match greeted {
                Ok((socket, jumpoint_name)) => {
                    let dialer = &self.caller.dialer;
                    info!(jumpoint = jumpoint_name, appliance = %dialer.appliance(), way = dialer.way(), "connected");
                    let began = Instant::now();
                    let stands = self.caller.metrics.control_link_stands();
                    let over = self.attend(socket, waiting, facts).await;
                    drop(stands);
                    if began.elapsed() >= GOOD_LINK {
                        backoff.reset();
                    }
                    match over {
                        Over::Lost(why) => {
                            warn!("the control link is lost: {why}");
                            backoff.next_wait(rand::random())
                        }
                        Over::Dismissed(message) => {
                            error!("the appliance dismissed this agent: {message}");
                            hopeless_wait()
                        }
                        Over::Stopping => return,
                    }
                }
                Err(error) if error.may_pass() => {
                    warn!("not connected: {error}");
                    backoff.next_wait(rand::random())
                }
                Err(error) => {
                    error!("not connected: {error}. Somebody has to act; this agent keeps trying about every minute");
                    hopeless_wait()
                }
            };
            debug!(seconds = wait.as_secs_f32(), "trying again later");
            if self.cancel.run_until_cancelled(sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    /// Listens to the appliance for as long as the link stands.
    async fn attend(
        &self,
        mut socket: WebSocket,
        waiting: &mut mpsc::Receiver<AgentToAppliance>,
        mut facts: HostFacts,
    ) -> Over {
        let mut look = interval_at(Instant::now() + FACTS_EVERY, FACTS_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let message = tokio::select! {
                () = self.cancel.cancelled() => {
                    // An appliance that has stopped reading would hold up the stop.
                    let farewell = async {
                        talk::send(&mut socket, &AgentToAppliance::Stopping).await.ok()?;
                        socket.close(None).await.ok()
                    };
                    let _ = timeout(FAREWELL, farewell).await;
                    return Over::Stopping;
                }
                received = talk::receive(&mut socket, SILENCE) => match received {
                    Ok(message) => {
                        if let Some(over) = self.obey(message) {
                            return over;
                        }
                        continue;
                    }
                    Err(TalkError::Garbage(detail)) => {
                        warn!("a message of the appliance was not understood: {detail}");
                        continue;
                    }
                    Err(error) => return Over::Lost(error.to_string()),
                },
                Some(message) = waiting.recv() => message,
                _ = look.tick() => {
                    let now = host_facts::gather(self.version);
                    if now == facts {
                        continue;
                    }
                    facts = now.clone();
                    AgentToAppliance::Facts { facts: now }
                }
            };
            if let Err(error) = talk::send(&mut socket, &message).await {
                return Over::Lost(error.to_string());
            }
        }
    }

    fn obey(&self, message: ApplianceToAgent) -> Option<Over> {
        match message {
            ApplianceToAgent::StartSession { session_id, targets, grace_seconds } => {
                self.start(session_id, targets, Duration::from_secs(grace_seconds.into()));
            }
            ApplianceToAgent::EndSession { session_id, .. } => self.sessions.end(session_id),
            ApplianceToAgent::Dismissed { message } => return Some(Over::Dismissed(message)),
            ApplianceToAgent::Refused { refusal, message } if refusal.may_pass() => return Some(Over::Lost(message)),
            ApplianceToAgent::Refused { message, .. } => return Some(Over::Dismissed(message)),
            ApplianceToAgent::Welcome { .. } => {}
        }
        None
    }

    fn start(&self, session_id: SessionId, targets: Vec<TunnelTarget>, grace: Duration) {
        let cancel = self.cancel.child_token();
        let entered = self.sessions.enter(session_id, cancel.clone());
        let caller = Arc::clone(&self.caller);
        let (tracker, to_appliance) = (self.tracker.clone(), self.to_appliance.clone());
        let serve = async move {
            let _entered = entered;
            let served = Box::pin(session::serve(session_id, targets, grace, caller, &tracker, cancel)).await;
            if let Err(error) = served {
                warn!("the session cannot be served: {error}");
                let message = error.to_string();
                // With so many waiting the appliance has more to worry about; it also notices by itself.
                let _ = to_appliance.try_send(AgentToAppliance::SessionFailed { session_id, message });
            }
        };
        self.tracker.spawn(serve.instrument(info_span!("session", id = %session_id)));
    }
}

/// With jitter, as every wait.
fn hopeless_wait() -> Duration {
    HOPELESS_WAIT.mul_f64(0.75 + rand::random::<f64>() / 2.0)
}
