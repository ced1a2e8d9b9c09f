use wire::api::{FieldError, SignOnProvider, SignOnProviderDraft, SignOnProviderSettings, SignOnSettings};
use wire::limits::SIGN_ON_SECRET_CHARS;
use wire::{SecretText, SignOnProviderId, validate};

use super::SignOn;
use crate::clock::now;
use crate::mail::{ChangeRefused, sentence};
use crate::outgoing::{Transport, address, tls_config};
use crate::random;
use crate::sealing::SealingError;
use crate::store::{SignOnProviderRecord, Store, StoreError};

impl SignOn {
    /// Every provider, without its secret.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settings(&self) -> Result<SignOnSettings, StoreError> {
        let providers = self.store.sign_on_providers().await?.into_iter().map(view).collect();
        Ok(SignOnSettings { providers, redirect_url: self.return_url.to_string() })
    }

    /// Adds a provider by way of a change that is kept later. None when there are as many as there may be.
    ///
    /// # Errors
    /// See [`ChangeRefused`].
    pub async fn add(
        &self,
        store: &Store,
        draft: SignOnProviderDraft,
    ) -> Result<Option<SignOnProviderSettings>, ChangeRefused> {
        let id = SignOnProviderId(random::id());
        let (provider, sealed) = self.checked(id, None, draft.provider, draft.client_secret)?;
        let record = SignOnProviderRecord { id, provider, sealed, created_at: now(), revision: 1 };
        let added = store.insert_sign_on_provider(&record).await.map_err(name_is_taken)?;
        Ok(added.then(|| view(record)))
    }

    /// Changes a provider by way of a change that is kept later. Gives it as it was and as it is; none when it is gone.
    ///
    /// # Errors
    /// See [`ChangeRefused`].
    pub async fn change(
        &self,
        store: &Store,
        id: SignOnProviderId,
        draft: SignOnProviderDraft,
    ) -> Result<Option<(SignOnProviderSettings, SignOnProviderSettings)>, ChangeRefused> {
        let Some(before) = store.sign_on_provider(id).await? else { return Ok(None) };
        let (provider, sealed) = self.checked(id, Some(&before), draft.provider, draft.client_secret)?;
        let record =
            SignOnProviderRecord { id, provider, sealed, created_at: before.created_at, revision: draft.revision };
        let revision = store.update_sign_on_provider(&record).await.map_err(name_is_taken)?;
        Ok(revision.map(|revision| (view(before), view(SignOnProviderRecord { revision, ..record }))))
    }

    fn checked(
        &self,
        id: SignOnProviderId,
        before: Option<&SignOnProviderRecord>,
        provider: SignOnProvider,
        secret: Option<SecretText>,
    ) -> Result<(SignOnProvider, Option<Vec<u8>>), ChangeRefused> {
        let provider = SignOnProvider {
            name: provider.name.trim().to_owned(),
            issuer: provider.issuer.trim().to_owned(),
            client_id: provider.client_id.trim().to_owned(),
            ca_pem: provider.ca_pem.trim().to_owned(),
            ..provider
        };
        let mut errors = validate::sign_on_provider(&provider);
        if errors.iter().all(|it| it.field != "issuer")
            && let Err(error) = address(&provider.issuer, Transport::Secured)
        {
            errors.push(FieldError::new("issuer", &sentence(&error.to_string())));
        }
        if !provider.ca_pem.is_empty()
            && let Err(error) = tls_config(Some(&provider.ca_pem))
        {
            errors.push(FieldError::new("ca_pem", &sentence(&error.to_string())));
        }
        if secret.as_ref().is_some_and(|it| it.expose().chars().count() > SIGN_ON_SECRET_CHARS) {
            errors.push(FieldError::new("client_secret", "This is too long for a client secret."));
        }
        let kept = before.and_then(|it| it.sealed.as_ref());
        let goes_elsewhere = before.is_some_and(|it| place(&it.provider) != place(&provider));
        if secret.is_none() && kept.is_some() && goes_elsewhere {
            let again = "Enter the secret again: the kept one is only for the provider it was entered for.";
            errors.push(FieldError::new("client_secret", again));
        }
        if !errors.is_empty() {
            return Err(ChangeRefused::Fields(errors));
        }
        let sealed = match secret {
            None => kept.cloned(),
            Some(secret) if secret.expose().is_empty() => None,
            Some(secret) => Some(self.sealing.seal(&sealed_for(id), secret.expose().as_bytes())?),
        };
        Ok((provider, sealed))
    }

    pub(super) fn opened(&self, record: &SignOnProviderRecord) -> Result<Option<SecretText>, SealingError> {
        let Some(sealed) = &record.sealed else { return Ok(None) };
        let secret = self.sealing.open(&sealed_for(record.id), sealed)?;
        String::from_utf8(secret).map(|it| Some(SecretText::new(it))).map_err(|_| SealingError::NotOpened)
    }
}

