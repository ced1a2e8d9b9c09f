//! The dialog for a jump policy while it is filled in.

use wire::api::{
    ApprovalRule, ApprovalScope, FieldError, JumpPolicy, JumpPolicyDraft, Notices, Principal, RecordingQuality,
    RecordingRule, Schedule, ScheduleEntry, Simultaneous, TrafficCapture, Weekday,
};
use wire::limits::APPROVAL_MINUTES_DEFAULT;
use wire::{JumpPolicyId, validate};

use super::capture_view::CaptureForm;

/// When items may be used: by the clock, with somebody's consent, or always. A policy has one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Always.
    Always,
    /// By a weekly schedule.
    Schedule,
    /// After somebody approved.
    Approval,
}

impl When {
    /// Each, with its key and what it is called.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Always, "always", "At any time"),
        (Self::Schedule, "schedule", "By a weekly schedule"),
        (Self::Approval, "approval", "After somebody approved it"),
    ];
}

/// Whether the desktop is recorded: each, with its key and what it is called.
pub(crate) const RECORDING: [(RecordingRule, &str, &str); 3] = [
    (RecordingRule::AsSettings, "as_settings", "as the appliance is set up"),
    (RecordingRule::On, "on", "on"),
    (RecordingRule::Off, "off", "off"),
];

/// What a Jump on an item does while a session on it runs: each, with its key and what it is called.
pub(crate) const SIMULTANEOUS: [(Simultaneous, &str, &str); 3] = [
    (Simultaneous::StartNew, "start_new", "Jump starts another one"),
    (Simultaneous::Join, "join", "Jump joins it; its owner is told"),
    (Simultaneous::Disallow, "disallow", "Jump is refused"),
];

/// A time of the schedule as it stands in the fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntryFields {
    /// Day on which it opens.
    pub(crate) from_day: Weekday,
    /// Time of that day, `08:00`.
    pub(crate) from: String,
    /// Day on which it closes.
    pub(crate) to_day: Weekday,
    /// Time of that day.
    pub(crate) to: String,
}

/// What stands in the fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PolicyForm {
    /// The policy that is edited; none for a new one.
    pub(crate) id: Option<JumpPolicyId>,
    revision: i64,
    /// Its name.
    pub(crate) name: String,
    /// Free text.
    pub(crate) description: String,
    /// When items may be used.
    pub(crate) when: When,
    /// The schedule's time zone.
    pub(crate) time_zone: String,
    /// Whether sessions end with the schedule.
    pub(crate) strict: bool,
    /// Its times.
    pub(crate) entries: Vec<EntryFields>,
    /// Who may approve.
    pub(crate) approvers: Vec<Principal>,
    /// Mail addresses whose owners may approve: one in a line or with commas between.
    pub(crate) approver_emails: String,
    /// For how many minutes at most.
    pub(crate) max_minutes: String,
    /// Whether an approval is good for everybody.
    pub(crate) anyone: bool,
    /// Whether approvers may decide their own requests.
    pub(crate) own_requests: bool,
    /// Whether a ticket has to be shown.
    pub(crate) ticket: bool,
    /// Whether a second factor has to be shown.
    pub(crate) second_factor: bool,
    /// Whether letters tell of the start of sessions.
    pub(crate) tell_start: bool,
    /// Whether letters tell of their end.
    pub(crate) tell_end: bool,
    /// To whom: addresses, one in a line or with commas between.
    pub(crate) addresses: String,
    /// What a Jump on an item does while a session on it runs.
    pub(crate) simultaneous: Simultaneous,
    /// Whether a session on a copy of an item counts as one on it.
    pub(crate) covers_copies: bool,
    /// Whether the desktop is recorded.
    pub(crate) recording: RecordingRule,
    /// How finely, where it is.
    pub(crate) recording_quality: RecordingQuality,
    /// Whether traffic is captured.
    pub(crate) traffic: RecordingRule,
    /// How, where it is.
    pub(crate) traffic_capture: CaptureForm,
    /// Seconds for a lost link; empty: as the appliance is configured.
    pub(crate) link_grace: String,
}

impl PolicyForm {
    /// An empty form for somebody in this time zone.
    pub(crate) fn new(time_zone: &str) -> Self {
        Self {
            id: None,
            revision: 0,
            name: String::new(),
            description: String::new(),
            when: When::Always,
            time_zone: time_zone.to_owned(),
            strict: false,
            entries: office_hours(),
            approvers: Vec::new(),
            approver_emails: String::new(),
            max_minutes: APPROVAL_MINUTES_DEFAULT.to_string(),
            anyone: false,
            own_requests: false,
            ticket: false,
            second_factor: false,
            tell_start: false,
            tell_end: false,
            addresses: String::new(),
            simultaneous: Simultaneous::StartNew,
            covers_copies: false,
            recording: RecordingRule::AsSettings,
            recording_quality: RecordingQuality::default(),
            traffic: RecordingRule::AsSettings,
            traffic_capture: CaptureForm::of(TrafficCapture::default()),
            link_grace: String::new(),
        }
    }

