//! The link of one session: dialling the appliance with a ticket and learning what to listen on.

use std::time::Duration;

use link::talk::{self, TalkError};
use link::{DialError, WebSocket};
use wire::helper_messages::HelperError;
use wire::link_messages::{ApplianceToHelper, HELPER_LINK_PATH, HelperHello, Refusal, TunnelToListen, Versions};
use wire::{SecretText, SessionId};

use crate::config::ApplianceEntry;
use crate::host_manifest::System;

/// The time the appliance has for its answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Dials the appliance; returns the link and the session's definition.
///
/// # Errors
/// What to tell the page.
pub(crate) async fn dial(
    appliance: &ApplianceEntry,
    session_id: SessionId,
    ticket: SecretText,
) -> Result<(WebSocket, Vec<TunnelToListen>), HelperError> {
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
    };
    let lost = |error: TalkError| unreachable(&error);
    talk::send(&mut socket, &hello).await.map_err(lost)?;
    match talk::receive(&mut socket, ANSWER_WITHIN).await.map_err(lost)? {
        ApplianceToHelper::Welcome { tunnels, .. } => Ok((socket, tunnels)),
        ApplianceToHelper::Refused { refusal, message } => {
            Err(HelperError::Refused { reason: name_of(refusal), message })
        }
        ApplianceToHelper::Ended { message } => {
            Err(HelperError::Refused { reason: name_of(Refusal::SessionOver), message })
        }
        ApplianceToHelper::RetryListening => Err(unreachable(&"it began with a message that belongs later")),
    }
}

/// The refusal's stable name.
fn name_of(refusal: Refusal) -> String {
    match serde_json::to_value(refusal) {
        Ok(serde_json::Value::String(name)) => name,
        _ => "refused".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_stable_names() {
        assert_eq!(name_of(Refusal::TicketExpired), "ticket_expired");
        assert_eq!(name_of(Refusal::ProgramTooOld), "program_too_old");
    }
}
