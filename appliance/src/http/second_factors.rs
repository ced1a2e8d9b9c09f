use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use qrcodegen::{QrCode as Drawing, QrCodeEcc};
use wire::api::{
    ApiError, BeginTotp, BothFactors, ConfirmTotp, ConsoleEvent, Passkey, QrCode, RecoveryCodes, SecondFactors,
    TotpOffer,
};
use wire::audit::Action;
use wire::{SecretText, UserId};

use super::error::Body;
use super::sign_in::{guarded_both, guarded_verify};
use super::users::entry;
use super::{Arriving, AtConsole, Failure, settings};
use crate::clock::now;
use crate::events::Audience;
use crate::services::Services;
use crate::sign_in::second_factor::FactorError;
use crate::sign_in::totp;
use crate::store::{PasskeyRecord, Store, StoreError};

/// What is asked for besides the password.
#[utoipa::path(get, path = "/api/me/second-factors", tag = "me", responses((status = 200, body = SecondFactors), (status = 401, body = ApiError)))]
pub(super) async fn state(
    State(services): State<Services>,
    Arriving(who): Arriving,
) -> Result<Json<SecondFactors>, Failure> {
    let app = services.store.totp(who.user.id).await?;
    let left = services.store.recovery_codes_left(who.user.id).await?;
    Ok(Json(SecondFactors {
        totp_since: app.and_then(|it| it.confirmed_at),
        passkeys: services.store.passkeys(who.user.id).await?.into_iter().map(passkey_view).collect(),
        passkeys_unavailable: services.factors.passkey_obstacle(),
        recovery_codes_left: u32::try_from(left).unwrap_or(u32::MAX),
        required: settings::second_factor_required(&services.store).await?,
    }))
}

/// Begins to set an authenticator app up.
#[utoipa::path(post, path = "/api/me/totp", tag = "me", request_body = BeginTotp, responses((status = 200, body = TotpOffer), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn begin_totp(
    State(services): State<Services>,
    Arriving(who): Arriving,
    Body(begin): Body<BeginTotp>,
) -> Result<Json<TotpOffer>, Failure> {
    // Who has to set one up before anything else has just shown the password.
    if !who.browser.needs_factor {
        let password = begin.password.unwrap_or_default();
        guarded_verify(&services, &who, &password, "password").await?;
    }
    let change = services.audit.begin().await?;
    let secret = services.factors.begin(&change, who.user.id, now()).await.map_err(|error| match error {
        FactorError::Store(StoreError::Duplicate) => Failure::conflict(
            "totp_on",
            "An authenticator app is set up already.",
            "Turn it off before you set another one up.",
        ),
        other => other.into(),
    })?;
    change.commit(&who.by, [entry(Action::UserSecondFactorBegun, &who.user)]).await?;
    let host = services.public_url.trim_start_matches("https://");
    let uri = totp::uri(&format!("Sallyport {host}"), &who.user.user_name, &secret);
    let qr_code = draw(&uri).ok_or_else(|| {
        tracing::error!(length = uri.len(), "the address for the authenticator app does not fit into a QR code");
        Failure::internal()
    })?;
    Ok(Json(TotpOffer { secret: SecretText::new(totp::base32(&secret)), uri: SecretText::new(uri), qr_code }))
}

/// The app shows a right code: from now on it is asked for at sign-in.
#[utoipa::path(post, path = "/api/me/totp/confirm", tag = "me", request_body = ConfirmTotp, responses((status = 200, body = RecoveryCodes), (status = 422, body = ApiError)))]
pub(super) async fn confirm_totp(
    State(services): State<Services>,
    Arriving(who): Arriving,
    Body(confirm): Body<ConfirmTotp>,
) -> Result<Json<RecoveryCodes>, Failure> {
    let change = services.audit.begin().await?;
    let codes = services.factors.confirm(&change, who.user.id, &confirm.code, now(), who.browser.id).await?;
    let Some(codes) = codes else {
        let message = "This is not the code that the app shows for this secret now. Look whether the clock of its device is right.";
        return Err(Failure::field("code", message));
    };
    change.commit(&who.by, [entry(Action::UserSecondFactorSetUp, &who.user)]).await?;
    tracing::info!(user.id = %who.user.id, "an authenticator app was set up");
    services.events.announce(Audience::Administrators, ConsoleEvent::UsersChanged);
    Ok(Json(RecoveryCodes { codes: codes.unwrap_or_default() }))
}

