use std::collections::BTreeMap;

use reqwest::Url;
use serde::{Deserialize, Serialize};
use wire::api::{FieldError, TicketHeader, TicketSystem as Definition, TicketSystemDraft, TicketSystemSettings};
use wire::{SecretText, validate};

use super::template::{TemplateError, filled_address, filled_body};
use super::{TicketError, TicketQuestion, TicketSystem, transport};
use crate::mail::{ChangeRefused, sentence};
use crate::outgoing::tls_config;
use crate::sealing::SealingError;
use crate::store::{ServiceRecord, Store, StoreError};

/// The settings' name in the database, and what the headers are sealed for.
const NAME: &str = "ticket_system";
const HEADERS: &str = "ticket-system/headers";

/// As it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// How it is asked.
    pub(super) system: Definition,
    /// Names of the headers, in their order; their values are sealed.
    headers: Vec<String>,
}

/// Values of headers by their names.
type Values = BTreeMap<String, SecretText>;

impl TicketSystem {
    pub(super) async fn record(&self) -> Result<ServiceRecord<Kept>, StoreError> {
        self.store.service(NAME).await
    }

    /// How it is asked, without the values of headers.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settings(&self) -> Result<TicketSystemSettings, StoreError> {
        self.settings_in(&self.store).await
    }

    /// The same, as the change that is on its way sees it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settings_in(&self, store: &Store) -> Result<TicketSystemSettings, StoreError> {
        let ServiceRecord::<Kept> { settings, revision, .. } = store.service(NAME).await?;
        Ok(TicketSystemSettings { system: settings.system, headers: settings.headers, revision })
    }

    /// Sets how it is asked, by way of a change that is kept later.
    ///
    /// # Errors
    /// See [`ChangeRefused`].
    pub async fn set(&self, store: &Store, draft: TicketSystemDraft) -> Result<TicketSystemSettings, ChangeRefused> {
        let TicketSystemDraft { mut system, headers, revision } = draft;
        system.ca_pem = system.ca_pem.trim().to_owned();
        let mut errors = validate::ticket_system(&system, &headers);
        if !system.url.is_empty() {
            errors.extend(unusable(&system));
        }
        let before: ServiceRecord<Kept> = store.service(NAME).await?;
        let kept = match before.sealed.as_deref().map(|sealed| self.opened(sealed)) {
            None => Values::new(),
            // What does not open has to be entered again.
            Some(opened) => opened.unwrap_or_default(),
        };
        let headers = if system.url.is_empty() { Vec::new() } else { headers };
        let (names, values) = match values_after(&before.settings.system, &kept, &system, headers) {
            Ok(after) if errors.is_empty() => after,
            Ok(_) => return Err(ChangeRefused::Fields(errors)),
            Err(more) => {
                errors.extend(more);
                return Err(ChangeRefused::Fields(errors));
            }
        };
        let sealed = if values.is_empty() { None } else { Some(self.sealed(&values)?) };
        let record = ServiceRecord { settings: Kept { system, headers: names }, sealed, revision };
        let revision = store.set_service(NAME, &record).await?;
        Ok(TicketSystemSettings { system: record.settings.system, headers: record.settings.headers, revision })
    }

    /// How it is asked, with the values of headers.
    pub(super) async fn definition(&self) -> Result<(Definition, Vec<(String, SecretText)>), TicketError> {
        let ServiceRecord { settings, sealed, .. } = self.record().await?;
        if settings.system.url.is_empty() {
            return Err(TicketError::NotConfigured);
        }
        let mut values = sealed.as_deref().map(|sealed| self.opened(sealed)).transpose()?.unwrap_or_default();
        let headers = settings.headers.into_iter().map(|name| {
            let value = values.remove(&name).ok_or(SealingError::NotOpened)?;
            Ok((name, value))
        });
        Ok((settings.system, headers.collect::<Result<_, SealingError>>()?))
    }

    fn sealed(&self, values: &Values) -> Result<Vec<u8>, SealingError> {
        let text = serde_json::to_vec(values).map_err(|_| SealingError::NotSealed)?;
        self.sealing.seal(HEADERS, &text)
    }

    fn opened(&self, sealed: &[u8]) -> Result<Values, SealingError> {
        let text = self.sealing.open(HEADERS, sealed)?;
        serde_json::from_slice(&text).map_err(|_| SealingError::NotOpened)
    }
}

