use wire::api::{
    Destination, FieldError, SyslogServer, SyslogSettings, TestOutcome, Webhook, WebhookDraft, WebhookSettings,
};
use wire::{SecretText, validate};

use super::{Forwarding, ForwardingError, syslog, webhook};
use crate::mail::{ChangeRefused, sentence};
use crate::outgoing::{Transport, address, tls_config};
use crate::sealing::SealingError;
use crate::store::{ServiceRecord, Store, StoreError};

/// The settings' names in the database, and what the secret is sealed for.
const SYSLOG: &str = "syslog";
const WEBHOOK: &str = "webhook";
const SECRET: &str = "webhook/secret";

impl Forwarding {
    /// The syslog server, as the database or the change that is on its way has it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn syslog_in(store: &Store) -> Result<SyslogSettings, StoreError> {
        let record: ServiceRecord<SyslogServer> = store.service(SYSLOG).await?;
        Ok(SyslogSettings { server: record.settings, revision: record.revision })
    }

    /// The webhook without its secret, in the same way.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn webhook_in(store: &Store) -> Result<WebhookSettings, StoreError> {
        let record: ServiceRecord<Webhook> = store.service(WEBHOOK).await?;
        let has_secret = record.sealed.is_some();
        Ok(WebhookSettings { webhook: record.settings, has_secret, revision: record.revision })
    }

    /// Sets the syslog server, by way of a change that is kept later; [`Forwarding::look_again`] comes after.
    ///
    /// # Errors
    /// See [`ChangeRefused`].
    pub async fn set_syslog(store: &Store, draft: SyslogSettings) -> Result<SyslogSettings, ChangeRefused> {
        let SyslogSettings { mut server, revision } = draft;
        server.host = server.host.trim().to_owned();
        server.ca_pem = server.ca_pem.trim().to_owned();
        let mut errors = validate::syslog_server(&server);
        errors.extend(authority(&server.ca_pem));
        if !errors.is_empty() {
            return Err(ChangeRefused::Fields(errors));
        }
        begin_or_end(store, Destination::Syslog, !server.host.is_empty()).await?;
        let record = ServiceRecord { settings: server, sealed: None, revision };
        let revision = store.set_service(SYSLOG, &record).await?;
        Ok(SyslogSettings { server: record.settings, revision })
    }

    /// Sets the webhook, in the same way.
    ///
    /// # Errors
    /// See [`ChangeRefused`].
    pub async fn set_webhook(&self, store: &Store, draft: WebhookDraft) -> Result<WebhookSettings, ChangeRefused> {
        let WebhookDraft { mut webhook, secret, revision } = draft;
        webhook.url = webhook.url.trim().to_owned();
        webhook.ca_pem = webhook.ca_pem.trim().to_owned();
        let before: ServiceRecord<Webhook> = store.service(WEBHOOK).await?;
        let mut errors = validate::webhook(&webhook, secret.as_ref(), before.sealed.is_some());
        if errors.is_empty()
            && !webhook.url.is_empty()
            && let Err(error) = address(&webhook.url, Transport::Secured)
        {
            errors.push(FieldError::new("url", &sentence(&error.to_string())));
        }
        errors.extend(authority(&webhook.ca_pem));
        if !errors.is_empty() {
            return Err(ChangeRefused::Fields(errors));
        }
        let is_on = !webhook.url.is_empty();
        begin_or_end(store, Destination::Webhook, is_on).await?;
        let sealed = match secret {
            _ if !is_on => None,
            Some(secret) => Some(self.0.sealing.seal(SECRET, secret.expose().as_bytes())?),
            None => before.sealed,
        };
        let record = ServiceRecord { settings: webhook, sealed, revision };
        let revision = store.set_service(WEBHOOK, &record).await?;
        Ok(WebhookSettings { has_secret: record.sealed.is_some(), webhook: record.settings, revision })
    }

    /// Hands a message on that is no event, and says what came of it.
    pub async fn try_out(&self, to: Destination) -> TestOutcome {
        let tried = match to {
            Destination::Syslog => self.try_syslog().await,
            Destination::Webhook => self.try_webhook().await,
        };
        match tried {
            Ok(()) => {
                let message = match to {
                    Destination::Syslog => "A message was sent; look for it where the server writes.",
                    Destination::Webhook => "A post without events was taken.",
                };
                TestOutcome { worked: true, message: message.into(), next_step: String::new() }
            }
            Err(error) => {
                let message = format!("{}: {}", to.words(), sentence(&error.to_string()));
                TestOutcome { worked: false, message, next_step: error.next_step().into() }
            }
        }
    }

    async fn try_syslog(&self) -> Result<(), ForwardingError> {
        let server = self.syslog_server().await?.ok_or(ForwardingError::NotConfigured)?;
        syslog::try_out(&server, &self.0.host).await
    }

    async fn try_webhook(&self) -> Result<(), ForwardingError> {
        let (webhook, secret) = self.webhook().await?.ok_or(ForwardingError::NotConfigured)?;
        webhook::try_out(&webhook, &secret, &self.0.appliance).await
    }

    /// The syslog server; none: it is not set up.
    pub(super) async fn syslog_server(&self) -> Result<Option<SyslogServer>, ForwardingError> {
        let record: ServiceRecord<SyslogServer> = self.0.audit.store().service(SYSLOG).await?;
        Ok(Some(record.settings).filter(|it| !it.host.is_empty()))
    }

    /// The webhook with its secret; none: it is not set up.
    pub(super) async fn webhook(&self) -> Result<Option<(Webhook, SecretText)>, ForwardingError> {
        let record: ServiceRecord<Webhook> = self.0.audit.store().service(WEBHOOK).await?;
        if record.settings.url.is_empty() {
            return Ok(None);
        }
        let sealed = record.sealed.ok_or(SealingError::NotOpened)?;
        let secret = String::from_utf8(self.0.sealing.open(SECRET, &sealed)?).map_err(|_| SealingError::NotOpened)?;
        Ok(Some((record.settings, SecretText::new(secret))))
    }
}

/// Events from the one on that says that it was set up are handed on, or none any more.
async fn begin_or_end(store: &Store, to: Destination, is_on: bool) -> Result<(), StoreError> {
    if !is_on {
        return store.end_forwarding(to).await;
    }
    let end = store.audit_tail().await?.map_or(0, |it| it.sequence);
    store.begin_forwarding(to, end).await
}

fn authority(pem: &str) -> Option<FieldError> {
    let refused = (!pem.is_empty()).then(|| tls_config(Some(pem)).err()).flatten()?;
    Some(FieldError::new("ca_pem", &sentence(&refused.to_string())))
}
