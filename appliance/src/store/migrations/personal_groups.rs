//! Jump groups of one user alone, and the role they have in them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::uuid_null;

pub(super) struct PersonalGroups;

impl MigrationName for PersonalGroups {
    fn name(&self) -> &'static str {
        "0041_personal_groups"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for PersonalGroups {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [("jump_group", "owner_id"), ("user", "personal_role_id")] {
            let mut alter = Table::alter();
            alter.table(Alias::new(table)).add_column(uuid_null(column));
            manager.alter_table(alter).await?;
        }
        // At most one for each user.
        let mut index = Index::create();
        index.name("jump_group_owner_id").table(Alias::new("jump_group")).col(Alias::new("owner_id")).unique();
        manager.create_index(index).await
    }
}
