//! Which sessions have the hash of their rows in the audit trail.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, uuid};

use super::{refers, table};

pub(super) struct SessionSeals;

impl MigrationName for SessionSeals {
    fn name(&self) -> &'static str {
        "0060_session_seals"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SessionSeals {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let seal = table("session_seal", vec![uuid("session_id").primary_key().to_owned(), big_integer("at")]);
        manager.create_table(refers(seal, "session_id", "session", ForeignKeyAction::Cascade)).await?;
        let ended = Index::create()
            .name("session_ended_at")
            .table(Alias::new("session"))
            .col(Alias::new("ended_at"))
            .if_not_exists()
            .to_owned();
        manager.create_index(ended).await
    }
}
