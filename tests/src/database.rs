//! The database under the appliances of the tests: the embedded one, or one PostgreSQL server for all tests of a process.

use std::sync::OnceLock;

use anyhow::{Result, bail};

use crate::servers::Postgres;

/// The variable that chooses: `postgres`, or nothing for the embedded database.
pub const CHOICE: &str = "SALLYPORT_TEST_DATABASE";
/// What it says for PostgreSQL.
pub const POSTGRES: &str = "postgres";

/// Whether appliances of tests keep their data on a server.
///
/// # Errors
/// When the variable says something else.
pub fn is_on_a_server() -> Result<bool> {
    match std::env::var(CHOICE).as_deref() {
        Err(_) | Ok("" | "sqlite") => Ok(false),
        Ok(POSTGRES) => Ok(true),
        Ok(other) => bail!("{CHOICE} is {other:?}; it can be {POSTGRES} or sqlite"),
    }
}

/// The URL of a database that nobody used before, where tests run on a server.
///
/// # Errors
/// When there is no server.
pub fn fresh() -> Result<Option<String>> {
    if is_on_a_server()? { server()?.fresh_database().map(Some) } else { Ok(None) }
}

/// The server of this process. It ends with it.
///
/// # Errors
/// When it does not start.
pub fn server() -> Result<&'static Postgres> {
    static SERVER: OnceLock<Result<Postgres, String>> = OnceLock::new();
    match SERVER.get_or_init(|| Postgres::start_for_this_process().map_err(|error| format!("{error:#}"))) {
        Ok(server) => Ok(server),
        Err(error) => bail!("the PostgreSQL server of the tests does not start: {error}"),
    }
}
