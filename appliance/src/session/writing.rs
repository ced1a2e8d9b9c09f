//! What is written down of a session: its record and its connections, one write at a time and each carried through.

use std::sync::Arc;
use std::time::Duration;

use super::audited::ended;
use super::live::LiveSession;
use super::registry::Sessions;
use crate::audit::By;
use crate::clock::now;
use crate::relay::connections::Row;
use crate::store::{ConnectionRecord, SessionRecord, StoreError};

/// How long to wait between attempts to write the end of a session.
const WRITE_END_PAUSES: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2)];
/// And then, as long as the appliance runs: a server for databases is started again within minutes.
const WRITE_END_LATER: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(60),
];

/// What is written down of a running session.
#[derive(Clone, Copy, Debug)]
enum What {
    /// Its record and all open connections.
    Everything,
    /// The connections that opened or ended.
    NewsOfConnections,
}

impl Sessions {
    /// Writes down how the session stands.
    pub(super) async fn keep(&self, live: &Arc<LiveSession>) {
        self.carry_through(live, What::Everything).await;
    }

    /// Writes down connections that opened or ended.
    pub(super) async fn write_connections(&self, live: &Arc<LiveSession>) {
        self.carry_through(live, What::NewsOfConnections).await;
    }

    /// Writes the record of a session that is over, several times if need be. What stays unwritten ends at the next start.
    pub(super) async fn write_end(&self, live: &Arc<LiveSession>) {
        let _turn = live.writing.lock().await;
        let record = live.snapshot();
        let mut is_audited = false;
        for pause in WRITE_END_PAUSES {
            if self.wrote_end(live, &record, &mut is_audited).await {
                return;
            }
            tokio::time::sleep(pause).await;
        }
        let stopping = self.tasks.stopping();
        for pause in WRITE_END_LATER {
            let is_over = self.wrote_end(live, &record, &mut is_audited).await;
            if is_over || stopping.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
        }
        self.wrote_end(live, &record, &mut is_audited).await;
    }

    /// Whether all of it is written. Its end stands in the audit trail once.
    async fn wrote_end(&self, live: &Arc<LiveSession>, record: &SessionRecord, is_audited: &mut bool) -> bool {
        self.write_news(live).await;
        let written = match is_audited {
            true => self.store.update_session(record).await,
            false => self.write_audited_end(record).await,
        };
        *is_audited |= written.is_ok();
        match written {
            Ok(()) => live.table().unwritten_count() == 0,
            Err(error) => {
                tracing::error!(session.id = %live.id, error = %error, "the end of a session could not be written down");
                false
            }
        }
    }

    async fn write_audited_end(&self, record: &SessionRecord) -> Result<(), StoreError> {
        let change = self.audit.begin().await?;
        change.update_session(record).await?;
        change.commit(&By::appliance(), [ended(record)]).await
    }

    /// Writes in a task of its own: a write that was dropped half-way could reach the database after a newer one, and undo it.
    /// Nothing is written of a session whose end is.
    async fn carry_through(&self, live: &Arc<LiveSession>, what: What) {
        let (sessions, live) = (self.clone(), live.clone());
        let task = self.tasks.run(async move {
            let _turn = live.writing.lock().await;
            match what {
                _ if live.is_closed() => {}
                What::Everything => sessions.write_everything(&live).await,
                What::NewsOfConnections => sessions.write_news(&live).await,
            }
        });
        if let Err(error) = task.await {
            tracing::error!(error = %error, "the task that writes a session down failed");
        }
    }

    async fn write_everything(&self, live: &LiveSession) {
        live.change(|record| record.seen_at = Some(now()));
        let rows = live.table().open_rows();
        let saved = async {
            self.store.update_session(&live.snapshot()).await?;
            self.save_connections(live, &rows).await
        };
        if let Err(error) = saved.await {
            tracing::warn!(session.id = %live.id, error = %error, "a session's counts could not be written down");
        }
    }

    async fn write_news(&self, live: &LiveSession) {
        let rows = live.table().take_unwritten();
        if rows.is_empty() {
            return;
        }
        if let Err(error) = self.save_connections(live, &rows).await {
            let count = rows.len();
            tracing::error!(session.id = %live.id, error = %error, rows = count, "connections could not be written down; trying again");
            live.table().give_back(rows);
        }
    }

    async fn save_connections(&self, live: &LiveSession, rows: &[Row]) -> Result<(), StoreError> {
        let record = |row: &Row| {
            let Row { stream, connection } = row.clone();
            ConnectionRecord { session_id: live.id, connection, stream }
        };
        let records: Vec<_> = rows.iter().map(record).collect();
        self.store.save_connections(&records).await
    }
}
