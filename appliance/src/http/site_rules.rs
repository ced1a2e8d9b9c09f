use axum::Json;
use axum::extract::State;
use wire::api::{ApiError, SignInBanner, SiteRules, SiteSettings};
use wire::audit::Action;
use wire::validate;

use super::error::Body;
use super::{ConsoleAdministrator, Failure};
use crate::audit::Entry;
use crate::services::Services;
use crate::site_rules;

/// Banner, limits, and how long sessions are kept.
#[utoipa::path(get, path = "/api/settings/site", tag = "settings", responses((status = 200, body = SiteSettings), (status = 403, body = ApiError)))]
pub(super) async fn settings(State(services): State<Services>, _: ConsoleAdministrator) -> Json<SiteSettings> {
    Json(services.site_rules.settings())
}

/// Sets them, from now on.
#[utoipa::path(put, path = "/api/settings/site", tag = "settings", request_body = SiteRules, responses((status = 200, body = SiteSettings), (status = 403, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn set_settings(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Body(mut wanted): Body<SiteRules>,
) -> Result<Json<SiteSettings>, Failure> {
    if let Some(banner) = &mut wanted.banner {
        banner.text = banner.text.replace("\r\n", "\n").trim().to_owned();
    }
    let errors = validate::site_rules(&wanted);
    if !errors.is_empty() {
        return Err(Failure::fields(errors));
    }
    let change = services.audit.begin().await?;
    let was = site_rules::kept(&change).await?;
    let set = site_rules::set(&change, wanted).await?;
    let entry = Entry::of_settings(Action::SettingsSiteChanged, "Banner and limits").changed(&was, &set);
    change.commit(&who.by, [entry]).await?;
    services.site_rules.follow(set);
    tracing::info!(by.id = %who.user.id, "banner and limits were set");
    Ok(Json(services.site_rules.settings()))
}

/// What people read before they sign in.
#[utoipa::path(get, path = "/api/sign-in/banner", tag = "sign-in", responses((status = 200, body = SignInBanner)))]
pub(super) async fn banner(State(services): State<Services>) -> Json<SignInBanner> {
    Json(SignInBanner { banner: services.site_rules.now().banner.clone() })
}
