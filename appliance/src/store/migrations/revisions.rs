//! Revisions of what several administrators may change at once.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::big_integer;

/// Items, groups, users and jumpoints get a revision each. How people sign in is kept as other settings are, which have one.
pub(super) struct Revisions;

impl MigrationName for Revisions {
    fn name(&self) -> &'static str {
        "0053_revisions"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for Revisions {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["jump_item", "jump_group", "user", "jumpoint"] {
            let column = big_integer("revision").default(0).to_owned();
            manager.alter_table(Table::alter().table(Alias::new(table)).add_column(column).to_owned()).await?;
        }
        for (value, settings) in
            [("true", r#"{"second_factor_required":true}"#), ("false", r#"{"second_factor_required":false}"#)]
        {
            let mut kept = Query::select();
            let row: [SimpleExpr; 3] = ["sign_in".into(), settings.into(), 1i64.into()];
            kept.exprs(row)
                .from(Alias::new("setting"))
                .and_where(Expr::col(Alias::new("key")).eq("second_factor_required"))
                .and_where(Expr::col(Alias::new("value")).eq(value));
            let mut keep = Query::insert();
            keep.into_table(Alias::new("service")).columns(["name", "settings", "revision"].map(Alias::new));
            keep.select_from(kept).map_err(|error| DbErr::Custom(error.to_string()))?;
            manager.execute(keep).await?;
        }
        let mut forget = Query::delete();
        forget.from_table(Alias::new("setting")).and_where(Expr::col(Alias::new("key")).eq("second_factor_required"));
        manager.execute(forget).await
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectionTrait, Database, EntityTrait};

    use super::*;
    use crate::store::entities::{service, setting};
    use crate::store::migrations::Migrator;

    #[tokio::test]
    async fn the_rule_for_second_factors_stays_as_it_was() {
        for value in [None, Some("true"), Some("false")] {
            let fresh = ::tests::database::fresh().unwrap();
            let db = Database::connect(fresh.as_deref().unwrap_or("sqlite::memory:")).await.unwrap();
            let before = Migrator::migrations().iter().position(|it| it.name() == "0053_revisions").unwrap();
            Migrator::up(&db, Some(before.try_into().unwrap())).await.unwrap();
            if let Some(value) = value {
                let mut insert = Query::insert();
                insert.into_table(Alias::new("setting")).columns(["key", "value"].map(Alias::new));
                insert.values_panic(["second_factor_required".into(), value.into()]);
                db.execute(&insert).await.unwrap();
            }
            Migrator::up(&db, None).await.unwrap();
            assert!(setting::Entity::find_by_id("second_factor_required").one(&db).await.unwrap().is_none());
            let kept = service::Entity::find_by_id("sign_in").one(&db).await.unwrap();
            let kept = kept.map(|row| (row.settings, row.secrets, row.revision));
            let expected = value.map(|it| (format!(r#"{{"second_factor_required":{it}}}"#), None, 1));
            assert_eq!(kept, expected);
        }
    }
}
