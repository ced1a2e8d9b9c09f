//! The audit trail.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, binary, integer, string, string_null, text, uuid_null};
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

use super::table;

/// Events that are only ever added, the end of their chain, and what was signed of it.
pub(super) struct AuditTrail;

/// What is only ever added to.
const APPEND_ONLY: [&str; 2] = ["audit_event", "audit_head"];

impl MigrationName for AuditTrail {
    fn name(&self) -> &'static str {
        "0050_audit_trail"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AuditTrail {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let event = vec![
            big_integer("sequence").primary_key().to_owned(),
            big_integer("at"),
            string("actor_kind"),
            uuid_null("actor_id"),
            text("actor_name"),
            text("actor_token").null().to_owned(),
            string_null("address"),
            string("action"),
            string_null("object_kind"),
            uuid_null("object_id"),
            text("object_name").null().to_owned(),
            string("outcome"),
            text("message"),
            text("before"),
            text("after"),
            binary("hash"),
        ];
        manager.create_table(table("audit_event", event)).await?;
        for column in ["object_id", "actor_id"] {
            let mut index = Index::create();
            index.name(format!("audit_event_{column}")).table(Alias::new("audit_event")).col(Alias::new(column));
            manager.create_index(index.to_owned()).await?;
        }
        let tail = vec![integer("id").primary_key().to_owned(), big_integer("sequence"), binary("hash")];
        manager.create_table(table("audit_tail", tail)).await?;
        let head = vec![
            big_integer("sequence").primary_key().to_owned(),
            binary("hash"),
            big_integer("at"),
            string("signature"),
        ];
        manager.create_table(table("audit_head", head)).await?;
        for statement in triggers(manager.get_database_backend()) {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }
}

/// The database itself refuses to change or remove what was written: no mistake of the appliance can, and nobody else by accident.
fn triggers(backend: DbBackend) -> Vec<String> {
    const WHY: &str = "the audit trail is only ever added to";
    if backend == DbBackend::Postgres {
        let function = format!(
            "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{WHY}'; END $$"
        );
        let trigger = |table: &&str| {
            format!(
                "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} \
                 FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
            )
        };
        return [function].into_iter().chain(APPEND_ONLY.iter().map(trigger)).collect();
    }
    let trigger = |(table, event): (&str, &str)| {
        format!("CREATE TRIGGER {table}_no_{event} BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, '{WHY}'); END")
    };
    APPEND_ONLY.into_iter().flat_map(|table| [(table, "update"), (table, "delete")]).map(trigger).collect()
}
