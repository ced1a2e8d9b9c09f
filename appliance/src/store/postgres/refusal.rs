//! Why a database on a server cannot be used, and what to do.

use link::trust::certificate_refused;
use sea_orm::{DbErr, RuntimeErr};

use super::place::Place;
use crate::store::StoreError;

/// Why a database on a server cannot be used. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is not one.
    #[error(
        "the database's URL is not right: {0}. It is written postgres://NAME:PASSWORD@HOST:PORT/DATABASE, with signs such as \
         @ and : in name and password as %40 and %3A"
    )]
    Url(String),
    /// The URL asks for TLS that proves nothing.
    #[error(
        "the certificate of the database server {server} would not be verified; only a server on this machine is reached so. \
         Write sslmode=verify-full in the database's URL, with sslrootcert=FILE for an authority of your own"
    )]
    Unverified {
        /// The server.
        server: String,
    },
    /// Nobody answers.
    #[error(
        "the database server {server} cannot be reached: {detail}. Start it, or correct host and port in the database's URL"
    )]
    Unreachable {
        /// The server.
        server: String,
        /// Why.
        detail: String,
    },
    /// Its certificate is not believed.
    #[error(
        "the certificate of the database server {server} is refused: {detail}. Name its authority with sslrootcert=FILE in the \
         database's URL, and the server by a name that stands in the certificate"
    )]
    Certificate {
        /// The server.
        server: String,
        /// Why.
        detail: String,
    },
    /// TLS does not come about.
    #[error("there is no TLS with the database server {server}: {detail}. Switch it on there (ssl = on)")]
    NoTls {
        /// The server.
        server: String,
        /// Why.
        detail: String,
    },
    /// Name or password.
    #[error(
        "the database server {server} does not let {user} in: {detail}. Correct name and password in the database's URL, or \
         pg_hba.conf of the server"
    )]
    SignIn {
        /// The server.
        server: String,
        /// Who.
        user: String,
        /// What the server said.
        detail: String,
    },
    /// There is no such database.
    #[error(
        "there is no database {database} on {server}. Make it there: createdb --owner {user} --encoding UTF8 {database}"
    )]
    NoDatabase {
        /// The server.
        server: String,
        /// The database.
        database: String,
        /// Who is to own it.
        user: String,
    },
    /// The server is too old.
    #[error("PostgreSQL {version} on {server} is too old: {oldest} is the oldest version that can be used")]
    TooOld {
        /// The server.
        server: String,
        /// Its version.
        version: String,
        /// What would do.
        oldest: i32,
    },
    /// It cannot hold every text.
    #[error(
        "the database {database} is kept in {encoding}, which cannot hold every text; make one with createdb --encoding UTF8 \
         --template template0"
    )]
    Encoding {
        /// The database.
        database: String,
        /// Its encoding.
        encoding: String,
    },
    /// It is a standby.
    #[error(
        "the database {database} on {server} takes no writes: it is a standby or read-only. Name the primary server"
    )]
    ReadOnly {
        /// The server.
        server: String,
        /// The database.
        database: String,
    },
    /// The user may not make tables.
    #[error(
        "{user} may not make tables in the database {database}: {detail}. Make it the owner: ALTER DATABASE \"{database}\" \
         OWNER TO \"{user}\""
    )]
    NoRights {
        /// Who.
        user: String,
        /// The database.
        database: String,
        /// What the server said.
        detail: String,
    },
    /// Another appliance has it.
    #[error(
        "another appliance is using the database {database} on {server}{from}; stop it first, or give each a database of its own"
    )]
    Taken {
        /// The server.
        server: String,
        /// The database.
        database: String,
        /// From where, if the server says so.
        from: String,
    },
    /// It failed otherwise.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OpenError {
    /// What came of connecting.
    pub(super) fn connecting(error: sqlx::Error, place: &Place) -> Self {
        let server = place.server();
        match error {
            sqlx::Error::Io(error) => {
                let of_tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
                match of_tls.map(|error| certificate_refused(error).ok_or_else(|| error.to_string())) {
                    Some(Ok(detail)) => Self::Certificate { server, detail },
                    Some(Err(detail)) => Self::NoTls { server, detail },
                    None => Self::Unreachable { server, detail: error.to_string() },
                }
            }
            sqlx::Error::Tls(error) => Self::NoTls { server, detail: error.to_string() },
            sqlx::Error::PoolTimedOut => Self::silent(place),
            sqlx::Error::Database(error) => {
                let detail = error.message().to_owned();
                match error.code().as_deref() {
                    Some("28000" | "28P01") => Self::SignIn { server, user: place.user(), detail },
                    Some("3D000") => Self::NoDatabase { server, database: place.database(), user: place.user() },
                    _ => Self::Unreachable { server, detail },
                }
            }
            error => Self::using(error, place),
        }
    }

    /// Nobody says anything.
    pub(super) fn silent(place: &Place) -> Self {
        Self::Unreachable { server: place.server(), detail: "it does not answer".into() }
    }

    /// What came of a statement.
    pub(super) fn using(error: sqlx::Error, place: &Place) -> Self {
        Self::migrating(DbErr::Query(RuntimeErr::SqlxError(error.into())), place)
    }

    /// What came of bringing the tables up to date.
    pub(super) fn migrating(error: DbErr, place: &Place) -> Self {
        if let DbErr::Exec(RuntimeErr::SqlxError(inner)) | DbErr::Query(RuntimeErr::SqlxError(inner)) = &error
            && let Some(inner) = inner.as_database_error()
            && inner.code().as_deref() == Some("42501")
        {
            let detail = inner.message().to_owned();
            return Self::NoRights { user: place.user(), database: place.database(), detail };
        }
        Self::Store(error.into())
    }
}
