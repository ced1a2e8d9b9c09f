use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// Why the database did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Something with this name is there already.
    #[error("there is one of this name already")]
    Duplicate,
    /// Something else needs it, or it needs something that is gone.
    #[error("something else depends on it")]
    Dependent,
    /// Without an administrator who can sign in, nobody could mend anything.
    #[error("nobody would be left who may administer")]
    LastAdministrator,
    /// Somebody else changed it since it was looked at.
    #[error("it was changed meanwhile")]
    ChangedMeanwhile,
    /// As many letters wait as may.
    #[error("too many letters wait to be sent")]
    OutboxFull,
    /// Another writer held the database for too long.
    #[error("the database is busy")]
    Busy,
    /// The disk is full, or may not be written.
    #[error("the database cannot be written: {0}")]
    NotWritable(String),
    /// A column holds what no version wrote.
    #[error("column {column} cannot be read: {detail}")]
    Corrupt {
        /// The column.
        column: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// Anything else.
    #[error("the database failed")]
    Other(#[source] DbErr),
}

/// SQLite's primary result codes, <https://www.sqlite.org/rescode.html>.
const SQLITE_BUSY: i32 = 5;
const SQLITE_LOCKED: i32 = 6;
const SQLITE_READONLY: i32 = 8;
const SQLITE_IOERR: i32 = 10;
const SQLITE_FULL: i32 = 13;
const SQLITE_CANTOPEN: i32 = 14;
/// The extended code of `ON DELETE RESTRICT`.
const SQLITE_CONSTRAINT_TRIGGER: i32 = 1811;

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => return Self::Duplicate,
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => return Self::Dependent,
            _ => {}
        }
        let failure = Self::of_failure(error);
        count(&failure);
        failure
    }
}

impl StoreError {
    fn of_failure(error: DbErr) -> Self {
        let message = error.to_string();
        let code = sqlite_code(&error);
        if code == Some(SQLITE_CONSTRAINT_TRIGGER) {
            return Self::Dependent;
        }
        match code.map(|code| code & 0xff) {
            Some(SQLITE_BUSY | SQLITE_LOCKED) => Self::Busy,
            Some(SQLITE_READONLY | SQLITE_IOERR | SQLITE_FULL | SQLITE_CANTOPEN) => Self::NotWritable(message),
            _ if matches!(error, DbErr::ConnectionAcquire(_)) => Self::Busy,
            _ => Self::Other(error),
        }
    }
}

static BUSY: AtomicU64 = AtomicU64::new(0);
static NOT_WRITABLE: AtomicU64 = AtomicU64::new(0);
static OTHER: AtomicU64 = AtomicU64::new(0);

fn count(failure: &StoreError) {
    let counter = match failure {
        StoreError::Busy => &BUSY,
        StoreError::NotWritable(_) => &NOT_WRITABLE,
        StoreError::Corrupt { .. } | StoreError::Other(_) => &OTHER,
        StoreError::Duplicate
        | StoreError::Dependent
        | StoreError::LastAdministrator
        | StoreError::ChangedMeanwhile
        | StoreError::OutboxFull => return,
    };
    counter.fetch_add(1, Ordering::Relaxed);
}

/// How often the database did not do what it was asked, by reason, since the program started.
#[must_use]
pub fn failures() -> [(&'static str, u64); 3] {
    [("busy", &BUSY), ("not_writable", &NOT_WRITABLE), ("other", &OTHER)]
        .map(|(reason, count)| (reason, count.load(Ordering::Relaxed)))
}

/// The extended result code of SQLite inside the error, if that is what it is; its low byte is the primary one.
fn sqlite_code(error: &DbErr) -> Option<i32> {
    let (DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Conn(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    error.as_database_error()?.code()?.parse().ok()
}