/// A provider, without its secret.
#[must_use]
pub(super) fn view(it: SignOnProviderRecord) -> SignOnProviderSettings {
    SignOnProviderSettings { id: it.id, has_secret: it.sealed.is_some(), provider: it.provider, revision: it.revision }
}

/// Where a secret is sent: it is only for that.
fn place(it: &SignOnProvider) -> (&str, &str) {
    (&it.issuer, &it.ca_pem)
}

fn sealed_for(id: SignOnProviderId) -> String {
    format!("sign-on/{id}")
}

fn name_is_taken(error: StoreError) -> ChangeRefused {
    match error {
        StoreError::Duplicate => {
            ChangeRefused::Fields(vec![FieldError::new("name", "There is a provider of this name already.")])
        }
        other => other.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sealing::Sealing;

    fn draft(issuer: &str, secret: Option<&str>, revision: i64) -> SignOnProviderDraft {
        let provider = SignOnProvider {
            name: "Corp".into(),
            issuer: issuer.into(),
            client_id: "sallyport".into(),
            ..SignOnProvider::default()
        };
        SignOnProviderDraft { provider, client_secret: secret.map(|it| SecretText::new(it.into())), revision }
    }

    fn refused<T>(outcome: Result<T, ChangeRefused>) -> Vec<String> {
        match outcome {
            Err(ChangeRefused::Fields(fields)) => fields.into_iter().map(|it| it.field).collect(),
            _ => Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_kept_secret_goes_nowhere_else_and_the_second_who_changes_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::fresh(folder.path()).await;
        let sign_on = SignOn::new(store.clone(), Sealing::load(folder.path()).unwrap(), "https://gate.example");
        let (here, elsewhere) = ("https://id.example", "https://evil.example");
        let added = sign_on.add(&store, draft(here, Some("secret"), 0)).await.unwrap().unwrap();
        assert!(added.has_secret && added.revision == 1);
        assert_eq!(refused(sign_on.add(&store, draft(here, None, 0)).await), ["name"]);
        assert_eq!(refused(sign_on.change(&store, added.id, draft(elsewhere, None, 1)).await), ["client_secret"]);
        let (_, same) = sign_on.change(&store, added.id, draft(here, None, 1)).await.unwrap().unwrap();
        assert!(same.has_secret && same.revision == 2);
        let late = sign_on.change(&store, added.id, draft(here, None, 1)).await;
        assert!(matches!(late, Err(ChangeRefused::Store(StoreError::ChangedMeanwhile))));
        let kept = store.sign_on_provider(added.id).await.unwrap().unwrap();
        assert_eq!(sign_on.opened(&kept).unwrap().unwrap().expose(), "secret");
        let (_, without) = sign_on.change(&store, added.id, draft(here, Some(""), 2)).await.unwrap().unwrap();
        assert!(!without.has_secret);
        let unsecured = sign_on.change(&store, added.id, draft("http://id.example", None, 3)).await;
        assert_eq!(refused(unsecured), ["issuer"]);
        assert_eq!(sign_on.settings().await.unwrap().redirect_url, "https://gate.example/sign-on/return");
    }
}
