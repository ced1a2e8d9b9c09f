//! The database's tables, step by step. A step that was shipped never changes.

mod access;
mod audit;

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, binary_null, boolean, integer, pk_uuid, string, string_null, text, uuid,
    uuid_null,
};

mod api_tokens;
mod captures;
mod credentials;
mod forwarding;
mod second_factors;

use api_tokens::ApiTokens;
use second_factors::SecondFactors;
mod item_copies;
mod joining;
mod own_items;
mod passkeys;
mod personal_groups;
mod policies;
mod recording_keys;
mod recordings;
mod retention;
mod review;
mod revisions;
mod session_policies;
mod session_seals;
mod single_sign_on;

mod mail_and_ticket_system;

use mail_and_ticket_system::MailAndTicketSystem;
use own_items::{OwnItems, RemovedItems};

pub(super) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(FirstTables),
            Box::new(Resumption),
            Box::new(Draining),
            Box::new(SecondFactors),
            Box::new(ApiTokens),
            Box::new(OwnItems),
            Box::new(RemovedItems),
            Box::new(access::TeamsAndRoles),
            Box::new(policies::JumpPolicies),
            Box::new(MailAndTicketSystem),
            Box::new(policies::TicketsAndLetters),
            Box::new(audit::AuditTrail),
            Box::new(joining::JoinedSessions),
            Box::new(joining::ApprovalLinks),
            Box::new(session_policies::SessionPolicies),
            Box::new(personal_groups::PersonalGroups),
            Box::new(passkeys::Passkeys),
            Box::new(single_sign_on::SingleSignOn),
            Box::new(credentials::Credentials),
            Box::new(item_copies::ItemCopies),
            Box::new(recordings::Recordings),
            Box::new(revisions::Revisions),
            Box::new(captures::Captures),
            Box::new(review::Review),
            Box::new(retention::Retention),
            Box::new(forwarding::Forwarding),
            Box::new(recording_keys::RecordingKeys),
            Box::new(session_seals::SessionSeals),
        ]
    }
}

struct FirstTables;

