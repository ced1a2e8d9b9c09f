//! What is recorded of sessions.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, integer, pk_uuid, string, string_null, uuid, uuid_null,
};

use super::{refers, table};

pub(super) struct Recordings;

impl MigrationName for Recordings {
    fn name(&self) -> &'static str {
        "0052_recordings"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Recordings {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let session = || Alias::new("session");
        for column in [string_null("recording"), uuid_null("group_id")] {
            manager.alter_table(Table::alter().table(session()).add_column(column).to_owned()).await?;
        }
        let mut index = Index::create();
        index.name("session_group_id").table(session()).col(Alias::new("group_id"));
        manager.create_index(index.to_owned()).await?;
        let columns = vec![
            pk_uuid("id"),
            uuid("session_id"),
            string("kind"),
            string("label"),
            string("state"),
            big_integer("started_at"),
            big_integer_null("ended_at"),
            big_integer("duration_millis"),
            integer("width"),
            integer("height"),
            big_integer("bytes"),
            string_null("sha256"),
            binary("sealed_key"),
        ];
        // A session goes only after its recordings: their files would stay behind unseen.
        let recording = refers(table("recording", columns), "session_id", "session", ForeignKeyAction::Restrict);
        manager.create_table(recording).await?;
        let mut index = Index::create();
        index.name("recording_session_id").table(Alias::new("recording")).col(Alias::new("session_id"));
        manager.create_index(index.to_owned()).await
    }
}
