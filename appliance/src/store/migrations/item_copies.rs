//! What items are copies of.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{pk_uuid, uuid};

use super::{refers, table};

pub(super) struct ItemCopies;

impl MigrationName for ItemCopies {
    fn name(&self) -> &'static str {
        "0051_item_copies"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for ItemCopies {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // The first of them may be gone; what is left of its copies still belongs together.
        let columns = vec![pk_uuid("item_id"), uuid("first_id")];
        let copies = refers(table("item_copy", columns), "item_id", "jump_item", ForeignKeyAction::Cascade);
        manager.create_table(copies).await?;
        let mut index = Index::create();
        index.name("item_copy_first_id").table(Alias::new("item_copy")).col(Alias::new("first_id"));
        manager.create_index(index.to_owned()).await
    }
}