/// Turns the authenticator app off; without another second factor the recovery codes go with it.
#[utoipa::path(post, path = "/api/me/totp/remove", tag = "me", request_body = BothFactors, responses((status = 204), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn remove_totp(
    State(services): State<Services>,
    who: AtConsole,
    Body(both): Body<BothFactors>,
) -> Result<StatusCode, Failure> {
    if services.store.passkeys(who.user.id).await?.is_empty() {
        may_be_without(&services.store).await?;
    }
    guarded_both(&services, &who, &both).await?;
    let change = services.audit.begin().await?;
    change.remove_totp(who.user.id).await?;
    still_enough(&change, who.user.id).await?;
    change.commit(&who.by, [entry(Action::UserSecondFactorRemoved, &who.user)]).await?;
    tracing::info!(user.id = %who.user.id, "an authenticator app was turned off");
    services.events.announce(Audience::Administrators, ConsoleEvent::UsersChanged);
    Ok(StatusCode::NO_CONTENT)
}

/// Makes other recovery codes; the old ones are worth nothing any more.
#[utoipa::path(post, path = "/api/me/recovery-codes", tag = "me", request_body = BothFactors, responses((status = 200, body = RecoveryCodes), (status = 422, body = ApiError)))]
pub(super) async fn renew_recovery_codes(
    State(services): State<Services>,
    who: AtConsole,
    Body(both): Body<BothFactors>,
) -> Result<Json<RecoveryCodes>, Failure> {
    guarded_both(&services, &who, &both).await?;
    let change = services.audit.begin().await?;
    let codes = services.factors.new_recovery_codes(&change, who.user.id).await?;
    change.commit(&who.by, [entry(Action::UserRecoveryCodesRenewed, &who.user)]).await?;
    Ok(Json(RecoveryCodes { codes }))
}

/// Nothing, or why this user may not be left without a second factor: two may be removed at the same time.
pub(super) async fn still_enough(change: &Store, user: UserId) -> Result<(), Failure> {
    if change.has_second_factor(user).await? { Ok(()) } else { may_be_without(change).await }
}

/// Nothing, or why nobody may be without a second factor.
pub(super) async fn may_be_without(store: &Store) -> Result<(), Failure> {
    if !settings::second_factor_required(store).await? {
        return Ok(());
    }
    let message = "Everybody who signs in here needs a second factor.";
    let next_step = "Set another one up first, or ask an administrator to reset your second factors.";
    Err(Failure::conflict("second_factor_required", message, next_step))
}

/// A passkey as its owner sees it.
pub(super) fn passkey_view(it: PasskeyRecord) -> Passkey {
    Passkey { id: it.id, name: it.name, created_at: it.created_at, last_used_at: it.last_used_at }
}

/// A text as a QR code; none when it is too long for one.
fn draw(text: &str) -> Option<QrCode> {
    let drawing = Drawing::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = drawing.size();
    let mut path = String::new();
    for y in 0..size {
        let mut x = 0;
        while x < size {
            let start = x;
            while drawing.get_module(x, y) {
                x += 1;
            }
            if x > start {
                path.push_str(&format!("M{start} {y}h{}v1h-{}z", x - start, x - start));
            }
            x += 1;
        }
    }
    Some(QrCode { size: u32::try_from(size).ok()?, path: SecretText::new(path) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qr_code_has_its_three_corners() {
        let code = draw("otpauth://totp/Sallyport:ana?secret=MZXW6YTBOI").unwrap();
        let far = code.size - 7;
        for corner in ["M0 0h7v1h-7z".to_owned(), format!("M{far} 0h7v1h-7z"), format!("M0 {far}h7v1h-7z")] {
            assert!(code.path.expose().contains(&corner), "{corner}");
        }
        assert!(draw(&"x".repeat(5000)).is_none());
    }
}
