//! The HTTP side: one file per resource. Nothing else uses this room.

mod activity;
mod api_tokens;
mod approval_links;
mod approvals;
mod assets;
mod audit;
mod captures;
mod client_address;
mod credentials;
mod error;
mod extension;
mod forwarding;
mod group_members;
mod health;
mod health_checks;
mod installation;
mod item_changes;
mod items_csv;
mod jump_groups;
mod jump_item_roles;
mod jump_items;
mod jumpoints;
mod letters;
mod mail;
mod me;
mod metrics;
mod middleware;
mod own_items;
mod passkeys;
mod permitted;
mod policies;
mod recordings;
mod reports;
mod retention;
mod review;
mod reviewing;
mod scopes;
mod second_factors;
mod server;
mod session_credentials;
mod session_policies;
mod sessions;
mod settings;
mod setup;
mod sign_in;
mod sign_on;
mod sign_on_settings;
mod signed_in;
mod site_rules;
mod starting;
mod teams;
mod ticket_system;
mod user_access;
mod users;
mod uses;
mod words;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;
use wire::limits::{API_BODY_BYTES, RECORDING_CHUNK_BYTES};

pub use error::{Failure, Upgrade};
pub use server::{ConnectionInfo, Front, serve};
pub use sign_in::show_second_factor;
pub use signed_in::{
    Administrator, Arriving, AtConsole, ConsoleAdministrator, Overseer, SignedIn, Watching, is_same_origin,
};

use crate::services::Services;
use crate::websocket;

#[derive(OpenApi)]
#[openapi(info(
    title = "Sallyport",
    description = "The API that the console uses. Errors are `ApiError`. The console shows a cookie, and `x-csrf-token` with requests that change something; a program shows an API token, `Authorization: Bearer slp_…`, and neither."
))]
struct ApiDescription;

