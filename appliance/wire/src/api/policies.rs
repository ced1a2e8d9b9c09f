use super::{RecordingQuality, RecordingRule, ShownFactor, TrafficCapture, api_type};
use crate::{ApprovalId, JumpItemId, JumpPolicyId, TeamId, Timestamp, UserId};

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// The first day of the week (ISO 8601).
    Monday,
    /// The second.
    Tuesday,
    /// The third.
    Wednesday,
    /// The fourth.
    Thursday,
    /// The fifth.
    Friday,
    /// The sixth.
    Saturday,
    /// The last.
    Sunday,
}

impl Weekday {
    /// Every day, Monday first, with its name.
    pub const ALL: [(Self, &'static str); 7] = [
        (Self::Monday, "Monday"),
        (Self::Tuesday, "Tuesday"),
        (Self::Wednesday, "Wednesday"),
        (Self::Thursday, "Thursday"),
        (Self::Friday, "Friday"),
        (Self::Saturday, "Saturday"),
        (Self::Sunday, "Sunday"),
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(it, _)| *it == self).map_or("", |(_, name)| name)
    }
}

/// What a Jump on an item does while a session on it runs; the later, the stricter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Simultaneous {
    /// Each Jump begins a session of its own.
    #[default]
    StartNew,
    /// A Jump leads into the session that runs.
    Join,
    /// One session at a time.
    Disallow,
}

/// For whom an approval is good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ApprovalScope {
    /// For whoever asked.
    #[default]
    Requester,
    /// For everybody who may start the item.
    Anyone,
}

impl JumpPolicyDraft {
    /// What it asks for, in a few words.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut parts = Vec::new();
        if let Some(schedule) = &self.schedule {
            let strict = if schedule.strict { ", sessions end with it" } else { "" };
            parts.push(format!("schedule ({}{strict})", schedule.time_zone));
        }
        if self.approval.is_some() {
            parts.push("approval".into());
        }
        if self.ticket {
            parts.push("ticket".into());
        }
        if self.second_factor {
            parts.push("second factor".into());
        }
        let copies = if self.covers_copies { ", copies included" } else { "" };
        match self.simultaneous {
            Simultaneous::StartNew => {}
            Simultaneous::Join => parts.push(format!("one session that others join{copies}")),
            Simultaneous::Disallow => parts.push(format!("one session at a time{copies}")),
        }
        match self.recording {
            RecordingRule::AsSettings => {}
            RecordingRule::On => parts.push("the desktop is recorded".into()),
            RecordingRule::Off => parts.push("no recording".into()),
        }
        match self.traffic {
            RecordingRule::AsSettings => {}
            RecordingRule::On => parts.push("traffic is captured".into()),
            RecordingRule::Off => parts.push("no capture of traffic".into()),
        }
        if let Some(seconds) = self.link_grace_seconds {
            parts.push(format!("{seconds} s for a lost link"));
        }
        match (self.notices.start, self.notices.end) {
            (true, true) => parts.push("letters at start and end".into()),
            (true, false) => parts.push("letters at the start".into()),
            (false, true) => parts.push("letters at the end".into()),
            (false, false) => {}
        }
        if parts.is_empty() { "nothing".into() } else { parts.join(", ") }
    }
}

