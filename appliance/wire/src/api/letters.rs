use super::api_type;
use crate::{ApprovalId, SecretText, Timestamp};

/// What a letter tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    /// A session began.
    SessionStarted,
    /// A session ended.
    SessionEnded,
    /// Somebody asks for an approval.
    ApprovalAsked,
    /// A request for an approval was decided.
    ApprovalDecided,
}

/// A word in braces that a letter has a value for: what it stands for, and an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// Its name, without braces.
    pub name: &'static str,
    /// What it stands for.
    pub meaning: &'static str,
    /// An example, for a preview.
    pub example: &'static str,
}

const fn placeholder(name: &'static str, meaning: &'static str, example: &'static str) -> Placeholder {
    Placeholder { name, meaning, example }
}

const USER: Placeholder = placeholder("user", "who uses the item, or wants to", "Eva Example");
const ITEM: Placeholder = placeholder("item", "the item", "db-prod-1");
const HOST: Placeholder = placeholder("host", "the system that it reaches", "10.0.0.5");
const JUMPOINT: Placeholder = placeholder("jumpoint", "the jumpoint", "ams-1");
const ADDRESS: Placeholder = placeholder("address", "where the user's browser came from", "192.0.2.7");
const STARTED: Placeholder = placeholder("started", "when the session began", "2026-11-24 08:00:00 UTC");
const TICKET: Placeholder = placeholder("ticket", "the ticket, where one was shown", "CHG-1234");
const OWNER: Placeholder = placeholder("owner", "whose session it joined, if it did", "");
const SESSION_LINK: Placeholder =
    placeholder("link", "where the session stands in the console", "https://sallyport.example.org/sessions/…");
const POLICY: Placeholder = placeholder("policy", "the jump policy", "Four eyes");
const REASON: Placeholder = placeholder("reason", "what it is needed for", "Ticket CHG-1234: index rebuild");
const FROM: Placeholder = placeholder("from", "from when it is to be good", "2026-11-24 08:00:00 UTC");
const UNTIL: Placeholder = placeholder("until", "until when", "2026-11-24 09:00:00 UTC");
const MINUTES: Placeholder = placeholder("minutes", "for how many minutes", "60");

const SESSION_STARTED: &[Placeholder] = &[
    USER,
    placeholder("deed", "started or joined", "started"),
    ITEM,
    HOST,
    JUMPOINT,
    ADDRESS,
    STARTED,
    TICKET,
    OWNER,
    SESSION_LINK,
];
const SESSION_ENDED: &[Placeholder] = &[
    USER,
    placeholder("deed", "ended or left", "ended"),
    ITEM,
    HOST,
    JUMPOINT,
    ADDRESS,
    STARTED,
    TICKET,
    OWNER,
    placeholder("ended", "when it ended", "2026-11-24 08:40:12 UTC"),
    placeholder("why", "why it ended", "Eva Example ended the session."),
    placeholder("sent", "bytes to the target", "48211"),
    placeholder("received", "bytes from the target", "901337"),
    SESSION_LINK,
];
const APPROVAL_ASKED: &[Placeholder] = &[
    USER,
    ITEM,
    POLICY,
    REASON,
    FROM,
    UNTIL,
    MINUTES,
    placeholder("link", "where it is decided", "https://sallyport.example.org/approve#token=…"),
];
const APPROVAL_DECIDED: &[Placeholder] = &[
    USER,
    ITEM,
    POLICY,
    REASON,
    FROM,
    UNTIL,
    placeholder("decision", "approved, refused or taken back", "approved"),
    placeholder("by", "who decided", "bob@example.org"),
    placeholder("note", "what they noted", "Be careful."),
    placeholder("link", "where the request stands in the console", "https://sallyport.example.org/approvals"),
];

