//! What an administrator set for the whole appliance, at hand for every request: banner, limits, how long sessions are kept.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use wire::api::{SiteRules, SiteSettings};

use crate::sign_in::browsers::Timeouts;
use crate::store::{ServiceRecord, Store, StoreError};

/// The settings' name in the database.
const NAME: &str = "site";
const HOUR_SECONDS: u64 = 60 * 60;

/// The rules in force. Cheap to clone.
#[derive(Clone)]
pub struct RulesInForce {
    configured: Timeouts,
    current: Arc<RwLock<Arc<SiteRules>>>,
}

impl RulesInForce {
    /// Loads them; `configured` is what holds for sign-ins where nobody set anything.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(store: &Store, configured: Timeouts) -> Result<Self, StoreError> {
        let rules = kept(store).await?;
        Ok(Self { configured, current: Arc::new(RwLock::new(Arc::new(rules))) })
    }

    /// The rules.
    #[must_use]
    pub fn now(&self) -> Arc<SiteRules> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How long sign-ins last.
    #[must_use]
    pub fn timeouts(&self) -> Timeouts {
        let rules = self.now();
        let idle = rules.sign_in_idle_minutes.map(|it| Duration::from_secs(u64::from(it) * 60));
        let absolute = rules.sign_in_hours.map(|it| Duration::from_secs(u64::from(it) * HOUR_SECONDS));
        Timeouts { idle: idle.unwrap_or(self.configured.idle), absolute: absolute.unwrap_or(self.configured.absolute) }
    }

    /// The rules beside what the appliance is configured with.
    #[must_use]
    pub fn settings(&self) -> SiteSettings {
        SiteSettings {
            rules: SiteRules::clone(&self.now()),
            configured_idle_minutes: self.configured.idle.as_secs() / 60,
            configured_hours: self.configured.absolute.as_secs() / HOUR_SECONDS,
        }
    }

    /// They are these by now: for after [`set`]. Of two changes the later one stays, whichever is told first.
    pub fn follow(&self, rules: SiteRules) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if rules.revision > current.revision {
            *current = Arc::new(rules);
        }
    }
}

/// The rules as the database has them.
///
/// # Errors
/// When it fails.
pub async fn kept(store: &Store) -> Result<SiteRules, StoreError> {
    let record: ServiceRecord<SiteRules> = store.service(NAME).await?;
    Ok(SiteRules { revision: record.revision, ..record.settings })
}

/// Keeps rules, and gives them with their new revision.
///
/// # Errors
/// [`StoreError::ChangedMeanwhile`] when another revision was looked at, and when the database fails.
pub async fn set(store: &Store, rules: SiteRules) -> Result<SiteRules, StoreError> {
    let revision = rules.revision;
    let record = ServiceRecord { settings: SiteRules { revision: 0, ..rules }, sealed: None, revision };
    let revision = store.set_service(NAME, &record).await?;
    Ok(SiteRules { revision, ..record.settings })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIGURED: Timeouts = Timeouts { idle: Duration::from_secs(3600), absolute: Duration::from_secs(43_200) };

    #[tokio::test]
    async fn what_is_set_goes_before_what_is_configured() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::fresh(folder.path()).await;
        let rules = RulesInForce::load(&store, CONFIGURED).await.unwrap();
        assert_eq!((rules.timeouts().idle, rules.timeouts().absolute), (CONFIGURED.idle, CONFIGURED.absolute));
        let wanted = SiteRules { sign_in_idle_minutes: Some(5), sign_in_hours: Some(2), ..SiteRules::default() };
        let first = set(&store, wanted.clone()).await.unwrap();
        rules.follow(first);
        assert_eq!(rules.timeouts().idle, Duration::from_secs(300));
        assert_eq!(rules.timeouts().absolute, Duration::from_secs(7200));
        let stale = set(&store, wanted).await;
        assert!(matches!(stale, Err(StoreError::ChangedMeanwhile)), "{stale:?}");
        let again = RulesInForce::load(&store, CONFIGURED).await.unwrap();
        assert_eq!((again.timeouts().idle, again.now().revision), (Duration::from_secs(300), 1));
    }

    #[tokio::test]
    async fn of_two_changes_the_later_one_stays() {
        let folder = tempfile::tempdir().unwrap();
        let rules = RulesInForce::load(&Store::fresh(folder.path()).await, CONFIGURED).await.unwrap();
        rules.follow(SiteRules { revision: 2, sessions_per_user: 2, ..SiteRules::default() });
        rules.follow(SiteRules { revision: 1, sessions_per_user: 1, ..SiteRules::default() });
        assert_eq!(rules.now().sessions_per_user, 2);
    }
}
