//! What every statement goes through, whichever database it is for.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sea_query::Value;
use sea_orm::{
    AccessMode, ConnAcquireErr, ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, DbBackend,
    DbErr, ExecResult, IsolationLevel, QueryResult, RuntimeErr, SqliteTransactionMode, Statement, TransactionOptions,
    TransactionTrait,
};

/// How long a server may take to answer a statement before it is taken for gone. Longer than [`STATEMENT_TIMEOUT`]: who still
/// answers says so itself.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// How long a server works on a statement.
pub(super) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);
/// Number of the lock that a transaction takes that has to be alone. (Another key than the appliance's own claim.)
const ALONE: i32 = 1;

/// Where statements go: the database, or the one transaction of a change that is being audited. In the latter, what begins a
/// transaction of its own gets a part of that one (a savepoint). Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Database(To);

#[derive(Clone, Debug)]
enum To {
    /// Any connection, each statement for itself.
    Pool(DatabaseConnection),
    /// This transaction.
    Change(Arc<DatabaseTransaction>),
}

/// All of it, or nothing. What is dropped before it is committed never was.
pub(super) struct Transaction(DatabaseTransaction);

impl Database {
    pub(super) fn new(connection: DatabaseConnection) -> Self {
        Self(To::Pool(connection))
    }

    fn executor(&self) -> DatabaseExecutor<'_> {
        match &self.0 {
            To::Pool(pool) => pool.into(),
            To::Change(transaction) => transaction.as_ref().into(),
        }
    }

    /// Begins to write what belongs together and decides nothing by what it reads.
    pub(super) async fn begin(&self) -> Result<Transaction, DbErr> {
        self.begin_with(TransactionOptions::default()).await
    }

    /// Begins a transaction that no other one of this kind runs beside: what it reads stays true until it is over, and two that
    /// write the same rows in another order do not stop each other.
    ///
    /// SQLite has one writer. PostgreSQL gets that from a lock which is taken first and ends with the transaction. Nothing fails
    /// and has to be tried again, as it would where the server finds out at the end who was in the way of whom.
    pub(super) async fn begin_alone(&self) -> Result<Transaction, DbErr> {
        let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode, ..TransactionOptions::default() };
        let transaction = self.begin_with(options).await?;
        // Whoever takes both this lock and that of the audit trail's end takes the other one first.
        if transaction.get_database_backend() == DbBackend::Postgres {
            let take = format!("SELECT pg_advisory_xact_lock({}, {ALONE})", super::postgres::LOCKS);
            transaction.execute_unprepared(&take).await?;
        }
        Ok(transaction)
    }

    /// Begins to read what belongs together: all of it as it was at one moment.
    pub(super) async fn begin_reading(&self) -> Result<Transaction, DbErr> {
        self.begin_with(match self.get_database_backend() {
            DbBackend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
            _ => TransactionOptions::default(),
        })
        .await
    }

    async fn begin_with(&self, options: TransactionOptions) -> Result<Transaction, DbErr> {
        // A part is as its whole is.
        let options = if let To::Change(_) = self.0 { TransactionOptions::default() } else { options };
        bounded(self.get_database_backend(), self.executor().begin_with_options(options)).await.map(Transaction)
    }

    /// Begins a change: what is asked of the answer happens in one transaction, which writes from its beginning on.
    pub(super) async fn begin_change(&self) -> Result<Self, DbErr> {
        let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
        let options = TransactionOptions { sqlite_transaction_mode, ..TransactionOptions::default() };
        let Transaction(transaction) = self.begin_with(options).await?;
        Ok(Self(To::Change(transaction.into())))
    }

    /// Keeps what was done in a change.
    pub(super) async fn commit(self) -> Result<(), DbErr> {
        let backend = self.get_database_backend();
        let To::Change(transaction) = self.0 else { return Ok(()) };
        match Arc::into_inner(transaction) {
            Some(transaction) => bounded(backend, transaction.commit()).await,
            None => Err(DbErr::Custom("a change is still being made while it is kept".into())),
        }
    }

    /// Closes it in order.
    pub(super) async fn close(self) -> Result<(), DbErr> {
        let backend = self.get_database_backend();
        match self.0 {
            To::Pool(pool) => bounded(backend, pool.close()).await,
            To::Change(_) => Ok(()),
        }
    }
}

impl Transaction {
    pub(super) async fn commit(self) -> Result<(), DbErr> {
        bounded(self.get_database_backend(), self.0.commit()).await
    }

    pub(super) async fn rollback(self) -> Result<(), DbErr> {
        bounded(self.get_database_backend(), self.0.rollback()).await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Database {
    fn get_database_backend(&self) -> DbBackend {
        self.executor().get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        bounded(statement.db_backend, self.executor().execute_raw(storable(statement))).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        bounded(self.get_database_backend(), self.executor().execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        bounded(statement.db_backend, self.executor().query_one_raw(storable(statement))).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        bounded(statement.db_backend, self.executor().query_all_raw(storable(statement))).await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        self.0.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        bounded(statement.db_backend, self.0.execute_raw(storable(statement))).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        bounded(self.get_database_backend(), self.0.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        bounded(statement.db_backend, self.0.query_one_raw(storable(statement))).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        bounded(statement.db_backend, self.0.query_all_raw(storable(statement))).await
    }
}

/// A server may be gone without a word; a file is not. Having no connection to a server is another failure than a file that
/// others write.
async fn bounded<T>(backend: DbBackend, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    if backend == DbBackend::Postgres { answered(ANSWER_WITHIN, work).await } else { work.await }
}

async fn answered<T>(within: Duration, work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    match tokio::time::timeout(within, work).await {
        Ok(Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))) => Err(gone("no connection in time")),
        Ok(done) => done,
        Err(_) => Err(gone("no answer in time")),
    }
}

fn gone(what: &str) -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(what.to_owned()))
}

/// PostgreSQL's text holds every character but the one of number zero. What others sent is written down all the same, with a mark
/// in its place.
fn storable(mut statement: Statement) -> Statement {
    if statement.db_backend == DbBackend::Postgres {
        for value in statement.values.iter_mut().flat_map(|values| values.0.iter_mut()) {
            if let Value::String(Some(text)) = value
                && text.contains('\0')
            {
                *text = text.replace('\0', "\u{fffd}");
            }
        }
    }
    statement
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_is_kept_from_postgresql_alone() {
        for (backend, kept) in [(DbBackend::Postgres, "a\u{fffd}b"), (DbBackend::Sqlite, "a\0b")] {
            let statement = Statement::from_sql_and_values(backend, "SELECT $1", ["a\0b".into()]);
            assert_eq!(storable(statement).values.unwrap().0, [Value::from(kept)]);
        }
    }

    #[tokio::test]
    async fn a_server_that_says_nothing_is_gone() {
        let silent = answered::<()>(Duration::from_millis(10), std::future::pending()).await;
        assert!(matches!(silent, Err(DbErr::Conn(_))), "{silent:?}");
        let busy = async || Err::<(), _>(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout));
        assert!(matches!(bounded(DbBackend::Postgres, busy()).await, Err(DbErr::Conn(_))));
        assert!(matches!(bounded(DbBackend::Sqlite, busy()).await, Err(DbErr::ConnectionAcquire(_))));
    }
}
