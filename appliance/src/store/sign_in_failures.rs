use sea_orm::sea_query::{ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use wire::Timestamp;

use super::entities::sign_in_failure;
use super::{Store, StoreError};

/// Failed sign-ins of one account or from one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureRecord {
    /// How many in a row.
    pub count: u32,
    /// The first of them.
    pub first_at: Timestamp,
    /// Until when sign-in is refused.
    pub locked_until: Option<Timestamp>,
}

impl Store {
    /// What is known under a key (`user:ana` or `address:192.0.2.1`).
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn sign_in_failure(&self, key: &str) -> Result<Option<FailureRecord>, StoreError> {
        let row = sign_in_failure::Entity::find_by_id(key).one(&self.db).await?;
        Ok(row.map(|row| FailureRecord {
            count: u32::try_from(row.count).unwrap_or(0),
            first_at: Timestamp(row.first_at),
            locked_until: row.locked_until.map(Timestamp),
        }))
    }

    /// Writes what is known under a key.
    ///
    /// # Errors
    /// See above.
    pub async fn set_sign_in_failure(&self, key: &str, it: FailureRecord) -> Result<(), StoreError> {
        let row = sign_in_failure::Model {
            key: key.to_owned(),
            count: i32::try_from(it.count).unwrap_or(i32::MAX),
            first_at: it.first_at.0,
            locked_until: it.locked_until.map(|at| at.0),
        };
        let columns =
            [sign_in_failure::Column::Count, sign_in_failure::Column::FirstAt, sign_in_failure::Column::LockedUntil];
        sign_in_failure::Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::column(sign_in_failure::Column::Key).update_columns(columns).to_owned())
            .exec_without_returning(&self.db)
            .await?;
        Ok(())
    }

    /// Forgets a key: it signed in, or an administrator unlocked it.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_sign_in_failure(&self, key: &str) -> Result<(), StoreError> {
        sign_in_failure::Entity::delete_by_id(key).exec(&self.db).await?;
        Ok(())
    }

    /// Forgets what is too old to count.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_old_sign_in_failures(&self, before: Timestamp) -> Result<(), StoreError> {
        sign_in_failure::Entity::delete_many()
            .filter(sign_in_failure::Column::FirstAt.lt(before.0))
            .filter(
                sign_in_failure::Column::LockedUntil.is_null().or(sign_in_failure::Column::LockedUntil.lt(before.0)),
            )
            .exec(&self.db)
            .await?;
        Ok(())
    }
}