impl MigrationName for FirstTables {
    fn name(&self) -> &'static str {
        "0001_first_tables"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for FirstTables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

/// What a session needs to go on after a new start of the appliance.
struct Resumption;

impl MigrationName for Resumption {
    fn name(&self) -> &'static str {
        "0002_resumption"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Resumption {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = [
            ("session", uuid_null("node_id")),
            ("session", uuid_null("node_run")),
            ("session", binary_null("resume_hash")),
            ("session", big_integer_null("seen_at")),
            ("connection", big_integer_null("stream")),
        ];
        for (table, column) in columns {
            manager.alter_table(Table::alter().table(Alias::new(table)).add_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

/// Nodes that an administrator keeps from new sessions.
struct Draining;

impl MigrationName for Draining {
    fn name(&self) -> &'static str {
        "0003_draining"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Draining {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = boolean("draining").default(false).to_owned();
        manager.alter_table(Table::alter().table(Alias::new("agent")).add_column(column).to_owned()).await
    }
}

fn table(name: &'static str, columns: Vec<ColumnDef>) -> TableCreateStatement {
    let mut table = Table::create();
    table.table(Alias::new(name));
    for column in columns {
        table.col(column);
    }
    table
}

fn refers(
    mut table: TableCreateStatement,
    column: &'static str,
    to: &'static str,
    delete: ForeignKeyAction,
) -> TableCreateStatement {
    let mut key = ForeignKey::create();
    key.from_col(Alias::new(column)).to(Alias::new(to), Alias::new("id")).on_delete(delete);
    table.foreign_key(&mut key);
    table
}

fn tables() -> Vec<TableCreateStatement> {
    use ForeignKeyAction::{Cascade, Restrict};
    let user = table(
        "user",
        vec![
            pk_uuid("id"),
            string("user_name"),
            string("user_name_key").unique_key().to_owned(),
            string("display_name"),
            string("role"),
            boolean("enabled"),
            string("password_hash"),
            big_integer("created_at"),
            big_integer_null("last_sign_in_at"),
            text("preferences"),
        ],
    );
    let browser = table(
        "browser",
        vec![
            pk_uuid("id"),
            uuid("user_id"),
            binary("token_hash").unique_key().to_owned(),
            string("csrf_token"),
            string("user_agent"),
            string("address"),
            big_integer("signed_in_at"),
            big_integer("last_seen_at"),
            big_integer("expires_at"),
        ],
    );
    let failure = table(
        "sign_in_failure",
        vec![
            string("key").primary_key().to_owned(),
            integer("count"),
            big_integer("first_at"),
            big_integer_null("locked_until"),
        ],
    );
    let setting = table("setting", vec![string("key").primary_key().to_owned(), text("value")]);
    let jumpoint = table(
        "jumpoint",
        vec![
            pk_uuid("id"),
            string("name").unique_key().to_owned(),
            text("comments"),
            boolean("enabled"),
            boolean("protocol_tunnel_enabled"),
            big_integer("created_at"),
        ],
    );
    let agent = table(
        "agent",
        vec![
            pk_uuid("id"),
            uuid("jumpoint_id"),
            binary("public_key"),
            string("hostname"),
            string("version"),
            string("os"),
            text("addresses"),
            string_null("remote_address"),
            big_integer_null("last_seen_at"),
            big_integer("enrolled_at"),
        ],
    );
    let enrolment_key = table(
        "enrolment_key",
        vec![
            pk_uuid("id"),
            uuid("jumpoint_id"),
            binary("secret_hash").unique_key().to_owned(),
            big_integer("created_at"),
            big_integer("expires_at"),
        ],
    );
    let jump_group = table(
        "jump_group",
        vec![pk_uuid("id"), string("name").unique_key().to_owned(), text("comments"), big_integer("created_at")],
    );
    let jump_item = table(
        "jump_item",
        vec![
            pk_uuid("id"),
            string("name"),
            uuid("jumpoint_id"),
            uuid("group_id"),
            string("hostname"),
            string("local_address"),
            text("tunnels"),
            string_null("tag"),
            text("comments"),
            big_integer("created_at"),
            big_integer("updated_at"),
            big_integer_null("last_used_at"),
        ],
    );
    let session = table(
        "session",
        vec![
            pk_uuid("id"),
            uuid_null("item_id"),
            string("item_name"),
            uuid("user_id"),
            string("user_name"),
            string("hostname"),
            uuid("jumpoint_id"),
            string("jumpoint_name"),
            string_null("node_hostname"),
            string("user_address"),
            string("state"),
            string_null("end"),
            string_null("end_message"),
            big_integer("created_at"),
            big_integer_null("tunnelling_at"),
            big_integer_null("ended_at"),
            text("tunnels"),
            big_integer("bytes_sent"),
            big_integer("bytes_received"),
            big_integer("connections_total"),
        ],
    );
    let session_event = table(
        "session_event",
        vec![
            pk_uuid("id"),
            uuid("session_id"),
            big_integer("at"),
            string("kind"),
            text("message"),
            string_null("user_name"),
        ],
    );
    let connection = table(
        "connection",
        vec![
            pk_uuid("id"),
            uuid("session_id"),
            integer("tunnel"),
            string_null("client_address"),
            string_null("client_program"),
            big_integer("opened_at"),
            boolean("established"),
            big_integer_null("closed_at"),
            big_integer("bytes_sent"),
            big_integer("bytes_received"),
            string_null("end"),
            text("end_message"),
        ],
    );
    vec![
        user,
        refers(browser, "user_id", "user", Cascade),
        failure,
        setting,
        jumpoint,
        refers(agent, "jumpoint_id", "jumpoint", Cascade),
        refers(enrolment_key, "jumpoint_id", "jumpoint", Cascade),
        jump_group,
        refers(refers(jump_item, "jumpoint_id", "jumpoint", Restrict), "group_id", "jump_group", Restrict),
        session,
        refers(session_event, "session_id", "session", Cascade),
        refers(connection, "session_id", "session", Cascade),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    [
        ("browser", "user_id"),
        ("agent", "jumpoint_id"),
        ("jump_item", "jumpoint_id"),
        ("jump_item", "group_id"),
        ("session", "state"),
        ("session", "item_id"),
        ("session_event", "session_id"),
        ("connection", "session_id"),
    ]
    .map(|(table, column)| {
        Index::create().name(format!("{table}_{column}")).table(Alias::new(table)).col(Alias::new(column)).to_owned()
    })
    .into()
}
