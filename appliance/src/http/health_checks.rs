use axum::Json;
use axum::extract::State;
use wire::api::{ApiError, HealthChecks};

use super::{Administrator, Failure};
use crate::services::Services;

/// How the appliance itself stands.
#[utoipa::path(get, path = "/api/health-checks", tag = "administration", responses((status = 200, body = HealthChecks), (status = 403, body = ApiError)))]
pub(super) async fn health_checks(
    State(services): State<Services>,
    _: Administrator,
) -> Result<Json<HealthChecks>, Failure> {
    Ok(Json(services.health.look().await))
}
