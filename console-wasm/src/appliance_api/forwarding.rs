//! Where audit events are handed on to.

use gloo::net::http::Method;
use wire::api::{
    Destination, ForwardingStatus, RetentionSettings, SyslogSettings, TestOutcome, WebhookDraft, WebhookSettings,
};

use super::{Answer, Api};

impl Api {
    /// `GET /api/forwarding`.
    pub(crate) async fn forwarding(&self) -> Answer<Vec<ForwardingStatus>> {
        self.get("/api/forwarding").await
    }

    /// `GET /api/settings/syslog`.
    pub(crate) async fn syslog_settings(&self) -> Answer<SyslogSettings> {
        self.get("/api/settings/syslog").await
    }

    /// `PUT /api/settings/syslog`.
    pub(crate) async fn set_syslog(&self, settings: &SyslogSettings) -> Answer<SyslogSettings> {
        self.send(Method::PUT, "/api/settings/syslog", Some(settings)).await
    }

    /// `GET /api/settings/webhook`.
    pub(crate) async fn webhook_settings(&self) -> Answer<WebhookSettings> {
        self.get("/api/settings/webhook").await
    }

    /// `PUT /api/settings/webhook`.
    pub(crate) async fn set_webhook(&self, draft: &WebhookDraft) -> Answer<WebhookSettings> {
        self.send(Method::PUT, "/api/settings/webhook", Some(draft)).await
    }

    /// `POST /api/settings/syslog/test`, or the same of the webhook.
    pub(crate) async fn test_forwarding(&self, to: Destination) -> Answer<TestOutcome> {
        self.send(Method::POST, &format!("/api/settings/{}/test", to.name()), None::<&()>).await
    }

    /// `POST /api/settings/recording-key/change`.
    pub(crate) async fn change_recording_key(&self) -> Answer<RetentionSettings> {
        self.send(Method::POST, "/api/settings/recording-key/change", None::<&()>).await
    }
}
