//! The forms for where audit events are handed on to.

use wire::SecretText;
use wire::api::{FieldError, ForwardingStatus, SyslogServer, SyslogSettings, Webhook, WebhookDraft, WebhookSettings};
use wire::validate;

/// What stands in the form for a syslog server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SyslogForm {
    /// Its host.
    pub(crate) host: String,
    /// Its port as it was typed.
    pub(crate) port: String,
    /// The authority of its certificate.
    pub(crate) ca_pem: String,
    revision: i64,
}

impl SyslogForm {
    /// With what is kept.
    pub(crate) fn new(settings: &SyslogSettings) -> Self {
        let SyslogServer { host, port, ca_pem } = settings.server.clone();
        Self { host, port: port.to_string(), ca_pem, revision: settings.revision }
    }

    /// What is sent. A port that is no number becomes 0, which nothing allows.
    pub(crate) fn settings(&self) -> SyslogSettings {
        let server = SyslogServer {
            host: self.host.trim().to_owned(),
            port: self.port.trim().parse().unwrap_or(0),
            ca_pem: self.ca_pem.trim().to_owned(),
        };
        SyslogSettings { server, revision: self.revision }
    }

    /// What is wrong with it.
    pub(crate) fn errors(&self) -> Vec<FieldError> {
        validate::syslog_server(&self.settings().server)
    }
}

/// What stands in the form for a webhook.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WebhookForm {
    /// Its address.
    pub(crate) url: String,
    /// The authority of its certificate.
    pub(crate) ca_pem: String,
    /// A new secret; empty for the kept one.
    pub(crate) secret: String,
    /// Whether one is kept.
    pub(crate) has_secret: bool,
    revision: i64,
}

impl WebhookForm {
    /// With what is kept.
    pub(crate) fn new(settings: &WebhookSettings) -> Self {
        let Webhook { url, ca_pem } = settings.webhook.clone();
        Self { url, ca_pem, secret: String::new(), has_secret: settings.has_secret, revision: settings.revision }
    }

    /// What is sent.
    pub(crate) fn draft(&self) -> WebhookDraft {
        let webhook = Webhook { url: self.url.trim().to_owned(), ca_pem: self.ca_pem.trim().to_owned() };
        let secret = (!self.secret.is_empty()).then(|| SecretText::new(self.secret.clone()));
        WebhookDraft { webhook, secret, revision: self.revision }
    }

    /// What is wrong with it, as far as the form can tell.
    pub(crate) fn errors(&self) -> Vec<FieldError> {
        let draft = self.draft();
        validate::webhook(&draft.webhook, draft.secret.as_ref(), self.has_secret)
    }
}

/// How far events were handed on, in a sentence.
pub(crate) fn status(it: &ForwardingStatus) -> String {
    let waiting = match it.waiting {
        0 => "Every event has arrived.".to_owned(),
        1 => "One event has not arrived yet.".to_owned(),
        many => format!("{many} events have not arrived yet."),
    };
    match &it.obstacle {
        None => waiting,
        Some(why) => format!("{waiting} {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::api::Destination;

    #[test]
    fn what_was_loaded_is_sent_again() {
        let server = SyslogServer { host: "logs.example".into(), port: 6514, ca_pem: String::new() };
        let settings = SyslogSettings { server, revision: 2 };
        assert_eq!(SyslogForm::new(&settings).settings(), settings);
        let webhook = Webhook { url: "https://siem.example/".into(), ca_pem: String::new() };
        let form = WebhookForm::new(&WebhookSettings { webhook: webhook.clone(), has_secret: true, revision: 5 });
        let draft = form.draft();
        assert_eq!((draft.webhook, draft.secret, draft.revision), (webhook, None, 5));
        assert!(form.errors().is_empty());
    }

    #[test]
    fn mistakes_are_told_by_field() {
        let port = SyslogForm { host: "logs".into(), port: "much".into(), ca_pem: String::new(), revision: 0 };
        assert_eq!(port.errors()[0].field, "port");
        let new = WebhookSettings { webhook: Webhook::default(), has_secret: false, revision: 0 };
        let unsigned = WebhookForm { url: "https://siem.example/".into(), ..WebhookForm::new(&new) };
        assert_eq!(unsigned.errors()[0].field, "secret");
    }

    #[test]
    fn a_status_says_how_many_wait_and_why() {
        let at = |waiting, obstacle: Option<&str>| {
            let obstacle = obstacle.map(str::to_owned);
            status(&ForwardingStatus {
                destination: Destination::Syslog,
                is_on: true,
                last: 1,
                waiting,
                obstacle,
                since: None,
            })
        };
        assert_eq!(at(0, None), "Every event has arrived.");
        assert_eq!(at(2, Some("It is away.")), "2 events have not arrived yet. It is away.");
    }
}
