//! Agents dial in: to enrol, for their control link, for the link of a session. The appliance asks first for a proof.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocket;
use axum::response::Response;
use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wire::agent_messages::{AgentHello, AgentToAppliance, ApplianceToAgent, Challenge, EnrolAnswer, EnrolRequest};
use wire::api::ConsoleEvent;
use wire::link_messages::{Refusal, Versions};
use wire::proof::Purpose;

use super::helper_link::agree;
use super::messages::{accept, hello, link, refuse, say};
use crate::agents::enrolment::{self, EnrolError};
use crate::agents::presence::{OnlineAgent, QUEUE};
use crate::agents::proof::{self, Connection};
use crate::clock::now;
use crate::events::Audience;
use crate::http::{ConnectionInfo, Upgrade};
use crate::metrics::{Link, Refused};
use crate::random;
use crate::relay::connections::From;
use crate::relay::forward::{Outbound, Pulse};
use crate::relay::link::{Incoming, Outgoing};
use crate::services::Services;
use crate::session::arrivals::Arrived;
use crate::store::{AgentRecord, JumpointRecord};

pub(super) async fn enrol(
    State(services): State<Services>,
    Extension(info): Extension<ConnectionInfo>,
    Upgrade(upgrade): Upgrade,
) -> Response {
    accept(upgrade, services, info, run_enrol)
}

pub(super) async fn control(
    State(services): State<Services>,
    Extension(info): Extension<ConnectionInfo>,
    Upgrade(upgrade): Upgrade,
) -> Response {
    accept(upgrade, services, info, run_control)
}

pub(super) async fn session(
    State(services): State<Services>,
    Extension(info): Extension<ConnectionInfo>,
    Upgrade(upgrade): Upgrade,
) -> Response {
    accept(upgrade, services, info, run_session)
}

/// What an agent is told whose proof does not verify. A proxy that ends TLS unknown to the appliance is the usual cause.
const PROOF_REFUSED: &str = "the agent's proof does not verify for this connection. Where a proxy ends TLS in front of the appliance, \
                             the appliance has to know: [reverse_proxy] in sallyport.toml. Otherwise enrol this agent again";

/// Sends a fresh nonce. None when the link is gone.
async fn challenge(socket: &mut WebSocket, info: &ConnectionInfo) -> Option<Connection> {
    let nonce = random::bytes().ok()?;
    let bound_to = info.bound_to.clone();
    let challenge = Challenge { versions: Versions::OURS, nonce: random::hex(&nonce), binding: bound_to.kind() };
    say(socket, &challenge).await.then_some(Connection { nonce, bound_to })
}

async fn run_enrol(mut socket: WebSocket, services: Services, info: ConnectionInfo) {
    let Some(connection) = challenge(&mut socket, &info).await else { return };
    let refused = |refusal, message| {
        services.metrics.refused(Refused::Enrolment, refusal);
        EnrolAnswer::Refused { refusal, message }
    };
    let request: EnrolRequest = match hello(&mut socket).await {
        Ok(request) => request,
        Err(detail) => return refuse(socket, &refused(Refusal::BadHello, detail)).await,
    };
    if let Err((refusal, message)) = agree(request.versions, "jumpoint") {
        return refuse(socket, &refused(refusal, message)).await;
    }
    let remote = info.peer.ip().to_string();
    match enrolment::enrol(&services.audit, &services.store, &connection, &request, remote, now()).await {
        Ok((agent, jumpoint)) => {
            tracing::info!(agent.id = %agent.id, jumpoint.id = %jumpoint.id, client = %info.peer.ip(), "an agent enrolled");
            let ca_pem = services.authority.as_ref().map(|it| it.pem.clone());
            let answer = EnrolAnswer::Enrolled { agent_id: agent.id, jumpoint_name: jumpoint.name, ca_pem };
            say(&mut socket, &answer).await;
            services.events.announce(Audience::Everyone, ConsoleEvent::JumpointsChanged);
        }
        Err(EnrolError::Refused { refusal, message }) => {
            tracing::info!(client = %info.peer.ip(), refusal = ?refusal, "an enrolment was refused");
            refuse(socket, &refused(refusal, message)).await;
        }
        Err(EnrolError::Store(error)) => {
            tracing::error!(error = %error, "an agent could not be enrolled");
            let message = "the appliance could not write its database; try again".to_owned();
            refuse(socket, &refused(Refusal::Internal, message)).await;
        }
    }
}

