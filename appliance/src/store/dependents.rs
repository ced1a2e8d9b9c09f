//! What keeps something from being removed, by name. Items that were removed themselves keep nothing.

use sea_orm::sea_query::{ExprTrait, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;
use wire::{JumpGroupId, JumpItemRoleId, JumpPolicyId, JumpointId, SessionPolicyId};

use super::entities::{credential, jump_group, jump_item, membership, user};
use super::{Store, StoreError};

/// What stands in a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupContents {
    /// Names of its items.
    pub items: Vec<String>,
    /// Names of its credentials.
    pub credentials: Vec<String>,
}

/// Who has a jump item role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoleHolders {
    /// How many members of groups have it.
    pub memberships: usize,
    /// Names of those groups, each once.
    pub groups: Vec<String>,
    /// User names of those who have it by default or in their personal group.
    pub users: Vec<String>,
}

impl RoleHolders {
    /// Whether nobody has it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.memberships == 0 && self.users.is_empty()
    }
}

impl Store {
    /// Names of the items that go through a jumpoint.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn items_of_jumpoint(&self, id: JumpointId) -> Result<Vec<String>, StoreError> {
        self.names_of_items(jump_item::Column::JumpointId.eq(id.0)).await
    }

    /// What stands in a group.
    ///
    /// # Errors
    /// See above.
    pub async fn contents_of_group(&self, id: JumpGroupId) -> Result<GroupContents, StoreError> {
        let items = self.names_of_items(jump_item::Column::GroupId.eq(id.0)).await?;
        let credentials = credential::Entity::find()
            .filter(credential::Column::GroupId.eq(id.0))
            .order_by_asc(credential::Column::Name)
            .select_only()
            .column(credential::Column::Name);
        Ok(GroupContents { items, credentials: credentials.into_tuple().all(&self.db).await? })
    }

    /// Who has a jump item role.
    ///
    /// # Errors
    /// See above.
    pub async fn holders_of_role(&self, id: JumpItemRoleId) -> Result<RoleHolders, StoreError> {
        let of_role = membership::Entity::find().filter(membership::Column::RoleId.eq(id.0));
        let ids = of_role.select_only().column(membership::Column::GroupId);
        let ids: Vec<Uuid> = ids.into_tuple().all(&self.db).await?;
        let memberships = ids.len();
        let groups = jump_group::Entity::find()
            .filter(jump_group::Column::Id.is_in(ids))
            .order_by_asc(jump_group::Column::Name)
            .select_only()
            .column(jump_group::Column::Name);
        let theirs = user::Column::DefaultRoleId.eq(id.0).or(user::Column::PersonalRoleId.eq(id.0));
        let users = user::Entity::find().filter(theirs).order_by_asc(user::Column::UserName);
        let users = users.select_only().column(user::Column::UserName);
        Ok(RoleHolders {
            memberships,
            groups: groups.into_tuple().all(&self.db).await?,
            users: users.into_tuple().all(&self.db).await?,
        })
    }

    /// Names of the items that name a jump policy, and of the groups where a membership does, each once.
    ///
    /// # Errors
    /// See above.
    pub async fn named_by_jump_policy(&self, id: JumpPolicyId) -> Result<[Vec<String>; 2], StoreError> {
        let items = self.names_of_items(jump_item::Column::JumpPolicyId.eq(id.0)).await?;
        let of_policy = membership::Entity::find().filter(membership::Column::JumpPolicyId.eq(id.0));
        let groups = of_policy.select_only().column(membership::Column::GroupId).into_tuple::<Uuid>();
        let groups = jump_group::Entity::find()
            .filter(jump_group::Column::Id.is_in(groups.all(&self.db).await?))
            .order_by_asc(jump_group::Column::Name)
            .select_only()
            .column(jump_group::Column::Name);
        Ok([items, groups.into_tuple().all(&self.db).await?])
    }

    /// Names of the items that name a session policy, and user names of the users that do.
    ///
    /// # Errors
    /// See above.
    pub async fn named_by_session_policy(&self, id: SessionPolicyId) -> Result<[Vec<String>; 2], StoreError> {
        let items = self.names_of_items(jump_item::Column::SessionPolicyId.eq(id.0)).await?;
        let users = user::Entity::find().filter(user::Column::SessionPolicyId.eq(id.0));
        let users = users.order_by_asc(user::Column::UserName).select_only().column(user::Column::UserName);
        Ok([items, users.into_tuple().all(&self.db).await?])
    }

    async fn names_of_items(&self, which: SimpleExpr) -> Result<Vec<String>, StoreError> {
        let find = jump_item::Entity::find()
            .filter(which)
            .filter(jump_item::Column::RemovedAt.is_null())
            .order_by_asc(jump_item::Column::Name)
            .select_only()
            .column(jump_item::Column::Name);
        Ok(find.into_tuple().all(&self.db).await?)
    }
}
