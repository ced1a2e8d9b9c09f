//! What is written down of a running session and told to consoles, and what its helper says.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use wire::ConnectionId;
use wire::api::{Connection, ConsoleEvent, SessionEnd, Statistics};
use wire::helper_messages::{ListenProblem, LocalTunnel};
use wire::link_messages::HelperToAppliance;

use super::live::LiveSession;
use super::registry::Sessions;
use crate::clock::now;
use crate::events::Audience;
use crate::random;

/// How often counts are written down while a session runs: what an appliance that dies may forget.
const KEEP_COUNTS_EVERY: Duration = Duration::from_secs(30);
/// How often consoles hear how a session goes, when nothing special happens.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How long news of connections wait for more.
const GATHER: Duration = Duration::from_millis(50);
/// Connections in one event.
const CONNECTIONS_AN_EVENT: usize = 300;

impl Sessions {
    /// Writes connections down and tells consoles, once a second and soon after connections came or went.
    pub(super) async fn tell(&self, live: &Arc<LiveSession>) {
        let mut last = None;
        let mut counts_kept = Instant::now();
        loop {
            let began = Instant::now();
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
    async fn keep_counts(&self, live: &Arc<LiveSession>, kept: &mut Instant) {
        if kept.elapsed() >= KEEP_COUNTS_EVERY {
            *kept = Instant::now();
            self.keep(live).await;
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
    pub(super) fn helper_says(&self, live: &Arc<LiveSession>, text: &str) -> Result<(), String> {
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
                self.end_saying(live, SessionEnd::HelperGone, None, message);
            }
        }
        Ok(())
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