/// Every path the appliance answers, and the description of the API.
pub fn router(services: Services) -> Router {
    let (api, description) = OpenApiRouter::with_openapi(ApiDescription::openapi())
        .routes(routes!(health::healthz))
        .routes(routes!(metrics::metrics))
        .routes(routes!(setup::state, setup::set_up))
        .routes(routes!(sign_in::sign_in))
        .routes(routes!(sign_in::second_factor))
        .routes(routes!(sign_in::sign_out))
        .routes(routes!(sign_on::buttons))
        .routes(routes!(sign_on::begin))
        .routes(routes!(sign_on::finish))
        .routes(routes!(me::me))
        .routes(routes!(me::preferences, me::set_preferences))
        .routes(routes!(me::browsers))
        .routes(routes!(me::sign_out_browser))
        .routes(routes!(me::change_password))
        .routes(routes!(second_factors::state))
        .routes(routes!(second_factors::begin_totp))
        .routes(routes!(second_factors::confirm_totp))
        .routes(routes!(passkeys::begin))
        .routes(routes!(passkeys::add))
        .routes(routes!(passkeys::ask))
        .routes(routes!(passkeys::remove))
        .routes(routes!(second_factors::remove_totp))
        .routes(routes!(second_factors::renew_recovery_codes))
        .routes(routes!(api_tokens::own, api_tokens::create))
        .routes(routes!(api_tokens::revoke_own))
        .routes(routes!(settings::sign_in, settings::set_sign_in))
        .routes(routes!(site_rules::settings, site_rules::set_settings))
        .routes(routes!(site_rules::banner))
        .routes(routes!(forwarding::statuses))
        .routes(routes!(forwarding::syslog, forwarding::set_syslog))
        .routes(routes!(forwarding::test_syslog))
        .routes(routes!(forwarding::webhook, forwarding::set_webhook))
        .routes(routes!(forwarding::test_webhook))
        .routes(routes!(retention::change_key))
        .routes(routes!(retention::settings, retention::set_settings))
        .routes(routes!(mail::settings, mail::set_settings))
        .routes(routes!(health_checks::health_checks))
        .routes(routes!(mail::test))
        .routes(routes!(mail::outbox))
        .routes(routes!(letters::templates, letters::set_templates))
        .routes(routes!(ticket_system::settings, ticket_system::set_settings))
        .routes(routes!(ticket_system::test))
        .routes(routes!(sign_on_settings::settings, sign_on_settings::add))
        .routes(routes!(sign_on_settings::change, sign_on_settings::remove))
        .routes(routes!(sign_on_settings::test))
        .routes(routes!(own_items::add_favourite, own_items::remove_favourite))
        .routes(routes!(own_items::filters, own_items::save_filter))
        .routes(routes!(own_items::change_filter, own_items::remove_filter))
        .routes(routes!(users::list, users::create))
        .routes(routes!(users::change, users::remove))
        .routes(routes!(users::reset_second_factors))
        .routes(routes!(api_tokens::of_user))
        .routes(routes!(api_tokens::revoke_of_user))
        .routes(routes!(user_access::explain))
        .routes(routes!(uses::of_user))
        .routes(routes!(uses::of_team))
        .routes(routes!(teams::list, teams::create))
        .routes(routes!(teams::change, teams::remove))
        .routes(routes!(jump_item_roles::list, jump_item_roles::create))
        .routes(routes!(jump_item_roles::change, jump_item_roles::remove))
        .routes(routes!(jumpoints::list, jumpoints::create))
        .routes(routes!(jumpoints::change, jumpoints::remove))
        .routes(routes!(jumpoints::create_key))
        .routes(routes!(jumpoints::revoke_key))
        .routes(routes!(jumpoints::change_node, jumpoints::remove_node))
        .routes(routes!(jump_groups::list, jump_groups::create))
        .routes(routes!(jump_groups::change, jump_groups::remove))
        .routes(routes!(group_members::list, group_members::set))
        .routes(routes!(jump_items::list, jump_items::create, item_changes::change_many))
        .routes(routes!(item_changes::copy))
        .routes(routes!(item_changes::remove_many))
        .routes(routes!(item_changes::restore))
        .routes(routes!(items_csv::export, items_csv::export_these))
        .routes(routes!(items_csv::template))
        .routes(routes!(items_csv::import))
        .routes(routes!(jump_items::get, jump_items::change, item_changes::remove))
        .routes(routes!(starting::terms))
        .routes(routes!(policies::list, policies::create))
        .routes(routes!(policies::names))
        .routes(routes!(policies::change, policies::remove))
        .routes(routes!(policies::time_zones))
        .routes(routes!(session_policies::list, session_policies::create))
        .routes(routes!(session_policies::names))
        .routes(routes!(session_policies::global, session_policies::set_global))
        .routes(routes!(session_policies::effective))
        .routes(routes!(session_policies::change, session_policies::remove))
        .routes(routes!(approvals::list, approvals::create))
        .routes(routes!(approvals::decide))
        .routes(routes!(approvals::revoke))
        .routes(routes!(approvals::withdraw))
        .routes(routes!(approval_links::look))
        .routes(routes!(approval_links::decide))
        .routes(routes!(credentials::list, credentials::create))
        .routes(routes!(credentials::change, credentials::remove))
        .routes(routes!(session_credentials::list))
        .routes(routes!(session_credentials::reveal))
        .routes(routes!(sessions::list, sessions::create))
        .routes(routes!(sessions::get))
        .routes(routes!(sessions::ticket))
        .routes(routes!(sessions::end))
        .routes(routes!(recordings::announce, recordings::list))
        .routes(routes!(recordings::chunk).layer(DefaultBodyLimit::max(RECORDING_CHUNK_BYTES)))
        .routes(routes!(recordings::alive))
        .routes(routes!(recordings::stop))
        .routes(routes!(recordings::video))
        .routes(routes!(recordings::so_far))
        .routes(routes!(recordings::file))
        .routes(routes!(retention::delete_recording))
        .routes(routes!(retention::hold, retention::set_hold))
        .routes(routes!(retention::lift_hold))
        .routes(routes!(review::list::list))
        .routes(routes!(review::list::export))
        .routes(routes!(review::list::choices))
        .routes(routes!(review::session::session))
        .routes(routes!(review::session::events))
        .routes(routes!(review::session::seal))
        .routes(routes!(review::session::connections))
        .routes(routes!(review::notes::mark, review::notes::unmark))
        .routes(routes!(review::notes::add))
        .routes(routes!(review::notes::change, review::notes::remove))
        .routes(routes!(reports::usage))
        .routes(routes!(reports::last_use))
        .routes(routes!(reports::reach))
        .routes(routes!(captures::list))
        .routes(routes!(captures::connections))
        .routes(routes!(captures::bytes))
        .routes(routes!(captures::statements))
        .routes(routes!(captures::file))
        .routes(routes!(audit::list))
        .routes(routes!(audit::heads))
        .routes(routes!(audit::export))
        .routes(routes!(installation::installation))
        .routes(routes!(websocket::events::events))
        .split_for_parts();
    let description = bytes::Bytes::from(serde_json::to_vec(&description).unwrap_or_default());
    let openapi = get(move || std::future::ready(([(header::CONTENT_TYPE, "application/json")], description.clone())));
    let links = websocket::links();
    api.route("/api/openapi.json", openapi)
        .route("/ca.pem", get(installation::ca))
        .route("/extension/sallyport.crx", get(extension::crx))
        .route("/extension/updates.xml", get(extension::updates))
        .route("/download/{file}", get(installation::download))
        .merge(links)
        .fallback(assets::serve)
        .method_not_allowed_fallback(assets::wrong_method)
        .layer(DefaultBodyLimit::max(API_BODY_BYTES))
        .layer(axum::middleware::from_fn_with_state(services.tasks.clone(), middleware::every_request))
        .with_state(services)
}
