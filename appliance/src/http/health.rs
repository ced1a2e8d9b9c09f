use axum::extract::State;

use super::Failure;
use crate::services::Services;

/// Whether the appliance can serve: it answers, and its database can be read.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "It can"), (status = 503, body = wire::api::ApiError)))]
pub(super) async fn healthz(State(services): State<Services>) -> Result<&'static str, Failure> {
    services.store.ping().await?;
    Ok("ok\n")
}