    /// The form with a policy.
    pub(crate) fn of(policy: &JumpPolicy, time_zone: &str) -> Self {
        let it = &policy.definition;
        let mut form = Self {
            id: Some(policy.id),
            revision: it.revision,
            name: it.name.clone(),
            description: it.description.clone(),
            ticket: it.ticket,
            second_factor: it.second_factor,
            tell_start: it.notices.start,
            tell_end: it.notices.end,
            addresses: it.notices.addresses.join("\n"),
            simultaneous: it.simultaneous,
            covers_copies: it.covers_copies,
            recording: it.recording,
            recording_quality: it.recording_quality,
            traffic: it.traffic,
            traffic_capture: CaptureForm::of(it.traffic_capture),
            link_grace: it.link_grace_seconds.map(|seconds| seconds.to_string()).unwrap_or_default(),
            ..Self::new(time_zone)
        };
        if let Some(schedule) = &it.schedule {
            form.when = When::Schedule;
            form.time_zone.clone_from(&schedule.time_zone);
            form.strict = schedule.strict;
            form.entries = schedule.entries.iter().map(fields_of).collect();
        }
        if let Some(rule) = &it.approval {
            form.when = When::Approval;
            let users = rule.users.iter().map(|id| Principal::User(*id));
            form.approvers = rule.teams.iter().map(|id| Principal::Team(*id)).chain(users).collect();
            form.approver_emails = rule.emails.join("\n");
            form.max_minutes = rule.max_minutes.to_string();
            form.anyone = rule.scope == ApprovalScope::Anyone;
            form.own_requests = rule.own_requests;
        }
        form
    }

    /// What is to be sent, or what is wrong.
    pub(crate) fn draft(&self) -> Result<JumpPolicyDraft, Vec<FieldError>> {
        let mut errors = Vec::new();
        let number = |text: &str| text.trim().parse::<u32>().ok();
        let schedule = (self.when == When::Schedule).then(|| Schedule {
            time_zone: self.time_zone.trim().to_owned(),
            strict: self.strict,
            entries: self.entries.iter().enumerate().map(|(at, entry)| self.entry(at, entry, &mut errors)).collect(),
        });
        let approval = (self.when == When::Approval).then(|| ApprovalRule {
            users: self
                .approvers
                .iter()
                .filter_map(|it| if let Principal::User(id) = it { Some(*id) } else { None })
                .collect(),
            teams: self
                .approvers
                .iter()
                .filter_map(|it| if let Principal::Team(id) = it { Some(*id) } else { None })
                .collect(),
            emails: addresses(&self.approver_emails),
            max_minutes: number(&self.max_minutes).unwrap_or(0),
            scope: if self.anyone { ApprovalScope::Anyone } else { ApprovalScope::Requester },
            own_requests: self.own_requests,
        });
        let link_grace_seconds = match (self.link_grace.trim(), number(&self.link_grace)) {
            ("", _) => None,
            (_, Some(seconds)) => Some(seconds),
            (_, None) => {
                errors.push(FieldError::new(
                    "link_grace_seconds",
                    "This is a number of seconds; 0 ends the session at once.",
                ));
                None
            }
        };
        let draft = JumpPolicyDraft {
            name: self.name.trim().to_owned(),
            description: self.description.clone(),
            schedule,
            approval,
            ticket: self.ticket,
            second_factor: self.second_factor,
            notices: self.notices(),
            simultaneous: self.simultaneous,
            covers_copies: self.covers_copies && self.simultaneous != Simultaneous::StartNew,
            link_grace_seconds,
            recording: self.recording,
            recording_quality: self.recording_quality,
            traffic: self.traffic,
            traffic_capture: self.capture(),
            revision: self.revision,
        };
        for error in validate::jump_policy(&draft) {
            if !errors.iter().any(|known| known.field == error.field) {
                errors.push(error);
            }
        }
        if errors.is_empty() { Ok(draft) } else { Err(errors) }
    }

    /// How traffic is captured. What is not shown cannot be wrong.
    fn capture(&self) -> TrafficCapture {
        let typed = self.traffic_capture.capture();
        let is_shown = self.traffic == RecordingRule::On;
        if is_shown || validate::traffic_capture("", typed).is_none() { typed } else { TrafficCapture::default() }
    }

    fn notices(&self) -> Notices {
        Notices { start: self.tell_start, end: self.tell_end, addresses: addresses(&self.addresses) }
    }

    /// What is wrong with a field, as far as the form can tell.
    pub(crate) fn wrong(&self, field: &str) -> Option<String> {
        let errors = self.draft().err()?;
        errors.into_iter().find(|error| error.field == field).map(|error| error.message)
    }

