use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use wire::api::Fault;

use super::Failure;
use crate::console_files::INDEX;
use crate::services::Services;

/// Shown when the program was built before the console was.
const NOT_BUILT: &str = "<!doctype html><title>Sallyport</title><p>This program was built without the console. \
                         Run <code>cargo www</code> and build it again, or start it with <code>--console-dir</code>.</p>";

/// A file of the console; every path that is none of them is a place inside the console.
pub(super) async fn serve(State(services): State<Services>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let is_page =
        !["api", "link", "assets", "extension", "download"].contains(&path.split('/').next().unwrap_or_default());
    if !matches!(method, Method::GET | Method::HEAD) {
        return nothing(&method, &uri).into_response();
    }
    let accept = headers.get(header::ACCEPT_ENCODING).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let mut file = services.console.get(path, accept).await;
    if file.is_none() && is_page {
        file = services.console.get(INDEX, accept).await;
        if file.is_none() {
            return (StatusCode::SERVICE_UNAVAILABLE, Html(NOT_BUILT)).into_response();
        }
    }
    let Some(file) = file else { return nothing(&method, &uri).into_response() };
    let caching = if file.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = file.bytes.into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&file.content_type) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = file.encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// A path that is there, asked in a way it does not answer.
pub(super) async fn wrong_method(method: Method, uri: Uri) -> Failure {
    let message = format!("{} cannot be asked with {method}.", uri.path());
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, Fault::User, "wrong_method", &message, "")
}

fn nothing(method: &Method, uri: &Uri) -> Failure {
    let message = format!("The appliance has no {method} {}.", uri.path());
    Failure::new(StatusCode::NOT_FOUND, Fault::User, "no_such_path", &message, "")
}
