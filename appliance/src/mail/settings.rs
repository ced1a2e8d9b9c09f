use wire::SecretText;
use wire::api::{FieldError, MailDraft, MailServer, MailSettings, TestOutcome};
use wire::validate;

use super::connection::Connection;
use super::{Letter, MailError, Mailer, letter};
use crate::clock::now;
use crate::outgoing::tls_config;
use crate::random;
use crate::sealing::SealingError;
use crate::store::{LetterRecord, ServiceRecord, Store, StoreError};

/// The settings' name in the database, and what the password is sealed for.
const NAME: &str = "mail";
const PASSWORD: &str = "mail/password";

/// Why settings were not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeRefused {
    /// Fields that are not right.
    #[error("some of the entries are not right")]
    Fields(Vec<FieldError>),
    /// The database failed, or somebody else was first.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The secrets could not be sealed.
    #[error(transparent)]
    Sealing(#[from] SealingError),
}

impl Mailer {
    pub(super) async fn record(&self) -> Result<ServiceRecord<MailServer>, StoreError> {
        self.store.service(NAME).await
    }

    /// The mail server, without its password.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settings(&self) -> Result<MailSettings, StoreError> {
        self.settings_in(&self.store).await
    }

    /// The same, as the change that is on its way sees it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settings_in(&self, store: &Store) -> Result<MailSettings, StoreError> {
        let record: ServiceRecord<MailServer> = store.service(NAME).await?;
        Ok(MailSettings { server: record.settings, has_password: record.sealed.is_some(), revision: record.revision })
    }

    /// Sets the mail server, by way of a change that is kept later; [`Mailer::look_again`] comes after.
    ///
    /// # Errors
    /// See [`ChangeRefused`].
    pub async fn set(&self, store: &Store, mut draft: MailDraft) -> Result<MailSettings, ChangeRefused> {
        draft.server.ca_pem = draft.server.ca_pem.trim().to_owned();
        let mut errors = validate::mail_server(&draft.server);
        if !draft.server.ca_pem.is_empty()
            && let Err(error) = tls_config(Some(&draft.server.ca_pem))
        {
            errors.push(FieldError::new("ca_pem", &super::sentence(&error.to_string())));
        }
        let before: ServiceRecord<MailServer> = store.service(NAME).await?;
        let password = password_after(&before, &draft);
        let password = match password {
            Ok(password) if errors.is_empty() => password,
            Ok(_) => return Err(ChangeRefused::Fields(errors)),
            Err(error) => {
                errors.push(error);
                return Err(ChangeRefused::Fields(errors));
            }
        };
        let sealed = match password {
            Password::None => None,
            Password::AsBefore => before.sealed,
            Password::New(text) => Some(self.sealing.seal(PASSWORD, text.expose().as_bytes())?),
        };
        let record = ServiceRecord { settings: draft.server, sealed, revision: draft.revision };
        let revision = store.set_service(NAME, &record).await?;
        Ok(MailSettings { server: record.settings, has_password: record.sealed.is_some(), revision })
    }

    /// Letters that wait need not wait for their time: the server may be another one.
    pub fn look_again(&self) {
        self.changed.notify_one();
    }

    /// The mail server with its password.
    pub(super) async fn server(&self) -> Result<(MailServer, Option<SecretText>), MailError> {
        let record = self.record().await?;
        if record.settings.host.is_empty() {
            return Err(MailError::NotConfigured);
        }
        let Some(sealed) = record.sealed else { return Ok((record.settings, None)) };
        let password = self.sealing.open(PASSWORD, &sealed)?;
        let password = String::from_utf8(password).map_err(|_| SealingError::NotOpened)?;
        Ok((record.settings, Some(SecretText::new(password))))
    }

    pub(super) async fn connect(&self) -> Result<(MailServer, Connection), MailError> {
        let (server, password) = self.server().await?;
        let connection = Connection::open(&server, password.as_ref(), &self.hello).await?;
        Ok((server, connection))
    }

    /// Hands a letter over at once, to see whether that works.
    pub async fn try_out(&self, it: Letter) -> TestOutcome {
        let at = now();
        let record = LetterRecord {
            id: random::id(),
            to: it.to.clone(),
            subject: it.subject,
            text: it.text,
            posted_at: at,
            attempts: 0,
            next_attempt_at: at,
            failed_at: None,
            reason: None,
        };
        let tried = async {
            let (server, mut connection) = self.connect().await?;
            let (envelope, written) = letter::written(&record, &server)?;
            connection.send(&envelope, &written).await?;
            connection.close().await;
            // What waits need not wait for its time.
            self.changed.notify_one();
            Ok::<_, MailError>(server.host)
        };
        match tried.await {
            Ok(host) => TestOutcome {
                worked: true,
                message: format!("{host} took the letter to {}.", it.to),
                next_step: "Look whether it arrives.".into(),
            },
            Err(error) => error.outcome(),
        }
    }
}

