//! Single sign-on.

use gloo::net::http::Method;
use wire::SignOnProviderId;
use wire::api::{
    BeginSignOn, FinishSignOn, SignInAnswer, SignOnBegun, SignOnButton, SignOnFinished, SignOnProviderDraft,
    SignOnProviderSettings, SignOnSettings, TestOutcome,
};

use super::{Answer, Api, path};

impl Api {
    /// `GET /api/sign-on`.
    pub(crate) async fn sign_on_buttons(&self) -> Answer<Vec<SignOnButton>> {
        self.get("/api/sign-on").await
    }

    /// `POST /api/sign-on/begin`.
    pub(crate) async fn begin_sign_on(&self, begin: &BeginSignOn) -> Answer<SignOnBegun> {
        self.send_quietly(Method::POST, "/api/sign-on/begin", Some(begin)).await
    }

    /// `POST /api/sign-on/finish`.
    pub(crate) async fn finish_sign_on(&self, brought: &FinishSignOn) -> Answer<SignOnFinished> {
        let finished: SignOnFinished = self.send_quietly(Method::POST, "/api/sign-on/finish", Some(brought)).await?;
        if let SignInAnswer::SignedIn(me) = &finished.answer {
            self.keep_csrf_token(me);
        }
        Ok(finished)
    }

    /// `GET /api/settings/sign-on`.
    pub(crate) async fn sign_on_settings(&self) -> Answer<SignOnSettings> {
        self.get("/api/settings/sign-on").await
    }

    /// `POST /api/settings/sign-on` or `PUT /api/settings/sign-on/{id}`.
    pub(crate) async fn save_sign_on_provider(
        &self,
        id: Option<SignOnProviderId>,
        draft: &SignOnProviderDraft,
    ) -> Answer<SignOnProviderSettings> {
        self.save("/api/settings/sign-on", id, draft).await
    }

    /// `DELETE /api/settings/sign-on/{id}`.
    pub(crate) async fn remove_sign_on_provider(&self, id: SignOnProviderId) -> Answer<()> {
        self.change(Method::DELETE, &path("/api/settings/sign-on", id)).await
    }

    /// `POST /api/settings/sign-on/{id}/test`.
    pub(crate) async fn test_sign_on_provider(&self, id: SignOnProviderId) -> Answer<TestOutcome> {
        let at = format!("{}/test", path("/api/settings/sign-on", id));
        self.send(Method::POST, &at, None::<&()>).await
    }
}
