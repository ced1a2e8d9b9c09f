//! Passkeys.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, pk_uuid, string, text, uuid};

use super::{refers, table};

pub(super) struct Passkeys;

impl MigrationName for Passkeys {
    fn name(&self) -> &'static str {
        "0042_passkeys"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Passkeys {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            pk_uuid("id"),
            uuid("user_id"),
            string("name"),
            // One key signs in one user.
            text("credential_id").unique_key().to_owned(),
            text("credential"),
            big_integer("created_at"),
            big_integer_null("last_used_at"),
        ];
        manager.create_table(refers(table("passkey", columns), "user_id", "user", ForeignKeyAction::Cascade)).await?;
        let mut index = Index::create();
        index.name("passkey_user_id").table(Alias::new("passkey")).col(Alias::new("user_id"));
        manager.create_index(index).await
    }
}