/// What becomes of the kept password.
#[derive(Debug, PartialEq, Eq)]
enum Password {
    None,
    AsBefore,
    New(SecretText),
}

/// A password is sent only where it was meant to go: to the same server, secured the same way.
fn password_after(before: &ServiceRecord<MailServer>, draft: &MailDraft) -> Result<Password, FieldError> {
    let server = &draft.server;
    if server.host.is_empty() || server.user_name.is_empty() {
        return Ok(Password::None);
    }
    match &draft.password {
        Some(text) if text.expose().is_empty() => Err(FieldError::new("password", "Enter the password of this user.")),
        Some(text) if text.expose().len() > 1_000 || text.expose().contains('\0') => {
            Err(FieldError::new("password", "A mail server cannot be told this password."))
        }
        Some(text) => Ok(Password::New(text.clone())),
        None if before.sealed.is_none() => Err(FieldError::new("password", "Enter the password of this user.")),
        None => {
            let place = |it: &MailServer| {
                (it.host.to_lowercase(), it.port, it.security, it.ca_pem.clone(), it.user_name.clone())
            };
            if place(&before.settings) == place(server) {
                return Ok(Password::AsBefore);
            }
            let why = "Enter the password again: the kept one is only for the server and user it was entered for.";
            Err(FieldError::new("password", why))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::api::MailSecurity;

    fn server() -> MailServer {
        MailServer {
            host: "mail.example".into(),
            port: 465,
            user_name: "gate".into(),
            sender_address: "gate@example.org".into(),
            ..MailServer::default()
        }
    }

    fn after(sealed: bool, server: MailServer, password: Option<&str>) -> Result<Password, String> {
        let before = ServiceRecord { settings: self::server(), sealed: sealed.then(|| vec![1]), revision: 1 };
        let password = password.map(|it| SecretText::new(it.into()));
        password_after(&before, &MailDraft { server, password, revision: 1 }).map_err(|error| error.field)
    }

    #[test]
    fn a_kept_password_goes_nowhere_else() {
        assert_eq!(after(true, server(), None), Ok(Password::AsBefore));
        let named = MailServer { sender_name: "Gate".into(), host: "MAIL.example".into(), ..server() };
        assert_eq!(after(true, named, None), Ok(Password::AsBefore));
        for other in [
            MailServer { host: "evil.example".into(), ..server() },
            MailServer { port: 466, ..server() },
            MailServer { security: MailSecurity::None, ..server() },
            MailServer { ca_pem: "another".into(), ..server() },
            MailServer { user_name: "other".into(), ..server() },
        ] {
            assert_eq!(after(true, other.clone(), None), Err("password".into()), "{other:?}");
            assert!(matches!(after(true, other, Some("new")), Ok(Password::New(_))));
        }
    }

    #[test]
    fn a_user_has_a_password_and_nobody_has_none() {
        assert_eq!(after(false, server(), None), Err("password".into()));
        assert_eq!(after(true, server(), Some("")), Err("password".into()));
        assert_eq!(after(true, MailServer { user_name: String::new(), ..server() }, None), Ok(Password::None));
        assert_eq!(after(true, MailServer::default(), None), Ok(Password::None));
    }
}