/// Asks for a proof and looks the agent up.
async fn prove(
    socket: &mut WebSocket,
    services: &Services,
    info: &ConnectionInfo,
    purpose: Purpose,
) -> Result<(AgentHello, AgentRecord, JumpointRecord, u32), ApplianceToAgent> {
    let refused = |refusal, message: &str| ApplianceToAgent::Refused { refusal, message: message.to_owned() };
    let gone = || refused(Refusal::BadHello, "the link is gone");
    let connection = challenge(socket, info).await.ok_or_else(gone)?;
    let hello: AgentHello = hello(socket).await.map_err(|detail| refused(Refusal::BadHello, &detail))?;
    let protocol = agree(hello.versions, "jumpoint")
        .map_err(|(refusal, message)| ApplianceToAgent::Refused { refusal, message })?;
    let internal = |error: crate::store::StoreError| {
        tracing::error!(error = %error, "an agent could not be looked up");
        refused(Refusal::Internal, "the appliance could not read its database")
    };
    let unknown =
        || refused(Refusal::AgentUnknown, "this agent was removed in the console; enrol it again with a new key");
    let agent = services.store.agent(hello.agent_id).await.map_err(internal)?.ok_or_else(unknown)?;
    if !proof::holds(&connection, purpose, agent.id, &agent.public_key, &hello.signature) {
        tracing::warn!(agent.id = %agent.id, client = %info.peer.ip(), "an agent's proof does not verify");
        return Err(refused(Refusal::BadProof, PROOF_REFUSED));
    }
    let jumpoint = services.store.jumpoint(agent.jumpoint_id).await.map_err(internal)?.ok_or_else(unknown)?;
    Ok((hello, agent, jumpoint, protocol))
}

async fn turn_away(socket: WebSocket, services: &Services, answer: ApplianceToAgent) {
    if let ApplianceToAgent::Refused { refusal, .. } = answer {
        services.metrics.refused(Refused::Agent, refusal);
    }
    refuse(socket, &answer).await;
}

async fn run_control(mut socket: WebSocket, services: Services, info: ConnectionInfo) {
    let (hello, mut agent, jumpoint, protocol) = match prove(&mut socket, &services, &info, Purpose::Control).await {
        Ok(proven) => proven,
        Err(refusal) => return turn_away(socket, &services, refusal).await,
    };
    let remote = info.peer.ip();
    // It has shown who it is: the place is for others.
    drop(info);
    agent.facts = hello.facts.map_or(agent.facts, enrolment::tidy_facts);
    agent.remote_address = Some(remote.to_string());
    agent.last_seen_at = Some(now());
    let welcome = ApplianceToAgent::Welcome { protocol, jumpoint_name: jumpoint.name.clone() };
    if !say(&mut socket, &welcome).await {
        return;
    }
    let (to_agent, mut queue) = mpsc::channel(QUEUE);
    let online = OnlineAgent {
        id: agent.id,
        jumpoint_id: jumpoint.id,
        hostname: agent.facts.hostname.clone(),
        draining: agent.draining,
        to_agent: to_agent.clone(),
        pulse: Arc::new(Pulse::default()),
        link: CancellationToken::new(),
    };
    let (pulse, over) = (online.pulse.clone(), online.link.clone());
    pulse.counted_in(services.metrics.round_trips(Link::Control));
    services.presence.arrive(online);
    services.sessions.end_of_earlier_runs(agent.id, hello.run_id);
    keep_facts(&services, &agent).await;
    // It may have been removed or drained between its proof and now, when nobody could tell.
    match services.store.agent(agent.id).await {
        Ok(Some(now)) => services.presence.set_draining(agent.id, now.draining),
        Ok(None) => services.presence.dismiss(|it| it.id == agent.id, "this node was removed in the console"),
        Err(error) => tracing::warn!(agent.id = %agent.id, error = %error, "an agent could not be looked up"),
    }
    tracing::info!(agent.id = %agent.id, jumpoint.id = %jumpoint.id, client = %remote, "an agent connected");
    services.events.announce(Audience::Everyone, ConsoleEvent::JumpointsChanged);

    let carried = link(socket);
    let out = Outbound::new(carried.outgoing);
    let mut incoming = carried.incoming;
    let read = async {
        while let Some(Ok(message)) = incoming.next().await {
            pulse.hear();
            match message {
                Incoming::Pong(sent) => pulse.answered(sent),
                Incoming::Control(text) => {
                    if agent_says(&services, &mut agent, &text).await.is_break() {
                        return true;
                    }
                }
                Incoming::Frames(_) => return false,
            }
        }
        false
    };
    let write = async {
        while let Some(message) = queue.recv().await {
            let is_last = matches!(message, ApplianceToAgent::Dismissed { .. });
            let Ok(text) = serde_json::to_string(&message) else { continue };
            if out.lock().await.send(Outgoing::Control(text)).await.is_err() || is_last {
                return;
            }
        }
    };
    let it_stops = tokio::select! {
        it_stops = read => it_stops,
        () = write => false,
        _ = pulse.watch(From::Jumpoint, &out) => false,
        () = over.cancelled() => false,
        () = services.tasks.stopping().cancelled_owned() => false,
    };
    let is_away = services.presence.leave(agent.id, &to_agent);
    if it_stops {
        services.sessions.end_of_run(agent.id, hello.run_id);
    } else if is_away {
        services.sessions.node_is_away(agent.id);
    }
    let _ = tokio::time::timeout(std::time::Duration::from_secs(2), async {
        out.lock().await.send(Outgoing::Close("control link over")).await
    })
    .await;
    if is_away {
        agent.last_seen_at = Some(now());
        keep_facts(&services, &agent).await;
        tracing::info!(agent.id = %agent.id, "an agent's control link ended");
        services.events.announce(Audience::Everyone, ConsoleEvent::JumpointsChanged);
    }
}

