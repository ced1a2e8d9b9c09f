use std::collections::HashMap;

use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveValue, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
};
use wire::api::SavedFilter;
use wire::{JumpItemId, SavedFilterId, Timestamp, UserId};

use super::entities::{own_item, saved_filter};
use super::{Store, StoreError, from_text, to_text};

/// What a user has of an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnItem {
    /// Whether it is a favourite of theirs.
    pub favourite: bool,
    /// When they last used it.
    pub used_at: Option<Timestamp>,
}

impl Store {
    /// What a user has of items.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn own_items(&self, user: UserId) -> Result<HashMap<JumpItemId, OwnItem>, StoreError> {
        let rows = own_item::Entity::find().filter(own_item::Column::UserId.eq(user.0)).all(&self.db).await?;
        let own = |row: own_item::Model| {
            (JumpItemId(row.item_id), OwnItem { favourite: row.favourite, used_at: row.used_at.map(Timestamp) })
        };
        Ok(rows.into_iter().map(own).collect())
    }

    /// Makes an item a favourite of a user, or no longer.
    ///
    /// # Errors
    /// [`StoreError::Dependent`] when the item or the user is gone.
    pub async fn set_favourite(&self, user: UserId, item: JumpItemId, favourite: bool) -> Result<(), StoreError> {
        let row = own_item::ActiveModel {
            user_id: ActiveValue::Set(user.0),
            item_id: ActiveValue::Set(item.0),
            favourite: ActiveValue::Set(favourite),
            used_at: ActiveValue::NotSet,
        };
        write(&self.db, row, own_item::Column::Favourite).await
    }

    /// A user's filter sets, by name.
    ///
    /// # Errors
    /// See above.
    pub async fn saved_filters(&self, user: UserId) -> Result<Vec<SavedFilter>, StoreError> {
        let find = saved_filter::Entity::find().filter(saved_filter::Column::UserId.eq(user.0));
        let rows = find.order_by_asc(saved_filter::Column::Name).all(&self.db).await?;
        let filter = |row: saved_filter::Model| {
            let page = from_text("saved_filter.page", &row.page)?;
            Ok(SavedFilter { id: SavedFilterId(row.id), name: row.name, query: row.query, page })
        };
        rows.into_iter().map(filter).collect()
    }

    /// How many filter sets a user has.
    ///
    /// # Errors
    /// See above.
    pub async fn count_saved_filters(&self, user: UserId) -> Result<u64, StoreError> {
        Ok(saved_filter::Entity::find().filter(saved_filter::Column::UserId.eq(user.0)).count(&self.db).await?)
    }

    /// Keeps a filter set.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the user has one of this name.
    pub async fn insert_saved_filter(&self, user: UserId, it: &SavedFilter, at: Timestamp) -> Result<(), StoreError> {
        let row = saved_filter::Model {
            id: it.id.0,
            user_id: user.0,
            name: it.name.clone(),
            query: it.query.clone(),
            created_at: at.0,
            page: to_text(&it.page),
        };
        saved_filter::Entity::insert(row.into_active_model()).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Changes a filter set of a user. False when they have none of this id.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the user has another one of this name.
    pub async fn update_saved_filter(&self, user: UserId, it: &SavedFilter) -> Result<bool, StoreError> {
        let row = saved_filter::ActiveModel {
            name: ActiveValue::Set(it.name.clone()),
            query: ActiveValue::Set(it.query.clone()),
            ..Default::default()
        };
        let update = saved_filter::Entity::update_many().set(row).filter(saved_filter::Column::Id.eq(it.id.0));
        let written = update.filter(saved_filter::Column::UserId.eq(user.0)).exec(&self.db).await?;
        Ok(written.rows_affected > 0)
    }

    /// Forgets a filter set of a user. False when they have none of this id.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_saved_filter(&self, user: UserId, id: SavedFilterId) -> Result<bool, StoreError> {
        let delete = saved_filter::Entity::delete_by_id(id.0).filter(saved_filter::Column::UserId.eq(user.0));
        Ok(delete.exec(&self.db).await?.rows_affected > 0)
    }
}

/// Notes that a user used an item.
pub(super) async fn note_use(
    db: &impl ConnectionTrait,
    user: UserId,
    item: JumpItemId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let row = own_item::ActiveModel {
        user_id: ActiveValue::Set(user.0),
        item_id: ActiveValue::Set(item.0),
        favourite: ActiveValue::NotSet,
        used_at: ActiveValue::Set(Some(at.0)),
    };
    write(db, row, own_item::Column::UsedAt).await
}

/// Writes one column of a row, and makes the row where there is none.
async fn write(
    db: &impl ConnectionTrait,
    row: own_item::ActiveModel,
    column: own_item::Column,
) -> Result<(), StoreError> {
    let there =
        OnConflict::columns([own_item::Column::UserId, own_item::Column::ItemId]).update_column(column).to_owned();
    own_item::Entity::insert(row).on_conflict(there).exec_without_returning(db).await?;
    Ok(())
}
