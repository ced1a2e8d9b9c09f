//! The task of one session that tunnels: asks the jumpoint to dial in, joins both links, and writes down what happens.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use futures_util::SinkExt;
use tokio::time::timeout;
use wire::ConnectionId;
use wire::agent_messages::ApplianceToAgent;
use wire::api::{Connection, ConsoleEvent, SessionEnd, Statistics};
use wire::helper_messages::{ListenProblem, LocalTunnel};
use wire::link_messages::{ApplianceToHelper, HelperToAppliance};
use wire::stream::{EndReason, frame};

use super::lifecycle::{self, JUMPOINT_CALLS_WITHIN, Step};
use super::live::{Ending, LiveSession};
use super::registry::Sessions;
use crate::agents::presence::OnlineAgent;
use crate::clock::now;
use crate::events::Audience;
use crate::jump::item;
use crate::random;
use crate::relay::connections::From;
use crate::relay::forward::{Direction, Outbound, Stopped};
use crate::relay::link::{Link, Outgoing};

/// How long the other side is given to take the word that the session is over.
const FAREWELL: Duration = Duration::from_secs(2);
/// Number of a session's first pair of links.
const FIRST_EPOCH: u64 = 1;
/// How often counts are written down while a session runs: what an appliance that dies may forget.
const KEEP_COUNTS_EVERY: Duration = Duration::from_secs(30);
/// How often consoles hear how a session goes, when nothing special happens.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How long news of connections wait for more.
const GATHER: Duration = Duration::from_millis(50);
/// Connections in one event.
const CONNECTIONS_AN_EVENT: usize = 300;

impl Sessions {
    /// Takes the helper's link and runs the session to its end.
    pub fn tunnel(&self, live: Arc<LiveSession>, helper: Link) {
        let (sessions, of_it) = (self.clone(), live.clone());
        let task = self.tasks.run(async move {
            sessions.announce(&live);
            sessions.note(&live, "helper_connected", "The helper connected.", None).await;
            let helper_out = Arc::new(Outbound::new(helper.outgoing));
            if let Some((jumpoint, agent)) = sessions.jumpoint_link(&live).await {
                let jumpoint_out = Arc::new(Outbound::new(jumpoint.outgoing));
                sessions.started(&live, &agent).await;
                pair(&live, FIRST_EPOCH, &helper_out, &jumpoint_out).await;
                let relay = sessions.relay(&live, helper.incoming, &helper_out, jumpoint.incoming, &jumpoint_out);
                let stopped = live.over.run_until_cancelled(relay).await;
                if let Some(stopped) = stopped {
                    sessions.stopped(&live, &stopped).await;
                }
                farewell(&jumpoint_out, &jumpoint_end(&live)).await;
            }
            farewell(&helper_out, &helper_end(&live)).await;
            sessions.close(&live).await;
        });
        let (sessions, live) = (self.clone(), of_it);
        self.tasks.spawn("session", async move {
            if let Err(error) = task.await {
                // A session never stays open because the program has a fault.
                tracing::error!(session.id = %live.id, error = %error, "the task of a session failed");
                sessions.end(&live, SessionEnd::ProtocolError, None, "the appliance failed; its log says how");
                sessions.close(&live).await;
            }
        });
    }

    /// Asks the jumpoint to dial in and waits for it. None when the session is over instead.
    async fn jumpoint_link(&self, live: &Arc<LiveSession>) -> Option<(Link, OnlineAgent)> {
        let record = live.snapshot();
        let Some(agent) = self.presence.best_node(record.jumpoint_id) else {
            self.end(live, SessionEnd::JumpointDidNotCall, None, "it is offline");
            return None;
        };
        let expected = live.expect(agent.id);
        let targets = item::targets(&record.hostname, &record.tunnels);
        let ask = ApplianceToAgent::StartSession { session_id: live.id, targets };
        if agent.to_agent.try_send(ask).is_err() {
            // It does not read what it is told: a link that serves nobody.
            agent.link.cancel();
            self.end(live, SessionEnd::JumpointDidNotCall, None, "it does not listen to the appliance");
            return None;
        }
        match live.over.run_until_cancelled(timeout(JUMPOINT_CALLS_WITHIN, expected)).await {
            Some(Ok(Ok(link))) => Some((link, agent)),
            Some(_) => {
                self.end(live, SessionEnd::JumpointDidNotCall, None, "");
                None
            }
            None => None,
        }
    }

