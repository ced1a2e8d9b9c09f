use super::api_type;
use crate::{SessionPolicyId, UserId};

/// One thing that a session may do or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SessionTool {
    /// Open the item's tunnels.
    ProtocolTunneling,
    /// Have the item's stored credentials given out.
    StoredCredentials,
}

impl SessionTool {
    /// Every tool, in the order forms show them, with words for a person.
    pub const ALL: [(Self, &'static str); 2] =
        [(Self::ProtocolTunneling, "Protocol Tunneling"), (Self::StoredCredentials, "Stored credentials")];

    /// Words for a person.
    #[must_use]
    pub fn words(self) -> &'static str {
        Self::ALL.iter().find(|(it, _)| *it == self).map_or("", |(_, words)| words)
    }
}

/// What a session policy says about a tool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ToolRule {
    /// Sessions may use it.
    Enabled,
    /// Sessions may not use it.
    Disabled,
    /// The next policy says; the last one is the global one.
    #[default]
    NotDefined,
}

/// When a session ends through which nothing goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", content = "minutes", rename_all = "snake_case")]
pub enum IdleRule {
    /// After so many minutes without a byte in either direction, at most [`crate::limits::IDLE_MINUTES`].
    After(u32),
    /// Never.
    Never,
    /// The next policy says; the last one is the global one.
    #[default]
    NotDefined,
}

/// Which policy a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "of", content = "policy", rename_all = "snake_case")]
pub enum PolicySource {
    /// The item's, with its name.
    Item(String),
    /// The user's, with its name.
    User(String),
    /// The global one.
    Global,
}

api_type! {
    /// `POST /api/session-policies` and `PUT /api/session-policies/{id}`.
    #[derive(Eq)]
    pub struct SessionPolicyDraft {
        /// Its name, unique.
        pub name: String,
        /// Free text.
        #[serde(default)]
        pub description: String,
        /// Whether it can be given to users.
        pub for_users: bool,
        /// Whether it can be given to jump items.
        pub for_items: bool,
        /// What it says.
        #[serde(flatten)]
        pub rules: SessionRules,
        /// The revision that was looked at; a change to another one is refused. Means nothing for a new policy.
        #[serde(default)]
        pub revision: i64,
    }

    /// What a session policy says.
    #[derive(Default, Eq)]
    pub struct SessionRules {
        /// Rules of tools, each tool once; one that is not named is not defined.
        #[serde(default)]
        pub tools: Vec<SessionToolRule>,
        /// When a session ends through which nothing goes.
        #[serde(default)]
        pub idle: IdleRule,
    }

    /// What a policy says about one tool.
    #[derive(Copy, Eq)]
    pub struct SessionToolRule {
        /// The tool.
        pub tool: SessionTool,
        /// What it says.
        pub rule: ToolRule,
    }

    /// What sessions may do: of an item, or of a user.
    pub struct SessionPolicy {
        /// Its id.
        pub id: SessionPolicyId,
        /// What was entered, with the newest revision.
        #[serde(flatten)]
        pub definition: SessionPolicyDraft,
        /// Items that name it.
        pub items: u32,
        /// Users that name it.
        pub users: u32,
    }

    /// `GET /api/session-policies/names`: what a form offers.
    #[derive(Eq)]
    pub struct SessionPolicyName {
        /// Its id.
        pub id: SessionPolicyId,
        /// Its name.
        pub name: String,
        /// What it says, in a few words.
        pub summary: String,
        /// Whether it can be given to users.
        pub for_users: bool,
        /// Whether it can be given to jump items.
        pub for_items: bool,
    }

    /// `GET` and `PUT /api/session-policies/global`: what holds where neither item nor user says anything. It defines everything.
    #[derive(Eq)]
    pub struct GlobalSessionPolicy {
        /// What it says.
        #[serde(flatten)]
        pub rules: SessionRules,
        /// Goes up with each change; to be sent with the next one.
        #[serde(default)]
        pub revision: i64,
    }

    /// What a session may do, and where each value comes from.
    #[derive(Eq)]
    pub struct EffectiveSessionPolicy {
        /// Every tool.
        pub tools: Vec<EffectiveTool>,
        /// Minutes without a byte after which it ends; none: it does not.
        pub idle_minutes: Option<u32>,
        /// Which policy says so.
        pub idle_source: PolicySource,
    }

    /// Whether a session may use a tool.
    #[derive(Eq)]
    pub struct EffectiveTool {
        /// The tool.
        pub tool: SessionTool,
        /// Whether it may.
        pub allowed: bool,
        /// Which policy says so.
        pub source: PolicySource,
    }

    /// `GET /api/session-policies/effective`: what a session of this user on this item may do.
    pub struct SessionPolicyAnswer {
        /// The user.
        pub user_id: UserId,
        /// Their name.
        pub user_name: String,
        /// Name of the item.
        pub item_name: String,
        /// What holds.
        pub policy: EffectiveSessionPolicy,
    }
}

impl SessionRules {
    /// What it says about a tool.
    #[must_use]
    pub fn rule(&self, tool: SessionTool) -> ToolRule {
        self.tools.iter().find(|it| it.tool == tool).map_or(ToolRule::NotDefined, |it| it.rule)
    }

    /// What it says, in a few words.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut parts = Vec::new();
        for (tool, words) in SessionTool::ALL {
            match self.rule(tool) {
                ToolRule::Enabled => parts.push(format!("{words} enabled")),
                ToolRule::Disabled => parts.push(format!("{words} disabled")),
                ToolRule::NotDefined => {}
            }
        }
        match self.idle {
            IdleRule::After(1) => parts.push("ends after 1 idle minute".into()),
            IdleRule::After(minutes) => parts.push(format!("ends after {minutes} idle minutes")),
            IdleRule::Never => parts.push("never ends for being idle".into()),
            IdleRule::NotDefined => {}
        }
        if parts.is_empty() { "nothing".into() } else { parts.join(", ") }
    }
}

impl EffectiveSessionPolicy {
    /// Whether a session may use this tool; where nothing is said of it, it may not.
    #[must_use]
    pub fn allows(&self, tool: SessionTool) -> bool {
        self.tools.iter().any(|it| it.tool == tool && it.allowed)
    }
}

impl PolicySource {
    /// Words for a person.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Item(policy) => format!("the item's session policy {policy}"),
            Self::User(policy) => format!("the user's session policy {policy}"),
            Self::Global => "the global session policy".into(),
        }
    }
}
