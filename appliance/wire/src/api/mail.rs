use super::api_type;
use crate::{SecretText, Timestamp};

/// How the connection to a mail server is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MailSecurity {
    /// TLS from the first byte, mostly on port 465.
    #[default]
    Tls,
    /// The connection turns to TLS before anything is sent, mostly on port 587. Without it no letter goes.
    Starttls,
    /// No TLS.
    None,
}

api_type! {
    /// Where letters are handed over, and in whose name.
    #[derive(Default, Eq)]
    pub struct MailServer {
        /// Host name or IP address; empty: no letters are sent.
        #[serde(default)]
        pub host: String,
        /// Port.
        #[serde(default)]
        pub port: u32,
        /// How the connection is secured.
        #[serde(default)]
        pub security: MailSecurity,
        /// Said explicitly: letters and the password may go to another machine without TLS.
        #[serde(default)]
        pub unsecured_accepted: bool,
        /// PEM with the authority of its certificate; empty: those that the appliance's machine believes.
        #[serde(default)]
        pub ca_pem: String,
        /// Whom to sign in as there; empty: nobody.
        #[serde(default)]
        pub user_name: String,
        /// The address that letters come from.
        #[serde(default)]
        pub sender_address: String,
        /// The name that letters come from; may be empty.
        #[serde(default)]
        pub sender_name: String,
    }

    /// `GET /api/settings/mail`.
    pub struct MailSettings {
        /// The server.
        #[serde(flatten)]
        pub server: MailServer,
        /// Whether a password is kept; itself it never comes back.
        pub has_password: bool,
        /// Goes up with each change; to be sent with the next one.
        pub revision: i64,
    }

    /// `PUT /api/settings/mail`.
    pub struct MailDraft {
        /// The server.
        #[serde(flatten)]
        pub server: MailServer,
        /// The password there; absent: as before, which only holds for the same server.
        #[serde(default)]
        pub password: Option<SecretText>,
        /// The revision that was looked at; a change to another one is refused.
        #[serde(default)]
        pub revision: i64,
    }

    /// `POST /api/settings/mail/test`.
    pub struct MailTest {
        /// Whom to write to.
        pub to: String,
    }

    /// What came of trying something.
    pub struct TestOutcome {
        /// Whether it worked.
        pub worked: bool,
        /// What happened, with the other side's own words.
        pub message: String,
        /// What to do next; may be empty.
        pub next_step: String,
    }

    /// `GET /api/settings/mail/outbox`.
    pub struct Outbox {
        /// Letters that wait to be sent.
        pub waiting: u64,
        /// Since when the oldest of them waits.
        pub waiting_since: Option<Timestamp>,
        /// Why nothing goes at present, if so.
        pub obstacle: Option<String>,
        /// Letters that were given up, newest first, the last few.
        pub failures: Vec<FailedLetter>,
    }

    /// A letter that was given up.
    pub struct FailedLetter {
        /// To whom.
        pub to: String,
        /// Its subject.
        pub subject: String,
        /// When it was posted.
        pub posted_at: Timestamp,
        /// When it was given up.
        pub failed_at: Timestamp,
        /// Why.
        pub reason: String,
    }
}
