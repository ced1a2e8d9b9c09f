use super::{TestOutcome, api_type};
use crate::SecretText;

/// How a ticket system is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum TicketMethod {
    /// With the address alone.
    #[default]
    Get,
    /// With a body in JSON.
    Post,
}

api_type! {
    /// How a ticket system is asked whether a ticket is good. It is when the status is 2xx and the condition, if there is one, holds.
    #[derive(Eq)]
    pub struct TicketSystem {
        /// Address with `{ticket}` in its path or query; empty: there is no ticket system.
        #[serde(default)]
        pub url: String,
        /// How it is asked.
        #[serde(default)]
        pub method: TicketMethod,
        /// JSON to post; `{ticket}`, `{user}` and `{item}` inside its texts are filled in.
        #[serde(default)]
        pub body: String,
        /// Said explicitly: it may be asked without TLS, on the appliance's own machine.
        #[serde(default)]
        pub unsecured_accepted: bool,
        /// PEM with the authority of its certificate; empty: those that the appliance's machine believes.
        #[serde(default)]
        pub ca_pem: String,
        /// How long an answer may take, in seconds.
        #[serde(default = "default_time_out")]
        pub time_out_seconds: u32,
        /// What the answer has to say besides its status.
        #[serde(default)]
        pub condition: Option<TicketCondition>,
        /// JSON pointer (RFC 6901) to a sentence about the ticket in the answer; empty: there is none.
        #[serde(default)]
        pub message_pointer: String,
    }

    /// What the answer has to say.
    #[derive(Eq)]
    pub struct TicketCondition {
        /// JSON pointer (RFC 6901) to a value in it.
        pub pointer: String,
        /// What has to stand there: a text, or a number or `true` as JSON writes them.
        pub equals: String,
    }

    /// `GET /api/settings/ticket-system`.
    pub struct TicketSystemSettings {
        /// How it is asked.
        #[serde(flatten)]
        pub system: TicketSystem,
        /// Names of the headers that are sent along; their values never come back.
        pub headers: Vec<String>,
        /// Goes up with each change; to be sent with the next one.
        pub revision: i64,
    }

    /// `PUT /api/settings/ticket-system`.
    pub struct TicketSystemDraft {
        /// How it is asked.
        #[serde(flatten)]
        pub system: TicketSystem,
        /// What is sent along; those that are not here any more are forgotten.
        #[serde(default)]
        pub headers: Vec<TicketHeader>,
        /// The revision that was looked at; a change to another one is refused.
        #[serde(default)]
        pub revision: i64,
    }

    /// A header that is sent along.
    pub struct TicketHeader {
        /// Its name.
        pub name: String,
        /// Its value; absent: as before, which only holds for the same server.
        #[serde(default)]
        pub value: Option<SecretText>,
    }

    /// `POST /api/settings/ticket-system/test`.
    pub struct TicketTest {
        /// Which ticket to ask about.
        pub ticket: String,
    }

    /// What was asked and what came back.
    pub struct TicketTestResult {
        /// Whether the ticket would do.
        pub outcome: TestOutcome,
        /// What was asked: method, address, names of the headers, body. Values of headers are not in it.
        pub asked: String,
        /// The status that came back, if an answer did.
        pub status: Option<u32>,
        /// The beginning of the answer.
        pub answer: Option<String>,
    }
}

fn default_time_out() -> u32 {
    crate::limits::TICKET_TIME_OUT_SECONDS
}

impl Default for TicketSystem {
    fn default() -> Self {
        Self {
            url: String::new(),
            method: TicketMethod::Get,
            body: String::new(),
            unsecured_accepted: false,
            ca_pem: String::new(),
            time_out_seconds: default_time_out(),
            condition: None,
            message_pointer: String::new(),
        }
    }
}
