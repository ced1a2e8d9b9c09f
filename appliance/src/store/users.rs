use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder};
use wire::api::{JumpMethod, Preferences, Role};
use wire::{JumpItemRoleId, SessionPolicyId, Timestamp, UserId};

use super::database::Transaction;
use super::entities::{jump_item_role, user};
use super::personal_groups::{ensure_personal_group, remove_personal_group};
use super::session_policies::{GivenTo, require_session_policies};
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
    /// Where letters to them go.
    pub email: Option<String>,
    /// What they may do.
    pub role: Role,
    /// Whether they may sign in.
    pub enabled: bool,
    /// How they may jump.
    pub methods: Vec<JumpMethod>,
    /// Their jump item role where no membership speaks of them.
    pub default_role: Option<JumpItemRoleId>,
    /// Their jump item role in a group of their own; none: they have none, or it is kept from them.
    pub personal_role: Option<JumpItemRoleId>,
    /// The session policy of their sessions.
    pub session_policy: Option<SessionPolicyId>,
    /// Argon2id in PHC format.
    pub password_hash: String,
    /// When they were made.
    pub created_at: Timestamp,
    /// When they last signed in.
    pub last_sign_in_at: Option<Timestamp>,
    /// Goes up with each change by an administrator.
    pub revision: i64,
}

impl std::fmt::Debug for UserRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRecord").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

/// What is changed of a user; the rest stays as it is.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct UserEdit {
    /// Another name to show.
    pub display_name: Option<String>,
    /// Where letters to them go from now on, or nowhere.
    pub email: Option<Option<String>>,
    /// Another role.
    pub role: Option<Role>,
    /// Whether they may sign in from now on.
    pub enabled: Option<bool>,
    /// How they may jump from now on.
    pub methods: Option<Vec<JumpMethod>>,
    /// Another default role, or none.
    pub default_role: Option<Option<JumpItemRoleId>>,
    /// Another role in a group of their own, or none.
    pub personal_role: Option<Option<JumpItemRoleId>>,
    /// Another session policy, or none.
    pub session_policy: Option<Option<SessionPolicyId>>,
    /// Another password.
    pub password_hash: Option<String>,
    /// The revision that was looked at; none: whichever it is by now.
    pub revision: Option<i64>,
}

/// User names are unique without regard to case.
fn key(user_name: &str) -> String {
    user_name.to_lowercase()
}

fn new_row(it: &UserRecord) -> Result<user::ActiveModel, StoreError> {
    Ok(user::ActiveModel {
        id: Set(it.id.0),
        user_name: Set(it.user_name.clone()),
        user_name_key: Set(key(&it.user_name)),
        display_name: Set(it.display_name.clone()),
        email: Set(it.email.clone()),
        role: Set(to_text(&it.role)),
        enabled: Set(it.enabled),
        password_hash: Set(it.password_hash.clone()),
        created_at: Set(it.created_at.0),
        last_sign_in_at: Set(None),
        preferences: Set("{}".into()),
        default_role_id: Set(it.default_role.map(|role| role.0)),
        personal_role_id: Set(it.personal_role.map(|role| role.0)),
        session_policy_id: Set(it.session_policy.map(|policy| policy.0)),
        methods: Set(to_json("user.methods", &it.methods)?),
        revision: Set(it.revision),
    })
}

/// Looked at after the change and before it is kept, in a transaction that is alone.
async fn administrators_left(transaction: &Transaction) -> Result<(), StoreError> {
    let left = user::Entity::find()
        .filter(user::Column::Role.eq(to_text(&Role::Administrator)))
        .filter(user::Column::Enabled.eq(true))
        // Who has no password depends on a provider of single sign-on, which may be away.
        .filter(user::Column::PasswordHash.ne(""))
        .count(transaction)
        .await?;
    if left == 0 { Err(StoreError::LastAdministrator) } else { Ok(()) }
}

/// Looked at after the change and before it is kept, as above.
async fn role_exists(transaction: &Transaction, role: Option<JumpItemRoleId>) -> Result<(), StoreError> {
    let Some(role) = role else { return Ok(()) };
    let found = jump_item_role::Entity::find_by_id(role.0).one(transaction).await?;
    found.map(|_| ()).ok_or(StoreError::Dependent)
}

impl TryFrom<user::Model> for UserRecord {
    type Error = StoreError;

