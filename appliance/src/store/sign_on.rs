use sea_orm::sea_query::{Expr, ExprTrait, Func};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder};
use wire::api::SignOnProvider;
use wire::limits::SIGN_ON_PROVIDERS;
use wire::{SignOnProviderId, Timestamp, UserId};

use super::entities::{sign_on_attempt, sign_on_identity, sign_on_provider, team_member, user};
use super::{Store, StoreError, UserRecord, from_json, to_json};

/// A provider of single sign-on.
#[derive(Clone, PartialEq, Eq)]
pub struct SignOnProviderRecord {
    /// Its id.
    pub id: SignOnProviderId,
    /// What everybody may see who may look at settings.
    pub provider: SignOnProvider,
    /// The client secret, sealed.
    pub sealed: Option<Vec<u8>>,
    /// When it was added.
    pub created_at: Timestamp,
    /// Goes up with each change.
    pub revision: i64,
}

/// A sign-in that was sent to a provider.
#[derive(Clone, PartialEq, Eq)]
pub struct SignOnAttemptRecord {
    /// SHA-256 of the state that it was sent there with.
    pub state_hash: Vec<u8>,
    /// SHA-256 of what the browser holds.
    pub browser_hash: Vec<u8>,
    /// To which provider.
    pub provider_id: SignOnProviderId,
    /// Where in the console to go on.
    pub return_to: String,
    /// From where it came: an address, or the network around one.
    pub place: String,
    /// Until then.
    pub expires_at: Timestamp,
}

impl TryFrom<sign_on_provider::Model> for SignOnProviderRecord {
    type Error = StoreError;

    fn try_from(row: sign_on_provider::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: SignOnProviderId(row.id),
            provider: from_json("sign_on_provider.settings", &row.settings)?,
            sealed: row.secret,
            created_at: Timestamp(row.created_at),
            revision: row.revision,
        })
    }
}

impl Store {
    /// Every provider of single sign-on, by name.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn sign_on_providers(&self) -> Result<Vec<SignOnProviderRecord>, StoreError> {
        let rows = sign_on_provider::Entity::find().order_by_asc(sign_on_provider::Column::Name).all(&self.db).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// One provider.
    ///
    /// # Errors
    /// See above.
    pub async fn sign_on_provider(&self, id: SignOnProviderId) -> Result<Option<SignOnProviderRecord>, StoreError> {
        sign_on_provider::Entity::find_by_id(id.0).one(&self.db).await?.map(TryInto::try_into).transpose()
    }

    /// Adds a provider. False when there are as many as there may be.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the name is taken.
    pub async fn insert_sign_on_provider(&self, it: &SignOnProviderRecord) -> Result<bool, StoreError> {
        let row = sign_on_provider::Model {
            id: it.id.0,
            name: it.provider.name.clone(),
            settings: to_json("sign_on_provider.settings", &it.provider)?,
            secret: it.sealed.clone(),
            created_at: it.created_at.0,
            revision: it.revision,
        };
        let transaction = self.db.begin_alone().await?;
        if sign_on_provider::Entity::find().count(&transaction).await? >= SIGN_ON_PROVIDERS as u64 {
            return Ok(false);
        }
        sign_on_provider::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Writes a provider that has this revision, and gives the next one. None when there is no such provider.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the name is taken, [`StoreError::ChangedMeanwhile`] when it has another revision.
    pub async fn update_sign_on_provider(&self, it: &SignOnProviderRecord) -> Result<Option<i64>, StoreError> {
        use sign_on_provider::Column;
        let settings = to_json("sign_on_provider.settings", &it.provider)?;
        let transaction = self.db.begin_alone().await?;
        let done = sign_on_provider::Entity::update_many()
            .col_expr(Column::Name, Expr::value(it.provider.name.as_str()))
            .col_expr(Column::Settings, Expr::value(settings))
            .col_expr(Column::Secret, Expr::value(it.sealed.clone()))
            .col_expr(Column::Revision, Expr::value(it.revision + 1))
            .filter(Column::Id.eq(it.id.0))
            .filter(Column::Revision.eq(it.revision))
            .exec(&transaction)
            .await?;
        if done.rows_affected == 0 {
            let is_there = sign_on_provider::Entity::find_by_id(it.id.0).one(&transaction).await?.is_some();
            return if is_there { Err(StoreError::ChangedMeanwhile) } else { Ok(None) };
        }
        transaction.commit().await?;
        Ok(Some(it.revision + 1))
    }

    /// Removes a provider with what it knew, and takes people out of the teams that it put them into. False when there is none.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_sign_on_provider(&self, id: SignOnProviderId) -> Result<bool, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let of_provider = team_member::Column::ProviderId.eq(id.0);
        team_member::Entity::delete_many().filter(of_provider).exec(&transaction).await?;
        let done = sign_on_provider::Entity::delete_by_id(id.0).exec(&transaction).await?;
        transaction.commit().await?;
        Ok(done.rows_affected > 0)
    }

