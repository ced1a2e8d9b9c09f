//! What holds for the whole appliance, and systems outside that it works with.

use gloo::net::http::Method;
use wire::api::{
    HealthChecks, LetterTemplates, MailDraft, MailSettings, MailTest, Outbox, Retention, RetentionSettings,
    SignInBanner, SiteRules, SiteSettings, TestOutcome, TicketSystemDraft, TicketSystemSettings, TicketTest,
    TicketTestResult,
};

use super::{Answer, Api};

impl Api {
    /// `GET /api/settings/site`.
    pub(crate) async fn site_settings(&self) -> Answer<SiteSettings> {
        self.get("/api/settings/site").await
    }

    /// `PUT /api/settings/site`.
    pub(crate) async fn set_site_settings(&self, rules: &SiteRules) -> Answer<SiteSettings> {
        self.send(Method::PUT, "/api/settings/site", Some(rules)).await
    }

    /// `GET /api/settings/retention`.
    pub(crate) async fn retention_settings(&self) -> Answer<RetentionSettings> {
        self.get("/api/settings/retention").await
    }

    /// `PUT /api/settings/retention`.
    pub(crate) async fn set_retention(&self, retention: &Retention) -> Answer<RetentionSettings> {
        self.send(Method::PUT, "/api/settings/retention", Some(retention)).await
    }

    /// `GET /api/sign-in/banner`.
    pub(crate) async fn sign_in_banner(&self) -> Answer<SignInBanner> {
        self.get("/api/sign-in/banner").await
    }

    /// `GET /api/settings/mail`.
    pub(crate) async fn mail_settings(&self) -> Answer<MailSettings> {
        self.get("/api/settings/mail").await
    }

    /// `PUT /api/settings/mail`.
    pub(crate) async fn set_mail_settings(&self, draft: &MailDraft) -> Answer<MailSettings> {
        self.send(Method::PUT, "/api/settings/mail", Some(draft)).await
    }

    /// `POST /api/settings/mail/test`.
    pub(crate) async fn test_mail(&self, test: &MailTest) -> Answer<TestOutcome> {
        self.send(Method::POST, "/api/settings/mail/test", Some(test)).await
    }

    /// `GET /api/settings/mail/outbox`.
    pub(crate) async fn outbox(&self) -> Answer<Outbox> {
        self.get("/api/settings/mail/outbox").await
    }

    /// `GET /api/health-checks`.
    pub(crate) async fn health_checks(&self) -> Answer<HealthChecks> {
        self.get("/api/health-checks").await
    }

    /// `GET /api/settings/letters`.
    pub(crate) async fn letters(&self) -> Answer<LetterTemplates> {
        self.get("/api/settings/letters").await
    }

    /// `PUT /api/settings/letters`.
    pub(crate) async fn set_letters(&self, all: &LetterTemplates) -> Answer<LetterTemplates> {
        self.send(Method::PUT, "/api/settings/letters", Some(all)).await
    }

    /// `GET /api/settings/ticket-system`.
    pub(crate) async fn ticket_system_settings(&self) -> Answer<TicketSystemSettings> {
        self.get("/api/settings/ticket-system").await
    }

    /// `PUT /api/settings/ticket-system`.
    pub(crate) async fn set_ticket_system_settings(&self, draft: &TicketSystemDraft) -> Answer<TicketSystemSettings> {
        self.send(Method::PUT, "/api/settings/ticket-system", Some(draft)).await
    }

    /// `POST /api/settings/ticket-system/test`.
    pub(crate) async fn test_ticket(&self, test: &TicketTest) -> Answer<TicketTestResult> {
        self.send(Method::POST, "/api/settings/ticket-system/test", Some(test)).await
    }
}
