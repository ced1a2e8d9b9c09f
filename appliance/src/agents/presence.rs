//! Which agents are connected, and the way to speak to them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wire::agent_messages::ApplianceToAgent;
use wire::{AgentId, JumpointId};

use super::choice::{Candidate, Load, choose};
use crate::relay::forward::Pulse;

/// The connected agents. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Presence {
    online: Arc<Mutex<HashMap<AgentId, OnlineAgent>>>,
}

/// A connected agent.
#[derive(Clone, Debug)]
pub struct OnlineAgent {
    /// Which.
    pub id: AgentId,
    /// Its jumpoint.
    pub jumpoint_id: JumpointId,
    /// Host name it reported.
    pub hostname: String,
    /// Takes no new sessions.
    pub draining: bool,
    /// Messages to it. Bounded: an agent that does not read is dropped.
    pub to_agent: mpsc::Sender<ApplianceToAgent>,
    /// Round trip of its control link.
    pub pulse: Arc<Pulse>,
    /// Ends its control link.
    pub link: CancellationToken,
}

/// Messages that may wait for an agent.
pub const QUEUE: usize = 256;

impl Presence {
    /// An agent's control link stands. An older link of the same agent ends.
    pub fn arrive(&self, agent: OnlineAgent) {
        if let Some(older) = self.lock().insert(agent.id, agent) {
            older.link.cancel();
        }
    }

    /// A control link ended. False when a newer one of the same agent stands already.
    pub fn leave(&self, id: AgentId, link: &mpsc::Sender<ApplianceToAgent>) -> bool {
        let mut online = self.lock();
        let is_this = online.get(&id).is_some_and(|agent| agent.to_agent.same_channel(link));
        if is_this {
            online.remove(&id);
        }
        is_this
    }

    /// One agent, if it is connected.
    #[must_use]
    pub fn agent(&self, id: AgentId) -> Option<OnlineAgent> {
        self.lock().get(&id).cloned()
    }

    /// Whether a node of this jumpoint is connected.
    #[must_use]
    pub fn is_online(&self, jumpoint: JumpointId) -> bool {
        self.lock().values().any(|agent| agent.jumpoint_id == jumpoint)
    }

    /// Whether a node of this jumpoint is connected that takes new sessions.
    #[must_use]
    pub fn takes_sessions(&self, jumpoint: JumpointId) -> bool {
        self.lock().values().any(|agent| agent.jumpoint_id == jumpoint && !agent.draining)
    }

    /// The healthiest node of a jumpoint that was not asked yet. `load` tells what runs on a node.
    #[must_use]
    pub fn best_node(
        &self,
        jumpoint: JumpointId,
        asked: &[AgentId],
        load: impl Fn(AgentId) -> Load,
    ) -> Option<OnlineAgent> {
        let online = self.lock();
        let candidate = |agent: &OnlineAgent| Candidate {
            id: agent.id,
            draining: agent.draining,
            silent_for: agent.pulse.silent_for(),
            round_trip_micros: agent.pulse.round_trip_micros(),
            load: load(agent.id),
        };
        let of_jumpoint = online.values().filter(|agent| agent.jumpoint_id == jumpoint).map(candidate);
        choose(of_jumpoint, asked).and_then(|id| online.get(&id).cloned())
    }

    /// How many nodes of each jumpoint are connected.
    #[must_use]
    pub fn online_by_jumpoint(&self) -> HashMap<JumpointId, usize> {
        let mut counts = HashMap::new();
        for agent in self.lock().values() {
            *counts.entry(agent.jumpoint_id).or_default() += 1;
        }
        counts
    }

    /// An administrator drains an agent, or lets it take sessions again.
    pub fn set_draining(&self, id: AgentId, draining: bool) {
        if let Some(agent) = self.lock().get_mut(&id) {
            agent.draining = draining;
        }
    }

    /// Ends the control links of an agent, or of all agents of a jumpoint, with a word if they still listen. From now on they
    /// are not online.
    pub fn dismiss(&self, which: impl Fn(&OnlineAgent) -> bool, message: &str) {
        for (_, agent) in self.lock().extract_if(|_, agent| which(agent)) {
            if agent.to_agent.try_send(ApplianceToAgent::Dismissed { message: message.to_owned() }).is_err() {
                agent.link.cancel();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AgentId, OnlineAgent>> {
        self.online.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn agent(number: u128, room: usize) -> (OnlineAgent, mpsc::Receiver<ApplianceToAgent>) {
        let (to_agent, queue) = mpsc::channel(room);
        let agent = OnlineAgent {
            id: AgentId(Uuid::from_u128(number)),
            jumpoint_id: JumpointId(Uuid::nil()),
            hostname: String::new(),
            draining: false,
            to_agent,
            pulse: Arc::default(),
            link: CancellationToken::new(),
        };
        (agent, queue)
    }

    #[test]
    fn a_dismissed_agent_is_gone_at_once_and_told_if_it_listens() {
        let presence = Presence::default();
        let ((one, mut queue), (other, _other_queue)) = (agent(1, 1), agent(2, 1));
        presence.arrive(one.clone());
        presence.arrive(other.clone());
        presence.dismiss(|it| it.id == one.id, "removed");
        assert!(presence.agent(one.id).is_none() && presence.agent(other.id).is_some());
        assert!(matches!(queue.try_recv(), Ok(ApplianceToAgent::Dismissed { message }) if message == "removed"));
        assert!(!one.link.is_cancelled() && !other.link.is_cancelled());
        assert!(!presence.leave(one.id, &one.to_agent), "its end was told already");
    }

    #[test]
    fn a_drained_agent_is_online_but_takes_no_sessions() {
        let presence = Presence::default();
        let (agent, _queue) = agent(1, 1);
        presence.arrive(agent.clone());
        assert!(presence.best_node(agent.jumpoint_id, &[], |_| Load::default()).is_some());
        presence.set_draining(agent.id, true);
        assert!(presence.is_online(agent.jumpoint_id) && !presence.takes_sessions(agent.jumpoint_id));
        assert!(presence.best_node(agent.jumpoint_id, &[], |_| Load::default()).is_none());
        presence.set_draining(agent.id, false);
        assert!(presence.takes_sessions(agent.jumpoint_id));
    }

    #[test]
    fn an_agent_that_does_not_read_is_cut_off() {
        let presence = Presence::default();
        let (full, _queue) = agent(1, 1);
        full.to_agent.try_send(ApplianceToAgent::Dismissed { message: String::new() }).unwrap();
        presence.arrive(full.clone());
        presence.dismiss(|_| true, "removed");
        assert!(full.link.is_cancelled() && !presence.is_online(full.jumpoint_id));
    }
}
