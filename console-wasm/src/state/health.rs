//! How the appliance stands, in words and shapes.

use wire::api::{HealthLevel, HealthSubject};

use super::words::{Tone, Word};

/// How something stands.
pub(crate) fn level(level: HealthLevel) -> Word {
    match level {
        HealthLevel::Good => ("good", Tone::Good),
        HealthLevel::Off => ("not set up", Tone::Over),
        HealthLevel::Warning => ("look at it", Tone::Warning),
        HealthLevel::Bad => ("bad", Tone::Bad),
    }
}

/// The same for programs.
pub(crate) fn key(level: HealthLevel) -> &'static str {
    match level {
        HealthLevel::Good => "good",
        HealthLevel::Off => "off",
        HealthLevel::Warning => "warning",
        HealthLevel::Bad => "bad",
    }
}

/// What is looked after: its key and what it is called.
pub(crate) fn subject(subject: HealthSubject) -> (&'static str, &'static str) {
    match subject {
        HealthSubject::Database => ("database", "Database"),
        HealthSubject::Disk => ("disk", "Disk"),
        HealthSubject::Certificate => ("certificate", "Certificate"),
        HealthSubject::AuditTrail => ("audit_trail", "Audit trail"),
        HealthSubject::Recordings => ("recordings", "Recordings"),
        HealthSubject::Forwarding => ("forwarding", "Audit events handed on"),
        HealthSubject::Mail => ("mail", "Mail"),
        HealthSubject::TicketSystem => ("ticket_system", "Ticket system"),
        HealthSubject::Approvals => ("approvals", "Approvals"),
        HealthSubject::Jumpoints => ("jumpoints", "Jumpoints' versions"),
        HealthSubject::Helpers => ("helpers", "Helpers' versions"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_has_a_word_and_a_shape_of_its_own() {
        let all = [HealthLevel::Good, HealthLevel::Off, HealthLevel::Warning, HealthLevel::Bad];
        for (at, one) in all.into_iter().enumerate() {
            for other in &all[at + 1..] {
                let (one, other) = (level(one), level(*other));
                assert!(one.0 != other.0 && one.1 != other.1, "{one:?} {other:?}");
            }
        }
    }
}