    async fn started(&self, live: &Arc<LiveSession>, agent: &OnlineAgent) {
        live.change(|record| {
            record.state = lifecycle::next(record.state, Step::JumpointCalled).unwrap_or(record.state);
            record.tunnelling_at = Some(now());
            record.node_hostname = Some(agent.hostname.clone());
        });
        if let Err(error) = self.store.update_session(&live.snapshot()).await {
            tracing::error!(session.id = %live.id, error = %error, "a session's state could not be written down");
        }
        self.announce(live);
        self.note(live, "tunnelling", &format!("The jumpoint's node {} connected.", agent.hostname), None).await;
    }

    async fn relay(
        &self,
        live: &Arc<LiveSession>,
        from_helper: crate::relay::link::IncomingHalf,
        helper: &Arc<Outbound>,
        from_jumpoint: crate::relay::link::IncomingHalf,
        jumpoint: &Arc<Outbound>,
    ) -> Stopped {
        let mut directions = tokio::task::JoinSet::new();
        let (here, sessions) = (live.clone(), self.clone());
        let (to_helper, to_jumpoint) = (helper.clone(), jumpoint.clone());
        directions.spawn(async move {
            let direction = Direction {
                from: From::Helper,
                onward: &to_jumpoint,
                back: &to_helper,
                table: &here.table,
                pulse: &here.helper_pulse,
                changed: &here.changed,
            };
            direction.run(from_helper, |text| sessions.helper_says(&here, &text)).await
        });
        let here = live.clone();
        let (to_helper, to_jumpoint) = (helper.clone(), jumpoint.clone());
        directions.spawn(async move {
            let direction = Direction {
                from: From::Jumpoint,
                onward: &to_helper,
                back: &to_jumpoint,
                table: &here.table,
                pulse: &here.jumpoint_pulse,
                changed: &here.changed,
            };
            direction.run(from_jumpoint, |_| Ok(())).await
        });
        let first = async {
            match directions.join_next().await {
                Some(Ok(stopped)) => stopped,
                Some(Err(error)) => Stopped::Broken { from: From::Helper, detail: error.to_string() },
                None => Stopped::Gone { from: From::Helper, detail: String::new() },
            }
        };
        tokio::select! {
            stopped = first => stopped,
            stopped = live.helper_pulse.watch(From::Helper, helper) => stopped,
            stopped = live.jumpoint_pulse.watch(From::Jumpoint, jumpoint) => stopped,
            () = self.tell(live) => Stopped::Gone { from: From::Helper, detail: String::new() },
        }
    }

    /// Writes connections down and tells consoles, once a second and soon after connections came or went.
    async fn tell(&self, live: &Arc<LiveSession>) {
        let mut last = None;
        let mut counts_kept = tokio::time::Instant::now();
        loop {
            let began = tokio::time::Instant::now();
            if timeout(TELL_EVERY, live.changed.notified()).await.is_ok() {
                tokio::time::sleep(GATHER).await;
            }
            self.write_connections(live).await;
            let connections = live.table().take_changed(CONNECTIONS_AN_EVENT);
            let on_the_second = began.elapsed() >= TELL_EVERY;
            let statistics = if on_the_second || last.is_none() { live.measure(now()) } else { live.peek(now()) };
            let quiet = last
                .as_ref()
                .is_some_and(|last: &Statistics| Statistics { at: last.at, ..statistics.clone() } == *last);
            if live.take_report_news() {
                self.announce(live);
            }
            if began.elapsed() >= TELL_EVERY {
                self.keep_counts(live, &mut counts_kept).await;
            }
            // What did not fit into one event follows at once.
            if live.table().has_news() {
                live.changed.notify_one();
            }
            if quiet && connections.is_empty() {
                continue;
            }
            self.announce_live(live, statistics.clone(), connections);
            last = Some(statistics);
        }
    }

    /// Writes the counts of this moment down, when that is due.
    async fn keep_counts(&self, live: &Arc<LiveSession>, kept: &mut tokio::time::Instant) {
        if kept.elapsed() < KEEP_COUNTS_EVERY {
            return;
        }
        *kept = tokio::time::Instant::now();
        let rows = live.table().open_rows();
        let saved = async {
            self.store.update_session(&live.snapshot()).await?;
            self.save_connections(live, &rows).await
        };
        if let Err(error) = saved.await {
            tracing::warn!(session.id = %live.id, error = %error, "a session's counts could not be written down");
        }
    }

    /// Tells consoles of connections that changed, and the counts of this moment.
    pub(super) fn tell_connections(&self, live: &Arc<LiveSession>, statistics: Statistics) {
        let connections = live.table().take_changed(CONNECTIONS_AN_EVENT);
        self.announce_live(live, statistics, connections);
    }

