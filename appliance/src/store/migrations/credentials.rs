//! Stored credentials, and those that items name.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, binary, binary_null, pk_uuid, string, text, uuid};

use super::{refers, table};

pub(super) struct Credentials;

impl MigrationName for Credentials {
    fn name(&self) -> &'static str {
        "0043_credentials"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Credentials {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            pk_uuid("id"),
            uuid("group_id"),
            string("name"),
            string("kind"),
            text("user_name"),
            text("comments"),
            string("giving"),
            // Sealed: the key is not in the database.
            binary("secret"),
            binary_null("passphrase"),
            big_integer("created_at"),
            big_integer("secret_at"),
            big_integer("revision"),
        ];
        let credential = refers(table("credential", columns), "group_id", "jump_group", ForeignKeyAction::Restrict);
        manager.create_table(credential).await?;
        // Elsewhere nobody has to learn of a name because it is taken.
        let mut index = Index::create();
        index.name("credential_group_name").table(Alias::new("credential")).unique();
        manager.create_index(index.col(Alias::new("group_id")).col(Alias::new("name")).to_owned()).await?;
        let column = text("credentials").default("[]").to_owned();
        manager.alter_table(Table::alter().table(Alias::new("jump_item")).add_column(column).to_owned()).await
    }
}
