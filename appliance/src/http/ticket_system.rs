use axum::Json;
use axum::extract::State;
use wire::api::{ApiError, TicketSystemDraft, TicketSystemSettings, TicketTest, TicketTestResult};
use wire::audit::Action;
use wire::validate;

use super::error::Body;
use super::{ConsoleAdministrator, Failure};
use crate::audit::Entry;
use crate::services::Services;
use crate::ticket_system::TicketQuestion;

/// How the ticket system is asked.
#[utoipa::path(get, path = "/api/settings/ticket-system", tag = "settings", responses((status = 200, body = TicketSystemSettings), (status = 403, body = ApiError)))]
pub(super) async fn settings(
    State(services): State<Services>,
    _: ConsoleAdministrator,
) -> Result<Json<TicketSystemSettings>, Failure> {
    Ok(Json(services.ticket_system.settings().await?))
}

/// Sets how the ticket system is asked.
#[utoipa::path(put, path = "/api/settings/ticket-system", tag = "settings", request_body = TicketSystemDraft, responses((status = 200, body = TicketSystemSettings), (status = 403, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn set_settings(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Body(draft): Body<TicketSystemDraft>,
) -> Result<Json<TicketSystemSettings>, Failure> {
    let entered = draft.headers.iter().filter(|it| it.value.is_some()).map(|it| it.name.clone()).collect::<Vec<_>>();
    let change = services.audit.begin().await?;
    let was = services.ticket_system.settings_in(&change).await?;
    let set = services.ticket_system.set(&change, draft).await?;
    let mut entry = Entry::of_settings(Action::SettingsTicketSystemChanged, "Ticket system").changed(&was, &set);
    if !entered.is_empty() {
        entry = entry.with("header_values", format!("(entered anew: {})", entered.join(", ")));
    }
    change.commit(&who.by, [entry]).await?;
    tracing::info!(by.id = %who.user.id, configured = !set.system.url.is_empty(), "the ticket system was set");
    Ok(Json(set))
}

/// Asks about a ticket at once, with the settings that are kept.
#[utoipa::path(post, path = "/api/settings/ticket-system/test", tag = "settings", request_body = TicketTest, responses((status = 200, body = TicketTestResult), (status = 403, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn test(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Body(test): Body<TicketTest>,
) -> Result<Json<TicketTestResult>, Failure> {
    if let Some(wrong) = validate::ticket(&test.ticket) {
        return Err(Failure::field("ticket", &wrong));
    }
    let question = TicketQuestion { user: who.user.user_name.clone(), item: "Test".into() };
    let result = services.ticket_system.try_out(&test.ticket, &question).await;
    let entry =
        Entry::of_settings(Action::SettingsTicketSystemTested, "Ticket system").with("ticket", test.ticket.as_str());
    let entry = entry.saying(result.outcome.message.as_str());
    services.audit.append(&who.by, if result.outcome.worked { entry } else { entry.failed() }).await?;
    tracing::info!(by.id = %who.user.id, worked = result.outcome.worked, "the ticket system was tried out");
    Ok(Json(result))
}