    fn try_from(row: user::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: UserId(row.id),
            user_name: row.user_name,
            display_name: row.display_name,
            email: row.email,
            role: from_text("user.role", &row.role)?,
            enabled: row.enabled,
            methods: from_json("user.methods", &row.methods)?,
            default_role: row.default_role_id.map(JumpItemRoleId),
            personal_role: row.personal_role_id.map(JumpItemRoleId),
            session_policy: row.session_policy_id.map(SessionPolicyId),
            password_hash: row.password_hash,
            created_at: Timestamp(row.created_at),
            last_sign_in_at: row.last_sign_in_at.map(Timestamp),
            revision: row.revision,
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
    /// [`StoreError::Duplicate`] when the name is taken; [`StoreError::Dependent`] when its default role or session policy is gone.
    pub async fn insert_user(&self, it: &UserRecord) -> Result<(), StoreError> {
        let transaction = self.db.begin_alone().await?;
        user::Entity::insert(new_row(it)?).exec_without_returning(&transaction).await?;
        role_exists(&transaction, it.default_role).await?;
        role_exists(&transaction, it.personal_role).await?;
        if it.personal_role.is_some() {
            ensure_personal_group(&transaction, it.id, &it.user_name, it.created_at).await?;
        }
        require_session_policies(&transaction, [it.session_policy].into_iter(), GivenTo::Users).await?;
        Ok(transaction.commit().await?)
    }

    /// Makes the first user and forgets this setting, both or nothing. False when the setting is gone: somebody was faster.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the name is taken.
    pub async fn insert_first_user(&self, setting: &str, it: &UserRecord) -> Result<bool, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let forgotten = super::entities::setting::Entity::delete_by_id(setting).exec(&transaction).await?;
        if forgotten.rows_affected == 0 {
            return Ok(false);
        }
        user::Entity::insert(new_row(it)?).exec_without_returning(&transaction).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Writes what is changed of a user and nothing else; afterwards they have the next revision. Returns the user as they are now;
    /// none when there is no such user.
    ///
    /// # Errors
    /// [`StoreError::ChangedMeanwhile`] when they have another revision than the one that was looked at;
    /// [`StoreError::LastAdministrator`] when nobody would be left who may administer; [`StoreError::Dependent`] when the default
    /// role or session policy is gone.
    pub async fn edit_user(&self, id: UserId, edit: UserEdit) -> Result<Option<UserRecord>, StoreError> {
        if edit == UserEdit::default() {
            return self.user(id).await;
        }
        let mut row: user::ActiveModel = Default::default();
        if let Some(name) = edit.display_name {
            row.display_name = Set(name);
        }
        if let Some(email) = edit.email {
            row.email = Set(email);
        }
        if let Some(role) = edit.role {
            row.role = Set(to_text(&role));
        }
        if let Some(enabled) = edit.enabled {
            row.enabled = Set(enabled);
        }
        if let Some(methods) = edit.methods {
            row.methods = Set(to_json("user.methods", &methods)?);
        }
        if let Some(role) = edit.default_role {
            row.default_role_id = Set(role.map(|it| it.0));
        }
        if let Some(role) = edit.personal_role {
            row.personal_role_id = Set(role.map(|it| it.0));
        }
        if let Some(policy) = edit.session_policy {
            row.session_policy_id = Set(policy.map(|it| it.0));
        }
        if let Some(hash) = edit.password_hash {
            row.password_hash = Set(hash);
        }
        let transaction = self.db.begin_alone().await?;
        let mut update = user::Entity::update_many()
            .set(row)
            .col_expr(user::Column::Revision, Expr::col(user::Column::Revision).add(1))
            .filter(user::Column::Id.eq(id.0));
        if let Some(revision) = edit.revision {
            update = update.filter(user::Column::Revision.eq(revision));
        }
        if update.exec(&transaction).await?.rows_affected == 0 {
            let is_there = user::Entity::find_by_id(id.0).one(&transaction).await?.is_some();
            return if is_there { Err(StoreError::ChangedMeanwhile) } else { Ok(None) };
        }
        administrators_left(&transaction).await?;
        role_exists(&transaction, edit.default_role.flatten()).await?;
        role_exists(&transaction, edit.personal_role.flatten()).await?;
        require_session_policies(&transaction, [edit.session_policy.flatten()].into_iter(), GivenTo::Users).await?;
        let edited = user::Entity::find_by_id(id.0).one(&transaction).await?;
        if let Some(edited) = edited.as_ref().filter(|it| it.personal_role_id.is_some()) {
            ensure_personal_group(&transaction, id, &edited.user_name, crate::clock::now()).await?;
        }
        transaction.commit().await?;
        edited.map(TryInto::try_into).transpose()
    }

    /// Gives a user a new password if they still have the old one. False when they do not.
    ///
    /// # Errors
    /// See above.
    pub async fn set_password(&self, id: UserId, old_hash: &str, new_hash: &str) -> Result<bool, StoreError> {
        let done = user::Entity::update_many()
            .col_expr(user::Column::PasswordHash, Expr::value(new_hash))
            .filter(user::Column::Id.eq(id.0))
            .filter(user::Column::PasswordHash.eq(old_hash))
            .exec(&self.db)
            .await?;
        Ok(done.rows_affected > 0)
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

    /// Removes a user, their signed-in browsers and their personal group. False when there is none.
    ///
    /// # Errors
    /// [`StoreError::LastAdministrator`] when nobody would be left who may administer, [`StoreError::Dependent`] while there are
    /// items in their personal group.
    pub async fn delete_user(&self, id: UserId) -> Result<bool, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let done = user::Entity::delete_by_id(id.0).exec(&transaction).await?;
        if done.rows_affected == 0 {
            return Ok(false);
        }
        administrators_left(&transaction).await?;
        remove_personal_group(&transaction, id).await?;
        transaction.commit().await?;
        Ok(true)
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

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    async fn with_two_administrators() -> (Store, [UserId; 2], tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::fresh(folder.path()).await;
        let ids = [1, 2].map(|number| UserId(Uuid::from_u128(number)));
        for id in ids {
            let user = UserRecord {
                id,
                user_name: id.to_string(),
                display_name: "Ana".into(),
                email: None,
                role: Role::Administrator,
                enabled: true,
                methods: Vec::new(),
                default_role: None,
                personal_role: None,
                session_policy: None,
                password_hash: "old".into(),
                created_at: Timestamp(1),
                last_sign_in_at: None,
                revision: 0,
            };
            store.insert_user(&user).await.unwrap();
        }
        (store, ids, folder)
    }

    #[tokio::test]
    async fn a_new_password_changes_nothing_else_and_needs_the_old_one() {
        let (store, [id, _], _folder) = with_two_administrators().await;
        let disabled = UserEdit { enabled: Some(false), ..UserEdit::default() };
        assert!(!store.edit_user(id, disabled).await.unwrap().unwrap().enabled);
        assert!(store.set_password(id, "old", "new").await.unwrap());
        assert!(!store.set_password(id, "old", "newer").await.unwrap(), "it was changed meanwhile");
        let user = store.user(id).await.unwrap().unwrap();
        assert_eq!((user.enabled, user.password_hash.as_str()), (false, "new"));
    }

    #[tokio::test]
    async fn an_edit_of_nothing_and_of_nobody() {
        let (store, [id, _], _folder) = with_two_administrators().await;
        assert_eq!(store.edit_user(id, UserEdit::default()).await.unwrap().unwrap().display_name, "Ana");
        let renamed = UserEdit { display_name: Some("Eva".into()), ..UserEdit::default() };
        assert!(store.edit_user(UserId(Uuid::nil()), renamed).await.unwrap().is_none());
        assert!(!store.delete_user(UserId(Uuid::nil())).await.unwrap());
    }

    #[tokio::test]
    async fn two_administrators_cannot_remove_each_other_at_the_same_time() {
        let (store, [one, other], _folder) = with_two_administrators().await;
        let demoted = UserEdit { role: Some(Role::Technician), ..UserEdit::default() };
        let (first, second) = tokio::join!(store.edit_user(one, demoted), store.delete_user(other));
        assert!(first.is_ok() != second.is_ok(), "{} {}", first.is_ok(), second.is_ok());
        let administrators = store.users().await.unwrap().iter().filter(|it| it.role == Role::Administrator).count();
        assert_eq!(administrators, 1);
    }

    #[tokio::test]
    async fn the_first_user_is_made_once() {
        let (store, [id, _], _folder) = with_two_administrators().await;
        store.set_setting("token", "hash").await.unwrap();
        let ana = store.user(id).await.unwrap().unwrap();
        let taken = store.insert_first_user("token", &ana).await;
        assert!(matches!(taken, Err(StoreError::Duplicate)), "{taken:?}");
        assert!(store.setting("token").await.unwrap().is_some(), "the link still works");
        let eva = UserRecord { id: UserId(Uuid::from_u128(3)), user_name: "eva".into(), ..ana.clone() };
        assert!(store.insert_first_user("token", &eva).await.unwrap());
        let tom = UserRecord { id: UserId(Uuid::from_u128(4)), user_name: "tom".into(), ..ana };
        assert!(!store.insert_first_user("token", &tom).await.unwrap());
        assert!(store.user_by_name("tom").await.unwrap().is_none());
    }
}
