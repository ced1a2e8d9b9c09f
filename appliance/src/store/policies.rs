use std::collections::HashMap;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;
use wire::api::{JumpPolicyDraft, TunnelJumpDraft};
use wire::{JumpPolicyId, Timestamp};

use super::entities::{jump_item, jump_policy, membership};
use super::{AccessBook, Store, StoreError, from_json, to_json};
use crate::jump::policy::Policy;

/// Every policy, to look up which of them hold.
#[derive(Clone, Debug, Default)]
pub struct PolicyBook {
    all: HashMap<JumpPolicyId, Policy>,
}

impl PolicyBook {
    /// The policies with these ids. One that is not there never opens: what named it was meant to be guarded.
    #[must_use]
    pub fn these(&self, ids: &[JumpPolicyId]) -> Vec<Policy> {
        let found = |id: &JumpPolicyId| self.all.get(id).cloned().unwrap_or_else(|| Policy::missing(*id));
        ids.iter().map(found).collect()
    }

    /// Names of the policies with these ids.
    #[must_use]
    pub fn names(&self, ids: &[JumpPolicyId]) -> Vec<String> {
        let name = |id: &JumpPolicyId| match self.all.get(id) {
            Some(policy) => policy.definition.name.clone(),
            None => Policy::missing(*id).definition.name,
        };
        ids.iter().map(name).collect()
    }

    /// The policies that hold when this user starts this item: the item's own first.
    #[must_use]
    pub fn holding(&self, user: &AccessBook, item: &TunnelJumpDraft) -> Vec<Policy> {
        self.these(&holding(user, item))
    }
}

/// Ids of the policies that hold when this user starts this item, each once: the item's own first.
#[must_use]
pub fn holding(user: &AccessBook, item: &TunnelJumpDraft) -> Vec<JumpPolicyId> {
    let of_rule = user.policies(item.group_id).into_iter().filter(|id| Some(*id) != item.jump_policy_id);
    item.jump_policy_id.into_iter().chain(of_rule).collect()
}

/// Where policies are named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyUses {
    /// Items.
    pub items: u32,
    /// Memberships of groups.
    pub memberships: u32,
}

impl TryFrom<jump_policy::Model> for Policy {
    type Error = StoreError;

    fn try_from(row: jump_policy::Model) -> Result<Self, StoreError> {
        let kept: JumpPolicyDraft = from_json("jump_policy.definition", &row.definition)?;
        let definition = JumpPolicyDraft { name: row.name, revision: row.revision, ..kept };
        Ok(Self { id: JumpPolicyId(row.id), definition })
    }
}

fn row_of(it: &Policy, created_at: Timestamp) -> Result<jump_policy::Model, StoreError> {
    Ok(jump_policy::Model {
        id: it.id.0,
        name: it.definition.name.clone(),
        definition: to_json("jump_policy.definition", &it.definition)?,
        created_at: created_at.0,
        revision: it.definition.revision,
    })
}

impl Store {
    /// Every jump policy, by name.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn jump_policies(&self) -> Result<Vec<Policy>, StoreError> {
        let rows = jump_policy::Entity::find().order_by_asc(jump_policy::Column::Name).all(&self.db).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Every jump policy, to look up which of them hold.
    ///
    /// # Errors
    /// See above.
    pub async fn policy_book(&self) -> Result<PolicyBook, StoreError> {
        Ok(PolicyBook { all: self.jump_policies().await?.into_iter().map(|it| (it.id, it)).collect() })
    }

    /// One jump policy.
    ///
    /// # Errors
    /// See above.
    pub async fn jump_policy(&self, id: JumpPolicyId) -> Result<Option<Policy>, StoreError> {
        jump_policy::Entity::find_by_id(id.0).one(&self.db).await?.map(TryInto::try_into).transpose()
    }

