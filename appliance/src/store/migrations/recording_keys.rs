//! Keys that the keys of recordings are sealed with.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, binary, pk_uuid, uuid_null};

use super::table;

pub(super) struct RecordingKeys;

impl MigrationName for RecordingKeys {
    fn name(&self) -> &'static str {
        "0059_recording_keys"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for RecordingKeys {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![pk_uuid("id"), binary("sealed_key"), big_integer("made_at")];
        manager.create_table(table("recording_key", columns)).await?;
        let column = uuid_null("key_id");
        manager.alter_table(Table::alter().table(Alias::new("recording")).add_column(column).to_owned()).await
    }
}
