//! The task of each destination. What fails makes everything behind it wait: the order stays.

use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use wire::api::{Destination, SyslogServer};

use super::syslog::Connection;
use super::{Forwarding, ForwardingError, syslog_message, webhook};
use crate::clock::now;
use crate::store::{ReadEvents, StoreError};

/// Events that are read at once.
const BATCH: u64 = 200;
/// How often to look when nothing happens here.
const EVERY: Duration = Duration::from_secs(15);
/// How often it is looked whether what was sent counts as arrived.
const SETTLING: Duration = Duration::from_secs(1);

/// Why a round ended.
enum Next {
    /// Nothing is to be handed on: it is not set up.
    Off,
    /// Everything was handed on.
    Done,
    /// There is more.
    More,
    /// The appliance stops.
    Stop,
}

impl Forwarding {
    /// Hands events on to a destination until the appliance stops.
    pub async fn deliver(self, to: Destination, stopping: CancellationToken) {
        let mut failures = 0;
        let mut appended = self.0.audit.appended();
        loop {
            // What comes from here on is seen below.
            appended.mark_unchanged();
            let round = match to {
                Destination::Syslog => self.syslog_round(&stopping).await,
                Destination::Webhook => self.webhook_round(&stopping).await,
            };
            let (pause, until_appended) = match round {
                Ok(Next::Stop) => return,
                Ok(Next::More) => {
                    failures = 0;
                    continue;
                }
                Ok(Next::Done) => {
                    self.note(to, None);
                    failures = 0;
                    (EVERY, true)
                }
                Ok(Next::Off) => {
                    self.note(to, Some(&ForwardingError::NotConfigured));
                    (EVERY, false)
                }
                Err(error) => {
                    self.note(to, Some(&error));
                    failures += 1;
                    (pause(failures), false)
                }
            };
            let changed = self.0.changed.get(&to);
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
                () = notified(changed) => failures = 0,
                _ = appended.changed(), if until_appended => {}
            }
        }
    }

    /// Posts one batch.
    async fn webhook_round(&self, stopping: &CancellationToken) -> Result<Next, ForwardingError> {
        let to = Destination::Webhook;
        let Some(cursor) = self.0.audit.store().forwarding_cursor(to).await? else { return Ok(Next::Off) };
        let Some((hook, secret)) = self.webhook().await? else { return Ok(Next::Off) };
        let Some(post) = webhook::post_of(self.events_after(cursor).await?, &self.0.appliance) else {
            return Ok(Next::Done);
        };
        let last = post.last;
        let posted = stopping.run_until_cancelled(webhook::post(&hook, &secret, post)).await;
        let Some(posted) = posted else { return Ok(Next::Stop) };
        posted?;
        self.note(to, None);
        self.arrived(to, last).await?;
        Ok(Next::More)
    }

    /// Sends over one connection for as long as it stands.
    async fn syslog_round(&self, stopping: &CancellationToken) -> Result<Next, ForwardingError> {
        let to = Destination::Syslog;
        let Some(mut next) = self.0.audit.store().forwarding_cursor(to).await? else { return Ok(Next::Off) };
        let Some(server) = self.syslog_server().await? else { return Ok(Next::Off) };
        if self.events_after(next).await?.is_empty() {
            return Ok(Next::Done);
        }
        let opened = stopping.run_until_cancelled(Connection::open(&server)).await;
        let Some(opened) = opened else { return Ok(Next::Stop) };
        let mut connection = opened?;
        let mut appended = self.0.audit.appended();
        loop {
            appended.mark_unchanged();
            self.send_all(&mut connection, &mut next).await?;
            self.note(to, None);
            if let Some(next) = self.wait(&mut connection, &server, &mut appended, stopping).await? {
                if let Some(last) = connection.close().await {
                    self.arrived(to, last).await?;
                }
                return Ok(next);
            }
        }
    }

    /// Sends everything behind `next`, which goes along.
    async fn send_all(&self, connection: &mut Connection, next: &mut u64) -> Result<(), ForwardingError> {
        loop {
            let events = self.events_after(*next).await?;
            let Some((last, _)) = events.last() else { return Ok(()) };
            let last = *last;
            connection.send(&messages(&self.0.host, events), last).await?;
            *next = last;
            self.settle(connection).await?;
        }
    }

    /// Waits until there is more to send, on a connection that stands. What comes back ends it in order.
    async fn wait(
        &self,
        connection: &mut Connection,
        server: &SyslogServer,
        appended: &mut watch::Receiver<u64>,
        stopping: &CancellationToken,
    ) -> Result<Option<Next>, ForwardingError> {
        let mut tick = tokio::time::interval(SETTLING);
        let set = self.0.changed.get(&Destination::Syslog);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return Ok(Some(Next::Stop)),
                over = connection.over() => {
                    if let Some(last) = connection.read_to_the_end(&over) {
                        self.arrived(Destination::Syslog, last).await?;
                    } else if !connection.is_settled() {
                        return Err(over.error);
                    }
                    return Ok(Some(Next::Done));
                }
                changed = appended.changed() => return if changed.is_ok() { Ok(None) } else { Ok(Some(Next::Stop)) },
                () = notified(set) => {
                    if self.syslog_server().await?.as_ref() != Some(server) {
                        return Ok(Some(Next::More));
                    }
                }
                _ = tick.tick() => self.settle(connection).await?,
            }
        }
    }

    async fn settle(&self, connection: &mut Connection) -> Result<(), ForwardingError> {
        match connection.arrived() {
            Some(last) => self.arrived(Destination::Syslog, last).await,
            None => Ok(()),
        }
    }

    /// Remembers that events arrived. Forgetting it only hands them on twice.
    async fn arrived(&self, to: Destination, last: u64) -> Result<(), ForwardingError> {
        Ok(self.0.audit.store().advance_forwarding(to, last).await?)
    }

    async fn events_after(&self, after: u64) -> Result<ReadEvents, StoreError> {
        self.0.audit.store().audit_events_after(after, BATCH).await
    }
}

async fn notified(changed: Option<&Notify>) {
    match changed {
        Some(it) => it.notified().await,
        None => std::future::pending().await,
    }
}

fn messages(host: &str, events: ReadEvents) -> Vec<u8> {
    let message = |(sequence, read): (u64, Result<_, StoreError>)| match read {
        Ok(it) => syslog_message::of_event(host, &it),
        Err(error) => syslog_message::of_unreadable(host, sequence, &error.to_string(), now()),
    };
    events.into_iter().flat_map(message).collect()
}

/// How long to wait after so many failures in a row: from 1 second to 2 minutes.
fn pause(failures: u32) -> Duration {
    Duration::from_secs((1 << failures.saturating_sub(1).min(7)).min(120))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_have_an_end() {
        let pauses: Vec<u64> = (1..10).map(|failures| pause(failures).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 120, 120]);
        assert_eq!(pause(u32::MAX).as_secs(), 120);
    }
}
