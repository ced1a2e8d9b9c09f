//! The only place that knows the database. One file per room; records are plain data, and every write that belongs together
//! happens in one transaction.

mod access;
mod agents;
mod api_tokens;
mod approvals;
mod audit;
mod browsers;
mod captures;
mod connections;
mod credentials;
mod database;
mod dependents;
mod entities;
mod error;
mod forwarding;
mod holds;
mod item_changes;
mod item_copies;
mod jump;
mod migrations;
#[cfg(test)]
mod on_both;
mod outbox;
mod own_items;
mod passkeys;
mod personal_groups;
mod policies;
mod postgres;
mod principals;
mod provider_teams;
mod recording_keys;
mod recordings;
mod reports;
mod review;
mod review_list;
mod second_factors;
mod services;
mod session_policies;
mod session_seals;
mod sessions;
mod settings;
mod sign_in_challenges;
mod sign_in_failures;
mod sign_on;
mod teams;
mod text;
mod users;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectOptions, DeleteMany, EntityTrait, QuerySelect};
use sea_orm_migration::MigratorTrait;
use sqlx::Connection;

pub use access::{AccessBook, JumpItemRoleRecord};
pub use agents::{AgentRecord, Enrolled, EnrolmentKeyRecord, JumpointRecord};
pub use api_tokens::ApiTokenRecord;
pub use approvals::{ApprovalLinkRecord, ApprovalRecord};
pub use audit::{AuditFilter, AuditedChange, ReadEvents};
pub use browsers::BrowserRecord;
pub use connections::{ConnectionRecord, ConnectionsSoFar, TunnelSum};
pub use credentials::{CredentialPlace, CredentialRecord, CredentialUses};
pub use dependents::{GroupContents, RoleHolders};
pub use error::{StoreError, failures};
pub use jump::{ItemCounts, JumpGroupRecord, JumpItemRecord};
pub use outbox::{LetterRecord, MOST_WAITING};
pub use own_items::OwnItem;
pub use passkeys::PasskeyRecord;
pub use policies::{PolicyBook, PolicyUses, holding};
pub use postgres::{Claim, OpenError};
pub use principals::GroupLeft;
pub use provider_teams::TeamNames;
pub use recording_keys::RecordingKeyRecord;
pub use recordings::{FOLDER_STORE, RecordingRecord, StoredPart};
pub use reports::{LastUse, Usage};
pub use review::{SessionNoteRecord, Stretches};
pub use review_list::{Cursor, ReviewFilter, ReviewOrder};
pub use second_factors::{FactorResetRecord, TotpRecord};
pub use services::ServiceRecord;
pub use session_policies::{SessionPolicyBook, SessionPolicyRecord, SessionPolicyUses};
pub use session_seals::{SessionHash, SessionRow, ToSeal};
pub use sessions::{SessionEventRecord, SessionRecord, Whose};
pub use sign_in_challenges::ChallengeRecord;
pub use sign_in_failures::FailureRecord;
pub use sign_on::{SignOnAttemptRecord, SignOnProviderRecord};
pub use teams::TeamRecord;
pub use users::{UserEdit, UserRecord};

use database::Database;

/// A handle to the database; cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    db: Database,
    /// The file of the embedded database.
    file: Option<Arc<Path>>,
}

/// How long a write waits for another one before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

impl Store {
    /// Opens the embedded database, makes it when it is not there, and brings its tables up to date.
    ///
    /// # Errors
    /// When the file cannot be opened or migrated.
    pub async fn open_sqlite(file: &Path) -> Result<Self, StoreError> {
        let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", file.display()));
        options.max_connections(8).sqlx_logging(false).map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .busy_timeout(BUSY_TIMEOUT)
                .foreign_keys(true)
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "NORMAL")
        });
        // Where the disk has no room for a commit, SQLite ends the transaction by itself, and the connection believes ever after that it
        // is in one: it reads what was, and begins nothing. It is not used again.
        options.map_sqlx_sqlite_before_acquire(|connection, _| {
            let is_free = !connection.is_in_transaction();
            Box::pin(std::future::ready(Ok(is_free)))
        });
        let db = sea_orm::Database::connect(options).await?;
        migrations::Migrator::up(&db, None).await?;
        Ok(Self { db: Database::new(db), file: Some(file.into()) })
    }

    /// The same beside the appliance that uses it, with its tables as they are.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub async fn open_sqlite_beside(file: &Path) -> Result<Self, StoreError> {
        let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rw", file.display()));
        options.max_connections(2).sqlx_logging(false);
        options.map_sqlx_sqlite_opts(|sqlite| sqlite.busy_timeout(BUSY_TIMEOUT).foreign_keys(true));
        let db = sea_orm::Database::connect(options).await?;
        Ok(Self { db: Database::new(db), file: Some(file.into()) })
    }

    /// One that nobody used before, of the kind that the tests are run with; the embedded one lies in this folder.
    #[cfg(test)]
    pub(crate) async fn fresh(folder: &Path) -> Self {
        match ::tests::database::fresh().unwrap() {
            Some(url) => Self::open_postgres(&wire::SecretText::new(url)).await.unwrap().0,
            None => Self::open_sqlite(&folder.join("test.db")).await.unwrap(),
        }
    }

    /// Opens a database that is there, so that every write fails.
    #[cfg(test)]
    pub(crate) async fn open_read_only(file: &Path) -> Result<Self, StoreError> {
        let db = sea_orm::Database::connect(format!("sqlite://{}?mode=ro", file.display())).await?;
        Ok(Self { db: Database::new(db), file: None })
    }

    /// Whatever somebody does with a database.
    #[cfg(test)]
    pub(crate) async fn run_any(&self, statement: &str) {
        sea_orm::ConnectionTrait::execute_unprepared(&self.db, statement).await.unwrap();
    }

    /// Whether the database can be read.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn ping(&self) -> Result<(), StoreError> {
        entities::user::Entity::find()
            .select_only()
            .column(entities::user::Column::Id)
            .into_tuple::<uuid::Uuid>()
            .one(&self.db)
            .await?;
        Ok(())
    }

    /// Removes rows, alone: whoever removes several stands in nobody's way who changes several.
    async fn delete_alone<E: EntityTrait>(&self, delete: DeleteMany<E>) -> Result<u64, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let done = delete.exec(&transaction).await?;
        transaction.commit().await?;
        Ok(done.rows_affected)
    }

    /// Comes back when what was committed survives a failure of the power. A server of its own sees to that itself.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn make_durable(&self) -> std::io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        // What was committed lies in this file until it goes into the other one, which is synced then.
        let log = file.with_extension("db-wal");
        match std::fs::File::open(log) {
            Ok(log) => log.sync_all(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Closes the database in order.
    ///
    /// # Errors
    /// When it was broken before.
    pub async fn close(self) -> Result<(), StoreError> {
        Ok(self.db.close().await?)
    }
}

/// A wire enum as text in a column.
fn to_text<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(text)) => text,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

/// A wire enum from text in a column.
fn from_text<T: serde::de::DeserializeOwned>(column: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(text.to_owned()))
        .map_err(|error| StoreError::Corrupt { column, detail: error.to_string() })
}

/// A wire type as JSON in a column.
fn from_json<T: serde::de::DeserializeOwned>(column: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt { column, detail: error.to_string() })
}

fn to_json<T: serde::Serialize>(column: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt { column, detail: error.to_string() })
}

/// Counts are stored as signed numbers; a negative one in the database is a zero.
fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