    /// Where each policy is named; those that are named nowhere are missing.
    ///
    /// # Errors
    /// See above.
    pub async fn jump_policy_uses(&self) -> Result<HashMap<JumpPolicyId, PolicyUses>, StoreError> {
        let mut uses: HashMap<JumpPolicyId, PolicyUses> = HashMap::new();
        let items: Vec<Option<Uuid>> = jump_item::Entity::find()
            .filter(jump_item::Column::JumpPolicyId.is_not_null())
            .filter(jump_item::Column::RemovedAt.is_null())
            .select_only()
            .column(jump_item::Column::JumpPolicyId)
            .into_tuple()
            .all(&self.db)
            .await?;
        for id in items.into_iter().flatten() {
            uses.entry(JumpPolicyId(id)).or_default().items += 1;
        }
        let memberships: Vec<Option<Uuid>> = membership::Entity::find()
            .filter(membership::Column::JumpPolicyId.is_not_null())
            .select_only()
            .column(membership::Column::JumpPolicyId)
            .into_tuple()
            .all(&self.db)
            .await?;
        for id in memberships.into_iter().flatten() {
            uses.entry(JumpPolicyId(id)).or_default().memberships += 1;
        }
        Ok(uses)
    }

    /// Makes a jump policy.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the name is taken.
    pub async fn insert_jump_policy(&self, it: &Policy, created_at: Timestamp) -> Result<(), StoreError> {
        let row = row_of(it, created_at)?.into_active_model();
        jump_policy::Entity::insert(row).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Writes a jump policy that has this revision; afterwards it has the next one. False when there is none.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the name is taken, [`StoreError::ChangedMeanwhile`] when it has another revision.
    pub async fn update_jump_policy(&self, it: &Policy) -> Result<bool, StoreError> {
        let revision = it.definition.revision;
        let done = jump_policy::Entity::update_many()
            .col_expr(jump_policy::Column::Name, Expr::value(it.definition.name.as_str()))
            .col_expr(jump_policy::Column::Definition, Expr::value(to_json("jump_policy.definition", &it.definition)?))
            .col_expr(jump_policy::Column::Revision, Expr::value(revision + 1))
            .filter(jump_policy::Column::Id.eq(it.id.0))
            .filter(jump_policy::Column::Revision.eq(revision))
            .exec(&self.db)
            .await?;
        if done.rows_affected > 0 {
            return Ok(true);
        }
        let is_there = jump_policy::Entity::find_by_id(it.id.0).one(&self.db).await?.is_some();
        if is_there { Err(StoreError::ChangedMeanwhile) } else { Ok(false) }
    }

    /// Removes a jump policy that nothing names. False when there is none.
    ///
    /// # Errors
    /// [`StoreError::Dependent`] while an item or a membership names it.
    pub async fn delete_jump_policy(&self, id: JumpPolicyId) -> Result<bool, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let done = jump_policy::Entity::delete_by_id(id.0).exec(&transaction).await?;
        // Items that were removed and can be brought back count as well: they would come back without their rules.
        let items = jump_item::Entity::find().filter(jump_item::Column::JumpPolicyId.eq(id.0));
        let memberships = membership::Entity::find().filter(membership::Column::JumpPolicyId.eq(id.0));
        if items.count(&transaction).await? > 0 || memberships.count(&transaction).await? > 0 {
            return Err(StoreError::Dependent);
        }
        transaction.commit().await?;
        Ok(done.rows_affected > 0)
    }
}

/// Makes sure that these policies exist, in the transaction that writes what names them.
///
/// # Errors
/// [`StoreError::Dependent`] when one is gone.
pub(super) async fn require_policies(
    db: &impl ConnectionTrait,
    ids: impl Iterator<Item = Option<JumpPolicyId>>,
) -> Result<(), StoreError> {
    let mut ids: Vec<Uuid> = ids.flatten().map(|id| id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(());
    }
    let wanted = ids.len() as u64;
    let there = jump_policy::Entity::find().filter(jump_policy::Column::Id.is_in(ids)).count(db).await?;
    if there == wanted { Ok(()) } else { Err(StoreError::Dependent) }
}
