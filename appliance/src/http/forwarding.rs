//! Where audit events are handed on to.

use axum::Json;
use axum::extract::State;
use wire::api::{
    ApiError, Destination, ForwardingStatus, SyslogSettings, TestOutcome, Webhook, WebhookDraft, WebhookSettings,
};
use wire::audit::Action;

use super::error::Body;
use super::{Administrator, AtConsole, ConsoleAdministrator, Failure};
use crate::audit::Entry;
use crate::forwarding::Forwarding;
use crate::outgoing;
use crate::services::Services;

/// How far audit events were handed on, and what keeps them.
#[utoipa::path(get, path = "/api/forwarding", tag = "audit", responses((status = 200, body = Vec<ForwardingStatus>), (status = 403, body = ApiError)))]
pub(super) async fn statuses(
    State(services): State<Services>,
    _: Administrator,
) -> Result<Json<Vec<ForwardingStatus>>, Failure> {
    Ok(Json(services.forwarding.statuses().await?))
}

/// The syslog server that audit events are handed on to.
#[utoipa::path(get, path = "/api/settings/syslog", tag = "settings", responses((status = 200, body = SyslogSettings), (status = 403, body = ApiError)))]
pub(super) async fn syslog(
    State(services): State<Services>,
    _: ConsoleAdministrator,
) -> Result<Json<SyslogSettings>, Failure> {
    Ok(Json(Forwarding::syslog_in(&services.store).await?))
}

/// Sets the syslog server. Events from this one on are handed on.
#[utoipa::path(put, path = "/api/settings/syslog", tag = "settings", request_body = SyslogSettings, responses((status = 200, body = SyslogSettings), (status = 403, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn set_syslog(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Body(draft): Body<SyslogSettings>,
) -> Result<Json<SyslogSettings>, Failure> {
    let change = services.audit.begin().await?;
    let was = Forwarding::syslog_in(&change).await?;
    let set = Forwarding::set_syslog(&change, draft).await?;
    let entry = Entry::of_settings(Action::SettingsSyslogChanged, "Syslog").changed(&was, &set);
    change.commit(&who.by, [entry]).await?;
    services.forwarding.look_again(Destination::Syslog);
    tracing::info!(by.id = %who.user.id, configured = !set.server.host.is_empty(), "the syslog server was set");
    Ok(Json(set))
}

/// Sends the syslog server a message, with the settings that are kept.
#[utoipa::path(post, path = "/api/settings/syslog/test", tag = "settings", responses((status = 200, body = TestOutcome), (status = 403, body = ApiError)))]
pub(super) async fn test_syslog(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
) -> Result<Json<TestOutcome>, Failure> {
    tested(&services, &who, Destination::Syslog).await
}

/// The address that audit events are posted to.
#[utoipa::path(get, path = "/api/settings/webhook", tag = "settings", responses((status = 200, body = WebhookSettings), (status = 403, body = ApiError)))]
pub(super) async fn webhook(
    State(services): State<Services>,
    _: ConsoleAdministrator,
) -> Result<Json<WebhookSettings>, Failure> {
    Ok(Json(Forwarding::webhook_in(&services.store).await?))
}

/// Sets the address that audit events are posted to. Events from this one on are handed on.
#[utoipa::path(put, path = "/api/settings/webhook", tag = "settings", request_body = WebhookDraft, responses((status = 200, body = WebhookSettings), (status = 403, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn set_webhook(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Body(draft): Body<WebhookDraft>,
) -> Result<Json<WebhookSettings>, Failure> {
    let is_entered = draft.secret.is_some();
    let change = services.audit.begin().await?;
    let was = Forwarding::webhook_in(&change).await?;
    let set = services.forwarding.set_webhook(&change, draft).await?;
    // Such addresses often hold what lets whoever knows it in: the trail, which goes to many, says where to and not more.
    let told = |it: &WebhookSettings| {
        let webhook = Webhook { url: outgoing::origin(&it.webhook.url), ..it.webhook.clone() };
        WebhookSettings { webhook, ..it.clone() }
    };
    let mut entry = Entry::of_settings(Action::SettingsWebhookChanged, "Webhook").changed(&told(&was), &told(&set));
    if was.webhook.url != set.webhook.url {
        entry = entry.with("address", "(entered anew)");
    }
    if is_entered {
        entry = entry.with("secret", "(entered anew)");
    }
    change.commit(&who.by, [entry]).await?;
    services.forwarding.look_again(Destination::Webhook);
    tracing::info!(by.id = %who.user.id, configured = !set.webhook.url.is_empty(), "the webhook was set");
    Ok(Json(set))
}

/// Posts no event, signed as all are, with the settings that are kept.
#[utoipa::path(post, path = "/api/settings/webhook/test", tag = "settings", responses((status = 200, body = TestOutcome), (status = 403, body = ApiError)))]
pub(super) async fn test_webhook(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
) -> Result<Json<TestOutcome>, Failure> {
    tested(&services, &who, Destination::Webhook).await
}

async fn tested(services: &Services, who: &AtConsole, to: Destination) -> Result<Json<TestOutcome>, Failure> {
    let outcome = services.forwarding.try_out(to).await;
    let entry = match to {
        Destination::Syslog => Entry::of_settings(Action::SettingsSyslogTested, "Syslog"),
        Destination::Webhook => Entry::of_settings(Action::SettingsWebhookTested, "Webhook"),
    };
    let entry = entry.saying(outcome.message.as_str());
    services.audit.append(&who.by, if outcome.worked { entry } else { entry.failed() }).await?;
    tracing::info!(by.id = %who.user.id, destination = to.name(), worked = outcome.worked, "handing events on was tried out");
    Ok(Json(outcome))
}
