use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;
use wire::{Timestamp, UserId};

use super::entities::sign_in_challenge;
use super::{Store, StoreError};

/// A sign-in whose password was right and that waits for the second factor.
#[derive(Clone, PartialEq, Eq)]
pub struct ChallengeRecord {
    /// Its id.
    pub id: Uuid,
    /// SHA-256 of what the page holds.
    pub token_hash: Vec<u8>,
    /// Who signs in.
    pub user_id: UserId,
    /// SHA-256 of the password's hash: another password makes another sign-in.
    pub password_mark: Vec<u8>,
    /// How many codes may still be tried.
    pub attempts_left: u32,
    /// By way of which provider of single sign-on the first step was done; none: with a password.
    pub provider: Option<String>,
    /// Until then.
    pub expires_at: Timestamp,
}

impl From<sign_in_challenge::Model> for ChallengeRecord {
    fn from(row: sign_in_challenge::Model) -> Self {
        Self {
            id: row.id,
            token_hash: row.token_hash,
            user_id: UserId(row.user_id),
            password_mark: row.password_mark,
            attempts_left: u32::try_from(row.attempts_left).unwrap_or(0),
            provider: row.provider,
            expires_at: Timestamp(row.expires_at),
        }
    }
}

impl Store {
    /// Keeps a sign-in that waits.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn insert_challenge(&self, it: ChallengeRecord) -> Result<(), StoreError> {
        let row = sign_in_challenge::Model {
            id: it.id,
            token_hash: it.token_hash,
            user_id: it.user_id.0,
            password_mark: it.password_mark,
            attempts_left: i32::try_from(it.attempts_left).unwrap_or(i32::MAX),
            provider: it.provider,
            expires_at: it.expires_at.0,
        };
        sign_in_challenge::Entity::insert(row.into_active_model()).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// The sign-in of this token with one attempt less; none when there is none, its time is over, or its attempts are used up.
    ///
    /// # Errors
    /// See above.
    pub async fn try_challenge(&self, token_hash: &[u8], at: Timestamp) -> Result<Option<ChallengeRecord>, StoreError> {
        let done = sign_in_challenge::Entity::update_many()
            .col_expr(
                sign_in_challenge::Column::AttemptsLeft,
                Expr::col(sign_in_challenge::Column::AttemptsLeft).sub(1),
            )
            .filter(sign_in_challenge::Column::TokenHash.eq(token_hash))
            .filter(sign_in_challenge::Column::AttemptsLeft.gt(0))
            .filter(sign_in_challenge::Column::ExpiresAt.gt(at.0))
            .exec(&self.db)
            .await?;
        if done.rows_affected == 0 {
            return Ok(None);
        }
        let found = sign_in_challenge::Entity::find().filter(sign_in_challenge::Column::TokenHash.eq(token_hash));
        Ok(found.one(&self.db).await?.map(Into::into))
    }

    /// Uses a sign-in up. True for one caller only.
    ///
    /// # Errors
    /// See above.
    pub async fn finish_challenge(&self, id: Uuid) -> Result<bool, StoreError> {
        Ok(sign_in_challenge::Entity::delete_by_id(id).exec(&self.db).await?.rows_affected > 0)
    }

    /// Forgets sign-ins whose time is over.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_expired_challenges(&self, at: Timestamp) -> Result<(), StoreError> {
        let is_over = sign_in_challenge::Column::ExpiresAt.lte(at.0);
        self.delete_alone(sign_in_challenge::Entity::delete_many().filter(is_over)).await?;
        Ok(())
    }
}
