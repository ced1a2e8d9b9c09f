use std::collections::HashMap;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;
use wire::api::{ItemPermission, Membership, Principal, Role};
use wire::{JumpGroupId, JumpItemRoleId, JumpPolicyId, TeamId, Timestamp, UserId};

use super::entities::{jump_group, jump_item_role, membership, team, user};
use super::policies::require_policies;
use super::{Store, StoreError, from_json, to_json};
use crate::jump::access::grants::{self, Permissions, Rule, Standing};
use crate::random;

/// A jump item role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JumpItemRoleRecord {
    /// Its id.
    pub id: JumpItemRoleId,
    /// Its name.
    pub name: String,
    /// Free text.
    pub description: String,
    /// What it allows.
    pub permissions: Permissions,
    /// Whether it came with the product.
    pub built_in: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// Goes up with each change.
    pub revision: i64,
}

/// Everything that decides what one user may do in the groups.
#[derive(Clone, Debug)]
pub struct AccessBook {
    /// The user.
    pub standing: Standing,
    memberships: HashMap<JumpGroupId, grants::Memberships>,
}

impl AccessBook {
    /// The rule that decides in a group.
    #[must_use]
    pub fn rule(&self, group: JumpGroupId) -> Rule {
        grants::rule(&self.standing, self.memberships.get(&group).cloned().unwrap_or_default())
    }

    /// The jump policies that come with the rule that lets the user start items of a group.
    #[must_use]
    pub fn policies(&self, group: JumpGroupId) -> Vec<JumpPolicyId> {
        self.rule(group).policies_for(ItemPermission::Start)
    }

    /// What the user may do with the items of a group.
    #[must_use]
    pub fn permissions(&self, group: JumpGroupId) -> Permissions {
        self.rule(group).permissions()
    }
}

impl TryFrom<jump_item_role::Model> for JumpItemRoleRecord {
    type Error = StoreError;

    fn try_from(row: jump_item_role::Model) -> Result<Self, StoreError> {
        let id = JumpItemRoleId(row.id);
        let permissions = match id {
            JumpItemRoleId::ADMINISTRATOR => Permissions::all(),
            JumpItemRoleId::AUDITOR => ItemPermission::ViewReport.into(),
            JumpItemRoleId::START_SESSIONS_ONLY => ItemPermission::Start.into(),
            _ => {
                from_json::<Vec<ItemPermission>>("jump_item_role.permissions", &row.permissions)?.into_iter().collect()
            }
        };
        Ok(Self {
            id,
            name: row.name,
            description: row.description,
            permissions,
            built_in: row.built_in,
            created_at: Timestamp(row.created_at),
            revision: row.revision,
        })
    }
}

fn role_row(it: &JumpItemRoleRecord) -> Result<jump_item_role::Model, StoreError> {
    Ok(jump_item_role::Model {
        id: it.id.0,
        name: it.name.clone(),
        description: it.description.clone(),
        permissions: to_json("jump_item_role.permissions", &it.permissions.iter().collect::<Vec<_>>())?,
        built_in: it.built_in,
        created_at: it.created_at.0,
        revision: it.revision,
    })
}

fn membership_row(group: JumpGroupId, it: &Membership) -> Result<membership::ActiveModel, StoreError> {
    let (user_id, team_id) = match it.principal {
        Principal::User(user) => (Some(user.0), None),
        Principal::Team(team) => (None, Some(team.0)),
    };
    let row = membership::Model {
        id: random::id(),
        group_id: group.0,
        user_id,
        team_id,
        role_id: it.role_id.0,
        jump_policy_id: it.jump_policy_id.map(|id| id.0),
    };
    Ok(row.into_active_model())
}

fn membership_view(row: &membership::Model) -> Option<Membership> {
    let user = row.user_id.map(|id| Principal::User(UserId(id)));
    let principal = user.or_else(|| row.team_id.map(|id| Principal::Team(TeamId(id))))?;
    let jump_policy_id = row.jump_policy_id.map(JumpPolicyId);
    Some(Membership { principal, role_id: JumpItemRoleId(row.role_id), jump_policy_id })
}