    /// The user whom a provider knows by this subject.
    ///
    /// # Errors
    /// See above.
    pub async fn bound_user(
        &self,
        provider: SignOnProviderId,
        subject: &str,
    ) -> Result<Option<UserRecord>, StoreError> {
        let key = (provider.0, subject.to_owned());
        match sign_on_identity::Entity::find_by_id(key).one(&self.db).await? {
            Some(identity) => self.user(UserId(identity.user_id)).await,
            None => Ok(None),
        }
    }

    /// From now on a provider knows this user by this subject.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when it knows the user, or somebody else by that subject, already.
    pub async fn bind_user(
        &self,
        provider: SignOnProviderId,
        subject: &str,
        user: UserId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let row = sign_on_identity::Model {
            provider_id: provider.0,
            subject: subject.to_owned(),
            user_id: user.0,
            bound_at: at.0,
        };
        sign_on_identity::Entity::insert(row.into_active_model()).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Users with this mail address, whatever its case.
    ///
    /// # Errors
    /// See above.
    pub async fn users_by_email(&self, email: &str) -> Result<Vec<UserRecord>, StoreError> {
        let same = Expr::expr(Func::lower(Expr::col(user::Column::Email))).eq(email.to_lowercase());
        let rows = user::Entity::find().filter(same).all(&self.db).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Keeps a sign-in that is sent to a provider. False when too many wait already: from one place, or together.
    ///
    /// # Errors
    /// See above.
    pub async fn insert_sign_on_attempt(
        &self,
        it: SignOnAttemptRecord,
        most_of_place: u64,
        most: u64,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        use sign_on_attempt::Column;
        let transaction = self.db.begin_alone().await?;
        let is_over = Column::ExpiresAt.lte(at.0);
        sign_on_attempt::Entity::delete_many()
            .filter(is_over.and(Column::Place.eq(&it.place)))
            .exec(&transaction)
            .await?;
        let of_place = sign_on_attempt::Entity::find().filter(Column::Place.eq(&it.place)).count(&transaction).await?;
        if of_place >= most_of_place || sign_on_attempt::Entity::find().count(&transaction).await? >= most {
            return Ok(false);
        }
        let row = sign_on_attempt::Model {
            id: crate::random::id(),
            state_hash: it.state_hash,
            browser_hash: it.browser_hash,
            provider_id: it.provider_id.0,
            return_to: it.return_to,
            place: it.place,
            expires_at: it.expires_at.0,
        };
        sign_on_attempt::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The sign-in that this browser was sent to a provider with, used up: nobody gets it twice.
    ///
    /// # Errors
    /// See above.
    pub async fn take_sign_on_attempt(
        &self,
        state_hash: &[u8],
        browser_hash: &[u8],
    ) -> Result<Option<SignOnAttemptRecord>, StoreError> {
        use sign_on_attempt::Column;
        let mine = Column::StateHash.eq(state_hash).and(Column::BrowserHash.eq(browser_hash));
        let Some(row) = sign_on_attempt::Entity::find().filter(mine).one(&self.db).await? else { return Ok(None) };
        let done = sign_on_attempt::Entity::delete_by_id(row.id).exec(&self.db).await?;
        Ok((done.rows_affected > 0).then_some(SignOnAttemptRecord {
            state_hash: row.state_hash,
            browser_hash: row.browser_hash,
            provider_id: SignOnProviderId(row.provider_id),
            return_to: row.return_to,
            place: row.place,
            expires_at: Timestamp(row.expires_at),
        }))
    }

    /// Forgets sign-ins from which nobody came back in time.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_sign_on_attempts(&self, before: Timestamp) -> Result<(), StoreError> {
        let is_over = sign_on_attempt::Column::ExpiresAt.lte(before.0);
        self.delete_alone(sign_on_attempt::Entity::delete_many().filter(is_over)).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use crate::store::{TeamNames, TeamRecord};
    use wire::TeamId;
    use wire::api::Role;

    async fn desk() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (Store::fresh(folder.path()).await, folder)
    }

    async fn provider(store: &Store, name: &str) -> SignOnProviderRecord {
        let it = SignOnProviderRecord {
            id: SignOnProviderId(random::id()),
            provider: SignOnProvider { name: name.into(), ..SignOnProvider::default() },
            sealed: Some(vec![1, 2]),
            created_at: Timestamp(1),
            revision: 1,
        };
        assert!(store.insert_sign_on_provider(&it).await.unwrap());
        it
    }

    async fn user(store: &Store, name: &str, email: Option<&str>) -> UserId {
        let user = UserRecord {
            id: UserId(random::id()),
            user_name: name.into(),
            email: email.map(str::to_owned),
            display_name: name.into(),
            role: Role::Technician,
            enabled: true,
            methods: Vec::new(),
            default_role: None,
            personal_role: None,
            session_policy: None,
            password_hash: String::new(),
            created_at: Timestamp(1),
            last_sign_in_at: None,
            revision: 0,
        };
        store.insert_user(&user).await.unwrap();
        user.id
    }

    async fn team(store: &Store, name: &str, members: Vec<UserId>) -> TeamRecord {
        let id = TeamId(random::id());
        let comments = String::new();
        let it = TeamRecord { id, name: name.into(), comments, members, created_at: Timestamp(1), revision: 0 };
        store.insert_team(&it).await.unwrap();
        it
    }

    #[tokio::test]
    async fn providers_are_kept_by_revision_and_name() {
        let (store, _folder) = desk().await;
        let corp = provider(&store, "Corp").await;
        let same = SignOnProviderRecord { id: SignOnProviderId(random::id()), ..corp.clone() };
        assert!(matches!(store.insert_sign_on_provider(&same).await, Err(StoreError::Duplicate)));
        assert_eq!(store.update_sign_on_provider(&corp).await.unwrap(), Some(2));
        assert!(matches!(store.update_sign_on_provider(&corp).await, Err(StoreError::ChangedMeanwhile)));
        assert_eq!(store.update_sign_on_provider(&same).await.unwrap(), None);
        assert!(
            store.sign_on_provider(corp.id).await.unwrap().unwrap() == SignOnProviderRecord { revision: 2, ..corp }
        );
        for number in 1..SIGN_ON_PROVIDERS {
            provider(&store, &format!("P{number}")).await;
        }
        let many = SignOnProvider { name: "One more".into(), ..SignOnProvider::default() };
        assert!(!store.insert_sign_on_provider(&SignOnProviderRecord { provider: many, ..same }).await.unwrap());
    }

    #[tokio::test]
    async fn a_provider_knows_a_user_once_and_nobody_after_it_is_gone() {
        let (store, _folder) = desk().await;
        let (corp, other) = (provider(&store, "Corp").await.id, provider(&store, "Other").await.id);
        let (tom, tim) = (user(&store, "tom", Some("Tom@example.org")).await, user(&store, "tim", None).await);
        store.bind_user(corp, "1", tom, Timestamp(2)).await.unwrap();
        store.bind_user(other, "1", tim, Timestamp(2)).await.unwrap();
        for (subject, user) in [("1", tim), ("2", tom)] {
            let twice = store.bind_user(corp, subject, user, Timestamp(3)).await;
            assert!(matches!(twice, Err(StoreError::Duplicate)), "{subject}");
        }
        assert_eq!(store.bound_user(corp, "1").await.unwrap().map(|it| it.id), Some(tom));
        assert!(store.bound_user(corp, "2").await.unwrap().is_none());
        let found = store.users_by_email("tom@EXAMPLE.org").await.unwrap();
        assert_eq!(found.iter().map(|it| it.id).collect::<Vec<_>>(), [tom]);
        assert!(store.delete_sign_on_provider(corp).await.unwrap());
        assert!(!store.delete_sign_on_provider(corp).await.unwrap());
        assert!(store.bound_user(corp, "1").await.unwrap().is_none());
        assert_eq!(store.bound_user(other, "1").await.unwrap().map(|it| it.id), Some(tim));
    }

    #[tokio::test]
    async fn a_sign_in_comes_back_once_to_its_browser() {
        let (store, _folder) = desk().await;
        let corp = provider(&store, "Corp").await.id;
        let attempt = |state: u8, expires_at| SignOnAttemptRecord {
            state_hash: vec![state],
            browser_hash: vec![7],
            provider_id: corp,
            return_to: "/".into(),
            place: "192.0.2.1".into(),
            expires_at: Timestamp(expires_at),
        };
        let insert =
            |state, expires_at, at| store.insert_sign_on_attempt(attempt(state, expires_at), 2, 3, Timestamp(at));
        assert!(insert(1, 100, 0).await.unwrap() && insert(2, 200, 0).await.unwrap());
        assert!(!insert(3, 300, 50).await.unwrap(), "a third of one place");
        assert!(insert(3, 300, 150).await.unwrap(), "the first is over");
        assert!(store.take_sign_on_attempt(&[1], &[7]).await.unwrap().is_none());
        assert!(store.take_sign_on_attempt(&[2], &[8]).await.unwrap().is_none(), "another browser");
        assert!(store.take_sign_on_attempt(&[2], &[7]).await.unwrap() == Some(attempt(2, 200)));
        assert!(store.take_sign_on_attempt(&[2], &[7]).await.unwrap().is_none(), "twice");
        store.delete_sign_on_attempts(Timestamp(300)).await.unwrap();
        assert!(store.take_sign_on_attempt(&[3], &[7]).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn teams_by_hand_stay_whatever_a_provider_says() {
        let (store, _folder) = desk().await;
        let corp = provider(&store, "Corp").await.id;
        let tom = user(&store, "tom", None).await;
        let (hand, ops) = (team(&store, "Hand", vec![tom]).await, team(&store, "Ops", vec![]).await);
        let names = |names: &[&str]| TeamNames { teams: names.iter().map(|it| (*it).to_owned()).collect() };
        let gone = TeamId(random::id());
        let set = store.set_teams_by_provider(tom, corp, &[hand.id, ops.id, gone]).await.unwrap();
        assert_eq!(set, Some((names(&["Hand"]), names(&["Hand", "Ops"]))));
        assert_eq!(store.set_teams_by_provider(tom, corp, &[ops.id]).await.unwrap(), None);
        // Whoever saves the team without looking again is told; with the same members it stays the provider's.
        assert!(matches!(store.update_team(&ops).await, Err(StoreError::ChangedMeanwhile)));
        let now = TeamRecord { members: vec![tom], revision: 1, ..ops.clone() };
        assert!(store.update_team(&now).await.unwrap());
        let set = store.set_teams_by_provider(tom, corp, &[]).await.unwrap();
        assert_eq!(set, Some((names(&["Hand", "Ops"]), names(&["Hand"]))));
        store.set_teams_by_provider(tom, corp, &[ops.id]).await.unwrap();
        store.delete_sign_on_provider(corp).await.unwrap();
        assert_eq!(store.team_ids_of(tom).await.unwrap(), [hand.id]);
    }
}
