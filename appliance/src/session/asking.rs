//! A jumpoint's nodes are asked to dial in, one after the other, until one does.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use tokio::time::Instant;
use uuid::Uuid;
use wire::agent_messages::ApplianceToAgent;
use wire::api::{SessionEnd, SessionState};
use wire::stream::EndReason;
use wire::{AgentId, JumpointId};

use super::lifecycle::{JUMPOINT_CALLS_WITHIN, NODE_CALLS_WITHIN, NodeGone, node_gone_message};
use super::live::LiveSession;
use super::registry::Sessions;
use crate::agents::choice::Load;
use crate::clock::now;
use crate::jump::item;

/// Why the node that was asked is not waited for any longer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It cannot serve the session, in its words.
    Cannot(String),
    /// Its control link ended.
    Away,
}

/// Whom a session has asked.
pub(super) struct Asking {
    asked: Vec<AgentId>,
    /// When the session ends for want of an answer.
    until: Instant,
    /// When the next one is asked.
    pub(super) next_at: Instant,
}

impl Asking {
    pub(super) fn new() -> Self {
        let until = Instant::now() + JUMPOINT_CALLS_WITHIN;
        Self { asked: Vec::new(), until, next_at: until }
    }
}

impl Sessions {
    /// Asks the healthiest node that was not asked yet. When there is no other, the one that was asked may still come, unless
    /// it said that it cannot. False when the session is over instead.
    pub(super) async fn ask_next(
        &self,
        live: &Arc<LiveSession>,
        asking: &mut Asking,
        trouble: Option<Trouble>,
    ) -> bool {
        let before = live.snapshot();
        if trouble == Some(Trouble::Away) {
            // Should its link be back soon, it is as good as any other.
            asking.asked.retain(|it| Some(*it) != before.node_id);
        }
        loop {
            if Instant::now() >= asking.until {
                self.end(live, SessionEnd::JumpointDidNotCall, None, "");
                return false;
            }
            asking.next_at = (Instant::now() + NODE_CALLS_WITHIN).min(asking.until);
            let Some((node, hostname, asked)) = self.ask_best(live, &asking.asked) else {
                return match (trouble, before.node_id) {
                    (Some(Trouble::Cannot(detail)), _) => {
                        self.end(live, SessionEnd::JumpointDidNotCall, None, &detail);
                        false
                    }
                    (_, Some(_)) => true,
                    (_, None) => {
                        self.end(
                            live,
                            SessionEnd::JumpointDidNotCall,
                            None,
                            "no node of it is online that takes sessions",
                        );
                        false
                    }
                };
            };
            asking.asked.push(node);
            if !asked {
                continue;
            }
            if let (Some(former), Some(name)) = (before.node_id.filter(|it| *it != node), before.node_hostname) {
                self.metrics.node_passed_over();
                self.dismiss_node(live, former);
                let message =
                    format!("The jumpoint's node {name} did not open its side of the session; {hostname} is asked.");
                self.note(live, "node_asked", &message, None).await;
            }
            return true;
        }
    }

    /// The node, its name, and whether it can be spoken to.
    fn ask_best(&self, live: &Arc<LiveSession>, asked: &[AgentId]) -> Option<(AgentId, String, bool)> {
        let record = live.snapshot();
        // Sessions that begin together would all see the same node without work.
        let one_at_a_time = self.choosing.lock().unwrap_or_else(PoisonError::into_inner);
        let loads = self.loads();
        let load = |node| loads.get(&node).copied().unwrap_or_default();
        let agent = self.presence.best_node(record.jumpoint_id, asked, load)?;
        let targets = item::targets(&record.hostname, &record.tunnels);
        let grace_seconds = u32::try_from(self.grace_of(&record).as_secs()).unwrap_or(u32::MAX);
        let ask = ApplianceToAgent::StartSession { session_id: live.id, targets, grace_seconds };
        live.change(|record| {
            record.node_id = Some(agent.id);
            record.node_hostname = Some(agent.hostname.clone());
            record.node_run = None;
        });
        drop(one_at_a_time);
        let told = agent.to_agent.try_send(ask).is_ok();
        if !told {
            // It does not read what it is told: a link that serves nobody.
            agent.link.cancel();
        }
        Some((agent.id, agent.hostname, told))
    }

    /// The node that was asked before need not come any more.
    fn dismiss_node(&self, live: &LiveSession, node: AgentId) {
        if let Some(agent) = self.presence.agent(node) {
            let message = "another node of the jumpoint serves the session".to_owned();
            // One that does not read does not dial either.
            let _ = agent.to_agent.try_send(ApplianceToAgent::EndSession { session_id: live.id, message });
        }
    }

    /// What runs on each node.
    #[must_use]
    pub fn loads(&self) -> HashMap<AgentId, Load> {
        let mut loads: HashMap<AgentId, Load> = HashMap::new();
        for live in self.all() {
            if let Some(node) = live.node() {
                let load = loads.entry(node).or_default();
                load.sessions += 1;
                load.connections += live.table().open_count();
            }
        }
        loads
    }

    /// A node of this jumpoint that would serve a new session.
    pub(super) fn node_that_serves(&self, jumpoint: JumpointId, but_not: Option<AgentId>) -> Option<String> {
        let but_not: Vec<AgentId> = but_not.into_iter().collect();
        let load = |_| Load::default();
        self.presence.best_node(jumpoint, &but_not, load).map(|agent| agent.hostname)
    }

    /// A node's control link ended: sessions that wait for its call ask another one.
    pub fn node_is_away(&self, agent: AgentId) {
        for live in self.all() {
            if live.state() == SessionState::Connecting {
                live.report_trouble(agent, Trouble::Away);
            }
        }
    }

    /// A node cannot serve a session it was asked to.
    pub fn node_cannot(&self, live: &Arc<LiveSession>, agent: AgentId, detail: &str) {
        if live.state() == SessionState::Connecting {
            live.report_trouble(agent, Trouble::Cannot(detail.to_owned()));
        } else if live.node() == Some(agent) {
            self.end(live, SessionEnd::JumpointDidNotCall, None, detail);
        }
    }

    /// A run of an agent is over: what it served is gone with it.
    pub fn end_of_run(&self, agent: AgentId, run: Uuid) {
        let of_run = |live: &LiveSession| live.node() == Some(agent) && live.node_run() == Some(run);
        self.end_with_node(of_run, NodeGone::Stopped);
    }

    /// Another run of an agent came: what an earlier one served is gone with it.
    pub fn end_of_earlier_runs(&self, agent: AgentId, run: Uuid) {
        self.end_with_node(|live| live.is_of_an_earlier_run(agent, run), NodeGone::StartedAnew);
    }

    fn end_with_node(&self, which: impl Fn(&LiveSession) -> bool, gone: NodeGone) {
        for live in self.all().into_iter().filter(|live| which(live)) {
            self.node_is_gone(&live, gone);
        }
    }

    /// Ends a session whose node is gone.
    pub(super) fn node_is_gone(&self, live: &Arc<LiveSession>, gone: NodeGone) {
        live.table().end_all(EndReason::LinkLost, now());
        let record = live.snapshot();
        // One that started anew serves as well as any other.
        let but_not = record.node_id.filter(|_| gone != NodeGone::StartedAnew);
        let other = self.node_that_serves(record.jumpoint_id, but_not);
        let node = record.node_hostname.unwrap_or_default();
        let message = node_gone_message(gone, &record.jumpoint_name, &node, other.as_deref());
        self.end_saying(live, SessionEnd::JumpointGone, None, message);
    }
}
