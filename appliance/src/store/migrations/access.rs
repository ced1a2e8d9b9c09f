//! Teams, jump item roles and memberships, and what users may do where no membership speaks of them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, pk_uuid, string, text, uuid, uuid_null};
use uuid::Uuid;
use wire::JumpItemRoleId;

use super::{refers, table};

pub(super) struct TeamsAndRoles;

impl MigrationName for TeamsAndRoles {
    fn name(&self) -> &'static str {
        "0004_teams_and_roles"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for TeamsAndRoles {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        for insert in built_in_roles() {
            manager.execute(insert).await?;
        }
        let columns = [
            ("jump_group", big_integer("members_revision").default(0).to_owned()),
            ("user", uuid_null("default_role_id")),
            ("user", string("methods").default(r#"["protocol_tunnel"]"#).to_owned()),
        ];
        for (table, column) in columns {
            manager.alter_table(Table::alter().table(Alias::new(table)).add_column(column).to_owned()).await?;
        }
        // Whoever could use and change every item goes on to.
        let mut keep = Query::update();
        keep.table(Alias::new("user"))
            .value(Alias::new("default_role_id"), JumpItemRoleId::ADMINISTRATOR.0)
            .and_where(Expr::col(Alias::new("role")).eq("technician"));
        manager.execute(keep).await
    }
}

fn tables() -> Vec<TableCreateStatement> {
    use ForeignKeyAction::{Cascade, Restrict};
    let role = table(
        "jump_item_role",
        vec![
            pk_uuid("id"),
            string("name").unique_key().to_owned(),
            text("description"),
            text("permissions"),
            boolean("built_in"),
            big_integer("created_at"),
            big_integer("revision"),
        ],
    );
    let team = table(
        "team",
        vec![
            pk_uuid("id"),
            string("name").unique_key().to_owned(),
            text("comments"),
            big_integer("created_at"),
            big_integer("revision"),
        ],
    );
    let mut team_member = table("team_member", vec![uuid("team_id"), uuid("user_id")]);
    team_member.primary_key(Index::create().col(Alias::new("team_id")).col(Alias::new("user_id")));
    let membership = table(
        "membership",
        vec![pk_uuid("id"), uuid("group_id"), uuid_null("user_id"), uuid_null("team_id"), uuid("role_id")],
    );
    let membership = refers(refers(membership, "group_id", "jump_group", Cascade), "user_id", "user", Cascade);
    vec![
        role,
        team,
        refers(refers(team_member, "team_id", "team", Cascade), "user_id", "user", Cascade),
        refers(refers(membership, "team_id", "team", Cascade), "role_id", "jump_item_role", Restrict),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    let on = |name: &str, table: &'static str, columns: &[&'static str]| {
        let mut index = Index::create();
        index.name(name).table(Alias::new(table));
        for column in columns {
            index.col(Alias::new(*column));
        }
        index
    };
    vec![
        on("team_member_user_id", "team_member", &["user_id"]),
        on("membership_group_user", "membership", &["group_id", "user_id"]).unique().to_owned(),
        on("membership_group_team", "membership", &["group_id", "team_id"]).unique().to_owned(),
        on("membership_user_id", "membership", &["user_id"]),
        on("membership_team_id", "membership", &["team_id"]),
        on("membership_role_id", "membership", &["role_id"]),
    ]
}

fn built_in_roles() -> Vec<InsertStatement> {
    // What they allow stands in the code, so that it grows with it.
    let roles: [(Uuid, &str, &str); 3] = [
        (JumpItemRoleId::ADMINISTRATOR.0, "Administrator", "Everything with the items of a group."),
        (JumpItemRoleId::AUDITOR.0, "Auditor", "Only reads what was done."),
        (JumpItemRoleId::START_SESSIONS_ONLY.0, "Start Sessions Only", "Uses items as they are."),
    ];
    roles
        .into_iter()
        .map(|(id, name, description)| {
            let columns = ["id", "name", "description", "permissions", "built_in", "created_at", "revision"];
            let values =
                [id.into(), name.into(), description.into(), "[]".into(), true.into(), 0i64.into(), 0i64.into()];
            let mut insert = Query::insert();
            insert.into_table(Alias::new("jump_item_role")).columns(columns.map(Alias::new)).values_panic(values);
            insert
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait, Database, EntityTrait};

    use super::*;
    use crate::store::entities;
    use crate::store::migrations::Migrator;

    #[tokio::test]
    async fn whoever_could_use_every_item_still_can() {
        let fresh = ::tests::database::fresh().unwrap();
        let db = Database::connect(fresh.as_deref().unwrap_or("sqlite::memory:")).await.unwrap();
        Migrator::up(&db, Some(3)).await.unwrap();
        for (number, role) in [(1u128, "administrator"), (2, "technician")] {
            let columns = [
                "id",
                "user_name",
                "user_name_key",
                "display_name",
                "role",
                "enabled",
                "password_hash",
                "created_at",
                "preferences",
            ];
            let values = [
                Uuid::from_u128(number).into(),
                role.into(),
                role.into(),
                role.into(),
                role.into(),
                true.into(),
                "".into(),
                0i64.into(),
                "{}".into(),
            ];
            let mut insert = Query::insert();
            insert.into_table(Alias::new("user")).columns(columns.map(Alias::new)).values_panic(values);
            db.execute(&insert).await.unwrap();
        }
        Migrator::up(&db, None).await.unwrap();
        let default_of = async |number| {
            let user = entities::user::Entity::find_by_id(Uuid::from_u128(number)).one(&db).await.unwrap().unwrap();
            assert_eq!(user.methods, r#"["protocol_tunnel"]"#);
            user.default_role_id
        };
        assert_eq!(default_of(1).await, None);
        assert_eq!(default_of(2).await, Some(JumpItemRoleId::ADMINISTRATOR.0));
    }
}
