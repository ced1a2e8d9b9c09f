//! Session policies: those of items and users, the global one, and what each session was begun with.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, pk_uuid, string, text, text_null, uuid_null};
use wire::SessionPolicyId;

use super::table;

pub(super) struct SessionPolicies;

impl MigrationName for SessionPolicies {
    fn name(&self) -> &'static str {
        "0040_session_policies"
    }
}

/// What held before there were policies.
const GLOBAL: &str = r#"{"name":"","for_users":false,"for_items":false,"tools":[{"tool":"protocol_tunneling","rule":"enabled"}],"idle":{"kind":"never"}}"#;

#[async_trait::async_trait]
impl MigrationTrait for SessionPolicies {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let policy = table(
            "session_policy",
            vec![
                pk_uuid("id"),
                string("name").unique_key().to_owned(),
                text("definition"),
                big_integer("created_at"),
                big_integer("revision"),
            ],
        );
        manager.create_table(policy).await?;
        let columns = ["id", "name", "definition", "created_at", "revision"];
        let values = [SessionPolicyId::GLOBAL.0.into(), "".into(), GLOBAL.into(), 0i64.into(), 0i64.into()];
        let mut global = Query::insert();
        global.into_table(Alias::new("session_policy")).columns(columns.map(Alias::new)).values_panic(values);
        manager.execute(global).await?;
        let columns = [
            ("jump_item", uuid_null("session_policy_id")),
            ("user", uuid_null("session_policy_id")),
            ("session", text_null("session_policy")),
        ];
        for (table, column) in columns {
            manager.alter_table(Table::alter().table(Alias::new(table)).add_column(column).to_owned()).await?;
        }
        Ok(())
    }
}
