//! The addresses of the pages. A link to any of them works; whoever is not signed in signs in there first.

use wire::SessionId;
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
    /// Jumpoints and their nodes.
    #[at("/agents")]
    Agents,
    /// Users and groups.
    #[at("/administration")]
    Administration,
    /// One's own browsers and password.
    #[at("/account")]
    Account,
    /// How to get extension and helper.
    #[at("/helper")]
    GetHelper,
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
            Self::Agents => "Agents",
            Self::Administration => "Administration",
            Self::Account => "Your account",
            Self::GetHelper => "Get the helper",
            Self::Setup => "First sign-in",
            Self::NotFound => "Not found",
        }
    }
}
