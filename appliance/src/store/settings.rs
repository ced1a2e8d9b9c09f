use sea_orm::sea_query::OnConflict;
use sea_orm::{EntityTrait, IntoActiveModel};

use super::entities::setting;
use super::{Store, StoreError};

impl Store {
    /// A value kept under a name.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(setting::Entity::find_by_id(key).one(&self.db).await?.map(|row| row.value))
    }

    /// Keeps a value under a name.
    ///
    /// # Errors
    /// See above.
    pub async fn set_setting(&self, key: &str, value: &str) -> Result<(), StoreError> {
        let row = setting::Model { key: key.to_owned(), value: value.to_owned() };
        setting::Entity::insert(row.into_active_model())
            .on_conflict(OnConflict::column(setting::Column::Key).update_column(setting::Column::Value).to_owned())
            .exec_without_returning(&self.db)
            .await?;
        Ok(())
    }
}
