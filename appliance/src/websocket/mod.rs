//! The only place that knows WebSocket frames: it turns them into a link's messages and JSON into hellos.
//!
//! - `helper_link`: a helper's session link.
//! - `agent_links`: enrolment, control link and session link of agents.
//! - `events`: what consoles hear.

mod agent_links;
pub(crate) mod events;
mod helper_link;
mod messages;

use axum::Router;
use axum::routing::get;
use wire::link_messages::{AGENT_CONTROL_PATH, AGENT_SESSION_PATH, ENROL_PATH, HELPER_LINK_PATH};

use crate::services::Services;

/// The paths on which helpers and agents dial in. They prove who they are in their first message.
pub(crate) fn links() -> Router<Services> {
    Router::new()
        .route(HELPER_LINK_PATH, get(helper_link::dial_in))
        .route(ENROL_PATH, get(agent_links::enrol))
        .route(AGENT_CONTROL_PATH, get(agent_links::control))
        .route(AGENT_SESSION_PATH, get(agent_links::session))
}
