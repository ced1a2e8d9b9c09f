//! Several people in one session, and approvals by mail.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{binary, string, string_null, uuid, uuid_null};

use super::{refers, table};

/// Sessions remember the one that they joined.
pub(super) struct JoinedSessions;

impl MigrationName for JoinedSessions {
    fn name(&self) -> &'static str {
        "0040_joined_sessions"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for JoinedSessions {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let session = || Alias::new("session");
        for column in [uuid_null("joined_id"), string_null("joined_owner")] {
            manager.alter_table(Table::alter().table(session()).add_column(column).to_owned()).await?;
        }
        let mut index = Index::create();
        index.name("session_joined_id").table(session()).col(Alias::new("joined_id"));
        manager.create_index(index.to_owned()).await
    }
}

/// Users have a mail address, and letters links with which a request is decided.
pub(super) struct ApprovalLinks;

impl MigrationName for ApprovalLinks {
    fn name(&self) -> &'static str {
        "0041_approval_links"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for ApprovalLinks {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let user = Table::alter().table(Alias::new("user")).add_column(string_null("email")).to_owned();
        manager.alter_table(user).await?;
        let columns = vec![binary("token_hash").primary_key().to_owned(), uuid("approval_id"), string("address")];
        let link = table("approval_link", columns);
        manager.create_table(refers(link, "approval_id", "approval", ForeignKeyAction::Cascade)).await?;
        let mut index = Index::create();
        index.name("approval_link_approval_id").table(Alias::new("approval_link")).col(Alias::new("approval_id"));
        manager.create_index(index.to_owned()).await
    }
}
