use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::services::Services;

/// The packed extension. Browsers load it without signing in.
pub(super) async fn crx(State(services): State<Services>) -> Response {
    ([(header::CONTENT_TYPE, "application/x-chrome-extension")], services.extension.crx.clone()).into_response()
}

/// Where browsers look which version there is.
pub(super) async fn updates(State(services): State<Services>) -> Response {
    let url = format!("{}/extension/sallyport.crx", services.public_url);
    ([(header::CONTENT_TYPE, "text/xml")], services.extension.update_manifest(&url)).into_response()
}
