//! What the HTTP and WebSocket sides work with. Made once, in the composition root.

use std::sync::Arc;

use crate::agents::presence::Presence;
use crate::approval_letters::ApprovalLetters;
use crate::audit::Audit;
use crate::certificates::Authority;
use crate::config::Config;
use crate::console_files::ConsoleFiles;
use crate::credentials::Vault;
use crate::downloads::Downloads;
use crate::events::EventBus;
use crate::extension::PackedExtension;
use crate::forwarding::Forwarding;
use crate::health::Health;
use crate::looks::Looks;
use crate::mail::Mailer;
use crate::metrics::Metrics;
use crate::metrics::token::MetricsToken;
use crate::recording::Recordings;
use crate::retention::Keeping;
use crate::session::registry::Sessions;
use crate::shutdown::Tasks;
use crate::sign_in::attempts::Attempts;
use crate::sign_in::password::Passwords;
use crate::sign_in::second_factor::Factors;
use crate::sign_on::SignOn;
use crate::site_rules::RulesInForce;
use crate::store::Store;
use crate::ticket_system::TicketSystem;

/// Version of this appliance.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Handles to every room. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    /// The configuration.
    pub config: Arc<Config>,
    /// How everybody reaches the appliance, `https://host:port`.
    pub public_url: Arc<str>,
    /// The authority that workstations and agents have to trust.
    pub authority: Option<Arc<Authority>>,
    /// The database.
    pub store: Store,
    /// The audit trail; what changes something goes through it.
    pub audit: Audit,
    /// What consoles are told.
    pub events: EventBus,
    /// Which agents are connected.
    pub presence: Presence,
    /// Sessions that are not over.
    pub sessions: Sessions,
    /// Password hashes.
    pub passwords: Passwords,
    /// Sign-in attempts.
    pub attempts: Attempts,
    /// Stored credentials, as far as they are opened.
    pub vault: Vault,
    /// Recordings of sessions.
    pub recordings: Recordings,
    /// How long recordings are kept.
    pub retention: Keeping,
    /// Who looked at what lately.
    pub looks: Looks,
    /// Second factors.
    pub factors: Factors,
    /// Single sign-on.
    pub sign_on: SignOn,
    /// What an administrator set for the whole appliance.
    pub site_rules: RulesInForce,
    /// Outgoing mail.
    pub mailer: Mailer,
    /// Letters about requests for approval.
    pub approval_letters: ApprovalLetters,
    /// The ticket system.
    pub ticket_system: TicketSystem,
    /// Audit events that are handed on to others.
    pub forwarding: Forwarding,
    /// How the appliance itself stands.
    pub health: Health,
    /// The packed browser extension.
    pub extension: Arc<PackedExtension>,
    /// The console's files.
    pub console: Arc<ConsoleFiles>,
    /// Helper programs to load.
    pub downloads: Arc<Downloads>,
    /// Running tasks.
    pub tasks: Tasks,
    /// What is counted.
    pub metrics: Metrics,
    /// Who may read that.
    pub metrics_token: Arc<MetricsToken>,
    /// Another value after each start.
    pub boot_id: Arc<str>,
}