    fn entry(&self, at: usize, it: &EntryFields, errors: &mut Vec<FieldError>) -> ScheduleEntry {
        let mut minute = |text: &str| {
            minute_of_day(text).unwrap_or_else(|| {
                let field = format!("schedule.entries[{at}]");
                if !errors.iter().any(|known| known.field == field) {
                    errors.push(FieldError::new(&field, "Give times as hours and minutes, from 00:00 to 23:59."));
                }
                0
            })
        };
        let (from_minute, to_minute) = (minute(&it.from), minute(&it.to));
        ScheduleEntry { from_day: it.from_day, from_minute, to_day: it.to_day, to_minute }
    }
}

/// Addresses as people type them.
fn addresses(text: &str) -> Vec<String> {
    text.split([',', ';', '\n']).map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect()
}

/// Monday to Friday from eight to six.
fn office_hours() -> Vec<EntryFields> {
    let day = |day: Weekday| EntryFields { from_day: day, from: "08:00".into(), to_day: day, to: "18:00".into() };
    Weekday::ALL.iter().take(5).map(|(it, _)| day(*it)).collect()
}

fn fields_of(it: &ScheduleEntry) -> EntryFields {
    let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    EntryFields { from_day: it.from_day, from: time(it.from_minute), to_day: it.to_day, to: time(it.to_minute) }
}

/// Minutes since midnight of `8:00`, `08:00` or `8`.
pub(crate) fn minute_of_day(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':').unwrap_or((text.trim(), "00"));
    let number = |text: &str, digits: &[usize], below: u16| {
        let is_one = digits.contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
        text.parse::<u16>().ok().filter(|it| is_one && *it < below)
    };
    Some(number(hour, &[1, 2], 24)? * 60 + number(minute, &[2], 60)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::{TeamId, UserId};

    fn form() -> PolicyForm {
        PolicyForm { name: "Office".into(), ..PolicyForm::new("Europe/Amsterdam") }
    }

    fn policy(definition: JumpPolicyDraft) -> JumpPolicy {
        JumpPolicy { id: JumpPolicyId(super::super::samples::number(1)), definition, items: 0, memberships: 0 }
    }

    #[test]
    fn a_policy_survives_the_form() {
        let number = super::super::samples::number;
        let approvers = vec![Principal::Team(TeamId(number(3))), Principal::User(UserId(number(2)))];
        for it in [
            form(),
            PolicyForm { when: When::Schedule, strict: true, simultaneous: Simultaneous::Disallow, ..form() },
            PolicyForm { simultaneous: Simultaneous::Join, ..form() },
            PolicyForm { ticket: true, tell_end: true, addresses: "a@x.org, b@x.org\nc@x.org".into(), ..form() },
            PolicyForm { when: When::Approval, approver_emails: "a@x.org, b@x.org".into(), ..form() },
            PolicyForm { when: When::Approval, approvers, anyone: true, link_grace: "30".into(), ..form() },
        ] {
            let draft = it.draft().unwrap();
            assert_eq!(PolicyForm::of(&policy(draft.clone()), "UTC").draft(), Ok(draft));
        }
    }

    #[test]
    fn only_what_was_chosen_is_sent() {
        let draft = form().draft().unwrap();
        assert_eq!((draft.schedule, draft.approval), (None, None));
        let draft = PolicyForm { when: When::Schedule, ..form() }.draft().unwrap();
        assert_eq!((draft.schedule.map(|it| it.entries.len()), draft.approval), (Some(5), None));
    }

    #[test]
    fn what_is_wrong_is_said_where_it_stands() {
        let mut it = PolicyForm { when: When::Schedule, ..form() };
        it.entries[1].to = "25:00".into();
        assert!(it.wrong("schedule.entries[1]").is_some() && it.wrong("schedule.entries[0]").is_none());
        let it = PolicyForm { when: When::Approval, ..form() };
        assert!(it.wrong("approval.approvers").is_some());
        let it = PolicyForm { when: When::Approval, max_minutes: "soon".into(), ..form() };
        assert!(it.wrong("approval.max_minutes").is_some());
        let it = PolicyForm { link_grace: "a while".into(), ..form() };
        assert!(it.wrong("link_grace_seconds").is_some());
    }

    #[test]
    fn times_are_read_as_people_type_them() {
        for (text, expected) in [
            ("08:00", Some(480)),
            ("8:05", Some(485)),
            (" 23:59 ", Some(1439)),
            ("8", Some(480)),
            ("0:00", Some(0)),
            ("24:00", None),
            ("8:5", None),
            ("8:60", None),
            ("", None),
            (":", None),
            ("-1:00", None),
            ("08:00:00", None),
        ] {
            assert_eq!(minute_of_day(text), expected, "{text}");
        }
    }
}
