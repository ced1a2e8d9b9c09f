use super::{ApprovalState, Connection, Recording, Session, SessionEvent, api_type};
use crate::{JumpGroupId, JumpItemId, SessionId, SessionNoteId, Timestamp, UserId};

/// What a list of sessions is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReviewSort {
    /// When it began.
    #[default]
    Started,
    /// How long it lasted; of one that runs: until now.
    Lasted,
    /// Its user's name.
    User,
    /// Its item's name.
    Item,
    /// What it carried in both directions.
    Bytes,
}

/// What a report on use is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum UsageBy {
    /// People.
    #[default]
    User,
    /// Items.
    Item,
    /// Jump groups.
    Group,
}

api_type! {
    /// That somebody has reviewed a session.
    #[derive(Eq)]
    pub struct ReviewMark {
        /// When.
        pub at: Timestamp,
        /// Who.
        pub user_id: UserId,
        /// Their name.
        pub user_name: String,
    }

    /// `GET /api/review/sessions/{id}/seal`: whether what is written down of a session is what it was when it was over.
    #[derive(Eq)]
    pub struct SessionSeal {
        /// When all of it was hashed, and the hash went into the audit trail; none: not yet, which is minutes after its end.
        pub sealed_at: Option<Timestamp>,
        /// The event of the audit trail.
        pub event: Option<u64>,
        /// Whether it comes to the same hash now. True while there is no seal.
        pub unchanged: bool,
    }

    /// A session in the list of those who may review it.
    pub struct ReviewedSession {
        /// The session.
        pub session: Session,
        /// The group that its item was in when it began.
        pub group_id: Option<JumpGroupId>,
        /// That group's name, unless it was removed.
        pub group_name: Option<String>,
        /// Recordings there are of it.
        pub recordings: u64,
        /// Notes of reviewers on it.
        pub notes: u64,
        /// Who has reviewed it.
        pub reviewed: Option<ReviewMark>,
    }

    /// Answer of `GET /api/review/sessions`.
    pub struct ReviewPage {
        /// In the order asked for.
        pub sessions: Vec<ReviewedSession>,
        /// To be given as `after` for the next page; none at the end.
        pub next: Option<String>,
    }

    /// Somebody or something to filter by.
    #[derive(Eq)]
    pub struct ReviewChoice {
        /// The id.
        pub id: String,
        /// The name, as it was when it last occurred.
        pub name: String,
    }

    /// `GET /api/review/choices`: what occurs in the sessions that one may review.
    #[derive(Eq)]
    pub struct ReviewChoices {
        /// People, by name.
        pub users: Vec<ReviewChoice>,
        /// Items, by name.
        pub items: Vec<ReviewChoice>,
        /// Jump groups, by name.
        pub groups: Vec<ReviewChoice>,
    }

    /// An approval that a session rested on.
    #[derive(Eq)]
    pub struct ReviewedApproval {
        /// The policy that asked for it.
        pub policy_name: String,
        /// Who asked.
        pub requester_name: String,
        /// Why.
        pub reason: String,
        /// What became of it.
        pub state: ApprovalState,
        /// Who decided.
        pub decided_by: Option<String>,
        /// When.
        pub decided_at: Option<Timestamp>,
        /// What they noted.
        pub note: String,
    }

    /// What a reviewer noted at a moment of a session.
    #[derive(Eq)]
    pub struct SessionNote {
        /// Its id.
        pub id: SessionNoteId,
        /// The moment of the session that it is about.
        pub at: Timestamp,
        /// What.
        pub text: String,
        /// Who wrote it.
        pub author_id: UserId,
        /// Their name.
        pub author_name: String,
        /// When it was written.
        pub written_at: Timestamp,
        /// When it was last changed.
        pub edited_at: Option<Timestamp>,
    }

    /// `POST` and `PUT` of a note.
    #[derive(Eq)]
    pub struct SessionNoteDraft {
        /// The moment of the session that it is about.
        pub at: Timestamp,
        /// What, at most [`crate::limits::SESSION_NOTE_CHARS`] characters.
        pub text: String,
    }

    /// What went on in a session, in stretches of the same length from its beginning.
    #[derive(Default, Eq)]
    pub struct SessionActivity {
        /// How long a stretch is.
        pub stretch_millis: u64,
        /// Bytes to the targets in each.
        pub sent: Vec<u64>,
        /// Bytes from the targets in each.
        pub received: Vec<u64>,
        /// Connections that were open in each.
        pub connections: Vec<u64>,
        /// Events in each.
        pub events: Vec<u64>,
    }

    /// `GET /api/review/sessions/{id}`.
    pub struct SessionReview {
        /// The session with the people in it.
        pub session: Session,
        /// The name of the group that its item was in when it began, unless it was removed.
        pub group_name: Option<String>,
        /// Approvals that it rested on.
        pub approvals: Vec<ReviewedApproval>,
        /// What was recorded, oldest first.
        pub recordings: Vec<Recording>,
        /// What reviewers noted, in the order of the moments.
        pub notes: Vec<SessionNote>,
        /// Who has reviewed it.
        pub reviewed: Option<ReviewMark>,
        /// What went on when. Up to now, while it runs.
        pub activity: SessionActivity,
        /// When the activity ends: the end of the session, or now.
        pub until: Timestamp,
        /// How many events there are.
        pub events: u64,
        /// How many connections there are.
        pub connections: u64,
        /// Whether the asking user may write notes and mark it as reviewed.
        pub may_note: bool,
        /// Whether the asking user may end it.
        pub may_end: bool,
    }

    /// Answer of `GET /api/review/sessions/{id}/events`: some of them, in the order of time.
    pub struct SessionEventsPage {
        /// The number of the first one given, from 0.
        pub first: u64,
        /// How many fit.
        pub total: u64,
        /// Where a moment was asked for: how many are up to it.
        #[serde(default)]
        pub up_to: Option<u64>,
        /// The events.
        pub events: Vec<SessionEvent>,
    }

    /// Answer of `GET /api/review/sessions/{id}/connections`: some of them, in the order in which they were opened.
    pub struct SessionConnectionsPage {
        /// The number of the first one given, from 0.
        pub first: u64,
        /// How many there are.
        pub total: u64,
        /// Where a moment was asked for: how many were opened up to it.
        #[serde(default)]
        pub up_to: Option<u64>,
        /// The connections.
        pub connections: Vec<Connection>,
    }

    /// A row of the report on use.
    #[derive(Eq)]
    pub struct UsageRow {
        /// The id of the user, item or group; none for what was removed.
        pub id: Option<String>,
        /// The name.
        pub name: String,
        /// Sessions.
        pub sessions: u64,
        /// How long they lasted together.
        pub millis: u64,
        /// Bytes to the targets.
        pub bytes_sent: u64,
        /// Bytes from the targets.
        pub bytes_received: u64,
        /// When the last one began.
        pub last_at: Timestamp,
    }

    /// A row of the report on the last use of items.
    #[derive(Eq)]
    pub struct LastUseRow {
        /// The item.
        pub item_id: JumpItemId,
        /// Its name.
        pub item_name: String,
        /// Its group.
        pub group_name: String,
        /// The target's host.
        pub hostname: String,
        /// When it was made.
        pub created_at: Timestamp,
        /// When it was last used; none: never.
        pub last_used_at: Option<Timestamp>,
        /// By whom, of those who still have an account.
        pub last_used_by: Option<String>,
    }

    /// A row of the report on who may reach what.
    #[derive(Eq)]
    pub struct ReachRow {
        /// The user.
        pub user_id: UserId,
        /// Their name to sign in with.
        pub user_name: String,
        /// Their name to show.
        pub display_name: String,
        /// The group.
        pub group_id: JumpGroupId,
        /// Its name.
        pub group_name: String,
        /// Items in it.
        pub items: u64,
        /// Whether they may begin sessions on them.
        pub may_start: bool,
        /// What keeps them from it all the same, such as a disabled account.
        pub barred: Option<String>,
        /// Everything they may, in words.
        pub permissions: Vec<String>,
        /// Jump policies that come with it.
        pub policies: Vec<String>,
        /// The rule that says so.
        pub because: String,
    }
}

impl SessionReview {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.session.id
    }
}
