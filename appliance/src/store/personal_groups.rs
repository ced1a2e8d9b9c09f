use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use wire::{JumpGroupId, Timestamp, UserId};

use super::database::Transaction;
use super::entities::jump_group;
use super::item_changes::forget_removed;
use super::{JumpGroupRecord, StoreError};
use crate::random;

/// Makes the group that is a user's own, unless they have it.
///
/// # Errors
/// When the database fails, as everywhere in this file.
pub(super) async fn ensure_personal_group(
    transaction: &Transaction,
    owner: UserId,
    user_name: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    if personal_group(transaction, owner).await?.is_some() {
        return Ok(());
    }
    // Names of groups are unique, and somebody may have called a shared one so.
    let mut name = format!("Personal ({user_name})");
    for number in 2.. {
        let taken = jump_group::Entity::find().filter(jump_group::Column::Name.eq(name.as_str())).one(transaction);
        if taken.await?.is_none() {
            break;
        }
        name = format!("Personal ({user_name}) {number}");
    }
    let record = JumpGroupRecord {
        id: JumpGroupId(random::id()),
        name,
        comments: String::new(),
        owner: Some(owner),
        created_at: at,
        revision: 0,
    };
    let row = jump_group::Model::from(&record).into_active_model();
    jump_group::Entity::insert(row).exec_without_returning(transaction).await?;
    Ok(())
}

/// Removes the group that was a user's own.
///
/// # Errors
/// [`StoreError::Dependent`] while there are items in it.
pub(super) async fn remove_personal_group(transaction: &Transaction, owner: UserId) -> Result<(), StoreError> {
    let Some(group) = personal_group(transaction, owner).await? else { return Ok(()) };
    forget_removed(transaction, super::entities::jump_item::Column::GroupId.eq(group.id)).await?;
    jump_group::Entity::delete_by_id(group.id).exec(transaction).await?;
    Ok(())
}

async fn personal_group(transaction: &Transaction, owner: UserId) -> Result<Option<jump_group::Model>, StoreError> {
    Ok(jump_group::Entity::find().filter(jump_group::Column::OwnerId.eq(owner.0)).one(transaction).await?)
}
