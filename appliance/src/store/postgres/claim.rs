//! One appliance on one database: a connection holds a lock of the server as long as the appliance lives.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::Connection;
use sqlx::postgres::PgConnection;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::place::Place;
use super::refusal::OpenError;
use super::{Facts, LOCKS};

/// Number of the lock.
const CLAIM: i32 = 0;
/// How long connecting, or an answer on the connection, may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long a server that is just starting is waited for.
const STARTING_WITHIN: Duration = Duration::from_secs(30);
/// How long an appliance that is just ending is waited for.
const ENDING_WITHIN: Duration = Duration::from_secs(5);
/// How often the connection is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(250);

/// The claim on a database. It ends when the last of its clones is dropped.
#[derive(Clone, Debug)]
pub struct Claim {
    held: Arc<Mutex<Held>>,
    place: Place,
    lost: CancellationToken,
}

/// The connection that holds the lock, and the server's process behind it, now or before.
#[derive(Debug)]
struct Held {
    connection: Option<PgConnection>,
    process: i32,
}

/// Connects, and asks the server what it is.
pub(super) async fn connect(place: &Place) -> Result<(PgConnection, Facts), OpenError> {
    let until = Instant::now() + STARTING_WITHIN;
    loop {
        let options = place.options_without_limits();
        match timeout(ANSWER_WITHIN, PgConnection::connect_with(&options)).await {
            Ok(Ok(mut connection)) => {
                let facts = Facts::ask(&mut connection).await.map_err(|error| OpenError::using(error, place))?;
                return Ok((connection, facts));
            }
            // The code of "the database system is starting up".
            Ok(Err(error)) if code(&error).as_deref() == Some("57P03") && Instant::now() < until => sleep(PAUSE).await,
            Ok(Err(error)) => return Err(OpenError::connecting(error, place)),
            Err(_) => return Err(OpenError::silent(place)),
        }
    }
}

/// Takes the lock, which the connection then holds. An appliance that is just ending is waited for.
pub(super) async fn take(connection: &mut PgConnection, place: &Place) -> Result<(), OpenError> {
    let until = Instant::now() + ENDING_WITHIN;
    while !try_take(connection).await.map_err(|error| OpenError::using(error, place))? {
        if Instant::now() >= until {
            let (_, address) = holder(connection).await.unwrap_or_default();
            let from = address.map(|it| format!(", from {it}")).unwrap_or_default();
            return Err(OpenError::Taken { server: place.server(), database: place.database(), from });
        }
        sleep(PAUSE).await;
    }
    Ok(())
}

async fn try_take(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT pg_try_advisory_lock($1, $2)").bind(LOCKS).bind(CLAIM).fetch_one(connection).await
}

/// Who holds the lock: the server's process for them, and their address as far as the server tells.
async fn holder(connection: &mut PgConnection) -> Option<(i32, Option<String>)> {
    let asked = "SELECT pid, host(client_addr) FROM pg_locks LEFT JOIN pg_stat_activity USING (pid) \
                 WHERE locktype = 'advisory' AND granted AND classid::int8 = $1 AND objid::int8 = $2 AND objsubid = 2 \
                 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let found = sqlx::query_as(asked).bind(i64::from(LOCKS)).bind(i64::from(CLAIM)).fetch_optional(connection).await;
    found.ok().flatten()
}

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.code().map(Into::into)
}

impl Claim {
    pub(super) async fn new(mut connection: PgConnection, place: Place) -> Result<Self, OpenError> {
        let process = process_of(&mut connection).await.map_err(|error| OpenError::using(error, &place))?;
        let held = Arc::new(Mutex::new(Held { connection: Some(connection), process }));
        Ok(Self { held, place, lost: CancellationToken::new() })
    }

    /// Waits until another appliance has the database.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// Looks after the claim, and takes it again when the connection broke, until another appliance has it.
    pub async fn keep(self) {
        while !self.lost.is_cancelled() {
            sleep(LOOK_EVERY).await;
            let mut held = self.held.lock().await;
            if stands(held.connection.as_mut()).await {
                continue;
            }
            held.connection = None;
            match self.take_again(held.process).await {
                Ok(Again::Taken(it)) => {
                    tracing::info!("the database is claimed again");
                    *held = it;
                }
                Ok(Again::OwnRemains) => {}
                Ok(Again::Lost) => {
                    tracing::error!("another appliance is using the database; this one stops");
                    self.lost.cancel();
                }
                Err(error) => tracing::warn!(error = %error, "the database cannot be claimed again yet"),
            }
        }
    }

    async fn take_again(&self, before: i32) -> Result<Again, OpenError> {
        let (mut connection, _) = connect(&self.place).await?;
        let taking = async {
            if try_take(&mut connection).await? {
                let process = process_of(&mut connection).await?;
                return Ok(Again::Taken(Held { connection: Some(connection), process }));
            }
            // The server may not have seen yet that the connection of before is gone. Who let go meanwhile holds nothing.
            let holder = holder(&mut connection).await;
            Ok(if holder.is_none_or(|(process, _)| process == before) { Again::OwnRemains } else { Again::Lost })
        };
        let taken = timeout(ANSWER_WITHIN, taking).await.map_err(|_| OpenError::silent(&self.place))?;
        taken.map_err(|error| OpenError::using(error, &self.place))
    }
}

/// What comes of taking the lock again.
enum Again {
    Taken(Held),
    OwnRemains,
    Lost,
}

async fn process_of(connection: &mut PgConnection) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(connection).await
}

async fn stands(connection: Option<&mut PgConnection>) -> bool {
    let Some(connection) = connection else { return false };
    matches!(timeout(ANSWER_WITHIN, connection.ping()).await, Ok(Ok(())))
}
