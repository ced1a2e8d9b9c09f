//! What is deleted of sessions, when, and what keeps it; in which store it lies.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, boolean, string, text, uuid};

use super::{refers, table};
use crate::store::FOLDER_STORE;

pub(super) struct Retention;

impl MigrationName for Retention {
    fn name(&self) -> &'static str {
        "0057_retention"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Retention {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            string("store").default(FOLDER_STORE).to_owned(),
            big_integer_null("deleted_at"),
            text("deleted_because").null().to_owned(),
            boolean("object_gone").default(false).to_owned(),
        ];
        for column in columns {
            manager.alter_table(Table::alter().table(Alias::new("recording")).add_column(column).to_owned()).await?;
        }
        let columns =
            vec![uuid("session_id").primary_key().to_owned(), text("reason"), string("set_by"), big_integer("set_at")];
        // A session under a hold cannot go, whatever asks for it.
        let hold = refers(table("legal_hold", columns), "session_id", "session", ForeignKeyAction::Restrict);
        manager.create_table(hold).await
    }
}
