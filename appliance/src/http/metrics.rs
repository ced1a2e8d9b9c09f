use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use wire::api::{ApiError, Fault};

use super::Failure;
use crate::metrics::scrape::CONTENT_TYPE;
use crate::services::Services;

/// What the appliance counts of itself, for Prometheus. It needs a token of its own, wherever the request comes from: behind a
/// reverse proxy on the same host every request comes from this machine.
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, description = "Prometheus text format", body = String, content_type = "text/plain"), (status = 401, body = ApiError)))]
pub(super) async fn metrics(State(services): State<Services>, headers: HeaderMap) -> Result<Response, Failure> {
    let shown = headers.get(header::AUTHORIZATION).and_then(|it| it.to_str().ok()).unwrap_or_default();
    if !services.metrics_token.is_shown_by(shown) {
        let message = "The metrics need their token as Authorization: Bearer.";
        let next_step = "It is in the file metrics-token of the data folder, or where [metrics] token_file says.";
        return Err(Failure::new(StatusCode::UNAUTHORIZED, Fault::User, "no_metrics_token", message, next_step));
    }
    let text = services.metrics.text(&services).await.map_err(|error| {
        tracing::error!(error = %error, "the metrics could not be written");
        Failure::internal()
    })?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")], text).into_response())
}
