//! Checks of jump policies and of requests for approval.

use super::{check, longer_than, name_within};
use crate::api::{FieldError, JumpPolicyDraft};
use crate::limits::{
    APPROVAL_MINUTES, APPROVAL_REASON_CHARS, END_REASON_CHARS, LINK_GRACE_SECONDS, POLICY_DESCRIPTION_CHARS,
    POLICY_NAME_CHARS, POLICY_PEOPLE, SCHEDULE_ENTRIES,
};

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// Every field of a jump policy. Field names are those of [`JumpPolicyDraft`]; an entry's of the schedule are
/// `schedule.entries[0]` and so on. Whether the time zone exists only the appliance knows.
#[must_use]
pub fn jump_policy(draft: &JumpPolicyDraft) -> Vec<FieldError> {
    let mut errors = Vec::new();
    check(&mut errors, "name", name_within(&draft.name, POLICY_NAME_CHARS));
    check(&mut errors, "description", longer_than(&draft.description, POLICY_DESCRIPTION_CHARS, "description"));
    if draft.schedule.is_some() && draft.approval.is_some() {
        let message = "A policy has a schedule or asks for approval, not both. Make two policies if you need both.";
        errors.push(FieldError::new("approval", message));
    }
    if let Some(schedule) = &draft.schedule {
        let zone = schedule.time_zone.trim().is_empty().then(|| "Choose a time zone.".to_owned());
        check(&mut errors, "schedule.time_zone", zone);
        if schedule.entries.is_empty() {
            let message = "Add at least one time; without any, the items could never be used.";
            errors.push(FieldError::new("schedule.entries", message));
        }
        if schedule.entries.len() > SCHEDULE_ENTRIES {
            let message = format!("A schedule has at most {SCHEDULE_ENTRIES} times.");
            errors.push(FieldError::new("schedule.entries", &message));
        }
        for (index, entry) in schedule.entries.iter().enumerate() {
            if entry.from_minute >= DAY || entry.to_minute >= DAY {
                let field = format!("schedule.entries[{index}]");
                errors.push(FieldError::new(&field, "Give times from 00:00 to 23:59."));
            }
        }
    }
    if let Some(approval) = &draft.approval {
        if approval.users.is_empty() && approval.teams.is_empty() && approval.emails.is_empty() {
            let message = "Name at least one user, team or mail address who may decide.";
            errors.push(FieldError::new("approval.approvers", message));
        }
        if approval.emails.len() > POLICY_PEOPLE {
            let message = format!("At most {POLICY_PEOPLE} mail addresses can be named.");
            errors.push(FieldError::new("approval.emails", &message));
        }
        if let Some(wrong) = approval.emails.iter().find_map(|it| super::mail_address(it)) {
            errors.push(FieldError::new("approval.emails", &wrong));
        }
        if approval.users.len() > POLICY_PEOPLE || approval.teams.len() > POLICY_PEOPLE {
            let message = format!("At most {POLICY_PEOPLE} users and {POLICY_PEOPLE} teams can be named.");
            errors.push(FieldError::new("approval.approvers", &message));
        }
        if !(1..=APPROVAL_MINUTES).contains(&approval.max_minutes) {
            let message = format!("An approval lasts 1 to {APPROVAL_MINUTES} minutes (52 weeks).");
            errors.push(FieldError::new("approval.max_minutes", &message));
        }
    }
    let notices = &draft.notices;
    if (notices.start || notices.end) && notices.addresses.is_empty() {
        errors.push(FieldError::new("notices.addresses", "Name at least one mail address."));
    }
    if notices.addresses.len() > POLICY_PEOPLE {
        let message = format!("At most {POLICY_PEOPLE} mail addresses can be named.");
        errors.push(FieldError::new("notices.addresses", &message));
    }
    if let Some(wrong) = notices.addresses.iter().find_map(|it| super::mail_address(it)) {
        errors.push(FieldError::new("notices.addresses", &wrong));
    }
    if draft.link_grace_seconds.is_some_and(|seconds| seconds > LINK_GRACE_SECONDS) {
        let message = format!("A session waits at most {LINK_GRACE_SECONDS} seconds for a lost link.");
        errors.push(FieldError::new("link_grace_seconds", &message));
    }
    errors.extend(super::recording_quality("recording_quality", draft.recording_quality));
    errors.extend(super::traffic_capture("traffic_capture", draft.traffic_capture));
    errors
}

/// Why somebody wants to use an item.
#[must_use]
pub fn approval_reason(text: &str) -> Option<String> {
    if text.trim().is_empty() {
        return Some("Say what you need it for, so that somebody can decide.".into());
    }
    approval_note(text)
}

