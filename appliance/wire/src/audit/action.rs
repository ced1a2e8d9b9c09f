use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $words:literal;)+) => {
        /// What was done: the closed list. The part before the dot is its category.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        pub enum Action {
            $($(#[$doc])* #[serde(rename = $text)] $name,)+
        }

        impl Action {
            /// Every action there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable name.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            /// For people.
            #[must_use]
            pub fn words(self) -> &'static str {
                match self {
                    $(Self::$name => $words,)+
                }
            }
        }
    };
}

actions! {
    /// The first administrator was made.
    ApplianceSetUp = "appliance.set_up", "Appliance set up";
    /// The appliance began to serve.
    ApplianceStarted = "appliance.started", "Appliance started";
    /// The appliance stopped in order.
    ApplianceStopped = "appliance.stopped", "Appliance stopped";
    /// The trail was exported.
    AuditExported = "audit.exported", "Audit trail exported";
    /// An auditor looked at the trail.
    AuditViewed = "audit.viewed", "Audit trail looked at";
    /// The appliance found at its start that the trail was tampered with.
    AuditBroken = "audit.broken", "Audit trail found broken";
    /// Somebody signed in.
    SignInSucceeded = "sign_in.succeeded", "Signed in";
    /// Somebody did not.
    SignInFailed = "sign_in.failed", "Sign-in failed";
    /// The password was right, and a second factor is asked for.
    SignInHalfWay = "sign_in.half_way", "Second factor asked for";
    /// Somebody signed out.
    SignInOver = "sign_in.over", "Signed out";
    /// A user was made.
    UserCreated = "user.created", "User created";
    /// A user was changed.
    UserChanged = "user.changed", "User changed";
    /// A user was removed.
    UserRemoved = "user.removed", "User removed";
    /// Too many sign-ins failed.
    UserLocked = "user.locked", "User locked out";
    /// A user asked for what their role does not allow.
    UserRefused = "user.refused", "Refused what the role does not allow";
    /// An administrator lifted a lock-out.
    UserUnlocked = "user.unlocked", "Lock-out lifted";
    /// An administrator gave a user another password.
    UserPasswordReset = "user.password_reset", "Password reset";
    /// A user gave themselves another password.
    UserPasswordChanged = "user.password_changed", "Password changed";
    /// A user was bound to somebody whom a provider of single sign-on knows.
    UserBound = "user.bound_to_provider", "Bound to single sign-on";
    /// A provider of single sign-on said anew which teams a user is in.
    UserTeamsByProvider = "user.teams_by_provider", "Teams set by single sign-on";
    /// A user began to set an authenticator app up.
    UserSecondFactorBegun = "user.second_factor_begun", "Second factor begun";
    /// A user set an authenticator app up.
    UserSecondFactorSetUp = "user.second_factor_set_up", "Second factor set up";
    /// A user turned the authenticator app off.
    UserSecondFactorRemoved = "user.second_factor_removed", "Second factor removed";
    /// An administrator took a user's second factors away.
    UserSecondFactorReset = "user.second_factor_reset", "Second factor reset";
    /// A user made other recovery codes.
    UserRecoveryCodesRenewed = "user.recovery_codes_renewed", "Recovery codes renewed";
    /// An API token was made.
    TokenCreated = "token.created", "API token created";
    /// An API token was revoked.
    TokenRevoked = "token.revoked", "API token revoked";
    /// A team was made.
    TeamCreated = "team.created", "Team created";
    /// A team was changed.
    TeamChanged = "team.changed", "Team changed";
    /// A team was removed.
    TeamRemoved = "team.removed", "Team removed";
    /// A jump group was made.
    GroupCreated = "group.created", "Group created";
    /// A jump group was changed.
    GroupChanged = "group.changed", "Group changed";
    /// A jump group was removed.
    GroupRemoved = "group.removed", "Group removed";
    /// It was said anew who may do what in a group.
    GroupMembersChanged = "group.members_changed", "Group members changed";
    /// A jump item role was made.
    RoleCreated = "role.created", "Role created";
    /// A jump item role was changed.
    RoleChanged = "role.changed", "Role changed";
    /// A jump item role was removed.
    RoleRemoved = "role.removed", "Role removed";
    /// A jump policy was made.
    PolicyCreated = "policy.created", "Policy created";
    /// A jump policy was changed.
    PolicyChanged = "policy.changed", "Policy changed";
    /// A jump policy was removed.
    PolicyRemoved = "policy.removed", "Policy removed";
    /// A session policy was made.
    SessionPolicyCreated = "session_policy.created", "Session policy created";
    /// A session policy was changed.
    SessionPolicyChanged = "session_policy.changed", "Session policy changed";
    /// A session policy was removed.
    SessionPolicyRemoved = "session_policy.removed", "Session policy removed";
    /// An item was made.
    ItemCreated = "item.created", "Item created";
    /// An item was made as a copy.
    ItemCopied = "item.copied", "Item copied";
    /// An item came with a file.
    ItemImported = "item.imported", "Item imported";
    /// An item was changed.
    ItemChanged = "item.changed", "Item changed";
    /// An item was removed.
    ItemRemoved = "item.removed", "Item removed";
    /// An item was brought back.
    ItemRestored = "item.restored", "Item restored";
    /// A credential was stored.
    CredentialCreated = "credential.created", "Credential created";
    /// A credential was changed.
    CredentialChanged = "credential.changed", "Credential changed";
    /// A credential was removed.
    CredentialRemoved = "credential.removed", "Credential removed";
    /// A session's user looked at a stored secret, or wanted to.
    CredentialShown = "credential.shown", "Credential shown";
    /// A session's user copied a stored secret, or wanted to.
    CredentialCopied = "credential.copied", "Credential copied";
    /// A jumpoint was made.
    JumpointCreated = "jumpoint.created", "Jumpoint created";
    /// A jumpoint was changed.
    JumpointChanged = "jumpoint.changed", "Jumpoint changed";
    /// A jumpoint was removed.
    JumpointRemoved = "jumpoint.removed", "Jumpoint removed";
    /// An enrolment key was made.
    EnrolmentKeyCreated = "enrolment_key.created", "Enrolment key created";
    /// An enrolment key was revoked.
    EnrolmentKeyRevoked = "enrolment_key.revoked", "Enrolment key revoked";
    /// An agent enrolled.
    AgentEnrolled = "agent.enrolled", "Agent enrolled";
    /// A node was drained, or let in again.
    AgentChanged = "agent.changed", "Node changed";
    /// A node was removed.
    AgentRemoved = "agent.removed", "Node removed";
    /// How people sign in was changed.
    SettingsSignInChanged = "settings.sign_in_changed", "Sign-in settings changed";
    /// Banner, limits or how long sessions are kept were changed.
    SettingsSiteChanged = "settings.site_changed", "Banner and limits changed";
    /// The mail server was set.
    SettingsMailChanged = "settings.mail_changed", "Mail settings changed";
    /// The mail server was tried out.
    SettingsMailTested = "settings.mail_tested", "Mail tried out";
    /// How long recordings are kept was changed.
    SettingsRetentionChanged = "settings.retention_changed", "Retention changed";
    /// How letters are written was changed.
    SettingsLettersChanged = "settings.letters_changed", "Letters changed";
    /// The ticket system was set.
    SettingsTicketSystemChanged = "settings.ticket_system_changed", "Ticket system settings changed";
    /// The ticket system was tried out.
    SettingsTicketSystemTested = "settings.ticket_system_tested", "Ticket system tried out";
    /// The syslog server that events are handed on to was set.
    SettingsSyslogChanged = "settings.syslog_changed", "Syslog settings changed";
    /// The syslog server was tried out.
    SettingsSyslogTested = "settings.syslog_tested", "Syslog tried out";
    /// The webhook that events are handed on to was set.
    SettingsWebhookChanged = "settings.webhook_changed", "Webhook settings changed";
    /// The webhook was tried out.
    SettingsWebhookTested = "settings.webhook_tested", "Webhook tried out";
    /// A provider of single sign-on was added.
    SettingsSignOnAdded = "settings.sign_on_added", "Single sign-on added";
    /// A provider of single sign-on was changed.
    SettingsSignOnChanged = "settings.sign_on_changed", "Single sign-on changed";
    /// A provider of single sign-on was removed.
    SettingsSignOnRemoved = "settings.sign_on_removed", "Single sign-on removed";
    /// A provider of single sign-on was tried out.
    SettingsSignOnTested = "settings.sign_on_tested", "Single sign-on tried out";
    /// Somebody asked for an approval.
    ApprovalAsked = "approval.asked", "Approval asked for";
    /// An approval was granted.
    ApprovalGranted = "approval.granted", "Approval granted";
    /// An approval was refused.
    ApprovalRefused = "approval.refused", "Approval refused";
    /// An approval was taken back.
    ApprovalRevoked = "approval.revoked", "Approval revoked";
    /// Whoever asked does not want it any more.
    ApprovalWithdrawn = "approval.withdrawn", "Request withdrawn";
    /// A Jump was let through, and its session exists.
    JumpAllowed = "jump.allowed", "Jump allowed";
    /// A Jump was not.
    JumpDenied = "jump.denied", "Jump denied";
    /// No ticket was given for the tunnels of a session: it is another one's, or its desktop is not recorded.
    SessionTicketRefused = "session.ticket_refused", "Tunnel ticket refused";
    /// A ticket was given with which a helper opens the tunnels.
    SessionTicketGiven = "session.ticket_given", "Tunnel ticket given";
    /// What was written down of a session that is over was hashed: from now on nothing of it changes unnoticed.
    SessionSealed = "session.sealed", "Session sealed";
    /// The tunnels of a session opened.
    SessionStarted = "session.started", "Session started";
    /// What was kept of sessions was deleted, since they are as old as an administrator wants them to get.
    SessionsForgotten = "session.forgotten", "Records of sessions deleted";
    /// A session was put under a legal hold: nothing of it is deleted.
    SessionHeld = "session.held", "Legal hold set";
    /// A legal hold was lifted.
    SessionHoldLifted = "session.hold_lifted", "Legal hold lifted";
    /// A screen began to be recorded.
    RecordingStarted = "recording.started", "Recording started";
    /// A recording stopped, and the tunnels of its session with it.
    RecordingPaused = "recording.paused", "Recording stopped, tunnels paused";
    /// A recording is complete: from here on its hash is known.
    RecordingFinished = "recording.finished", "Recording finished";
    /// As much was captured of a session as may be.
    RecordingFull = "recording.full", "Capture is full";
    /// A recording could not be stored.
    RecordingFailed = "recording.failed", "Recording failed";
    /// Somebody looked at a recording.
    RecordingViewed = "recording.viewed", "Recording viewed";
    /// Somebody took a recording out.
    RecordingDownloaded = "recording.downloaded", "Recording downloaded";
    /// A recording is deleted: its tombstone.
    RecordingForgotten = "recording.forgotten", "Recording deleted";
    /// Keys of new recordings are sealed with another key.
    RecordingKeyChanged = "recording.key_changed", "Key of recordings changed";
    /// Somebody reviewed a session.
    SessionViewed = "session.viewed", "Session looked at";
    /// Somebody took a list of sessions out.
    SessionsExported = "session.exported", "Sessions exported";
    /// A reviewer noted something on a session.
    SessionNoteAdded = "session.note_added", "Note added";
    /// A reviewer changed a note of theirs.
    SessionNoteChanged = "session.note_changed", "Note changed";
    /// A reviewer removed a note of theirs.
    SessionNoteRemoved = "session.note_removed", "Note removed";
    /// Somebody marked a session as reviewed.
    SessionReviewed = "session.reviewed", "Marked as reviewed";
    /// Somebody took the mark away.
    SessionReviewTakenBack = "session.review_taken_back", "No longer marked as reviewed";
    /// Somebody looked at a report.
    ReportViewed = "report.viewed", "Report looked at";
    /// Somebody asked to end a session.
    SessionEndAsked = "session.end_asked", "Session end asked for";
    /// A session ended.
    SessionEnded = "session.ended", "Session ended";
}

