use std::collections::HashMap;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};
use wire::api::TunnelJumpDraft;
use wire::{JumpGroupId, JumpItemId, JumpPolicyId, JumpointId, SessionPolicyId, Timestamp, UserId};

use super::entities::{jump_group, jump_item};
use super::item_changes::forget_removed;
use super::{Store, StoreError, from_json, to_json};

/// A group of jump items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JumpGroupRecord {
    /// Its id.
    pub id: JumpGroupId,
    /// Its name.
    pub name: String,
    /// Free text.
    pub comments: String,
    /// Whose personal group it is.
    pub owner: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Goes up with each change of name or comments.
    pub revision: i64,
}

/// A Protocol Tunnel Jump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JumpItemRecord {
    /// Its id.
    pub id: JumpItemId,
    /// What was entered, with the newest revision.
    pub definition: TunnelJumpDraft,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When anybody last used it.
    pub last_used_at: Option<Timestamp>,
}

impl From<jump_group::Model> for JumpGroupRecord {
    fn from(row: jump_group::Model) -> Self {
        Self {
            id: JumpGroupId(row.id),
            name: row.name,
            comments: row.comments,
            owner: row.owner_id.map(UserId),
            created_at: Timestamp(row.created_at),
            revision: row.revision,
        }
    }
}

impl From<&JumpGroupRecord> for jump_group::Model {
    fn from(it: &JumpGroupRecord) -> Self {
        Self {
            id: it.id.0,
            name: it.name.clone(),
            comments: it.comments.clone(),
            created_at: it.created_at.0,
            members_revision: 0,
            owner_id: it.owner.map(|id| id.0),
            revision: it.revision,
        }
    }
}

impl TryFrom<jump_item::Model> for JumpItemRecord {
    type Error = StoreError;

    fn try_from(row: jump_item::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: JumpItemId(row.id),
            definition: TunnelJumpDraft {
                name: row.name,
                jumpoint_id: JumpointId(row.jumpoint_id),
                group_id: JumpGroupId(row.group_id),
                hostname: row.hostname,
                local_address: row.local_address,
                tunnels: from_json("jump_item.tunnels", &row.tunnels)?,
                tag: row.tag,
                comments: row.comments,
                jump_policy_id: row.jump_policy_id.map(JumpPolicyId),
                session_policy_id: row.session_policy_id.map(SessionPolicyId),
                credentials: Some(from_json("jump_item.credentials", &row.credentials)?),
                revision: row.revision,
            },
            created_at: Timestamp(row.created_at),
            updated_at: Timestamp(row.updated_at),
            last_used_at: row.last_used_at.map(Timestamp),
        })
    }
}

pub(super) fn item_row(it: &JumpItemRecord) -> Result<jump_item::Model, StoreError> {
    let definition = &it.definition;
    Ok(jump_item::Model {
        id: it.id.0,
        name: definition.name.clone(),
        jumpoint_id: definition.jumpoint_id.0,
        group_id: definition.group_id.0,
        hostname: definition.hostname.clone(),
        local_address: definition.local_address.clone(),
        tunnels: to_json("jump_item.tunnels", &definition.tunnels)?,
        tag: definition.tag.clone().filter(|tag| !tag.is_empty()),
        comments: definition.comments.clone(),
        created_at: it.created_at.0,
        updated_at: it.updated_at.0,
        last_used_at: it.last_used_at.map(|at| at.0),
        removed_at: None,
        removed_by: None,
        jump_policy_id: definition.jump_policy_id.map(|id| id.0),
        session_policy_id: definition.session_policy_id.map(|id| id.0),
        credentials: to_json("jump_item.credentials", &definition.credentials.as_deref().unwrap_or_default())?,
        revision: definition.revision,
    })
}

/// How many items there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ItemCounts {
    /// In each group.
    pub by_group: HashMap<JumpGroupId, u32>,
    /// Through each jumpoint.
    pub by_jumpoint: HashMap<JumpointId, u32>,
}

