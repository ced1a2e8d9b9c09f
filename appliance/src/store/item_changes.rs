//! Changing, removing and bringing back items, one or many: all of them, or none.
//!
//! A removed item is in no list from that moment. Its row stays until it is forgotten, so that whoever removed it can bring it
//! back with everything that hangs on it.

use std::collections::HashMap;

use sea_orm::sea_query::{Expr, IntoCondition};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, Iterable, ModelTrait, QueryFilter,
    QuerySelect, QueryTrait,
};
use wire::{JumpGroupId, JumpItemId, Timestamp, UserId};

use super::credentials::require_credentials;
use super::entities::{jump_item, session};
use super::jump::item_row;
use super::policies::require_policies;
use super::session_policies::{GivenTo, require_session_policies};
use super::{JumpItemRecord, Store, StoreError};
use crate::jump::removal::Removed;

/// Rows that one statement makes: a statement has a limit of values.
const ROWS_PER_INSERT: usize = 500;

fn these(ids: &[JumpItemId]) -> sea_orm::sea_query::SimpleExpr {
    jump_item::Column::Id.is_in(ids.iter().map(|id| id.0))
}

/// Whatever items name has to be there.
async fn require_named(db: &impl ConnectionTrait, items: &[JumpItemRecord]) -> Result<(), StoreError> {
    require_policies(db, items.iter().map(|it| it.definition.jump_policy_id)).await?;
    require_credentials(db, items.iter().map(|it| &it.definition)).await?;
    require_session_policies(db, items.iter().map(|it| it.definition.session_policy_id), GivenTo::Items).await
}

/// What is to be set where these two differ. Use and removal of an item are written elsewhere.
fn differing(before: &jump_item::Model, after: &jump_item::Model) -> jump_item::ActiveModel {
    use jump_item::Column;
    let mut row = <jump_item::ActiveModel as ActiveModelTrait>::default();
    for column in Column::iter() {
        if !matches!(column, Column::LastUsedAt | Column::RemovedAt | Column::RemovedBy)
            && before.get(column) != after.get(column)
        {
            row.set(column, after.get(column));
        }
    }
    row
}