/// Breaks when the agent says that it stops.
async fn agent_says(services: &Services, agent: &mut AgentRecord, text: &str) -> ControlFlow<()> {
    match serde_json::from_str(text) {
        Ok(AgentToAppliance::SessionFailed { session_id, message }) => {
            if let Some(live) = services.sessions.get(session_id).filter(|live| live.node() == Some(agent.id)) {
                let detail: String = message.chars().take(200).collect();
                services.sessions.node_cannot(&live, agent.id, &detail);
            }
        }
        Ok(AgentToAppliance::Stopping) => {
            tracing::info!(agent.id = %agent.id, "an agent stops");
            return ControlFlow::Break(());
        }
        Ok(AgentToAppliance::Facts { facts }) => {
            let facts = enrolment::tidy_facts(facts);
            if facts == agent.facts {
                return ControlFlow::Continue(());
            }
            agent.facts = facts;
            keep_facts(services, agent).await;
            services.events.announce(Audience::Everyone, ConsoleEvent::JumpointsChanged);
        }
        Err(error) => tracing::warn!(agent.id = %agent.id, error = %error, "an agent's message was not understood"),
    }
    ControlFlow::Continue(())
}

async fn keep_facts(services: &Services, agent: &AgentRecord) {
    if let Err(error) = services.store.update_agent(agent).await {
        tracing::warn!(agent.id = %agent.id, error = %error, "what an agent told could not be written down");
    }
}

async fn run_session(mut socket: WebSocket, services: Services, info: ConnectionInfo) {
    let (hello, agent, jumpoint, protocol) = match prove(&mut socket, &services, &info, Purpose::SessionLink).await {
        Ok(proven) => proven,
        Err(refusal) => return turn_away(socket, &services, refusal).await,
    };
    let live = hello
        .session_id
        .and_then(|id| services.sessions.get(id))
        .filter(|live| live.ending().is_none() && live.admits(agent.id, hello.run_id, hello.resume.is_none()));
    let Some(live) = live else {
        let message = "the appliance did not ask this agent to serve that session".to_owned();
        let refusal = ApplianceToAgent::Refused { refusal: Refusal::NotYourSession, message };
        return turn_away(socket, &services, refusal).await;
    };
    let welcome = ApplianceToAgent::Welcome { protocol, jumpoint_name: jumpoint.name };
    if say(&mut socket, &welcome).await {
        live.arrivals.bring(From::Jumpoint, Arrived { link: link(socket), epoch: hello.resume.unwrap_or(0) });
    }
}
