use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder};
use wire::api::TokenScope;
use wire::{ApiTokenId, Timestamp, UserId};

use super::entities::api_token;
use super::{Store, StoreError, from_text, to_text};

/// A key of a program.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiTokenRecord {
    /// Its id.
    pub id: ApiTokenId,
    /// In whose place it asks.
    pub user_id: UserId,
    /// What the user calls it.
    pub name: String,
    /// What it may do.
    pub scope: TokenScope,
    /// SHA-256 of the token.
    pub token_hash: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Timestamp,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// The address that used it last.
    pub last_used_from: Option<String>,
}

impl std::fmt::Debug for ApiTokenRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiTokenRecord").field("id", &self.id).field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl TryFrom<api_token::Model> for ApiTokenRecord {
    type Error = StoreError;

    fn try_from(row: api_token::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: ApiTokenId(row.id),
            user_id: UserId(row.user_id),
            name: row.name,
            scope: from_text("api_token.scope", &row.scope)?,
            token_hash: row.token_hash,
            created_at: Timestamp(row.created_at),
            expires_at: Timestamp(row.expires_at),
            last_used_at: row.last_used_at.map(Timestamp),
            last_used_from: row.last_used_from,
        })
    }
}

impl Store {
    /// Keeps a token that was made.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn insert_api_token(&self, it: ApiTokenRecord) -> Result<(), StoreError> {
        let row = api_token::Model {
            id: it.id.0,
            user_id: it.user_id.0,
            name: it.name,
            scope: to_text(&it.scope),
            token_hash: it.token_hash,
            created_at: it.created_at.0,
            expires_at: it.expires_at.0,
            last_used_at: None,
            last_used_from: None,
        };
        api_token::Entity::insert(row.into_active_model()).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// The token of this hash.
    ///
    /// # Errors
    /// See above.
    pub async fn api_token_by_hash(&self, hash: &[u8]) -> Result<Option<ApiTokenRecord>, StoreError> {
        let row = api_token::Entity::find().filter(api_token::Column::TokenHash.eq(hash)).one(&self.db).await?;
        row.map(TryInto::try_into).transpose()
    }

    /// A user's tokens, the newest first.
    ///
    /// # Errors
    /// See above.
    pub async fn api_tokens_of(&self, user: UserId) -> Result<Vec<ApiTokenRecord>, StoreError> {
        let of_user = api_token::Entity::find().filter(api_token::Column::UserId.eq(user.0));
        let rows = of_user
            .order_by_desc(api_token::Column::CreatedAt)
            .order_by_desc(api_token::Column::Id)
            .all(&self.db)
            .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// How many tokens a user has.
    ///
    /// # Errors
    /// See above.
    pub async fn count_api_tokens(&self, user: UserId) -> Result<u64, StoreError> {
        Ok(api_token::Entity::find().filter(api_token::Column::UserId.eq(user.0)).count(&self.db).await?)
    }

    /// Notes that a token was used.
    ///
    /// # Errors
    /// See above.
    pub async fn touch_api_token(&self, id: ApiTokenId, at: Timestamp, address: &str) -> Result<(), StoreError> {
        api_token::Entity::update_many()
            .col_expr(api_token::Column::LastUsedAt, Expr::value(at.0))
            .col_expr(api_token::Column::LastUsedFrom, Expr::value(address))
            .filter(api_token::Column::Id.eq(id.0))
            .exec(&self.db)
            .await?;
        Ok(())
    }

    /// Revokes a token of a user. False when there is none.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_api_token(&self, user: UserId, id: ApiTokenId) -> Result<bool, StoreError> {
        let done = api_token::Entity::delete_many()
            .filter(api_token::Column::UserId.eq(user.0))
            .filter(api_token::Column::Id.eq(id.0))
            .exec(&self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// Forgets tokens that stopped working before this moment.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_expired_api_tokens(&self, before: Timestamp) -> Result<(), StoreError> {
        let is_over = api_token::Column::ExpiresAt.lt(before.0);
        self.delete_alone(api_token::Entity::delete_many().filter(is_over)).await?;
        Ok(())
    }
}
