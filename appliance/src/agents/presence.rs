//! Which agents are connected, and the way to speak to them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wire::agent_messages::ApplianceToAgent;
use wire::{AgentId, JumpointId};

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

    /// The node of a jumpoint that answers fastest.
    #[must_use]
    pub fn best_node(&self, jumpoint: JumpointId) -> Option<OnlineAgent> {
        let online = self.lock();
        let of_jumpoint = online.values().filter(|agent| agent.jumpoint_id == jumpoint);
        of_jumpoint.min_by_key(|agent| (agent.pulse.round_trip_micros().unwrap_or(u64::MAX), agent.id)).cloned()
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
    fn an_agent_that_does_not_read_is_cut_off() {
        let presence = Presence::default();
        let (full, _queue) = agent(1, 1);
        full.to_agent.try_send(ApplianceToAgent::Dismissed { message: String::new() }).unwrap();
        presence.arrive(full.clone());
        presence.dismiss(|_| true, "removed");
        assert!(full.link.is_cancelled() && !presence.is_online(full.jumpoint_id));
    }
}
