//! The addresses of the pages. A link to any of them works; whoever is not signed in signs in there first.

use std::fmt;
use std::str::FromStr;

use wire::{SessionId, UserId};
use yew_router::prelude::Routable;

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Routable)]
pub(crate) enum Route {
    /// The Jump interface.
    #[at("/")]
    Jump,
    /// Sessions, live and past.
    #[at("/sessions")]
    Sessions,
    /// One session: its tab while it is one's own, its record afterwards.
    #[at("/sessions/:id")]
    Session {
        /// Which.
        id: SessionId,
    },
    /// Sessions for those who review them.
    #[at("/review")]
    Review,
    /// One session for those who review it.
    #[at("/review/sessions/:id")]
    ReviewSession {
        /// Which.
        id: SessionId,
    },
    /// A report.
    #[at("/review/reports/:report")]
    Report {
        /// Which.
        report: Report,
    },
    /// Requests for approval.
    #[at("/approvals")]
    Approvals,
    /// Jumpoints and their nodes.
    #[at("/agents")]
    Agents,
    /// The dashboard: the first section of the administration.
    #[at("/administration")]
    Administration,
    /// Another section of it.
    #[at("/administration/:section")]
    AdministrationSection {
        /// Which.
        section: Section,
    },
    /// What one user can do, and why.
    #[at("/administration/users/:id/access")]
    UserAccess {
        /// Who.
        id: UserId,
    },
    /// One's own browsers and password.
    #[at("/account")]
    Account,
    /// How to get extension and helper.
    #[at("/helper")]
    GetHelper,
    /// Where the link of a letter leads that asks for an approval.
    #[at("/approve")]
    ApproveByMail,
    /// Where a provider of single sign-on sends people back to.
    #[at("/sign-on/return")]
    SignOnReturn,
    /// Where the one-time link of a new appliance leads.
    #[at("/setup")]
    Setup,
    /// No page.
    #[not_found]
    #[at("/not-found")]
    NotFound,
}

impl Route {
    /// What the browser's tab is called, before the name of the product.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Jump => "Jump",
            Self::Sessions => "Sessions",
            Self::Session { .. } => "Session",
            Self::Review => "Review",
            Self::ReviewSession { .. } => "Review of a session",
            Self::Report { report } => report.title(),
            Self::Approvals => "Approvals",
            Self::Agents => "Agents",
            Self::Administration => "Administration",
            Self::AdministrationSection { section } => section.title(),
            Self::UserAccess { .. } => "What a user can do",
            Self::Account => "Your account",
            Self::GetHelper => "Get the helper",
            Self::ApproveByMail => "A request for approval",
            Self::SignOnReturn => "Signing in",
            Self::Setup => "First sign-in",
            Self::NotFound => "Not found",
        }
    }
}

/// A section of the administration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// What runs, what waits, how the appliance stands.
    Dashboard,
    /// People who can sign in.
    Users,
    /// Users who are treated alike.
    Teams,
    /// Jump groups and their members.
    Groups,
    /// Jump item roles.
    Roles,
    /// Jump policies.
    Policies,
    /// Session policies.
    SessionPolicies,
    /// Stored credentials.
    Credentials,
    /// How people sign in.
    SignIn,
    /// Systems outside.
    Settings,
    /// The audit trail.
    Audit,
}

impl Section {
    /// Every section, in the order of their tabs, with its name in addresses and its heading.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 11] = [
        (Self::Dashboard, "dashboard", "Dashboard"),
        (Self::Users, "users", "Users"),
        (Self::Teams, "teams", "Teams"),
        (Self::Groups, "groups", "Jump groups"),
        (Self::Roles, "roles", "Jump item roles"),
        (Self::Policies, "policies", "Jump policies"),
        (Self::SessionPolicies, "session-policies", "Session policies"),
        (Self::Credentials, "credentials", "Credentials"),
        (Self::SignIn, "sign-in", "Sign-in"),
        (Self::Settings, "settings", "Settings"),
        (Self::Audit, "audit", "Audit"),
    ];

    /// Its heading.
    pub(crate) fn title(self) -> &'static str {
        Self::ALL.iter().find(|(it, ..)| *it == self).map_or("", |(.., title)| title)
    }

    /// Where it is.
    pub(crate) fn route(self) -> Route {
        match self {
            Self::Dashboard => Route::Administration,
            section => Route::AdministrationSection { section },
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(it, ..)| it == self).map_or("", |(_, key, _)| key))
    }
}

impl FromStr for Section {
    type Err = ();

    fn from_str(key: &str) -> Result<Self, ()> {
        Self::ALL.iter().find(|(_, it, _)| *it == key).map(|(section, ..)| *section).ok_or(())
    }
}

/// A report of the review section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// Sessions, time and bytes by user, item or group.
    Usage,
    /// When items were last used.
    LastUse,
    /// Who may reach what.
    Reach,
}

impl Report {
    /// Every report, in the order of their tabs, with its name in addresses and its heading.
    pub(crate) const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Usage, "usage", "Usage"),
        (Self::LastUse, "last-use", "Last use"),
        (Self::Reach, "reach", "Who may reach what"),
    ];

    /// Its heading.
    pub(crate) fn title(self) -> &'static str {
        Self::ALL.iter().find(|(it, ..)| *it == self).map_or("", |(.., title)| title)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::ALL.iter().find(|(it, ..)| it == self).map_or("", |(_, key, _)| key))
    }
}

impl FromStr for Report {
    type Err = ();

    fn from_str(key: &str) -> Result<Self, ()> {
        Self::ALL.iter().find(|(_, it, _)| *it == key).map(|(report, ..)| *report).ok_or(())
    }
}