impl Store {
    /// Some items, in no order; those that are gone are missing.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn jump_items_of(&self, ids: &[JumpItemId]) -> Result<Vec<JumpItemRecord>, StoreError> {
        let find = jump_item::Entity::find().filter(these(ids)).filter(jump_item::Column::RemovedAt.is_null());
        find.all(&self.db).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// Makes several items.
    ///
    /// # Errors
    /// [`StoreError::Dependent`] when a jumpoint, group, policy or credential is gone.
    pub async fn insert_jump_items(&self, items: &[JumpItemRecord]) -> Result<(), StoreError> {
        let rows: Result<Vec<_>, StoreError> = items.iter().map(|it| Ok(item_row(it)?.into_active_model())).collect();
        let mut rows = rows?.into_iter().peekable();
        let transaction = self.db.begin_alone().await?;
        require_named(&transaction, items).await?;
        while rows.peek().is_some() {
            let some: Vec<_> = rows.by_ref().take(ROWS_PER_INSERT).collect();
            jump_item::Entity::insert_many(some).exec_without_returning(&transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Writes what was entered for several items that have these revisions; afterwards they have the next ones. Only what differs
    /// is written. False, and nothing is written, when one of them is gone.
    ///
    /// # Errors
    /// [`StoreError::ChangedMeanwhile`] when one has another revision, [`StoreError::Dependent`] when a jumpoint, group, policy or
    /// credential is gone.
    pub async fn update_jump_items(&self, items: &[JumpItemRecord]) -> Result<bool, StoreError> {
        let transaction = self.db.begin_alone().await?;
        require_named(&transaction, items).await?;
        let ids: Vec<_> = items.iter().map(|it| it.id).collect();
        let find = jump_item::Entity::find().filter(these(&ids)).filter(jump_item::Column::RemovedAt.is_null());
        let rows = find.all(&transaction).await?.into_iter().map(|row| (row.id, row));
        let rows: HashMap<_, _> = rows.collect();
        for it in items {
            let Some(row) = rows.get(&it.id.0) else { return Ok(false) };
            if row.revision != it.definition.revision {
                return Err(StoreError::ChangedMeanwhile);
            }
            jump_item::Entity::update_many()
                .set(differing(row, &item_row(it)?))
                .col_expr(jump_item::Column::Revision, Expr::value(row.revision + 1))
                .filter(these(&[it.id]))
                .exec(&transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Removes several items, each named once. False, and nothing is removed, when one of them is gone.
    ///
    /// # Errors
    /// See above.
    pub async fn remove_jump_items(&self, ids: &[JumpItemId], removed: Removed) -> Result<bool, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let written = jump_item::Entity::update_many()
            .col_expr(jump_item::Column::RemovedAt, Expr::value(removed.at.0))
            .col_expr(jump_item::Column::RemovedBy, Expr::value(removed.by.0))
            .filter(these(ids))
            .filter(jump_item::Column::RemovedAt.is_null())
            .exec(&transaction)
            .await?;
        if usize::try_from(written.rows_affected) != Ok(ids.len()) {
            transaction.rollback().await?;
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Who removed these items and when, for those that can still be brought back.
    ///
    /// # Errors
    /// See above.
    pub async fn removals(&self, ids: &[JumpItemId]) -> Result<Vec<(JumpGroupId, Removed)>, StoreError> {
        let rows = jump_item::Entity::find().filter(these(ids)).all(&self.db).await?;
        let removal = |row: jump_item::Model| {
            let removed = Removed { by: UserId(row.removed_by?), at: Timestamp(row.removed_at?) };
            Some((JumpGroupId(row.group_id), removed))
        };
        Ok(rows.into_iter().filter_map(removal).collect())
    }

    /// Brings removed items back. False, and none is, when one of them is not removed or forgotten already.
    ///
    /// # Errors
    /// See above.
    pub async fn restore_jump_items(&self, ids: &[JumpItemId]) -> Result<bool, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let written = jump_item::Entity::update_many()
            .col_expr(jump_item::Column::RemovedAt, Expr::value(Option::<i64>::None))
            .col_expr(jump_item::Column::RemovedBy, Expr::value(Option::<uuid::Uuid>::None))
            .filter(these(ids))
            .filter(jump_item::Column::RemovedAt.is_not_null())
            .exec(&transaction)
            .await?;
        if usize::try_from(written.rows_affected) != Ok(ids.len()) {
            transaction.rollback().await?;
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Forgets items that were removed before that moment; what was done with them stays.
    ///
    /// # Errors
    /// See above.
    pub async fn forget_removed_items(&self, before: Timestamp) -> Result<(), StoreError> {
        let transaction = self.db.begin_alone().await?;
        forget_removed(&transaction, jump_item::Column::RemovedAt.lt(before.0)).await?;
        Ok(transaction.commit().await?)
    }
}

/// Forgets those removed items that a condition holds for. Past sessions on them have no item any more.
pub(super) async fn forget_removed(
    db: &impl ConnectionTrait,
    condition: impl IntoCondition + Clone,
) -> Result<(), StoreError> {
    let removed = jump_item::Column::RemovedAt.is_not_null();
    let gone = jump_item::Entity::find()
        .select_only()
        .column(jump_item::Column::Id)
        .filter(condition.clone())
        .filter(removed.clone())
        .into_query();
    session::Entity::update_many()
        .col_expr(session::Column::ItemId, Expr::value(Option::<uuid::Uuid>::None))
        .filter(session::Column::ItemId.in_subquery(gone))
        .exec(db)
        .await?;
    jump_item::Entity::delete_many().filter(condition).filter(removed).exec(db).await?;
    Ok(())
}
