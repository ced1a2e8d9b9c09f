//! How letters are written: as they come with the appliance, or as an administrator set it.

use wire::api::{LetterKind, LetterTemplate, LetterTemplates};
use wire::{letter_text, validate};

use super::{ChangeRefused, Letter, Mailer};
use crate::store::{ServiceRecord, Store, StoreError};

/// Their name in the database.
const NAME: &str = "letters";

/// What was changed; the rest is written as it comes with the appliance, also when that comes with other words one day.
#[derive(Default, serde::Serialize, serde::Deserialize)]
struct Changed(Vec<(LetterKind, LetterTemplate)>);

impl Mailer {
    /// How each letter is written.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn templates(&self) -> Result<LetterTemplates, StoreError> {
        self.templates_in(&self.store).await
    }

    /// The same, as the change that is on its way sees it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn templates_in(&self, store: &Store) -> Result<LetterTemplates, StoreError> {
        let kept: ServiceRecord<Changed> = store.service(NAME).await?;
        let mut all = LetterTemplates { revision: kept.revision, ..LetterTemplates::default() };
        for (kind, template) in kept.settings.0 {
            *all.of_mut(kind) = template;
        }
        Ok(all)
    }

    /// Sets how letters are written, by way of a change that is kept later.
    ///
    /// # Errors
    /// See [`ChangeRefused`].
    pub async fn set_templates(&self, store: &Store, all: LetterTemplates) -> Result<LetterTemplates, ChangeRefused> {
        let errors = validate::letter_templates(&all);
        if !errors.is_empty() {
            return Err(ChangeRefused::Fields(errors));
        }
        let each = LetterKind::ALL.iter().map(|(kind, ..)| (*kind, all.of(*kind).clone()));
        let changed = each.filter(|(kind, it)| *it != kind.default_template()).collect();
        let record = ServiceRecord { settings: Changed(changed), sealed: None, revision: all.revision };
        let revision = store.set_service(NAME, &record).await?;
        Ok(LetterTemplates { revision, ..all })
    }

    /// Takes a letter of this kind, with these values for the words in braces.
    ///
    /// # Errors
    /// See [`Mailer::post`].
    pub async fn post_kind(
        &self,
        kind: LetterKind,
        to: &str,
        value: impl Fn(&str) -> String,
    ) -> Result<(), StoreError> {
        let LetterTemplate { subject, text } = letter_text::filled(self.templates().await?.of(kind), value);
        self.post(Letter { to: to.to_owned(), subject, text }).await
    }
}
