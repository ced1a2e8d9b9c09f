use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder};
use wire::api::{Preferences, Role};
use wire::{Timestamp, UserId};

use super::entities::user;
use super::{Store, StoreError, from_json, from_text, to_json, to_text};

/// A user with their password's hash.
#[derive(Clone)]
pub struct UserRecord {
    /// Its id.
    pub id: UserId,
    /// Name to sign in with.
    pub user_name: String,
    /// Name to show.
    pub display_name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they may sign in.
    pub enabled: bool,
    /// Argon2id in PHC format.
    pub password_hash: String,
    /// When they were made.
    pub created_at: Timestamp,
    /// When they last signed in.
    pub last_sign_in_at: Option<Timestamp>,
}

impl std::fmt::Debug for UserRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRecord").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

/// User names are unique without regard to case.
fn key(user_name: &str) -> String {
    user_name.to_lowercase()
}

impl TryFrom<user::Model> for UserRecord {
    type Error = StoreError;

    fn try_from(row: user::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId(row.id),
            user_name: row.user_name,
            display_name: row.display_name,
            role: from_text("user.role", &row.role)?,
            enabled: row.enabled,
            password_hash: row.password_hash,
            created_at: Timestamp(row.created_at),
            last_sign_in_at: row.last_sign_in_at.map(Timestamp),
        })
    }
}

impl Store {
    /// How many users there are.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn count_users(&self) -> Result<u64, StoreError> {
        Ok(user::Entity::find().count(&self.db).await?)
    }

    /// Every user, by name.
    ///
    /// # Errors
    /// See above.
    pub async fn users(&self) -> Result<Vec<UserRecord>, StoreError> {
        let rows = user::Entity::find().order_by_asc(user::Column::UserNameKey).all(&self.db).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// One user.
    ///
    /// # Errors
    /// See above.
    pub async fn user(&self, id: UserId) -> Result<Option<UserRecord>, StoreError> {
        user::Entity::find_by_id(id.0).one(&self.db).await?.map(TryInto::try_into).transpose()
    }

    /// The user with this name, whatever its case.
    ///
    /// # Errors
    /// See above.
    pub async fn user_by_name(&self, user_name: &str) -> Result<Option<UserRecord>, StoreError> {
        let row = user::Entity::find().filter(user::Column::UserNameKey.eq(key(user_name))).one(&self.db).await?;
        row.map(TryInto::try_into).transpose()
    }

    /// Makes a user.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the name is taken.
    pub async fn insert_user(&self, it: &UserRecord) -> Result<(), StoreError> {
        let row = user::ActiveModel {
            id: Set(it.id.0),
            user_name: Set(it.user_name.clone()),
            user_name_key: Set(key(&it.user_name)),
            display_name: Set(it.display_name.clone()),
            role: Set(to_text(&it.role)),
            enabled: Set(it.enabled),
            password_hash: Set(it.password_hash.clone()),
            created_at: Set(it.created_at.0),
            last_sign_in_at: Set(None),
            preferences: Set("{}".into()),
        };
        user::Entity::insert(row).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Writes what may change of a user.
    ///
    /// # Errors
    /// See above.
    pub async fn update_user(&self, it: &UserRecord) -> Result<(), StoreError> {
        let mut row = user::ActiveModel { id: Set(it.id.0), ..Default::default() };
        row.display_name = Set(it.display_name.clone());
        row.role = Set(to_text(&it.role));
        row.enabled = Set(it.enabled);
        row.password_hash = Set(it.password_hash.clone());
        row.last_sign_in_at = Set(it.last_sign_in_at.map(|at| at.0));
        row.update(&self.db).await?;
        Ok(())
    }

    /// Notes a sign-in.
    ///
    /// # Errors
    /// See above.
    pub async fn note_sign_in(&self, id: UserId, at: Timestamp) -> Result<(), StoreError> {
        user::Entity::update_many()
            .col_expr(user::Column::LastSignInAt, Expr::value(at.0))
            .filter(user::Column::Id.eq(id.0))
            .exec(&self.db)
            .await?;
        Ok(())
    }

    /// Removes a user and their signed-in browsers.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_user(&self, id: UserId) -> Result<(), StoreError> {
        user::Entity::delete_by_id(id.0).exec(&self.db).await?;
        Ok(())
    }

    /// What the console remembers for a user.
    ///
    /// # Errors
    /// See above.
    pub async fn preferences(&self, id: UserId) -> Result<Preferences, StoreError> {
        match user::Entity::find_by_id(id.0).one(&self.db).await? {
            Some(row) => from_json("user.preferences", &row.preferences),
            None => Ok(Preferences::default()),
        }
    }

    /// Writes what the console remembers for a user.
    ///
    /// # Errors
    /// See above.
    pub async fn set_preferences(&self, id: UserId, preferences: &Preferences) -> Result<(), StoreError> {
        if let Some(row) = user::Entity::find_by_id(id.0).one(&self.db).await? {
            let mut row = row.into_active_model();
            row.preferences = Set(to_json("user.preferences", preferences)?);
            row.update(&self.db).await?;
        }
        Ok(())
    }
}