impl Store {
    /// What decides for one user. None when there is no such user.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn access_book(&self, id: UserId) -> Result<Option<AccessBook>, StoreError> {
        let Some(row) = user::Entity::find_by_id(id.0).one(&self.db).await? else { return Ok(None) };
        let roles = self.roles_by_id().await?;
        let role = |id: Uuid| roles.get(&JumpItemRoleId(id)).cloned();
        let team_ids: Vec<Uuid> = self.team_ids_of(id).await?.into_iter().map(|id| id.0).collect();
        let names: HashMap<Uuid, String> = team::Entity::find()
            .filter(team::Column::Id.is_in(team_ids.iter().copied()))
            .all(&self.db)
            .await?
            .into_iter()
            .map(|it| (it.id, it.name))
            .collect();
        let theirs =
            Condition::any().add(membership::Column::UserId.eq(id.0)).add(membership::Column::TeamId.is_in(team_ids));
        let mut memberships: HashMap<JumpGroupId, grants::Memberships> = HashMap::new();
        for row in membership::Entity::find().filter(theirs).order_by_asc(membership::Column::Id).all(&self.db).await? {
            let Some(role) = role(row.role_id) else { continue };
            let role = grants::Role { policy: row.jump_policy_id.map(JumpPolicyId), ..role };
            let of_group = memberships.entry(JumpGroupId(row.group_id)).or_default();
            match row.team_id {
                Some(team) => of_group.teams.push((names.get(&team).cloned().unwrap_or_default(), role)),
                None => of_group.own = Some(role),
            }
        }
        // Those of others, too: what lets somebody into shared groups does not count in them.
        for row in jump_group::Entity::find().filter(jump_group::Column::OwnerId.is_not_null()).all(&self.db).await? {
            memberships.entry(JumpGroupId(row.id)).or_default().owner = row.owner_id.map(UserId);
        }
        let standing = Standing {
            user: id,
            administrator: row.role == super::to_text(&Role::Administrator),
            auditor: row.role == super::to_text(&Role::Auditor),
            default_role: row.default_role_id.and_then(role),
            personal_role: row.personal_role_id.and_then(role),
        };
        Ok(Some(AccessBook { standing, memberships }))
    }

    async fn roles_by_id(&self) -> Result<HashMap<JumpItemRoleId, grants::Role>, StoreError> {
        let roles = self.jump_item_roles().await?.into_iter();
        Ok(roles
            .map(|it| (it.id, grants::Role { id: it.id, name: it.name, permissions: it.permissions, policy: None }))
            .collect())
    }

    /// Every jump item role, built-in ones first, then by name.
    ///
    /// # Errors
    /// See above.
    pub async fn jump_item_roles(&self) -> Result<Vec<JumpItemRoleRecord>, StoreError> {
        let rows = jump_item_role::Entity::find()
            .order_by_desc(jump_item_role::Column::BuiltIn)
            .order_by_asc(jump_item_role::Column::Name)
            .all(&self.db)
            .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// One jump item role.
    ///
    /// # Errors
    /// See above.
    pub async fn jump_item_role(&self, id: JumpItemRoleId) -> Result<Option<JumpItemRoleRecord>, StoreError> {
        jump_item_role::Entity::find_by_id(id.0).one(&self.db).await?.map(TryInto::try_into).transpose()
    }

    /// How many memberships and users have each role.
    ///
    /// # Errors
    /// See above.
    pub async fn jump_item_roles_used(&self) -> Result<HashMap<JumpItemRoleId, u32>, StoreError> {
        let of_memberships: Vec<Uuid> = membership::Entity::find()
            .select_only()
            .column(membership::Column::RoleId)
            .into_tuple()
            .all(&self.db)
            .await?;
        let of_users: Vec<(Option<Uuid>, Option<Uuid>)> = user::Entity::find()
            .select_only()
            .columns([user::Column::DefaultRoleId, user::Column::PersonalRoleId])
            .into_tuple()
            .all(&self.db)
            .await?;
        let mut used = HashMap::new();
        let of_users = of_users.into_iter().flat_map(|(default, personal)| [default, personal]).flatten();
        for id in of_memberships.into_iter().chain(of_users) {
            *used.entry(JumpItemRoleId(id)).or_default() += 1;
        }
        Ok(used)
    }

    /// Makes a jump item role.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the name is taken.
    pub async fn insert_jump_item_role(&self, it: &JumpItemRoleRecord) -> Result<(), StoreError> {
        jump_item_role::Entity::insert(role_row(it)?.into_active_model()).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Writes a jump item role that has this revision; afterwards it has the next one.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the name is taken, [`StoreError::ChangedMeanwhile`] when it has another revision.
    pub async fn update_jump_item_role(&self, it: &JumpItemRoleRecord) -> Result<(), StoreError> {
        let row = jump_item_role::ActiveModel {
            id: sea_orm::ActiveValue::NotSet,
            revision: Set(it.revision + 1),
            ..role_row(it)?.into_active_model().reset_all()
        };
        let done = jump_item_role::Entity::update_many()
            .set(row)
            .filter(jump_item_role::Column::Id.eq(it.id.0))
            .filter(jump_item_role::Column::Revision.eq(it.revision))
            .exec(&self.db)
            .await?;
        if done.rows_affected == 0 { Err(StoreError::ChangedMeanwhile) } else { Ok(()) }
    }

    /// Removes a jump item role that nobody has. False when there is none.
    ///
    /// # Errors
    /// [`StoreError::Dependent`] while a membership or a user has it.
    pub async fn delete_jump_item_role(&self, id: JumpItemRoleId) -> Result<bool, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let done = jump_item_role::Entity::delete_by_id(id.0).exec(&transaction).await?;
        let theirs = user::Column::DefaultRoleId.eq(id.0).or(user::Column::PersonalRoleId.eq(id.0));
        let users = user::Entity::find().filter(theirs).count(&transaction).await?;
        if users > 0 {
            return Err(StoreError::Dependent);
        }
        transaction.commit().await?;
        Ok(done.rows_affected > 0)
    }

    /// Who may do what in a group, and the list's revision. None when there is no such group.
    ///
    /// # Errors
    /// See above.
    pub async fn memberships(&self, group: JumpGroupId) -> Result<Option<(Vec<Membership>, i64)>, StoreError> {
        let transaction = self.db.begin_reading().await?;
        let Some(row) = jump_group::Entity::find_by_id(group.0).one(&transaction).await? else { return Ok(None) };
        let rows = membership::Entity::find()
            .filter(membership::Column::GroupId.eq(group.0))
            .order_by_asc(membership::Column::Id)
            .all(&transaction)
            .await?;
        Ok(Some((rows.iter().filter_map(membership_view).collect(), row.members_revision)))
    }

    /// Writes who may do what in a group, if the list still has this revision. False when there is no such group.
    ///
    /// # Errors
    /// [`StoreError::ChangedMeanwhile`] when it has another revision, [`StoreError::Duplicate`] when somebody is in it twice,
    /// [`StoreError::Dependent`] when one of them, a role or a policy is gone.
    pub async fn set_memberships(
        &self,
        group: JumpGroupId,
        members: &[Membership],
        revision: i64,
    ) -> Result<bool, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let done = jump_group::Entity::update_many()
            .col_expr(jump_group::Column::MembersRevision, Expr::value(revision + 1))
            .filter(jump_group::Column::Id.eq(group.0))
            .filter(jump_group::Column::MembersRevision.eq(revision))
            .exec(&transaction)
            .await?;
        if done.rows_affected == 0 {
            let is_there = jump_group::Entity::find_by_id(group.0).one(&transaction).await?.is_some();
            return if is_there { Err(StoreError::ChangedMeanwhile) } else { Ok(false) };
        }
        membership::Entity::delete_many().filter(membership::Column::GroupId.eq(group.0)).exec(&transaction).await?;
        require_policies(&transaction, members.iter().map(|it| it.jump_policy_id)).await?;
        let rows = members.iter().map(|it| membership_row(group, it)).collect::<Result<Vec<_>, _>>()?;
        if !rows.is_empty() {
            membership::Entity::insert_many(rows).exec_without_returning(&transaction).await?;
        }
        transaction.commit().await?;
        Ok(true)
    }
}