impl LetterKind {
    /// Each, with its key in addresses and what it is called.
    pub const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::SessionStarted, "session_started", "A session started"),
        (Self::SessionEnded, "session_ended", "A session ended"),
        (Self::ApprovalAsked, "approval_asked", "An approval is asked for"),
        (Self::ApprovalDecided, "approval_decided", "An approval was decided"),
    ];

    /// The words in braces that it has values for.
    #[must_use]
    pub fn placeholders(self) -> &'static [Placeholder] {
        match self {
            Self::SessionStarted => SESSION_STARTED,
            Self::SessionEnded => SESSION_ENDED,
            Self::ApprovalAsked => APPROVAL_ASKED,
            Self::ApprovalDecided => APPROVAL_DECIDED,
        }
    }

    /// How it is written as long as nobody changed that.
    #[must_use]
    pub fn default_template(self) -> LetterTemplate {
        let (subject, lines): (_, &[&str]) = match self {
            Self::SessionStarted => (
                "Sallyport: {user} {deed} a session on {item}",
                &[
                    "Item: {item} ({host} via {jumpoint})",
                    "User: {user}, from {address}",
                    "Started: {started}",
                    "In the session of {owner}",
                    "Ticket: {ticket}",
                    "",
                    "{link}",
                ],
            ),
            Self::SessionEnded => (
                "Sallyport: {user} {deed} a session on {item}",
                &[
                    "Item: {item} ({host} via {jumpoint})",
                    "User: {user}, from {address}",
                    "Started: {started}",
                    "In the session of {owner}",
                    "Ticket: {ticket}",
                    "Ended: {ended}",
                    "Why: {why}",
                    "Bytes to the target: {sent}, from it: {received}",
                    "",
                    "{link}",
                ],
            ),
            Self::ApprovalAsked => (
                "Sallyport: {user} asks to use {item}",
                &[
                    "{user} asks to use {item}, which takes an approval by the policy {policy}.",
                    "",
                    "Reason: {reason}",
                    "From: {from}",
                    "Until: {until} ({minutes} minutes)",
                    "",
                    "Approve or refuse it here:",
                    "{link}",
                ],
            ),
            Self::ApprovalDecided => (
                "Sallyport: the use of {item} was {decision}",
                &[
                    "{user}'s request to use {item} was {decision} by {by}.",
                    "",
                    "Note: {note}",
                    "From: {from}",
                    "Until: {until}",
                    "",
                    "{link}",
                ],
            ),
        };
        LetterTemplate { subject: subject.into(), text: lines.join("\n") }
    }
}

api_type! {
    /// How a letter is written: text with words in braces, for which values are put.
    #[derive(Eq)]
    pub struct LetterTemplate {
        /// Its subject: one line.
        pub subject: String,
        /// Its text. A line in which no word in braces has a value is left out.
        pub text: String,
    }

    /// `GET` and `PUT /api/settings/letters`: how each letter is written.
    #[derive(Eq)]
    pub struct LetterTemplates {
        /// When a session began.
        pub session_started: LetterTemplate,
        /// When one ended.
        pub session_ended: LetterTemplate,
        /// When an approval is asked for.
        pub approval_asked: LetterTemplate,
        /// When it was decided.
        pub approval_decided: LetterTemplate,
        /// Goes up with each change; to be sent with the next one.
        pub revision: i64,
    }

    /// `POST /api/approval-links/look`: what the link of a letter is for. The token stands in its address, after `#`.
    pub struct ApprovalLink {
        /// The token.
        pub token: SecretText,
    }

    /// `POST /api/approval-links/decide`.
    pub struct ApprovalLinkDecision {
        /// The token.
        pub token: SecretText,
        /// Yes or no.
        pub grant: bool,
        /// For whoever asked.
        #[serde(default)]
        pub note: String,
    }

    /// A request as somebody without an account sees it who was asked by mail.
    #[derive(Eq)]
    pub struct LinkedApproval {
        /// Its id.
        pub id: ApprovalId,
        /// The address that the letter went to: who decides.
        pub address: String,
        /// Who asks.
        pub requester_name: String,
        /// For which item.
        pub item_name: String,
        /// By which policy.
        pub policy_name: String,
        /// Why.
        pub reason: String,
        /// From when.
        pub starts_at: Timestamp,
        /// Until when.
        pub ends_at: Timestamp,
        /// Whether it would be good for everybody who may start the item.
        pub for_anyone: bool,
        /// What was decided now; none: nobody has decided.
        #[serde(default)]
        pub granted: Option<bool>,
    }
}

impl LetterTemplates {
    /// How this letter is written.
    #[must_use]
    pub fn of(&self, kind: LetterKind) -> &LetterTemplate {
        match kind {
            LetterKind::SessionStarted => &self.session_started,
            LetterKind::SessionEnded => &self.session_ended,
            LetterKind::ApprovalAsked => &self.approval_asked,
            LetterKind::ApprovalDecided => &self.approval_decided,
        }
    }

    /// The same, to change it.
    pub fn of_mut(&mut self, kind: LetterKind) -> &mut LetterTemplate {
        match kind {
            LetterKind::SessionStarted => &mut self.session_started,
            LetterKind::SessionEnded => &mut self.session_ended,
            LetterKind::ApprovalAsked => &mut self.approval_asked,
            LetterKind::ApprovalDecided => &mut self.approval_decided,
        }
    }
}

impl Default for LetterTemplates {
    fn default() -> Self {
        Self {
            session_started: LetterKind::SessionStarted.default_template(),
            session_ended: LetterKind::SessionEnded.default_template(),
            approval_asked: LetterKind::ApprovalAsked.default_template(),
            approval_decided: LetterKind::ApprovalDecided.default_template(),
            revision: 0,
        }
    }
}
