use super::api_type;
use crate::{SecretText, Timestamp};

/// Where audit events are handed on to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Destination {
    /// A syslog server, over TLS.
    Syslog,
    /// An HTTPS address.
    Webhook,
}

impl Destination {
    /// Every one there is.
    pub const ALL: &'static [Self] = &[Self::Syslog, Self::Webhook];

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Syslog => "syslog",
            Self::Webhook => "webhook",
        }
    }

    /// For people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Syslog => "The syslog server",
            Self::Webhook => "The webhook",
        }
    }
}

api_type! {
    /// A syslog server: RFC 5424 over TLS, RFC 5425.
    #[derive(Eq)]
    pub struct SyslogServer {
        /// Host name or IP address; empty: nothing is handed on.
        #[serde(default)]
        pub host: String,
        /// Port.
        #[serde(default = "syslog_port")]
        pub port: u32,
        /// PEM with the authority of its certificate; empty: those that the appliance's machine believes.
        #[serde(default)]
        pub ca_pem: String,
    }

    /// `GET` and `PUT /api/settings/syslog`.
    #[derive(Eq)]
    pub struct SyslogSettings {
        /// The server.
        #[serde(flatten)]
        pub server: SyslogServer,
        /// Goes up with each change; to be sent with the next one.
        #[serde(default)]
        pub revision: i64,
    }

    /// An HTTPS address that events are posted to.
    #[derive(Default, Eq)]
    pub struct Webhook {
        /// The address; empty: nothing is handed on.
        #[serde(default)]
        pub url: String,
        /// PEM with the authority of its certificate; empty: those that the appliance's machine believes.
        #[serde(default)]
        pub ca_pem: String,
    }

    /// `GET /api/settings/webhook`.
    #[derive(Eq)]
    pub struct WebhookSettings {
        /// The address.
        #[serde(flatten)]
        pub webhook: Webhook,
        /// Whether a secret is kept that requests are signed with; itself it never comes back.
        pub has_secret: bool,
        /// Goes up with each change; to be sent with the next one.
        pub revision: i64,
    }

    /// `PUT /api/settings/webhook`.
    pub struct WebhookDraft {
        /// The address.
        #[serde(flatten)]
        pub webhook: Webhook,
        /// What requests are signed with; absent: as before.
        #[serde(default)]
        pub secret: Option<SecretText>,
        /// The revision that was looked at; a change to another one is refused.
        #[serde(default)]
        pub revision: i64,
    }

    /// `GET /api/forwarding`: how far events were handed on to one destination.
    #[derive(Eq)]
    pub struct ForwardingStatus {
        /// Which.
        pub destination: Destination,
        /// Whether it is set up.
        pub is_on: bool,
        /// The last event that is known to have arrived.
        pub last: u64,
        /// Events behind that.
        pub waiting: u64,
        /// Why nothing is handed on now, in a sentence; none: it is.
        #[serde(default)]
        pub obstacle: Option<String>,
        /// Since when.
        #[serde(default)]
        pub since: Option<Timestamp>,
    }
}

fn syslog_port() -> u32 {
    crate::limits::SYSLOG_PORT
}

impl Default for SyslogServer {
    fn default() -> Self {
        Self { host: String::new(), port: syslog_port(), ca_pem: String::new() }
    }
}
