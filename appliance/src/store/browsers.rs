use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use wire::{BrowserId, Timestamp, UserId};

use super::entities::browser;
use super::{Store, StoreError};

/// One signed-in browser.
#[derive(Clone, PartialEq, Eq)]
pub struct BrowserRecord {
    /// Its id.
    pub id: BrowserId,
    /// Whose it is.
    pub user_id: UserId,
    /// SHA-256 of the cookie's token.
    pub token_hash: Vec<u8>,
    /// What changing requests have to carry.
    pub csrf_token: String,
    /// What it called itself.
    pub user_agent: String,
    /// Where it signed in from.
    pub address: String,
    /// When it signed in.
    pub signed_in_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// When it is signed out whatever happens.
    pub expires_at: Timestamp,
    /// Whether its user has to set up a second factor before anything else.
    pub needs_factor: bool,
}

impl std::fmt::Debug for BrowserRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BrowserRecord").field("id", &self.id).field("user_id", &self.user_id).finish_non_exhaustive()
    }
}

impl From<browser::Model> for BrowserRecord {
    fn from(row: browser::Model) -> Self {
        Self {
            id: BrowserId(row.id),
            user_id: UserId(row.user_id),
            token_hash: row.token_hash,
            csrf_token: row.csrf_token,
            user_agent: row.user_agent,
            address: row.address,
            signed_in_at: Timestamp(row.signed_in_at),
            last_seen_at: Timestamp(row.last_seen_at),
            expires_at: Timestamp(row.expires_at),
            needs_factor: row.needs_factor,
        }
    }
}

impl Store {
    /// Keeps a browser that signed in.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn insert_browser(&self, it: BrowserRecord) -> Result<(), StoreError> {
        let row = browser::Model {
            id: it.id.0,
            user_id: it.user_id.0,
            token_hash: it.token_hash,
            csrf_token: it.csrf_token,
            user_agent: it.user_agent,
            address: it.address,
            signed_in_at: it.signed_in_at.0,
            last_seen_at: it.last_seen_at.0,
            expires_at: it.expires_at.0,
            needs_factor: it.needs_factor,
        };
        browser::Entity::insert(row.into_active_model()).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// The browser whose cookie has this hash.
    ///
    /// # Errors
    /// See above.
    pub async fn browser_by_token(&self, token_hash: &[u8]) -> Result<Option<BrowserRecord>, StoreError> {
        let row = browser::Entity::find().filter(browser::Column::TokenHash.eq(token_hash)).one(&self.db).await?;
        Ok(row.map(Into::into))
    }

    /// A user's browsers, the last used first.
    ///
    /// # Errors
    /// See above.
    pub async fn browsers_of(&self, user: UserId) -> Result<Vec<BrowserRecord>, StoreError> {
        let rows = browser::Entity::find()
            .filter(browser::Column::UserId.eq(user.0))
            .order_by_desc(browser::Column::LastSeenAt)
            .order_by_desc(browser::Column::Id)
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Notes that a browser was used.
    ///
    /// # Errors
    /// See above.
    pub async fn touch_browser(&self, id: BrowserId, at: Timestamp) -> Result<(), StoreError> {
        browser::Entity::update_many()
            .col_expr(browser::Column::LastSeenAt, Expr::value(at.0))
            .filter(browser::Column::Id.eq(id.0))
            .exec(&self.db)
            .await?;
        Ok(())
    }

    /// Signs one browser of a user out. False when there is none.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_browser(&self, user: UserId, id: BrowserId) -> Result<bool, StoreError> {
        let done = browser::Entity::delete_many()
            .filter(browser::Column::UserId.eq(user.0))
            .filter(browser::Column::Id.eq(id.0))
            .exec(&self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// Forgets browsers whose time is over.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_expired_browsers(&self, now: Timestamp, idle_before: Timestamp) -> Result<(), StoreError> {
        let is_over = browser::Column::ExpiresAt.lt(now.0).or(browser::Column::LastSeenAt.lt(idle_before.0));
        self.delete_alone(browser::Entity::delete_many().filter(is_over)).await?;
        Ok(())
    }
}
