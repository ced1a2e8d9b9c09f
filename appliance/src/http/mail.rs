use axum::Json;
use axum::extract::State;
use wire::api::{ApiError, MailDraft, MailSettings, MailTest, Outbox, TestOutcome};
use wire::audit::Action;
use wire::validate;

use super::error::Body;
use super::{ConsoleAdministrator, Failure};
use crate::audit::Entry;
use crate::mail::{ChangeRefused, Letter};
use crate::services::Services;

/// The mail server.
#[utoipa::path(get, path = "/api/settings/mail", tag = "settings", responses((status = 200, body = MailSettings), (status = 403, body = ApiError)))]
pub(super) async fn settings(
    State(services): State<Services>,
    _: ConsoleAdministrator,
) -> Result<Json<MailSettings>, Failure> {
    Ok(Json(services.mailer.settings().await?))
}

/// Sets the mail server.
#[utoipa::path(put, path = "/api/settings/mail", tag = "settings", request_body = MailDraft, responses((status = 200, body = MailSettings), (status = 403, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn set_settings(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Body(draft): Body<MailDraft>,
) -> Result<Json<MailSettings>, Failure> {
    let has_new_password = draft.password.is_some();
    let change = services.audit.begin().await?;
    let was = services.mailer.settings_in(&change).await?;
    let set = services.mailer.set(&change, draft).await?;
    let mut entry = Entry::of_settings(Action::SettingsMailChanged, "Mail").changed(&was, &set);
    if has_new_password {
        entry = entry.with("password", "(entered anew)");
    }
    change.commit(&who.by, [entry]).await?;
    services.mailer.look_again();
    tracing::info!(by.id = %who.user.id, host = set.server.host, "the mail server was set");
    Ok(Json(set))
}

/// Sends a letter at once, with the settings that are kept.
#[utoipa::path(post, path = "/api/settings/mail/test", tag = "settings", request_body = MailTest, responses((status = 200, body = TestOutcome), (status = 403, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn test(
    State(services): State<Services>,
    ConsoleAdministrator(who): ConsoleAdministrator,
    Body(test): Body<MailTest>,
) -> Result<Json<TestOutcome>, Failure> {
    if let Some(wrong) = validate::mail_address(&test.to) {
        return Err(Failure::field("to", &wrong));
    }
    let text = format!(
        "{} tried out whether Sallyport can send mail.\r\n\r\nThe appliance is {}. Nobody has to do anything.\r\n",
        who.user.display_name, services.public_url
    );
    let letter = Letter { to: test.to, subject: "A test of Sallyport's mail".into(), text };
    let to = letter.to.clone();
    let outcome = services.mailer.try_out(letter).await;
    let entry = Entry::of_settings(Action::SettingsMailTested, "Mail").with("to", to).saying(outcome.message.as_str());
    services.audit.append(&who.by, if outcome.worked { entry } else { entry.failed() }).await?;
    tracing::info!(by.id = %who.user.id, worked = outcome.worked, said = outcome.message, "mail was tried out");
    Ok(Json(outcome))
}

/// What waits, and what was given up.
#[utoipa::path(get, path = "/api/settings/mail/outbox", tag = "settings", responses((status = 200, body = Outbox), (status = 403, body = ApiError)))]
pub(super) async fn outbox(State(services): State<Services>, _: ConsoleAdministrator) -> Result<Json<Outbox>, Failure> {
    Ok(Json(services.mailer.outbox().await?))
}

impl From<ChangeRefused> for Failure {
    fn from(refused: ChangeRefused) -> Self {
        match refused {
            ChangeRefused::Fields(fields) => Self::fields(fields),
            ChangeRefused::Store(error) => error.into(),
            ChangeRefused::Sealing(error) => {
                tracing::error!(error = %error, "a secret cannot be sealed or opened");
                Self::internal()
            }
        }
    }
}
