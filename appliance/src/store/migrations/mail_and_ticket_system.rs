//! Systems outside that the appliance works with.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary_null, integer, pk_uuid, string, text, text_null,
};

use super::table;

/// How outside systems are reached, and letters that wait to be sent.
pub(super) struct MailAndTicketSystem;

impl MigrationName for MailAndTicketSystem {
    fn name(&self) -> &'static str {
        "0030_mail_and_ticket_system"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for MailAndTicketSystem {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let service = vec![
            string("name").primary_key().to_owned(),
            text("settings"),
            binary_null("secrets"),
            big_integer("revision"),
        ];
        manager.create_table(table("service", service)).await?;
        let outbox = vec![
            pk_uuid("id"),
            string("recipient"),
            text("subject"),
            text("text"),
            big_integer("posted_at"),
            integer("attempts"),
            big_integer("next_attempt_at"),
            big_integer_null("failed_at"),
            text_null("reason"),
        ];
        manager.create_table(table("outbox", outbox)).await?;
        let mut index = Index::create();
        index.name("outbox_failed_at_next_attempt_at").table(Alias::new("outbox"));
        index.col(Alias::new("failed_at")).col(Alias::new("next_attempt_at"));
        manager.create_index(index.to_owned()).await
    }
}
