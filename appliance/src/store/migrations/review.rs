//! What reviewers leave on sessions, and what finding sessions takes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, pk_uuid, string, text, uuid};

use super::{refers, table};

pub(super) struct Review;

impl MigrationName for Review {
    fn name(&self) -> &'static str {
        "0055_review"
    }
}

/// Indexes by table and columns.
const INDEXES: [(&str, &[&str]); 5] = [
    ("session_note", &["session_id"]),
    ("session", &["user_id"]),
    ("session", &["created_at"]),
    // Of one session in the order of time, some at a time.
    ("session_event", &["session_id", "at", "id"]),
    ("connection", &["session_id", "opened_at", "id"]),
];

#[async_trait::async_trait]
impl MigrationTrait for Review {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let note = vec![
            pk_uuid("id"),
            uuid("session_id"),
            big_integer("at"),
            text("text"),
            uuid("author_id"),
            string("author_name"),
            big_integer("written_at"),
            big_integer_null("edited_at"),
        ];
        let note = refers(table("session_note", note), "session_id", "session", ForeignKeyAction::Cascade);
        manager.create_table(note).await?;
        let mark =
            vec![uuid("session_id").primary_key().to_owned(), big_integer("at"), uuid("user_id"), string("user_name")];
        let mark = refers(table("session_review", mark), "session_id", "session", ForeignKeyAction::Cascade);
        manager.create_table(mark).await?;
        for (table, columns) in INDEXES {
            manager.create_index(index(table, columns)).await?;
        }
        // Filter sets are for one page each.
        let page = string("page").default("jump").to_owned();
        let filters = || Alias::new("saved_filter");
        manager.alter_table(Table::alter().table(filters()).add_column(page).to_owned()).await?;
        let old = Index::drop().name("saved_filter_user_id_name").table(filters()).to_owned();
        manager.drop_index(old).await?;
        manager.create_index(index("saved_filter", &["user_id", "page", "name"]).unique().to_owned()).await
    }
}

fn index(table: &'static str, columns: &[&'static str]) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(format!("{table}_{}", columns.join("_"))).table(Alias::new(table));
    for column in columns {
        index.col(Alias::new(*column));
    }
    index
}