impl Store {
    /// Every group, by name.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn jump_groups(&self) -> Result<Vec<JumpGroupRecord>, StoreError> {
        let rows = jump_group::Entity::find().order_by_asc(jump_group::Column::Name).all(&self.db).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// One group.
    ///
    /// # Errors
    /// See above.
    pub async fn jump_group(&self, id: JumpGroupId) -> Result<Option<JumpGroupRecord>, StoreError> {
        Ok(jump_group::Entity::find_by_id(id.0).one(&self.db).await?.map(Into::into))
    }

    /// Makes a group.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the name is taken.
    pub async fn insert_jump_group(&self, it: &JumpGroupRecord) -> Result<(), StoreError> {
        let row = jump_group::Model::from(it).into_active_model();
        jump_group::Entity::insert(row).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Writes name and comments of a group that has this revision; afterwards it has the next one. False when there is none.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the name is taken, [`StoreError::ChangedMeanwhile`] when it has another revision.
    pub async fn update_jump_group(&self, it: &JumpGroupRecord) -> Result<bool, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let done = jump_group::Entity::update_many()
            .col_expr(jump_group::Column::Name, Expr::value(it.name.as_str()))
            .col_expr(jump_group::Column::Comments, Expr::value(it.comments.as_str()))
            .col_expr(jump_group::Column::Revision, Expr::value(it.revision + 1))
            .filter(jump_group::Column::Id.eq(it.id.0))
            .filter(jump_group::Column::Revision.eq(it.revision))
            .exec(&transaction)
            .await?;
        if done.rows_affected == 0 {
            let is_there = jump_group::Entity::find_by_id(it.id.0).one(&transaction).await?.is_some();
            return if is_there { Err(StoreError::ChangedMeanwhile) } else { Ok(false) };
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Removes an empty group; items of it that were removed can no longer be brought back.
    ///
    /// # Errors
    /// [`StoreError::Dependent`] while items stand in it.
    pub async fn delete_jump_group(&self, id: JumpGroupId) -> Result<(), StoreError> {
        let transaction = self.db.begin_alone().await?;
        forget_removed(&transaction, jump_item::Column::GroupId.eq(id.0)).await?;
        jump_group::Entity::delete_by_id(id.0).exec(&transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Every item, by name.
    ///
    /// # Errors
    /// See above.
    pub async fn jump_items(&self) -> Result<Vec<JumpItemRecord>, StoreError> {
        let rows = jump_item::Entity::find()
            .filter(jump_item::Column::RemovedAt.is_null())
            .order_by_asc(jump_item::Column::Name)
            .order_by_asc(jump_item::Column::Id)
            .all(&self.db)
            .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// How many items there are in each group and through each jumpoint.
    ///
    /// # Errors
    /// See above.
    pub async fn item_counts(&self) -> Result<ItemCounts, StoreError> {
        let rows: Vec<(uuid::Uuid, uuid::Uuid, i64)> = jump_item::Entity::find()
            .select_only()
            .columns([jump_item::Column::GroupId, jump_item::Column::JumpointId])
            .column_as(jump_item::Column::Id.count(), "count")
            .filter(jump_item::Column::RemovedAt.is_null())
            .group_by(jump_item::Column::GroupId)
            .group_by(jump_item::Column::JumpointId)
            .into_tuple()
            .all(&self.db)
            .await?;
        let mut counts = ItemCounts::default();
        for (group, jumpoint, count) in rows {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            *counts.by_group.entry(JumpGroupId(group)).or_default() += count;
            *counts.by_jumpoint.entry(JumpointId(jumpoint)).or_default() += count;
        }
        Ok(counts)
    }

    /// One item.
    ///
    /// # Errors
    /// See above.
    pub async fn jump_item(&self, id: JumpItemId) -> Result<Option<JumpItemRecord>, StoreError> {
        let row =
            jump_item::Entity::find_by_id(id.0).filter(jump_item::Column::RemovedAt.is_null()).one(&self.db).await?;
        row.map(TryInto::try_into).transpose()
    }

    /// Makes an item.
    ///
    /// # Errors
    /// [`StoreError::Dependent`] when its jumpoint, group or policy is gone.
    pub async fn insert_jump_item(&self, it: &JumpItemRecord) -> Result<(), StoreError> {
        self.insert_jump_items(std::slice::from_ref(it)).await
    }
}
