//! What is asked for besides a password.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, binary, boolean, integer, pk_uuid, string, uuid};

use super::{refers, table};

/// Authenticator apps, recovery codes, the second step of a sign-in.
pub(super) struct SecondFactors;

impl MigrationName for SecondFactors {
    fn name(&self) -> &'static str {
        "0020_second_factors"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for SecondFactors {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let totp = vec![
            pk_uuid("user_id"),
            binary("secret"),
            big_integer("begun_at"),
            big_integer_null("confirmed_at"),
            big_integer_null("last_step"),
        ];
        let recovery_code = vec![pk_uuid("id"), uuid("user_id"), binary("hash"), big_integer_null("used_at")];
        let challenge = vec![
            pk_uuid("id"),
            binary("token_hash").unique_key().to_owned(),
            uuid("user_id"),
            binary("password_mark"),
            integer("attempts_left"),
            big_integer("expires_at"),
        ];
        let reset = vec![pk_uuid("user_id"), big_integer("at"), string("reason")];
        let tables = [
            ("totp", totp),
            ("recovery_code", recovery_code),
            ("sign_in_challenge", challenge),
            ("factor_reset", reset),
        ];
        for (name, columns) in tables {
            let with_user = refers(table(name, columns), "user_id", "user", ForeignKeyAction::Cascade);
            manager.create_table(with_user).await?;
        }
        for name in ["recovery_code", "sign_in_challenge"] {
            let mut index = Index::create();
            index.name(format!("{name}_user_id")).table(Alias::new(name)).col(Alias::new("user_id"));
            manager.create_index(index.to_owned()).await?;
        }
        let column = boolean("needs_factor").default(false).to_owned();
        manager.alter_table(Table::alter().table(Alias::new("browser")).add_column(column).to_owned()).await
    }
}
