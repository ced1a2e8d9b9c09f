//! Tables of the Jump interface beside the items themselves. A step that was shipped never changes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, boolean, pk_uuid, string, text, uuid, uuid_null};

/// What a user has of items: favourites, when they used which, and filter sets.
pub(super) struct OwnItems;

impl MigrationName for OwnItems {
    fn name(&self) -> &'static str {
        "0010_own_items"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for OwnItems {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut own = Table::create();
        own.table(Alias::new("own_item"))
            .col(uuid("user_id"))
            .col(uuid("item_id"))
            .col(boolean("favourite").default(false))
            .col(big_integer_null("used_at"))
            .primary_key(Index::create().col(Alias::new("user_id")).col(Alias::new("item_id")))
            .foreign_key(&mut goes_with("user_id", "user"))
            .foreign_key(&mut goes_with("item_id", "jump_item"));
        manager.create_table(own).await?;
        manager.create_index(index("own_item", &["item_id"])).await?;
        let mut filter = Table::create();
        filter
            .table(Alias::new("saved_filter"))
            .col(pk_uuid("id"))
            .col(uuid("user_id"))
            .col(string("name"))
            .col(text("query"))
            .col(big_integer("created_at"))
            .foreign_key(&mut goes_with("user_id", "user"));
        manager.create_table(filter).await?;
        manager.create_index(index("saved_filter", &["user_id", "name"]).unique().to_owned()).await
    }
}

/// Who removed an item and when: it can be brought back for a while.
pub(super) struct RemovedItems;

impl MigrationName for RemovedItems {
    fn name(&self) -> &'static str {
        "0011_removed_items"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for RemovedItems {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [big_integer_null("removed_at"), uuid_null("removed_by")] {
            manager.alter_table(Table::alter().table(Alias::new("jump_item")).add_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

/// A key to a row of another table, without which this one goes too.
fn goes_with(column: &'static str, to: &'static str) -> ForeignKeyCreateStatement {
    let mut key = ForeignKey::create();
    key.from_col(Alias::new(column)).to(Alias::new(to), Alias::new("id")).on_delete(ForeignKeyAction::Cascade);
    key
}

fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(format!("{table}_{}", columns.join("_"))).table(Alias::new(table));
    for column in columns {
        index.col(Alias::new(*column));
    }
    index
}
