//! Which items are copies of each other.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, Condition, EntityTrait, IntoActiveModel, QueryFilter};
use uuid::Uuid;
use wire::JumpItemId;

use super::entities::item_copy;
use super::{Store, StoreError};

/// Ids in one statement: databases limit how many values one may have.
const AT_ONCE: usize = 500;

impl Store {
    /// Notes that these are copies: each with what it is a copy of. A copy of a copy is one of the first, too.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn note_copies(&self, copies: &[(JumpItemId, JumpItemId)]) -> Result<(), StoreError> {
        for some in copies.chunks(AT_ONCE) {
            let of: Vec<Uuid> = some.iter().map(|(_, of)| of.0).collect();
            let known = item_copy::Entity::find().filter(item_copy::Column::ItemId.is_in(of)).all(&self.db).await?;
            let first: HashMap<Uuid, Uuid> = known.into_iter().map(|it| (it.item_id, it.first_id)).collect();
            let row = |(copy, of): &(JumpItemId, JumpItemId)| {
                let first_id = first.get(&of.0).copied().unwrap_or(of.0);
                item_copy::Model { item_id: copy.0, first_id }.into_active_model()
            };
            item_copy::Entity::insert_many(some.iter().map(row)).exec_without_returning(&self.db).await?;
        }
        Ok(())
    }

    /// The other items that this one is a copy of or that are copies of it.
    ///
    /// # Errors
    /// See above.
    pub async fn copies_of(&self, item: JumpItemId) -> Result<Vec<JumpItemId>, StoreError> {
        let own = item_copy::Entity::find_by_id(item.0).one(&self.db).await?;
        let first = own.map_or(item.0, |it| it.first_id);
        let of_first = Condition::all().add(item_copy::Column::FirstId.eq(first));
        let rows = item_copy::Entity::find().filter(of_first).all(&self.db).await?;
        let all = rows.into_iter().map(|it| it.item_id).chain([first]);
        Ok(all.filter(|it| *it != item.0).map(JumpItemId).collect())
    }
}
