use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder};
use wire::limits::PASSKEYS_PER_USER;
use wire::{BrowserId, PasskeyId, Timestamp, UserId};

use super::entities::passkey;
use super::second_factors::{forget_rest_of_factors, has_factor_now};
use super::{Store, StoreError};

/// A passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyRecord {
    /// Its id.
    pub id: PasskeyId,
    /// What its owner calls it.
    pub name: String,
    /// The id by which browsers know it.
    pub credential_id: String,
    /// Its public key and what else is needed to check what it says, as JSON.
    pub credential: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last shown.
    pub last_used_at: Option<Timestamp>,
}

impl From<passkey::Model> for PasskeyRecord {
    fn from(row: passkey::Model) -> Self {
        Self {
            id: PasskeyId(row.id),
            name: row.name,
            credential_id: row.credential_id,
            credential: row.credential,
            created_at: Timestamp(row.created_at),
            last_used_at: row.last_used_at.map(Timestamp),
        }
    }
}

impl Store {
    /// A user's passkeys, oldest first.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn passkeys(&self, user: UserId) -> Result<Vec<PasskeyRecord>, StoreError> {
        let rows = passkey::Entity::find()
            .filter(passkey::Column::UserId.eq(user.0))
            .order_by_asc(passkey::Column::CreatedAt)
            .order_by_asc(passkey::Column::Id)
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Adds a passkey; `by` is the browser with which that is done, and may do everything from now on. Recovery codes come with the
    /// first second factor. False when the user has as many as one may have.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when somebody has this key already.
    pub async fn insert_passkey(
        &self,
        user: UserId,
        it: &PasskeyRecord,
        recovery_hashes: Option<Vec<Vec<u8>>>,
        by: BrowserId,
    ) -> Result<bool, StoreError> {
        let row = passkey::Model {
            id: it.id.0,
            user_id: user.0,
            name: it.name.clone(),
            credential_id: it.credential_id.clone(),
            credential: it.credential.clone(),
            created_at: it.created_at.0,
            last_used_at: None,
        };
        let transaction = self.db.begin_alone().await?;
        passkey::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await?;
        let count = passkey::Entity::find().filter(passkey::Column::UserId.eq(user.0)).count(&transaction).await?;
        if count > PASSKEYS_PER_USER as u64 {
            return Ok(false);
        }
        has_factor_now(&transaction, user, recovery_hashes, by).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// A passkey was shown: keeps what is new of it. False when it is gone, or when somebody else showed it meanwhile.
    ///
    /// # Errors
    /// See above.
    pub async fn use_passkey(
        &self,
        before: &PasskeyRecord,
        credential: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let done = passkey::Entity::update_many()
            .col_expr(passkey::Column::Credential, Expr::value(credential))
            .col_expr(passkey::Column::LastUsedAt, Expr::value(at.0))
            .filter(passkey::Column::Id.eq(before.id.0))
            .filter(passkey::Column::Credential.eq(before.credential.as_str()))
            .exec(&self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// Removes a passkey of a user; with the last second factor the recovery codes go, too. False when there is none.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_passkey(&self, user: UserId, id: PasskeyId) -> Result<bool, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let done =
            passkey::Entity::delete_by_id(id.0).filter(passkey::Column::UserId.eq(user.0)).exec(&transaction).await?;
        forget_rest_of_factors(&transaction, user).await?;
        transaction.commit().await?;
        Ok(done.rows_affected > 0)
    }
}
