use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::entities::service;
use super::{Store, StoreError, from_json, to_json};

/// How a system outside is reached, as an administrator set it.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceRecord<T> {
    /// What anybody may see who may look at settings.
    pub settings: T,
    /// What nobody may, sealed.
    pub sealed: Option<Vec<u8>>,
    /// 0 as long as nobody set anything; goes up with each change.
    pub revision: i64,
}

impl Store {
    /// The settings of a system outside; the default ones as long as nobody set any.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn service<T: DeserializeOwned + Default>(&self, name: &str) -> Result<ServiceRecord<T>, StoreError> {
        let row = service::Entity::find_by_id(name).one(&self.db).await?;
        let Some(row) = row else { return Ok(ServiceRecord { settings: T::default(), sealed: None, revision: 0 }) };
        let settings = from_json("service.settings", &row.settings)?;
        Ok(ServiceRecord { settings, sealed: row.secrets, revision: row.revision })
    }

    /// Sets them; the record has the revision that was looked at. Gives the new one.
    ///
    /// # Errors
    /// [`StoreError::ChangedMeanwhile`] when it is another one by now.
    pub async fn set_service<T: Serialize>(&self, name: &str, it: &ServiceRecord<T>) -> Result<i64, StoreError> {
        let settings = to_json("service.settings", &it.settings)?;
        let revision = it.revision + 1;
        let transaction = self.db.begin_alone().await?;
        let done = service::Entity::update_many()
            .col_expr(service::Column::Settings, Expr::value(settings.as_str()))
            .col_expr(service::Column::Secrets, Expr::value(it.sealed.clone()))
            .col_expr(service::Column::Revision, Expr::value(revision))
            .filter(service::Column::Name.eq(name))
            .filter(service::Column::Revision.eq(it.revision))
            .exec(&transaction)
            .await?;
        if done.rows_affected == 0 {
            if it.revision != 0 {
                return Err(StoreError::ChangedMeanwhile);
            }
            let row = service::Model { name: name.to_owned(), settings, secrets: it.sealed.clone(), revision };
            let inserted = service::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await;
            inserted.map_err(|error| match StoreError::from(error) {
                StoreError::Duplicate => StoreError::ChangedMeanwhile,
                other => other,
            })?;
        }
        transaction.commit().await?;
        Ok(revision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_two_who_looked_at_the_same_the_second_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::fresh(folder.path()).await;
        let none = store.service::<String>("mail").await.unwrap();
        assert_eq!((none.settings.as_str(), none.revision), ("", 0));
        let record =
            |settings: &str, revision| ServiceRecord { settings: settings.to_owned(), sealed: Some(vec![1]), revision };
        assert_eq!(store.set_service("mail", &record("a", 0)).await.unwrap(), 1);
        for stale in [0, 2, -1] {
            let refused = store.set_service("mail", &record("b", stale)).await;
            assert!(matches!(refused, Err(StoreError::ChangedMeanwhile)), "{stale}: {refused:?}");
        }
        assert_eq!(store.set_service("mail", &record("c", 1)).await.unwrap(), 2);
        assert!(store.service("mail").await.unwrap() == record("c", 2));
        assert_eq!(store.service::<String>("ticket_system").await.unwrap().revision, 0);
    }
}