    fn announce_live(&self, live: &Arc<LiveSession>, statistics: Statistics, connections: Vec<Connection>) {
        let audience = Audience::UserAndAdministrators(live.snapshot().user_id);
        for refused in live.table().take_failed(CONNECTIONS_AN_EVENT) {
            let event = ConsoleEvent::ConnectionRefused {
                session_id: live.id,
                connection_id: refused.id,
                tunnel: refused.tunnel,
                message: refused.end_message,
            };
            self.events.announce(audience, event);
        }
        let tunnels = (0u16..)
            .zip(live.table().counts())
            .map(|(index, count)| (index, count.open, count.sent, count.received))
            .collect();
        let event = ConsoleEvent::SessionLive { session_id: live.id, statistics, tunnels, connections };
        self.events.announce(audience, event);
    }

    /// A control message of the helper.
    fn helper_says(&self, live: &Arc<LiveSession>, text: &str) -> Result<(), String> {
        match serde_json::from_str(text).map_err(|error| error.to_string())? {
            HelperToAppliance::ListenReport { tunnels } => {
                live.change(|record| {
                    for LocalTunnel { index, listening, problem } in tunnels {
                        if let Some(tunnel) = record.tunnels.get_mut(usize::from(index)) {
                            tunnel.listening = listening.filter(|it| it.address.is_loopback());
                            tunnel.problem = problem.map(cut_problem);
                        }
                    }
                });
                live.note_report();
            }
            HelperToAppliance::ConnectionRefused { tunnel, address, program, reason } => {
                let source = (cut(address), program.map(cut));
                live.table().turned_away(ConnectionId(random::id()), tunnel, source, reason, now());
                live.changed.notify_one();
            }
            HelperToAppliance::ConnectionSource { stream, address, program } => {
                live.table().set_source(stream, cut(address), program.map(cut));
            }
            HelperToAppliance::Ending { message } => {
                // The helper says itself why it goes, before its link ends.
                let message = message.chars().take(200).collect();
                live.end(Ending { end: SessionEnd::HelperGone, message, by: None });
            }
        }
        Ok(())
    }

    async fn stopped(&self, live: &Arc<LiveSession>, stopped: &Stopped) {
        tracing::info!(session.id = %live.id, reason = %stopped, "a session's links stopped");
        match stopped {
            Stopped::Gone { from: From::Helper, .. } => {
                live.table().end_all(EndReason::LinkLost, now());
                self.end(live, SessionEnd::HelperGone, None, "");
            }
            Stopped::Gone { from: From::Jumpoint, .. } => {
                live.table().end_all(EndReason::LinkLost, now());
                self.end(live, SessionEnd::JumpointGone, None, "");
            }
            Stopped::Broken { from, detail } => {
                tracing::warn!(session.id = %live.id, from = ?from, detail, "a program broke the protocol");
                live.table().end_all(EndReason::ProtocolError, now());
                self.end(live, SessionEnd::ProtocolError, None, detail);
            }
        }
    }
}

fn cut_problem(problem: ListenProblem) -> ListenProblem {
    match problem {
        ListenProblem::Other { message } => ListenProblem::Other { message: cut(message) },
        ListenProblem::PortTaken { address, port, program, pid } => {
            ListenProblem::PortTaken { address, port, program: program.map(cut), pid }
        }
        problem => problem,
    }
}

/// What the helper tells of a local program, at a length a table can show.
fn cut(text: String) -> String {
    text.chars().take(120).collect()
}

fn helper_end(live: &LiveSession) -> String {
    let message = live.ending().map(|ending| ending.message).unwrap_or_default();
    serde_json::to_string(&ApplianceToHelper::Ended { message }).unwrap_or_default()
}

fn jumpoint_end(live: &LiveSession) -> String {
    let message = live.ending().map(|ending| ending.message).unwrap_or_default();
    serde_json::to_string(&ApplianceToAgent::EndSession { session_id: live.id, message }).unwrap_or_default()
}

/// Joins two links: what the ends send from now on is between these two.
async fn pair(live: &LiveSession, epoch: u64, helper: &Outbound, jumpoint: &Outbound) {
    let mut paired = BytesMut::new();
    frame::put_paired(&mut paired, epoch);
    let paired = paired.freeze();
    live.table().begin_epoch(epoch);
    for link in [helper, jumpoint] {
        // A link that does not take it is lost; the relay finds out.
        let word = async { link.lock().await.send(Outgoing::Frames(paired.clone())).await };
        let _ = timeout(FAREWELL, word).await;
    }
}

/// Says that it is over and closes the link; a link that does not take it is dropped.
async fn farewell(link: &Outbound, text: &str) {
    let words = async {
        let mut link = link.lock().await;
        let said = link.send(Outgoing::Control(text.to_owned())).await;
        if said.is_ok() {
            let _ = link.send(Outgoing::Close("session over")).await;
        }
    };
    let _ = timeout(FAREWELL, words).await;
}
