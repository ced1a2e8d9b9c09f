//! How far audit events were handed on to others.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string};

use super::table;

pub(super) struct Forwarding;

impl MigrationName for Forwarding {
    fn name(&self) -> &'static str {
        "0058_forwarding"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Forwarding {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let columns = vec![string("destination").primary_key().to_owned(), big_integer("sequence")];
        manager.create_table(table("forwarding_cursor", columns)).await
    }
}
