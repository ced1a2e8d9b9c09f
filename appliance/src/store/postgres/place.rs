//! Where a database is and how it is reached: what may stand in its URL.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use reqwest::Url;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use wire::SecretText;

use super::refusal::OpenError;
use crate::outgoing::is_this_machine;

/// What may stand behind the `?`. Anything else is refused rather than logged: it may be a password that was misspelt.
const PARAMETERS: [&str; 9] =
    ["sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port", "dbname", "user", "password"];
/// A server whose peer vanished finds out within half a minute, and frees what that one held.
const KEEPALIVE: [(&str, &str); 3] =
    [("tcp_keepalives_idle", "15"), ("tcp_keepalives_interval", "5"), ("tcp_keepalives_count", "3")];

/// A database on a server. It prints without its password.
#[derive(Clone)]
pub(super) struct Place(PgConnectOptions);

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Place").field(&self.server()).field(&self.database()).finish()
    }
}

impl Place {
    /// Reads a URL. TLS is verified unless the server is on this machine.
    ///
    /// # Errors
    /// What is wrong with it, without the URL itself.
    pub(super) fn parse(url: &SecretText) -> Result<Self, OpenError> {
        let bad = |what: &dyn fmt::Display| OpenError::Url(what.to_string());
        let parsed = Url::parse(url.expose().trim()).map_err(|error| bad(&error))?;
        if !matches!(parsed.scheme(), "postgres" | "postgresql") {
            return Err(bad(&"it does not begin with postgres://"));
        }
        for (name, value) in parsed.query_pairs() {
            if !PARAMETERS.contains(&name.as_ref()) {
                return Err(bad(&format!("behind the ? may stand {} only", PARAMETERS.join(", "))));
            }
            if name.starts_with("ssl") && name != "sslmode" {
                readable(&name, Path::new(value.as_ref()))?;
            }
        }
        let named_mode = parsed.query_pairs().any(|(name, _)| name == "sslmode");
        let options = PgConnectOptions::from_url(&parsed).map_err(|error| bad(&error))?;
        let bare = options.get_host().trim_matches(['[', ']']).to_owned();
        let place = Self(options.host(&bare).application_name("sallyport").disable_statement_logging());
        let mode = place.mode(named_mode.then(|| place.0.get_ssl_mode()))?;
        Ok(Self(place.0.ssl_mode(mode)))
    }

    fn mode(&self, named: Option<PgSslMode>) -> Result<PgSslMode, OpenError> {
        let is_here = self.is_socket() || is_this_machine(self.0.get_host());
        match named {
            // The system itself says who is at the other end of a socket.
            _ if self.is_socket() => Ok(PgSslMode::Disable),
            None if is_here => Ok(PgSslMode::Disable),
            Some(mode) if is_here => Ok(mode),
            None | Some(PgSslMode::VerifyFull) => Ok(PgSslMode::VerifyFull),
            Some(_) => Err(OpenError::Unverified { server: self.server() }),
        }
    }

    fn is_socket(&self) -> bool {
        self.0.get_socket().is_some() || self.0.get_host().starts_with('/')
    }

    /// The server, for people.
    pub(super) fn server(&self) -> String {
        match self.0.get_socket() {
            Some(folder) => format!("{}/.s.PGSQL.{}", folder.display(), self.0.get_port()),
            None => format!("{}:{}", self.0.get_host(), self.0.get_port()),
        }
    }

    /// The database's name: that of the user, where none is given.
    pub(super) fn database(&self) -> String {
        self.0.get_database().unwrap_or(self.0.get_username()).to_owned()
    }

    /// Who signs in there.
    pub(super) fn user(&self) -> String {
        self.0.get_username().to_owned()
    }

    /// For statements that may take as long as they take.
    pub(super) fn options_without_limits(&self) -> PgConnectOptions {
        self.0.clone().options(KEEPALIVE)
    }

    /// For statements that somebody waits for.
    pub(super) fn options_with_limits(&self, statement: Duration, lock: Duration) -> PgConnectOptions {
        let millis = |limit: Duration| limit.as_millis().to_string();
        self.options_without_limits().options([
            ("statement_timeout", millis(statement)),
            ("lock_timeout", millis(lock)),
            ("idle_in_transaction_session_timeout", millis(statement * 2)),
        ])
    }
}

fn readable(parameter: &str, file: &Path) -> Result<(), OpenError> {
    let read = std::fs::read(file).map(drop);
    read.map_err(|error| {
        OpenError::Url(format!("the file of {parameter}, {}, cannot be read: {error}", file.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Place, OpenError> {
        Place::parse(&SecretText::new(url.to_owned()))
    }

    fn mode(url: &str) -> PgSslMode {
        parse(url).unwrap().0.get_ssl_mode()
    }

    #[test]
    fn whoever_is_elsewhere_is_verified() {
        for url in ["postgres://db.example.org/s", "postgresql://u:p@192.0.2.1/s?sslmode=verify-full"] {
            assert!(matches!(mode(url), PgSslMode::VerifyFull), "{url}");
        }
        for unverified in ["disable", "allow", "prefer", "require", "verify-ca"] {
            for host in ["db.example.org", "localhost.example.org", "[2001:db8::1]", "0.0.0.0"] {
                let refused = parse(&format!("postgres://u:geheim@{host}/s?sslmode={unverified}")).unwrap_err();
                let said = refused.to_string();
                assert!(matches!(refused, OpenError::Unverified { .. }) && said.contains("verify-full"), "{said}");
                assert!(!said.contains("geheim"), "{said}");
            }
            mode(&format!("postgres://127.0.0.1/s?sslmode={unverified}"));
        }
        for here in ["localhost", "127.0.0.1", "[::1]", "%2Frun%2Fpostgresql"] {
            assert!(matches!(mode(&format!("postgres://{here}/s")), PgSslMode::Disable), "{here}");
        }
        assert!(matches!(mode("postgres:///s?host=/run/postgresql&sslmode=require"), PgSslMode::Disable));
        assert!(matches!(mode("postgres://localhost/s?host=db.example.org"), PgSslMode::VerifyFull));
    }

    #[test]
    fn what_is_wrong_is_said_without_the_password() {
        for (url, named) in [
            ("sallyport", "URL"),
            ("mysql://u:geheim@localhost/s", "postgres://"),
            ("postgres://u:geheim@localhost:port/s", "port"),
            ("postgres://localhost/s?passwort=geheim", "password"),
            ("postgres://u:geheim@localhost/s?sslmode=never", "never"),
            ("postgres://u:geheim@localhost/s?sslmode=require&sslrootcert=/nowhere/ca.pem", "/nowhere/ca.pem"),
        ] {
            let said = parse(url).unwrap_err().to_string();
            assert!(said.contains(named) && !said.contains("geheim"), "{said}");
        }
    }

    #[test]
    fn it_names_itself_without_the_password() {
        let place = parse("postgres://ana:geheim@[::1]:5433/sallyport").unwrap();
        assert_eq!(
            (place.server(), place.database(), place.user()),
            ("::1:5433".into(), "sallyport".into(), "ana".into())
        );
        assert!(!format!("{place:?}").contains("geheim"));
    }
}
