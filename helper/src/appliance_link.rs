//! The link of one session: dialling the appliance with a ticket and learning what to listen on.

use std::time::Duration;

use link::metrics::{Metrics, Refused};
use link::redial::{Failed, Redial};
use link::talk::{self, TalkError};
use link::{DialError, WebSocket};
use wire::helper_messages::HelperError;
use wire::link_messages::{
    ApplianceToHelper, HELPER_LINK_PATH, HelperHello, Refusal, Resumption, TunnelToListen, Versions,
};
use wire::{SecretText, SessionId};

use crate::config::ApplianceEntry;
use crate::front_desk::label;
use crate::host_manifest::System;

/// The time the appliance has for its answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// What the appliance said to a helper that it took in.
pub(crate) struct Welcome {
    /// What to listen on.
    pub(crate) tunnels: Vec<TunnelToListen>,
    /// How the session goes on when its link is lost.
    pub(crate) resumption: Resumption,
}

/// Dials the appliance; returns the link and the session's definition. With `resume` the link takes the place of one that
/// was lost: number of the last pair of links; `ticket` is the secret that was given for that then.
///
/// # Errors
/// What to tell the page.
pub(crate) async fn dial(
    appliance: &ApplianceEntry,
    session_id: SessionId,
    ticket: SecretText,
    resume: Option<u64>,
) -> Result<(WebSocket, Welcome), HelperError> {
    let unreachable = |detail: &dyn ToString| HelperError::ApplianceUnreachable {
        appliance: appliance.url.clone(),
        detail: detail.to_string(),
    };
    let dialer = appliance.dialer().map_err(|error| unreachable(&error))?;
    let mut socket = dialer.web_socket(HELPER_LINK_PATH).await.map_err(|error| match error {
        DialError::CertificateRefused { detail, .. } => {
            HelperError::CertificateRefused { appliance: appliance.url.clone(), detail }
        }
        error => unreachable(&error),
    })?;
    let hello = HelperHello {
        versions: Versions::OURS,
        version: env!("CARGO_PKG_VERSION").into(),
        os: System::here().name().into(),
        session_id,
        ticket,
        resume,
    };
    let lost = |error: TalkError| unreachable(&error);
    talk::send(&mut socket, &hello).await.map_err(lost)?;
    match talk::receive(&mut socket, ANSWER_WITHIN).await.map_err(lost)? {
        ApplianceToHelper::Welcome { tunnels, resumption, .. } => Ok((socket, Welcome { tunnels, resumption })),
        ApplianceToHelper::Refused { refusal, message } => {
            Err(HelperError::Refused { reason: name_of(refusal), message })
        }
        ApplianceToHelper::Ended { message } => {
            Err(HelperError::Refused { reason: name_of(Refusal::SessionOver), message })
        }
        ApplianceToHelper::RetryListening => Err(unreachable(&"it began with a message that belongs later")),
    }
}

/// Dials a session's link when it was lost.
pub(crate) struct DialAgain {
    pub(crate) appliance: ApplianceEntry,
    pub(crate) session_id: SessionId,
    pub(crate) resumption: Resumption,
    /// Where refusals are counted.
    pub(crate) metrics: Metrics,
}

impl Redial for DialAgain {
    type Io = link::LinkIo;

    fn grace(&self) -> Duration {
        Duration::from_secs(self.resumption.grace_seconds.into())
    }

    async fn dial(&mut self, epoch: u64) -> Result<WebSocket, Failed> {
        let dialling = dial(&self.appliance, self.session_id, self.resumption.secret.clone(), Some(epoch));
        match Box::pin(dialling).await.inspect_err(|it| self.metrics.refused(Refused::SessionLink, label(it))) {
            Ok((socket, _)) => Ok(socket),
            Err(HelperError::Refused { reason, message }) if !may_pass(&reason) => Err(Failed::ForGood(message)),
            // A certificate that changed may be that of a network which wants to be signed in to first.
            Err(error) => Err(Failed::ForNow(error.to_string())),
        }
    }
}

/// The refusal's stable name.
fn name_of(refusal: Refusal) -> String {
    match serde_json::to_value(refusal) {
        Ok(serde_json::Value::String(name)) => name,
        _ => "refused".into(),
    }
}

/// Whether the refusal of this name may be gone soon.
fn may_pass(reason: &str) -> bool {
    serde_json::from_value::<Refusal>(reason.into()).is_ok_and(Refusal::may_pass)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_stable_names() {
        assert_eq!(name_of(Refusal::TicketExpired), "ticket_expired");
        assert_eq!(name_of(Refusal::ProgramTooOld), "program_too_old");
    }

    #[test]
    fn an_appliance_that_cannot_look_something_up_is_dialled_again() {
        for refusal in [Refusal::Internal, Refusal::Stopping, Refusal::BadHello] {
            assert!(may_pass(&name_of(refusal)), "{refusal:?}");
        }
        for refusal in [Refusal::SessionOver, Refusal::TicketUnknown, Refusal::ProgramTooOld] {
            assert!(!may_pass(&name_of(refusal)), "{refusal:?}");
        }
    }
}
