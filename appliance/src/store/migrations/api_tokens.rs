//! Keys of programs that use the API.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, binary, pk_uuid, string, string_null, uuid};

use super::{refers, table};

/// API tokens.
pub(super) struct ApiTokens;

impl MigrationName for ApiTokens {
    fn name(&self) -> &'static str {
        "0021_api_tokens"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for ApiTokens {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![
            pk_uuid("id"),
            uuid("user_id"),
            string("name"),
            string("scope"),
            binary("token_hash").unique_key().to_owned(),
            big_integer("created_at"),
            big_integer("expires_at"),
            big_integer_null("last_used_at"),
            string_null("last_used_from"),
        ];
        manager.create_table(refers(table("api_token", columns), "user_id", "user", ForeignKeyAction::Cascade)).await?;
        let mut index = Index::create();
        index.name("api_token_user_id").table(Alias::new("api_token")).col(Alias::new("user_id"));
        manager.create_index(index.to_owned()).await
    }
}
