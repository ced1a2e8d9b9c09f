//! Asks a system outside whether a ticket is good. Whatever keeps it from a clear yes is a no.
//!
//! | file | holds |
//! |---|---|
//! | `settings` | how it is asked, as an administrator set it |
//! | `template` | what is asked (pure) |
//! | `answer` | what an answer means (pure) |

mod answer;
mod settings;
mod template;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, Request, Url};
use wire::api::{Fault, TestOutcome, TicketMethod, TicketSystem as Definition, TicketTestResult};
use wire::{SecretText, Timestamp, validate};

use crate::clock::now;
use crate::mail::sentence;
use crate::outgoing::{Outgoing, OutgoingError, Received, Transport};
use crate::sealing::{Sealing, SealingError};
use crate::store::{Store, StoreError};
use template::{TemplateError, filled_address, filled_body};

/// Asks about tickets. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TicketSystem {
    store: Store,
    sealing: Sealing,
    /// Why it could not be asked the last time, until it could.
    failed: Arc<Mutex<Option<(Timestamp, String)>>>,
}

/// For what a ticket is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketQuestion {
    /// Name of the user who shows it.
    pub user: String,
    /// Name of the item that they want to use.
    pub item: String,
}

/// The ticket is good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketAnswer {
    /// What the ticket system says about it, in one line.
    pub summary: Option<String>,
}

/// The ticket is not good, or nobody can tell.
#[derive(Debug, thiserror::Error)]
pub enum TicketError {
    /// Nobody said where to ask.
    #[error("no ticket system is set up")]
    NotConfigured,
    /// It says no.
    #[error("{}", message.as_deref().unwrap_or("the ticket system says that this ticket is not good"))]
    Refused {
        /// Its own words.
        message: Option<String>,
    },
    /// No connection, or its certificate is not believed.
    #[error("the ticket system cannot be asked: {0}")]
    Unreachable(String),
    /// No answer in time.
    #[error("the ticket system did not answer in time")]
    TimedOut,
    /// An answer that says nothing.
    #[error("the ticket system gave no usable answer: {0}")]
    BadAnswer(String),
    /// What is kept about it is of no use.
    #[error("the ticket system cannot be asked as it is set up: {0}")]
    Settings(String),
    /// The kept headers are of no use.
    #[error("what is sent to the ticket system cannot be read: {0}")]
    Sealed(#[from] SealingError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Characters of an answer that an administrator is shown.
const SHOWN_CHARS: usize = 2_000;

impl TicketError {
    /// Who has to act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Refused { .. } => Fault::User,
            Self::NotConfigured | Self::Settings(_) => Fault::Policy,
            Self::Unreachable(_) | Self::TimedOut => Fault::Network,
            Self::BadAnswer(_) => Fault::Target,
            Self::Sealed(_) | Self::Store(_) => Fault::Appliance,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "Check the ticket's number, or ask for a ticket that is open.",
            Self::NotConfigured => "Ask an administrator to set one up under Administration, Settings.",
            Self::Unreachable(_) | Self::TimedOut => {
                "Try again in a moment; if it stays, tell an administrator that the ticket system cannot be reached."
            }
            Self::BadAnswer(_) | Self::Settings(_) => {
                "Tell an administrator: they can try it out under Administration, Settings."
            }
            Self::Sealed(_) => "Ask an administrator to enter the headers again under Administration, Settings.",
            Self::Store(_) => "Try again in a moment.",
        }
    }
}

impl From<OutgoingError> for TicketError {
    fn from(error: OutgoingError) -> Self {
        match error {
            OutgoingError::TimedOut => Self::TimedOut,
            OutgoingError::Certificate(_) | OutgoingError::Unreachable(_) => Self::Unreachable(error.to_string()),
            OutgoingError::TooLong | OutgoingError::Broken(_) => Self::BadAnswer(error.to_string()),
            OutgoingError::Authority(_) | OutgoingError::Address(_) | OutgoingError::NotMade(_) => {
                Self::Settings(error.to_string())
            }
        }
    }
}

impl From<TemplateError> for TicketError {
    fn from(error: TemplateError) -> Self {
        match error {
            TemplateError::TicketMovesAddress => Self::Refused { message: Some(sentence(&error.to_string())) },
            other => Self::Settings(other.to_string()),
        }
    }
}

/// What is sent, ready to go.
struct Asking {
    outgoing: Outgoing,
    request: Request,
    /// The same for people, without what is secret.
    shown: String,
}

impl TicketSystem {
    /// Over this database.
    #[must_use]
    pub fn new(store: Store, sealing: Sealing) -> Self {
        Self { store, sealing, failed: Arc::default() }
    }

