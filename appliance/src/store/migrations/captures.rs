//! What is captured of the traffic of sessions.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, integer, string, string_null, uuid};

use super::{refers, table};

pub(super) struct Captures;

impl MigrationName for Captures {
    fn name(&self) -> &'static str {
        "0054_captures"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Captures {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = string_null("capture");
        manager.alter_table(Table::alter().table(Alias::new("session")).add_column(column).to_owned()).await?;
        let columns = vec![
            uuid("recording_id"),
            big_integer("stream"),
            integer("tunnel"),
            big_integer("opened_at"),
            big_integer("last_at"),
            big_integer("starts"),
            big_integer("ends"),
            big_integer("bytes_sent"),
            big_integer("bytes_received"),
            string("protocol"),
        ];
        let mut connection =
            refers(table("captured_connection", columns), "recording_id", "recording", ForeignKeyAction::Cascade);
        let mut key = Index::create();
        connection.primary_key(key.col(Alias::new("recording_id")).col(Alias::new("stream")));
        manager.create_table(connection).await
    }
}
