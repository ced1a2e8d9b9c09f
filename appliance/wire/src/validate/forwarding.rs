//! Where audit events are handed on to. Whether a text is an address, the appliance says itself.

use super::{ca_pem, check, hostname};
use crate::SecretText;
use crate::api::{FieldError, SyslogServer, Webhook};
use crate::limits::{WEBHOOK_SECRET_LEAST, WEBHOOK_SECRET_MOST};

/// Every field of a syslog server. Without a host there is none, and nothing to check.
#[must_use]
pub fn syslog_server(it: &SyslogServer) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if it.host.is_empty() {
        return errors;
    }
    check(&mut errors, "host", hostname(&it.host));
    let is_port = (1..=65_535).contains(&it.port);
    check(&mut errors, "port", (!is_port).then(|| "A port is a number from 1 to 65535.".into()));
    check(&mut errors, "ca_pem", ca_pem(&it.ca_pem));
    errors
}

/// Every field of a webhook, with a secret that was entered, or `kept` when one is there already.
#[must_use]
pub fn webhook(it: &Webhook, secret: Option<&SecretText>, kept: bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if it.url.is_empty() {
        return errors;
    }
    let is_address = it.url.starts_with("https://");
    check(&mut errors, "url", (!is_address).then(|| "The address has to begin with https://.".into()));
    check(&mut errors, "ca_pem", ca_pem(&it.ca_pem));
    let length = secret.map(|it| it.expose().chars().count());
    let wrong = match length {
        None if kept => None,
        None => Some("Enter a secret: without a signature nobody can tell who sent an event.".to_owned()),
        Some(length) if (WEBHOOK_SECRET_LEAST..=WEBHOOK_SECRET_MOST).contains(&length) => None,
        Some(_) => Some(format!("A secret has {WEBHOOK_SECRET_LEAST} to {WEBHOOK_SECRET_MOST} characters.")),
    };
    check(&mut errors, "secret", wrong);
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_a_name_and_a_port() {
        let fields = |host: &str, port| {
            let it = SyslogServer { host: host.into(), port, ca_pem: String::new() };
            syslog_server(&it).into_iter().map(|it| it.field).collect::<Vec<_>>()
        };
        assert!(fields("", 0).is_empty() && fields("logs.example", 6514).is_empty());
        assert_eq!(fields("logs example", 70_000), ["host", "port"]);
    }

    #[test]
    fn a_webhook_is_secured_and_signed() {
        let fields = |url: &str, secret: Option<&str>, kept| {
            let it = Webhook { url: url.into(), ca_pem: String::new() };
            let secret = secret.map(|it| SecretText::new(it.into()));
            webhook(&it, secret.as_ref(), kept).into_iter().map(|it| it.field).collect::<Vec<_>>()
        };
        assert!(fields("", None, false).is_empty());
        assert!(fields("https://siem.example/", Some("sixteen characters"), false).is_empty());
        assert!(fields("https://siem.example/", None, true).is_empty());
        assert_eq!(fields("http://siem.example/", None, false), ["url", "secret"]);
        assert_eq!(fields("https://siem.example/", Some("short"), true), ["secret"]);
    }
}