api_type! {
    /// From one time of the week to another, by the clock of the schedule's time zone.
    #[derive(Copy, Eq)]
    pub struct ScheduleEntry {
        /// Day on which it opens.
        pub from_day: Weekday,
        /// Minute of that day, 0–1439.
        pub from_minute: u16,
        /// Day on which it closes. From a time to the same time means the whole week.
        pub to_day: Weekday,
        /// Minute of that day, 0–1439.
        pub to_minute: u16,
    }

    /// When items may be used.
    #[derive(Eq)]
    pub struct Schedule {
        /// Name in the time zone database, such as `Europe/Amsterdam`.
        pub time_zone: String,
        /// Whether sessions end when it closes. Without it they may go on, and none begins.
        pub strict: bool,
        /// Open in each of them, at most [`crate::limits::SCHEDULE_ENTRIES`].
        pub entries: Vec<ScheduleEntry>,
    }

    /// Who has to agree before an item is used.
    #[derive(Eq)]
    pub struct ApprovalRule {
        /// Users who may decide.
        pub users: Vec<UserId>,
        /// Teams whose members may decide.
        pub teams: Vec<TeamId>,
        /// Mail addresses whose owners may decide, by the link of a letter, at most [`crate::limits::POLICY_PEOPLE`].
        #[serde(default)]
        pub emails: Vec<String>,
        /// Minutes that one approval may last, at most [`crate::limits::APPROVAL_MINUTES`].
        pub max_minutes: u32,
        /// For whom it is good.
        #[serde(default)]
        pub scope: ApprovalScope,
        /// Whether whoever asks may also decide, when they are among those.
        #[serde(default)]
        pub own_requests: bool,
    }

    /// Letters about sessions.
    #[derive(Default, Eq)]
    pub struct Notices {
        /// When one begins.
        #[serde(default)]
        pub start: bool,
        /// When one ends.
        #[serde(default)]
        pub end: bool,
        /// To whom: mail addresses, at most [`crate::limits::POLICY_PEOPLE`].
        #[serde(default)]
        pub addresses: Vec<String>,
    }

    /// `POST /api/jump-policies` and `PUT /api/jump-policies/{id}`.
    #[derive(Eq)]
    pub struct JumpPolicyDraft {
        /// Its name, unique.
        pub name: String,
        /// Free text.
        #[serde(default)]
        pub description: String,
        /// When items may be used; none: always. Not together with `approval`.
        #[serde(default)]
        pub schedule: Option<Schedule>,
        /// Who has to agree; none: nobody.
        #[serde(default)]
        pub approval: Option<ApprovalRule>,
        /// Whether a ticket has to be shown for each session, which the ticket system says is good.
        #[serde(default)]
        pub ticket: bool,
        /// Whether a second factor has to be shown for each session.
        #[serde(default)]
        pub second_factor: bool,
        /// Whom letters tell of sessions.
        #[serde(default)]
        pub notices: Notices,
        /// What a Jump on an item does while a session on it runs.
        #[serde(default)]
        pub simultaneous: Simultaneous,
        /// Whether a session on a copy of an item, or on what it is a copy of, counts as one on it.
        #[serde(default)]
        pub covers_copies: bool,
        /// Seconds for which a session waits for a lost link, at most [`crate::limits::LINK_GRACE_SECONDS`]; none: as the appliance
        /// is configured.
        #[serde(default)]
        pub link_grace_seconds: Option<u32>,
        /// Whether the desktop is recorded while tunnels are open.
        #[serde(default)]
        pub recording: RecordingRule,
        /// How finely, where `recording` is on.
        #[serde(default)]
        pub recording_quality: RecordingQuality,
        /// Whether what goes through the tunnels is captured.
        #[serde(default)]
        pub traffic: RecordingRule,
        /// How, where `traffic` is on.
        #[serde(default)]
        pub traffic_capture: TrafficCapture,
        /// The revision that was looked at; a change to another one is refused. Means nothing for a new policy.
        #[serde(default)]
        pub revision: i64,
    }

    /// Rules for when and how items may be used. They hold where an item or a membership of a group names them.
    pub struct JumpPolicy {
        /// Its id.
        pub id: JumpPolicyId,
        /// What was entered, with the newest revision.
        #[serde(flatten)]
        pub definition: JumpPolicyDraft,
        /// Items that name it.
        pub items: u32,
        /// Memberships that name it.
        pub memberships: u32,
    }

    /// `GET /api/jump-policies/names`: what a form offers.
    #[derive(Eq)]
    pub struct JumpPolicyName {
        /// Its id.
        pub id: JumpPolicyId,
        /// Its name.
        pub name: String,
        /// What it asks for, in a few words.
        pub summary: String,
    }

    /// `GET /api/jump-items/{id}/start`: what starting the item takes now.
    pub struct StartTerms {
        /// The item.
        pub item_id: JumpItemId,
        /// Why it cannot be started now whatever one does, in a sentence with the rule's name.
        pub refused: Option<String>,
        /// Whether a ticket has to be sent along.
        #[serde(default)]
        pub ticket: bool,
        /// Whether a code of the second factor has to be sent along.
        pub second_factor: bool,
        /// Whether the asking user has passkeys to show.
        #[serde(default)]
        pub passkey: bool,
        /// Approvals that are missing, by policy; empty: none.
        pub approvals: Vec<MissingApproval>,
        /// Whose running session a Jump leads into now, if it does not begin one.
        #[serde(default)]
        pub joins: Option<String>,
        /// How finely the desktop is recorded while its tunnels are open; none: it is not.
        #[serde(default)]
        pub recording: Option<RecordingQuality>,
        /// How what goes through its tunnels is captured; none: it is not.
        #[serde(default)]
        pub capture: Option<TrafficCapture>,
        /// When a session that begins now has to end.
        pub ends_at: Option<Timestamp>,
        /// Why, in a sentence.
        pub ends_because: Option<String>,
    }

    /// An approval that is missing.
    pub struct MissingApproval {
        /// The policy that asks for it.
        pub policy_id: JumpPolicyId,
        /// Its name.
        pub policy_name: String,
        /// Who may give it: names of teams and users.
        pub approvers: Vec<String>,
        /// Minutes that it may last at most.
        pub max_minutes: u32,
        /// The asking user's request that waits, if there is one.
        pub waiting: Option<ApprovalId>,
        /// From when one that was given is good, if that lies ahead.
        pub good_from: Option<Timestamp>,
    }

    /// What is shown when a session begins.
    #[derive(Default)]
    pub struct ShownAtStart {
        /// A ticket's id.
        #[serde(default)]
        pub ticket: Option<String>,
        /// The second factor.
        #[serde(default)]
        pub second_factor: Option<ShownFactor>,
    }
}