impl Action {
    /// What it belongs to.
    #[must_use]
    pub fn category(self) -> Category {
        Category(self.name().split('.').next().unwrap_or_default())
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What actions have in common: the part of their name before the dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Category(&'static str);

impl Category {
    /// Every category, in the order of the actions.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for action in Action::ALL {
            let category = action.category();
            if !all.contains(&category) {
                all.push(category);
            }
        }
        all
    }

    /// The category of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::all().into_iter().find(|it| it.0 == name)
    }

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0
    }

    /// For people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self.0 {
            "appliance" => "Appliance",
            "audit" => "Audit",
            "sign_in" => "Signing in",
            "user" => "Users",
            "token" => "API tokens",
            "team" => "Teams",
            "group" => "Groups",
            "role" => "Roles",
            "policy" => "Jump policies",
            "session_policy" => "Session policies",
            "item" => "Items",
            "credential" => "Credentials",
            "jumpoint" => "Jumpoints",
            "enrolment_key" => "Enrolment keys",
            "agent" => "Nodes",
            "settings" => "Settings",
            "approval" => "Approvals",
            "jump" => "Jumps",
            "session" => "Sessions",
            "recording" => "Recordings",
            "report" => "Reports",
            other => other,
        }
    }

    /// The actions in it.
    pub fn actions(self) -> impl Iterator<Item = Action> {
        Action::ALL.iter().copied().filter(move |it| it.category() == self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_travels_and_all_have_a_category_with_words() {
        for action in Action::ALL {
            assert_eq!(serde_json::to_value(action).unwrap(), action.name());
            let (category, _) = action.name().split_once('.').unwrap();
            assert!(Category::named(category).unwrap().words().starts_with(char::is_uppercase), "{action}");
        }
        let counted: usize = Category::all().into_iter().map(|it| it.actions().count()).sum();
        assert_eq!(counted, Action::ALL.len());
        assert!(Category::named("").is_none());
    }
}
