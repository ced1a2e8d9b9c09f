use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use wire::api::{HelperDownload, Installation};

use super::Failure;
use super::error::Path;
use crate::downloads::Program;
use crate::services::{Services, VERSION};

/// What a workstation needs to install helper and extension. Asked before sign-in, too: there is nothing secret in it.
#[utoipa::path(get, path = "/api/installation", tag = "installation", responses((status = 200, body = Installation)))]
pub(super) async fn installation(State(services): State<Services>) -> Json<Installation> {
    let origin = services.public_url.to_string();
    let helper_downloads = services.downloads.list().await;
    let download = |it: &Program| HelperDownload {
        url: format!("{origin}/download/{}", it.file_name),
        platform: it.platform.clone(),
        bytes: it.content.len() as u64,
        sha256: it.sha256.clone(),
    };
    Json(Installation {
        appliance_version: VERSION.to_owned(),
        extension_ids: services.extension.ids(),
        extension_version: services.extension.version.clone(),
        extension_update_url: format!("{origin}/extension/updates.xml"),
        ca_sha256: services.authority.as_ref().map(|it| it.sha256.clone()),
        ca_url: services.authority.as_ref().map(|_| format!("{origin}/ca.pem")),
        helper_downloads: helper_downloads.iter().map(download).collect(),
        origin,
    })
}

/// The certificate authority to trust.
pub(super) async fn ca(State(services): State<Services>) -> Result<Response, Failure> {
    let authority = services.authority.as_ref().ok_or_else(|| Failure::not_found("certificate authority"))?;
    let kind = [
        (header::CONTENT_TYPE, "application/x-pem-file"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"sallyport-ca.pem\""),
    ];
    Ok((kind, authority.pem.clone()).into_response())
}

/// A helper program.
pub(super) async fn download(State(services): State<Services>, Path(file): Path<String>) -> Result<Response, Failure> {
    let program = services.downloads.program(&file).await.ok_or_else(|| Failure::not_found("download"))?;
    // Saved under the name that the install command uses.
    let saved_as = if file.ends_with(".exe") { "sallyport-helper.exe" } else { "sallyport-helper" };
    let kind = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{saved_as}\"")),
    ];
    Ok((StatusCode::OK, kind, Body::from(program.content.clone())).into_response())
}
