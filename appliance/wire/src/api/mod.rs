//! The console API: what the browser and the appliance say to each other over HTTP and the event socket.
//!
//! | file | resource |
//! |---|---|
//! | `error` | the one shape of every refusal |
//! | `sign_in` | setup, sign-in, the signed-in user, own browsers, preferences |
//! | `second_factors` | what is asked for besides a password |
//! | `passkeys` | passkeys, and what a browser is asked to do with them |
//! | `api_tokens` | keys of programs that use this API |
//! | `users` | people, for administrators |
//! | `access` | teams, jump item roles, memberships, and what follows from them |
//! | `jumpoints` | jumpoints, their nodes, enrolment keys |
//! | `health` | how the appliance itself stands |
//! | `installation` | what a workstation needs |
//! | `jump_items` | groups and items |
//! | `credentials` | what is stored to sign in at targets, and giving it out |
//! | `items_csv` | items as a CSV file |
//! | `policies` | jump policies, and what starting an item takes |
//! | `captures` | what is captured of the traffic of a session |
//! | `recordings` | what is recorded of a session, and how it comes |
//! | `retention` | how long that is kept, and what keeps it longer |
//! | `session_policies` | what sessions may do |
//! | `approvals` | requests to use items, and what became of them |
//! | `mail`, `letters` | the mail server, letters that wait; how letters are written, and links in them |
//! | `sign_on` | providers of single sign-on |
//! | `ticket_system` | who is asked whether a ticket is good |
//! | `audit` | the audit trail |
//! | `forwarding` | where its events are handed on to |
//! | `own_items` | favourites and filter sets of the signed-in user |
//! | `site_rules` | what holds for the whole appliance |
//! | `sessions` | sessions, tunnels, connections, events |
//! | `review` | sessions for those who review them, and reports |
//! | `events` | what the event socket carries |

mod access;
mod api_tokens;
mod approvals;
mod audit;
mod captures;
mod credentials;
mod error;
mod events;
mod forwarding;
mod health;
mod installation;
mod items_csv;
mod jump_items;
mod jumpoints;
mod letters;
mod mail;
mod own_items;
mod passkeys;
mod policies;
mod recordings;
mod retention;
mod review;
mod second_factors;
mod session_policies;
mod sessions;
mod sign_in;
mod sign_on;
mod site_rules;
mod ticket_system;
mod users;

pub use access::*;
pub use api_tokens::*;
pub use approvals::*;
pub use audit::*;
pub use captures::*;
pub use credentials::*;
pub use error::*;
pub use events::*;
pub use forwarding::*;
pub use health::*;
pub use installation::*;
pub use items_csv::*;
pub use jump_items::*;
pub use jumpoints::*;
pub use letters::*;
pub use mail::*;
pub use own_items::*;
pub use passkeys::*;
pub use policies::*;
pub use recordings::*;
pub use retention::*;
pub use review::*;
pub use second_factors::*;
pub use session_policies::*;
pub use sessions::*;
pub use sign_in::*;
pub use sign_on::*;
pub use site_rules::*;
pub use ticket_system::*;
pub use users::*;

/// Derives what every API type has.
macro_rules! api_type {
    ($($item:item)+) => {$(
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        $item
    )+};
}
use api_type;

/// The header that carries the CSRF token on every request that changes something.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// The header of requests that the console makes by itself, after an event and not because somebody did something: they do not
/// keep a sign-in alive.
pub const BACKGROUND_HEADER: &str = "x-background";
