use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use wire::api::Destination;

use super::entities::forwarding_cursor;
use super::{Store, StoreError, count, signed};

impl Store {
    /// The last event that is known to have arrived at a destination; none: it is not set up.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn forwarding_cursor(&self, to: Destination) -> Result<Option<u64>, StoreError> {
        let row = forwarding_cursor::Entity::find_by_id(to.name()).one(&self.db).await?;
        Ok(row.map(|row| count(row.sequence)))
    }

    /// From now on events behind this one are handed on to a destination. One that is there stays.
    ///
    /// # Errors
    /// See above.
    pub async fn begin_forwarding(&self, to: Destination, behind: u64) -> Result<(), StoreError> {
        let row = forwarding_cursor::Model { destination: to.name().to_owned(), sequence: signed(behind) };
        forwarding_cursor::Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::column(forwarding_cursor::Column::Destination).do_nothing().to_owned())
            .exec_without_returning(&self.db)
            .await?;
        Ok(())
    }

    /// Nothing is handed on to a destination any more.
    ///
    /// # Errors
    /// See above.
    pub async fn end_forwarding(&self, to: Destination) -> Result<(), StoreError> {
        forwarding_cursor::Entity::delete_by_id(to.name().to_owned()).exec(&self.db).await?;
        Ok(())
    }

    /// Events up to this one have arrived at a destination. It never goes back, and does not come back where it was ended.
    ///
    /// # Errors
    /// See above.
    pub async fn advance_forwarding(&self, to: Destination, up_to: u64) -> Result<(), StoreError> {
        forwarding_cursor::Entity::update_many()
            .col_expr(forwarding_cursor::Column::Sequence, Expr::value(signed(up_to)))
            .filter(forwarding_cursor::Column::Destination.eq(to.name()))
            .filter(forwarding_cursor::Column::Sequence.lt(signed(up_to)))
            .exec(&self.db)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_cursor_begins_once_goes_forward_and_ends() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::fresh(folder.path()).await;
        let (to, other) = (Destination::Syslog, Destination::Webhook);
        store.advance_forwarding(to, 5).await.unwrap();
        assert_eq!(store.forwarding_cursor(to).await.unwrap(), None);
        store.begin_forwarding(to, 7).await.unwrap();
        store.begin_forwarding(to, 1).await.unwrap();
        assert_eq!(store.forwarding_cursor(to).await.unwrap(), Some(7));
        store.advance_forwarding(to, 9).await.unwrap();
        store.advance_forwarding(to, 8).await.unwrap();
        assert_eq!(store.forwarding_cursor(to).await.unwrap(), Some(9));
        assert_eq!(store.forwarding_cursor(other).await.unwrap(), None);
        store.end_forwarding(to).await.unwrap();
        assert_eq!(store.forwarding_cursor(to).await.unwrap(), None);
    }
}
