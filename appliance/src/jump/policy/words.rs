//! What policies ask for, in words.

use jiff::tz::TimeZone;
use wire::Timestamp;
use wire::api::Fault;

use super::Denial;

/// A moment by the clock of a zone, for a sentence.
fn clock(at: Timestamp, zone: &str) -> Option<String> {
    let moment = jiff::Timestamp::from_millisecond(at.0).ok()?.to_zoned(TimeZone::get(zone).ok()?);
    Some(format!("{} ({zone})", moment.strftime("%A, %-d %B %Y, %H:%M")))
}

impl Denial {
    /// A stable name for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Closed { .. } => "outside_schedule",
            Self::InUse { .. } => "item_in_use",
            Self::CopyInUse { .. } => "copy_in_use",
        }
    }

    /// Who has to act.
    #[must_use]
    pub fn fault(&self) -> Fault {
        Fault::Policy
    }

    /// What happened, and what to do.
    #[must_use]
    pub fn message(&self) -> (String, String) {
        match self {
            Self::Closed { policy, opens } => {
                let when = opens.as_ref().and_then(|(at, zone)| clock(*at, zone));
                let message = match when {
                    Some(when) => format!("By the schedule of the policy {policy} this item can be used from {when}."),
                    None => format!("The schedule of the policy {policy} never opens."),
                };
                (message, "Wait until then, or ask an administrator.".into())
            }
            Self::InUse { policy } => (
                format!("Somebody uses this item now, and the policy {policy} lets only one session run at a time."),
                "Wait until that session is over.".into(),
            ),
            Self::CopyInUse { policy, joins: false } => (
                format!(
                    "Somebody uses a copy of this item now, and the policy {policy} lets only one session run at a time on all of them."
                ),
                "Wait until that session is over.".into(),
            ),
            Self::CopyInUse { policy, joins: true } => (
                format!("Somebody uses a copy of this item now, and by the policy {policy} others join that session."),
                "Press Jump on that copy: its group shows a running session.".into(),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_schedule_says_when_it_opens_by_its_own_clock() {
        let at = Timestamp("2026-11-24T07:00:00Z".parse::<jiff::Timestamp>().unwrap().as_millisecond());
        let opens = Some((at, "Europe/Amsterdam".to_owned()));
        let (message, _) = Denial::Closed { policy: "Office".into(), opens }.message();
        assert_eq!(
            message,
            "By the schedule of the policy Office this item can be used from Tuesday, 24 November 2026, 08:00 (Europe/Amsterdam)."
        );
    }
}
