//! The task of one session that tunnels: asks the jumpoint to dial in, joins both links, again and again, until it is over.

use std::sync::Arc;

use tokio::time::{Instant, sleep_until};
use wire::agent_messages::ApplianceToAgent;
use wire::api::{LinkSide, Reconnecting, SessionEnd, SessionState};
use wire::link_messages::ApplianceToHelper;
use wire::stream::EndReason;

use super::asking::{Asking, Trouble};
use super::audited::started;
use super::joined::{farewell, hear_out};
use super::lifecycle::{self, NodeGone, Step};
use super::links::{End, Links};
use super::live::LiveSession;
use super::registry::Sessions;
use crate::audit::By;
use crate::clock::now;
use crate::relay::connections::From;
use crate::relay::forward::Stopped;

/// How a session's task begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// The helper has come with its ticket.
    Fresh,
    /// The session was running when the appliance stopped.
    Restored,
}

/// What ends one turn of a session.
enum Turn {
    /// Another link came.
    Arrived,
    /// A link that stood does so no more.
    Stopped(Stopped),
    /// The node that was asked does not come.
    Trouble(Trouble),
    /// A link that is waited for did not come in time.
    TooLate,
}

impl Sessions {
    /// Runs a session to its end, or until the program stops. Its links come by [`LiveSession::arrivals`].
    pub fn run(&self, live: Arc<LiveSession>, begin: Begin) {
        let (sessions, of_it) = (self.clone(), live.clone());
        let task = self.tasks.run(async move {
            let mut links = Links::default();
            tokio::select! {
                () = sessions.keep_linked(&live, begin, &mut links) => {}
                () = sessions.tell(&live) => {}
            }
            sessions.leave(&live, links).await;
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

    /// Joins the links of a session, again and again, until it is over or the program stops.
    async fn keep_linked(&self, live: &Arc<LiveSession>, begin: Begin, links: &mut Links<End>) {
        let stopping = self.tasks.stopping();
        // It does not change while the session runs.
        let grace = self.grace_of(&live.snapshot());
        let mut back_by = Instant::now() + grace;
        // As long as no node of the jumpoint has called.
        let mut asking = None;
        if begin == Begin::Fresh {
            self.announce(live);
            self.note(live, "helper_connected", "The helper connected.", None).await;
            let mut ask = Asking::new();
            if !self.ask_next(live, &mut ask, None).await {
                return;
            }
            asking = Some(ask);
        }
        loop {
            links.take(live.arrivals.take());
            asking = asking.filter(|_| links.jumpoint.is_none());
            self.helper_is_back(live, links);
            self.one_is_back(live, links);
            let both = links.join();
            let were_joined = both.is_some();
            let next_at = asking.as_ref().map(|asking| asking.next_at);
            let is_asking = next_at.is_some();
            let deadline = match next_at {
                Some(next_at) if links.helper.is_some() => next_at,
                Some(next_at) => next_at.min(back_by),
                None => back_by,
            };
            let turn = async {
                match both {
                    Some((helper, jumpoint, epoch)) => {
                        if !self.joined(live, epoch).await {
                            // It ends, which is seen where this is waited for.
                            std::future::pending::<()>().await;
                        }
                        Turn::Stopped(self.relay(live, epoch, &helper, &jumpoint).await)
                    }
                    None => tokio::select! {
                        gone = self.attend(live, links) => Turn::Stopped(gone),
                        trouble = live.trouble(), if is_asking => Turn::Trouble(trouble),
                        () = sleep_until(deadline) => Turn::TooLate,
                    },
                }
            };
            let turn = tokio::select! {
                () = live.over.cancelled() => return,
                () = stopping.cancelled() => return,
                turn = turn => turn,
                () = live.arrivals.news() => Turn::Arrived,
            };
            let trouble = match turn {
                Turn::Arrived => continue,
                Turn::Stopped(Stopped::Gone { from, detail }) => {
                    tracing::info!(session.id = %live.id, from = ?from, detail, "a link of a session is lost");
                    links.lose(from);
                    if grace.is_zero() {
                        return self.gone(live, from);
                    }
                    // Who is waited for already gets no more time because the other one is lost too.
                    let is_waited_for = live.is_reconnecting();
                    if were_joined || live.state() == SessionState::Connecting && !is_waited_for {
                        back_by = Instant::now() + grace;
                        self.lost(live, from).await;
                    }
                    continue;
                }
                Turn::Stopped(Stopped::Broken { from, detail }) => {
                    tracing::warn!(session.id = %live.id, from = ?from, detail, "a program broke the protocol");
                    live.table().end_all(EndReason::ProtocolError, now());
                    return self.end(live, SessionEnd::ProtocolError, None, &detail);
                }
                Turn::Trouble(trouble) => Some(trouble),
                Turn::TooLate => None,
            };
            match &mut asking {
                // It came at the last moment.
                Some(_) if live.arrivals.has_jumpoint() => {}
                Some(ask) if trouble.is_some() || Instant::now() >= ask.next_at => {
                    if !self.ask_next(live, ask, trouble).await {
                        return;
                    }
                }
                _ => return self.gone(live, links.missing()),
            }
        }
    }

    /// Its link came back before the jumpoint had called: nothing is resumed, but nothing is lost any more either.
    fn helper_is_back(&self, live: &Arc<LiveSession>, links: &Links<End>) {
        let is_back = links.helper.is_some() && links.jumpoint.is_none();
        if is_back && live.state() == SessionState::Connecting && live.is_reconnecting() {
            live.set_reconnecting(None);
            self.announce(live);
        }
    }

    /// Of two links that were lost one is back: the other one is whom people wait for.
    fn one_is_back(&self, live: &Arc<LiveSession>, links: &Links<End>) {
        let waits_for = match (&links.helper, &links.jumpoint) {
            (None, Some(_)) => LinkSide::Helper,
            (Some(_), None) => LinkSide::Jumpoint,
            _ => return,
        };
        let Some(before) = live.reconnecting().filter(|it| it.waits_for != waits_for) else { return };
        live.set_reconnecting(Some(Reconnecting { waits_for, ..before }));
        self.announce(live);
    }

    /// Both links stand. False when that cannot be written down: then the session ends before a byte went through.
    async fn joined(&self, live: &Arc<LiveSession>, epoch: u64) -> bool {
        live.set_reconnecting(None);
        let is_first = live.state() == SessionState::Connecting;
        if is_first && let Err(error) = self.audit.append(&By::appliance(), started(&live.snapshot())).await {
            tracing::error!(session.id = %live.id, error = %error, "the start of a session could not be audited");
            self.end(live, SessionEnd::NotAudited, None, "");
            return false;
        }
        live.change(|record| {
            record.state = lifecycle::next(record.state, Step::JumpointCalled).unwrap_or(record.state);
            record.tunnelling_at = record.tunnelling_at.or_else(|| Some(now()));
        });
        self.keep(live).await;
        self.announce(live);
        if is_first {
            let node = live.snapshot().node_hostname.unwrap_or_default();
            self.note(live, "tunnelling", &format!("The jumpoint's node {node} connected."), None).await;
        } else {
            tracing::info!(session.id = %live.id, epoch, "a session goes on");
            self.metrics.resumed();
            self.note(live, "resumed", "Helper and jumpoint are linked again.", None).await;
        }
        true
    }

    /// A link is lost; both ends have time to come back.
    async fn lost(&self, live: &Arc<LiveSession>, from: From) {
        self.metrics.link_lost(from);
        let (waits_for, who) = match from {
            From::Helper => (LinkSide::Helper, "the helper"),
            From::Jumpoint => (LinkSide::Jumpoint, "the jumpoint"),
        };
        let millis = i64::try_from(self.grace_of(&live.snapshot()).as_millis()).unwrap_or(i64::MAX);
        live.set_reconnecting(Some(Reconnecting { until: now().plus_millis(millis), waits_for }));
        self.announce(live);
        let mut message = format!("The link of {who} was lost; it is dialled again.");
        let record = live.snapshot();
        if from == From::Jumpoint
            && let Some(other) = self.node_that_serves(record.jumpoint_id, record.node_id)
        {
            message.push_str(&format!(" Whoever cannot wait presses Jump again: the node {other} serves."));
        }
        self.note(live, "link_lost", &message, None).await;
    }

    /// A link did not come back in time.
    fn gone(&self, live: &Arc<LiveSession>, from: From) {
        if !self.grace_of(&live.snapshot()).is_zero() {
            self.metrics.resume_failed(from);
        }
        match from {
            From::Helper => {
                live.table().end_all(EndReason::LinkLost, now());
                self.end(live, SessionEnd::HelperGone, None, "");
            }
            From::Jumpoint => self.node_is_gone(live, NodeGone::NotBack),
        }
    }

    /// Ends the session, or leaves it to the program's next run.
    async fn leave(&self, live: &Arc<LiveSession>, links: Links<End>) {
        if live.ending().is_some() {
            // Neither end waits for the other one to take its words.
            tokio::join!(self.part(links.jumpoint, jumpoint_end(live)), self.part(links.helper, helper_end(live)),);
            return self.close(live).await;
        }
        for link in [&links.helper, &links.jumpoint].into_iter().flatten() {
            farewell(&link.out, None, "appliance stopping").await;
        }
        self.write_connections(live).await;
        self.keep(live).await;
    }
}

impl Sessions {
    /// Says over a link that the session is over, and why.
    async fn part(&self, link: Option<End>, words: String) {
        if let Some(end) = link {
            farewell(&end.out, Some(words), "session over").await;
            self.tasks.spawn("last words of a session", hear_out(end));
        }
    }
}

fn helper_end(live: &LiveSession) -> String {
    let message = live.ending().map(|ending| ending.message).unwrap_or_default();
    serde_json::to_string(&ApplianceToHelper::Ended { message }).unwrap_or_default()
}

fn jumpoint_end(live: &LiveSession) -> String {
    let message = live.ending().map(|ending| ending.message).unwrap_or_default();
    serde_json::to_string(&ApplianceToAgent::EndSession { session_id: live.id, message }).unwrap_or_default()
}
