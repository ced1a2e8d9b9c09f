//! Jump policies and requests for approval. A step that was shipped never changes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, integer_null, pk_uuid, string, string_null, text, uuid, uuid_null,
};

use super::{refers, table};

pub(super) struct JumpPolicies;

impl MigrationName for JumpPolicies {
    fn name(&self) -> &'static str {
        "0012_jump_policies"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for JumpPolicies {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        for (name, column) in [
            ("approval_item_id", "item_id"),
            ("approval_policy_id", "policy_id"),
            ("approval_requester_id", "requester_id"),
            ("approval_state", "state"),
        ] {
            let mut index = Index::create();
            index.name(name).table(Alias::new("approval")).col(Alias::new(column));
            manager.create_index(index).await?;
        }
        let columns = [
            ("jump_item", uuid_null("jump_policy_id")),
            ("membership", uuid_null("jump_policy_id")),
            ("session", text("approvals").default("[]").to_owned()),
            ("session", integer_null("link_grace_seconds")),
        ];
        for (table, column) in columns {
            manager.alter_table(Table::alter().table(Alias::new(table)).add_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

/// What sessions keep of tickets, and whom letters tell of their end.
pub(super) struct TicketsAndLetters;

impl MigrationName for TicketsAndLetters {
    fn name(&self) -> &'static str {
        "0031_tickets_and_letters"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for TicketsAndLetters {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let session = || Alias::new("session");
        let columns = [string_null("ticket"), text("told_of_end").default("[]").to_owned()];
        for column in columns {
            manager.alter_table(Table::alter().table(session()).add_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

fn tables() -> Vec<TableCreateStatement> {
    use ForeignKeyAction::{Cascade, SetNull};
    let policy = table(
        "jump_policy",
        vec![
            pk_uuid("id"),
            string("name").unique_key().to_owned(),
            text("definition"),
            big_integer("created_at"),
            big_integer("revision"),
        ],
    );
    let approval = table(
        "approval",
        vec![
            pk_uuid("id"),
            uuid_null("item_id"),
            string("item_name"),
            uuid_null("policy_id"),
            string("policy_name"),
            uuid("requester_id"),
            string("requester_name"),
            text("reason"),
            big_integer("requested_at"),
            big_integer("starts_at"),
            big_integer("ends_at"),
            string("scope"),
            string("state"),
            string_null("decided_by"),
            big_integer_null("decided_at"),
            text("note"),
        ],
    );
    let approval = refers(refers(approval, "item_id", "jump_item", SetNull), "policy_id", "jump_policy", SetNull);
    vec![policy, refers(approval, "requester_id", "user", Cascade)]
}
