//! PostgreSQL as the database: what has to hold before it is used, and how many connections there are.

mod claim;
mod place;
mod refusal;

use std::time::Duration;

use sea_orm::DatabaseConnection;
use sea_orm_migration::MigratorTrait;
use sqlx::postgres::{PgConnection, PgPoolOptions};
use sqlx::{Connection, PgPool};
use wire::SecretText;

pub use claim::Claim;
pub use refusal::OpenError;

use super::database::{Database, STATEMENT_TIMEOUT};
use super::migrations::Migrator;
use super::{BUSY_TIMEOUT, Store};
use place::Place;

/// The appliance's own numbers among all advisory locks of a database begin with this one.
pub(super) const LOCKS: i32 = 0x5361_6c6c;
/// The oldest version of PostgreSQL that is used, as `server_version_num` has it.
const OLDEST: i32 = 140_000;
/// Connections at most, besides the one that holds the claim.
const MOST_CONNECTIONS: u32 = 16;
/// How long a statement waits for a connection. Whoever asks waits for it.
const CONNECTION_WITHIN: Duration = Duration::from_secs(3);
/// A connection that was idle for so long is tried out before it is used: the server may have closed it.
const TRIED_AFTER: Duration = Duration::from_secs(1);
/// How long a connection that was in use may take to say that it is good for more.
const RETURNED_WITHIN: Duration = Duration::from_secs(5);

/// Every text is compared and ordered by its bytes, as SQLite does: by the rules of a language, lists came in another order, and
/// an index is broken when an update of the system changes the rules.
const TEXTS_BY_THEIR_BYTES: &str = r#"
DO $$
DECLARE it record;
BEGIN
    FOR it IN
        SELECT table_name, column_name, data_type FROM information_schema.columns
        WHERE table_schema = current_schema() AND data_type IN ('character varying', 'text')
            AND collation_name IS DISTINCT FROM 'C' AND table_name <> 'seaql_migrations'
            AND table_name IN (SELECT tablename FROM pg_tables WHERE schemaname = current_schema())
    LOOP
        EXECUTE format('ALTER TABLE %I ALTER COLUMN %I TYPE %s COLLATE "C"', it.table_name, it.column_name, it.data_type);
    END LOOP;
END $$"#;

impl Store {
    /// Opens a database on a PostgreSQL server, claims it for this appliance, and brings its tables up to date.
    ///
    /// # Errors
    /// Why it cannot be used, and what to do.
    pub async fn open_postgres(url: &SecretText) -> Result<(Self, Claim), OpenError> {
        let place = Place::parse(url)?;
        let (mut connection, facts) = claim::connect(&place).await?;
        facts.check(&place)?;
        claim::take(&mut connection, &place).await?;
        bring_up_to_date(&place).await?;
        let store = Self { db: Database::new(pool(&place).into()), file: None };
        Ok((store, Claim::new(connection, place).await?))
    }

    /// The same database beside the appliance that uses it, with its tables as they are.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn open_postgres_beside(url: &SecretText) -> Result<Self, OpenError> {
        let store = Self { db: Database::new(pool(&Place::parse(url)?).into()), file: None };
        store.ping().await?;
        Ok(store)
    }
}

/// What a server tells of itself and of the database.
#[derive(Debug)]
struct Facts {
    version_number: i32,
    version: String,
    encoding: String,
    takes_no_writes: bool,
}

impl Facts {
    async fn ask(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let asked = "SELECT current_setting('server_version_num')::int4, current_setting('server_version'), \
                     current_setting('server_encoding'), \
                     pg_is_in_recovery() OR current_setting('default_transaction_read_only')::bool";
        let (version_number, version, encoding, takes_no_writes) = sqlx::query_as(asked).fetch_one(connection).await?;
        Ok(Self { version_number, version, encoding, takes_no_writes })
    }

    fn check(&self, place: &Place) -> Result<(), OpenError> {
        if self.version_number < OLDEST {
            let (version, oldest) = (self.version.clone(), OLDEST / 10_000);
            return Err(OpenError::TooOld { server: place.server(), version, oldest });
        }
        if self.takes_no_writes {
            return Err(OpenError::ReadOnly { server: place.server(), database: place.database() });
        }
        if self.encoding != "UTF8" {
            return Err(OpenError::Encoding { database: place.database(), encoding: self.encoding.clone() });
        }
        Ok(())
    }
}

/// With a connection of its own, on which a statement may take as long as it takes.
async fn bring_up_to_date(place: &Place) -> Result<(), OpenError> {
    let options = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECTION_WITHIN);
    let pool = options.connect_with(place.options_without_limits()).await;
    let pool = pool.map_err(|error| OpenError::connecting(error, place))?;
    let db = DatabaseConnection::from(pool.clone());
    Migrator::up(&db, None).await.map_err(|error| OpenError::migrating(error, place))?;
    let sorted = sqlx::raw_sql(TEXTS_BY_THEIR_BYTES).execute(&pool).await;
    sorted.map_err(|error| OpenError::using(error, place))?;
    pool.close().await;
    Ok(())
}

/// Connections are made when they are needed.
fn pool(place: &Place) -> PgPool {
    PgPoolOptions::new()
        .max_connections(MOST_CONNECTIONS)
        .acquire_timeout(CONNECTION_WITHIN)
        .test_before_acquire(false)
        .before_acquire(|connection, seen| {
            Box::pin(async move {
                if seen.idle_for >= TRIED_AFTER {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        // Without a limit, connections to a server that vanished would never be free again.
        .after_release(|connection, _| {
            Box::pin(async move {
                let tried = tokio::time::timeout(RETURNED_WITHIN, connection.ping()).await;
                tried.map_err(|_| sqlx::Error::PoolTimedOut)?.map(|()| true)
            })
        })
        .connect_lazy_with(place.options_with_limits(STATEMENT_TIMEOUT, BUSY_TIMEOUT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts { version_number: 150_005, version: "15.5".into(), encoding: "UTF8".into(), takes_no_writes: false }
    }

    #[test]
    fn a_server_that_will_not_do_is_refused_with_the_reason() {
        let place = Place::parse(&SecretText::new("postgres://ana:s@localhost/sallyport".into())).unwrap();
        facts().check(&place).unwrap();
        for (facts, named) in [
            (Facts { version_number: 130_009, version: "13.9".into(), ..facts() }, "13.9"),
            (Facts { encoding: "SQL_ASCII".into(), ..facts() }, "SQL_ASCII"),
            (Facts { takes_no_writes: true, ..facts() }, "standby"),
        ] {
            let refused = facts.check(&place).unwrap_err().to_string();
            assert!(refused.contains(named), "{refused}");
        }
    }
}