    /// Whether there is a ticket system. Without one, no ticket is good.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_configured(&self) -> Result<bool, StoreError> {
        Ok(!self.record().await?.settings.system.url.is_empty())
    }

    /// Asks whether a ticket is good for this.
    ///
    /// # Errors
    /// When it is not, or nobody can tell: see [`TicketError`].
    pub async fn check(&self, ticket: &str, question: &TicketQuestion) -> Result<TicketAnswer, TicketError> {
        if let Some(wrong) = validate::ticket(ticket) {
            return Err(TicketError::Refused { message: Some(wrong) });
        }
        let answer = self.asked(ticket, question).await;
        self.note(answer.as_ref().err());
        answer
    }

    async fn asked(&self, ticket: &str, question: &TicketQuestion) -> Result<TicketAnswer, TicketError> {
        let (system, headers) = self.definition().await?;
        let asking = prepared(&system, &headers, ticket.trim(), question)?;
        let received = asking.outgoing.send(asking.request).await?;
        answer::judged(&system, &received)
    }

    /// When and why it could not be asked the last time; none when it could. A no is an answer.
    #[must_use]
    pub fn last_failure(&self) -> Option<(Timestamp, String)> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, error: Option<&TicketError>) {
        let failure = error.filter(|it| !matches!(it, TicketError::Refused { .. } | TicketError::NotConfigured));
        let failure = failure.map(|it| (now(), sentence(&it.to_string())));
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    /// The same, with what was asked and what came back.
    pub async fn try_out(&self, ticket: &str, question: &TicketQuestion) -> TicketTestResult {
        let nothing_asked = |error: TicketError| result(Err(error), String::new(), None);
        let (system, headers) = match self.definition().await {
            Ok(definition) => definition,
            Err(error) => return nothing_asked(error),
        };
        let Asking { outgoing, request, shown } = match prepared(&system, &headers, ticket.trim(), question) {
            Ok(asking) => asking,
            Err(error) => return nothing_asked(error),
        };
        match outgoing.send(request).await {
            Ok(received) => {
                let judged = answer::judged(&system, &received);
                self.note(judged.as_ref().err());
                result(judged, shown, Some(&received))
            }
            Err(error) => {
                let error = error.into();
                self.note(Some(&error));
                result(Err(error), shown, None)
            }
        }
    }
}

fn result(judged: Result<TicketAnswer, TicketError>, asked: String, received: Option<&Received>) -> TicketTestResult {
    let outcome = match judged {
        Ok(TicketAnswer { summary }) => {
            let said = summary.map(|summary| format!(" It says: {summary}")).unwrap_or_default();
            TestOutcome { worked: true, message: format!("This ticket is good.{said}"), next_step: String::new() }
        }
        Err(error) => {
            let next_step = error.next_step().to_owned();
            TestOutcome { worked: false, message: sentence(&error.to_string()), next_step }
        }
    };
    let shown = |body: &[u8]| String::from_utf8_lossy(body).chars().take(SHOWN_CHARS).collect();
    TicketTestResult {
        outcome,
        asked,
        status: received.map(|it| it.status.as_u16().into()),
        answer: received.map(|it| shown(&it.body)),
    }
}

fn prepared(
    system: &Definition,
    headers: &[(String, SecretText)],
    ticket: &str,
    question: &TicketQuestion,
) -> Result<Asking, TicketError> {
    let url = filled_address(&system.url, ticket, transport(system))?;
    let body = match system.method {
        TicketMethod::Get => None,
        TicketMethod::Post if system.body.is_empty() => Some(String::new()),
        TicketMethod::Post => Some(filled_body(&system.body, ticket, question)?),
    };
    let shown = shown(system.method, &url, headers, body.as_deref());
    let method = if body.is_some() { Method::POST } else { Method::GET };
    let mut request = Request::new(method, url);
    for (name, value) in headers {
        let unfit = |_| TicketError::Settings(format!("the header {name} cannot be sent"));
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unfit(()))?;
        let mut value = HeaderValue::from_str(value.expose()).map_err(|_| unfit(()))?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
    }
    if let Some(body) = body.filter(|body| !body.is_empty()) {
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(body.into());
    }
    let authority = (!system.ca_pem.is_empty()).then_some(system.ca_pem.as_str());
    let time_out = Duration::from_secs(system.time_out_seconds.max(1).into());
    Ok(Asking { outgoing: Outgoing::new(authority, transport(system), time_out)?, request, shown })
}

fn shown(method: TicketMethod, url: &Url, headers: &[(String, SecretText)], body: Option<&str>) -> String {
    let method = match method {
        TicketMethod::Get => "GET",
        TicketMethod::Post => "POST",
    };
    let mut text = format!("{method} {url}");
    for (name, _) in headers {
        text.push_str(&format!("\n{name}: (kept secret)"));
    }
    if let Some(body) = body.filter(|body| !body.is_empty()) {
        text.push_str("\n\n");
        text.push_str(body);
    }
    text
}

fn transport(system: &Definition) -> Transport {
    if system.unsecured_accepted { Transport::UnsecuredOnThisMachine } else { Transport::Secured }
}
