use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm::{DbErr, RuntimeErr, SqlErr};
use sqlx::postgres::PgDatabaseError;

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
    /// What was to be done could not be written into the audit trail, so it was not.
    #[error("it could not be written into the audit trail: {0}")]
    NotAudited(String),
    /// Another writer held the database for too long.
    #[error("the database is busy")]
    Busy,
    /// There is no connection to the server.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
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
        match error {
            DbErr::ConnectionAcquire(_) => Self::Busy,
            DbErr::Conn(RuntimeErr::Internal(what)) => Self::Unreachable(what),
            DbErr::Exec(RuntimeErr::SqlxError(ref cause))
            | DbErr::Query(RuntimeErr::SqlxError(ref cause))
            | DbErr::Conn(RuntimeErr::SqlxError(ref cause)) => match &**cause {
                sqlx::Error::Database(cause) => {
                    let code = cause.code().unwrap_or_default();
                    let is_of_postgres = cause.try_downcast_ref::<PgDatabaseError>().is_some();
                    let known = if is_of_postgres { of_sqlstate(&code, message) } else { of_sqlite(&code, message) };
                    known.unwrap_or(Self::Other(error))
                }
                // What a server sends when it ends in the middle of something is no answer.
                sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => Self::Unreachable(message),
                _ => Self::Other(error),
            },
            error => Self::Other(error),
        }
    }
}

/// By an extended result code of SQLite; its low byte is the primary one.
fn of_sqlite(code: &str, message: String) -> Option<StoreError> {
    let code: i32 = code.parse().ok()?;
    if code == SQLITE_CONSTRAINT_TRIGGER {
        return Some(StoreError::Dependent);
    }
    match code & 0xff {
        SQLITE_BUSY | SQLITE_LOCKED => Some(StoreError::Busy),
        SQLITE_READONLY | SQLITE_IOERR | SQLITE_FULL | SQLITE_CANTOPEN => Some(StoreError::NotWritable(message)),
        _ => None,
    }
}

/// By a code of PostgreSQL, <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn of_sqlstate(code: &str, message: String) -> Option<StoreError> {
    match code {
        // restrict_violation
        "23001" => Some(StoreError::Dependent),
        // serialization_failure, deadlock_detected, lock_not_available, query_canceled
        "40001" | "40P01" | "55P03" | "57014" => Some(StoreError::Busy),
        // insufficient_privilege, read_only_sql_transaction, disk_full, io_error
        "42501" | "25006" | "53100" | "58030" => Some(StoreError::NotWritable(message)),
        // too_many_connections, those of shutting down and starting up, the ends of idle connections, and whoever may not sign in any more
        "53300" | "57P01" | "57P02" | "57P03" | "57P05" | "25P03" | "28000" | "28P01" | "3D000" => {
            Some(StoreError::Unreachable(message))
        }
        // connection_exception
        _ if code.starts_with("08") => Some(StoreError::Unreachable(message)),
        _ => None,
    }
}

static BUSY: AtomicU64 = AtomicU64::new(0);
static UNREACHABLE: AtomicU64 = AtomicU64::new(0);
static NOT_WRITABLE: AtomicU64 = AtomicU64::new(0);
static OTHER: AtomicU64 = AtomicU64::new(0);

fn count(failure: &StoreError) {
    let counter = match failure {
        StoreError::Busy => &BUSY,
        StoreError::Unreachable(_) => &UNREACHABLE,
        StoreError::NotWritable(_) => &NOT_WRITABLE,
        StoreError::Corrupt { .. } | StoreError::Other(_) => &OTHER,
        StoreError::Duplicate
        | StoreError::Dependent
        | StoreError::LastAdministrator
        | StoreError::ChangedMeanwhile
        | StoreError::OutboxFull
        | StoreError::NotAudited(_) => return,
    };
    counter.fetch_add(1, Ordering::Relaxed);
}

/// How often the database did not do what it was asked, by reason, since the program started.
#[must_use]
pub fn failures() -> [(&'static str, u64); 4] {
    [("busy", &BUSY), ("unreachable", &UNREACHABLE), ("not_writable", &NOT_WRITABLE), ("other", &OTHER)]
        .map(|(reason, count)| (reason, count.load(Ordering::Relaxed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_both_mean_the_same() {
        let said = || "said".to_owned();
        for (sqlite, sqlstate, means) in [
            ("1811", "23001", "Dependent"),
            ("5", "40P01", "Busy"),
            ("517", "57014", "Busy"),
            ("13", "53100", "NotWritable"),
            ("8", "25006", "NotWritable"),
        ] {
            for kind in [of_sqlite(sqlite, said()), of_sqlstate(sqlstate, said())] {
                assert!(format!("{kind:?}").contains(means), "{sqlite} {sqlstate}: {kind:?}");
            }
        }
        for gone in ["08006", "57P01", "53300"] {
            assert!(matches!(of_sqlstate(gone, said()), Some(StoreError::Unreachable(_))), "{gone}");
        }
        assert!(of_sqlstate("42P01", said()).is_none() && of_sqlite("1", said()).is_none());
    }
}
