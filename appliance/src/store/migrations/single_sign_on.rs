//! Providers of single sign-on, whom they know, and which teams they put people into.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, binary, binary_null, pk_uuid, string, string_null, text, uuid, uuid_null,
};

use super::{refers, table};

pub(super) struct SingleSignOn;

impl MigrationName for SingleSignOn {
    fn name(&self) -> &'static str {
        "0060_single_sign_on"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SingleSignOn {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        use ForeignKeyAction::Cascade;
        let provider = vec![
            pk_uuid("id"),
            string("name").unique_key().to_owned(),
            text("settings"),
            binary_null("secret"),
            big_integer("created_at"),
            big_integer("revision"),
        ];
        manager.create_table(table("sign_on_provider", provider)).await?;
        let identity = vec![uuid("provider_id"), string("subject"), uuid("user_id"), big_integer("bound_at")];
        let mut identity = table("sign_on_identity", identity);
        identity.primary_key(Index::create().col(Alias::new("provider_id")).col(Alias::new("subject")));
        let identity = refers(identity, "provider_id", "sign_on_provider", Cascade);
        manager.create_table(refers(identity, "user_id", "user", Cascade)).await?;
        let attempt = vec![
            pk_uuid("id"),
            binary("state_hash").unique_key().to_owned(),
            binary("browser_hash"),
            uuid("provider_id"),
            text("return_to"),
            string("place"),
            big_integer("expires_at"),
        ];
        let attempt = refers(table("sign_on_attempt", attempt), "provider_id", "sign_on_provider", Cascade);
        manager.create_table(attempt).await?;
        let on = |name: &str, table: &'static str, columns: &[&'static str]| {
            let mut index = Index::create();
            index.name(name).table(Alias::new(table));
            for column in columns {
                index.col(Alias::new(*column));
            }
            index
        };
        // A provider knows each user once.
        let mut once = on("sign_on_identity_provider_user", "sign_on_identity", &["provider_id", "user_id"]);
        manager.create_index(once.unique().to_owned()).await?;
        manager.create_index(on("sign_on_identity_user_id", "sign_on_identity", &["user_id"])).await?;
        manager.create_index(on("sign_on_attempt_place", "sign_on_attempt", &["place"])).await?;
        let columns = [
            // Who put them in; none: an administrator.
            ("team_member", uuid_null("provider_id")),
            // By way of which provider the first step was done; none: with a password.
            ("sign_in_challenge", string_null("provider")),
        ];
        for (table, column) in columns {
            manager.alter_table(Table::alter().table(Alias::new(table)).add_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