/// Why somebody ends the session of another; may be empty.
#[must_use]
pub fn end_reason(text: &str) -> Option<String> {
    if text.chars().any(char::is_control) {
        return Some("This cannot hold control characters.".into());
    }
    longer_than(text, END_REASON_CHARS, "reason")
}

/// What somebody notes beside a decision; may be empty.
#[must_use]
pub fn approval_note(text: &str) -> Option<String> {
    if text.chars().any(|sign| sign.is_control() && sign != '\n') {
        return Some("This cannot hold control characters.".into());
    }
    longer_than(text, APPROVAL_REASON_CHARS, "text")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UserId;
    use crate::api::{
        ApprovalRule, ApprovalScope, Notices, RecordingQuality, RecordingRule, Schedule, ScheduleEntry, Simultaneous,
        TrafficCapture, Weekday,
    };

    fn draft() -> JumpPolicyDraft {
        JumpPolicyDraft {
            name: "Office".into(),
            description: String::new(),
            schedule: None,
            approval: None,
            ticket: false,
            second_factor: false,
            notices: Notices::default(),
            simultaneous: Simultaneous::StartNew,
            covers_copies: false,
            link_grace_seconds: None,
            recording: RecordingRule::AsSettings,
            recording_quality: RecordingQuality::default(),
            traffic: RecordingRule::AsSettings,
            traffic_capture: TrafficCapture::default(),
            revision: 0,
        }
    }

    fn schedule(from_minute: u16) -> Schedule {
        let entry =
            ScheduleEntry { from_day: Weekday::Monday, from_minute, to_day: Weekday::Friday, to_minute: 18 * 60 };
        Schedule { time_zone: "UTC".into(), strict: false, entries: vec![entry] }
    }

    fn approval(max_minutes: u32) -> ApprovalRule {
        ApprovalRule {
            users: vec![UserId(uuid::Uuid::nil())],
            teams: Vec::new(),
            emails: Vec::new(),
            max_minutes,
            scope: ApprovalScope::Requester,
            own_requests: false,
        }
    }

    fn wrong(change: impl FnOnce(&mut JumpPolicyDraft)) -> Vec<String> {
        let mut it = draft();
        change(&mut it);
        jump_policy(&it).into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn what_is_right_passes_and_what_is_wrong_is_named() {
        assert_eq!(wrong(|_| {}), [""; 0]);
        assert_eq!(wrong(|it| it.schedule = Some(schedule(0))), [""; 0]);
        assert_eq!(wrong(|it| it.approval = Some(approval(APPROVAL_MINUTES))), [""; 0]);
        assert_eq!(wrong(|it| it.name.clear()), ["name"]);
        assert_eq!(wrong(|it| it.name = "é".repeat(POLICY_NAME_CHARS)), [""; 0]);
        assert_eq!(wrong(|it| it.name = "é".repeat(POLICY_NAME_CHARS + 1)), ["name"]);
        assert_eq!(wrong(|it| it.schedule = Some(schedule(DAY))), ["schedule.entries[0]"]);
        assert_eq!(wrong(|it| it.schedule = Some(Schedule { entries: vec![], ..schedule(0) })), ["schedule.entries"]);
        assert_eq!(wrong(|it| it.approval = Some(approval(0))), ["approval.max_minutes"]);
        assert_eq!(wrong(|it| it.approval = Some(approval(APPROVAL_MINUTES + 1))), ["approval.max_minutes"]);
        assert_eq!(
            wrong(|it| it.approval = Some(ApprovalRule { users: vec![], ..approval(1) })),
            ["approval.approvers"]
        );
        let by_mail = |address: &str| ApprovalRule { users: vec![], emails: vec![address.into()], ..approval(1) };
        assert_eq!(wrong(|it| it.approval = Some(by_mail("ana@example.org"))), [""; 0]);
        assert_eq!(wrong(|it| it.approval = Some(by_mail("ana"))), ["approval.emails"]);
        let to = |addresses: &[&str]| Notices {
            start: true,
            end: false,
            addresses: addresses.iter().map(|it| (*it).to_owned()).collect(),
        };
        assert_eq!(wrong(|it| it.notices = to(&["ana@example.org"])), [""; 0]);
        assert_eq!(wrong(|it| it.notices = to(&[])), ["notices.addresses"]);
        assert_eq!(wrong(|it| it.notices = to(&["ana@example.org", "no address"])), ["notices.addresses"]);
        assert_eq!(wrong(|it| it.link_grace_seconds = Some(LINK_GRACE_SECONDS + 1)), ["link_grace_seconds"]);
        assert_eq!(
            wrong(|it| (it.schedule, it.approval) = (Some(schedule(0)), Some(approval(1)))),
            ["approval"],
            "schedule and approval exclude each other"
        );
    }
}