/// What only the appliance can tell of an address, a body and an authority.
fn unusable(system: &Definition) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut say =
        |field, error: &dyn std::fmt::Display| errors.push(FieldError::new(field, &sentence(&error.to_string())));
    if let Err(error) = filled_address(&system.url, "1", transport(system)) {
        let field = if matches!(error, TemplateError::NotJson(_)) { "body" } else { "url" };
        say(field, &error);
    }
    let nobody = TicketQuestion { user: String::new(), item: String::new() };
    if !system.body.is_empty()
        && let Err(error) = filled_body(&system.body, "1", &nobody)
    {
        say("body", &error);
    }
    if !system.ca_pem.is_empty()
        && let Err(error) = tls_config(Some(&system.ca_pem))
    {
        say("ca_pem", &error);
    }
    errors
}

/// A header's value is sent only where it was meant to go: to the same server, with the same authority.
fn values_after(
    before: &Definition,
    kept: &Values,
    after: &Definition,
    headers: Vec<TicketHeader>,
) -> Result<(Vec<String>, Values), Vec<FieldError>> {
    let place = |it: &Definition| {
        let url = Url::parse(&it.url).ok()?;
        Some((url.scheme().to_owned(), url.host_str()?.to_owned(), url.port_or_known_default(), it.ca_pem.clone()))
    };
    let is_same = place(before).is_some_and(|it| place(after) == Some(it));
    let (mut names, mut values, mut errors) = (Vec::new(), Values::new(), Vec::new());
    for (index, header) in headers.into_iter().enumerate() {
        let value = header.value.or_else(|| kept.get(&header.name).filter(|_| is_same).cloned());
        match value {
            Some(value) => {
                names.push(header.name.clone());
                values.insert(header.name, value);
            }
            None => {
                let why = if kept.contains_key(&header.name) {
                    "Enter the value again: the kept one is only for the server it was entered for."
                } else {
                    "Enter the header's value."
                };
                errors.push(FieldError::new(&format!("headers[{index}].value"), why));
            }
        }
    }
    if errors.is_empty() { Ok((names, values)) } else { Err(errors) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(url: &str) -> Definition {
        Definition { url: url.into(), ..Definition::default() }
    }

    fn header(name: &str, value: Option<&str>) -> TicketHeader {
        TicketHeader { name: name.into(), value: value.map(|it| SecretText::new(it.into())) }
    }

    #[test]
    fn a_kept_header_goes_nowhere_else() {
        let before = system("https://tickets.example/{ticket}");
        let kept = Values::from([("X-Token".to_owned(), SecretText::new("secret".into()))]);
        let after = |after: &Definition, header| values_after(&before, &kept, after, vec![header]);
        for same in ["https://tickets.example:443/other/{ticket}", "https://TICKETS.example?x={ticket}"] {
            assert_eq!(after(&system(same), header("X-Token", None)).unwrap().1, kept, "{same}");
        }
        let other_authority = Definition { ca_pem: "another".into(), ..before.clone() };
        for other in [
            system("https://evil.example/{ticket}"),
            system("https://tickets.example:8443/{ticket}"),
            system("http://tickets.example/{ticket}"),
            other_authority,
        ] {
            let refused = after(&other, header("X-Token", None)).unwrap_err();
            assert_eq!(refused[0].field, "headers[0].value", "{other:?}");
            let (names, values) = after(&other, header("X-Token", Some("new"))).unwrap();
            assert_eq!((names.len(), values["X-Token"].expose()), (1, "new"));
        }
        assert!(after(&before, header("X-Other", None)).is_err());
        // What is not listed any more is forgotten.
        assert_eq!(values_after(&before, &kept, &before, vec![]).unwrap(), (vec![], Values::new()));
    }

    #[test]
    fn what_cannot_be_asked_is_told_by_field() {
        let fields = |system: &Definition| unusable(system).into_iter().map(|it| it.field).collect::<Vec<_>>();
        assert!(fields(&system("https://tickets.example/{ticket}")).is_empty());
        for url in
            ["tickets", "http://tickets.example/{ticket}", "https://{ticket}/", "https://a:b@tickets.example/{ticket}"]
        {
            assert_eq!(fields(&system(url)), ["url"], "{url}");
        }
        let broken = Definition { body: "{".into(), ca_pem: "x".into(), ..system("https://tickets.example/{ticket}") };
        assert_eq!(fields(&broken), ["body", "ca_pem"]);
    }
}
