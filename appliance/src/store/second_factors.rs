use std::collections::HashSet;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect};
use wire::{BrowserId, Timestamp, UserId};

use super::database::Transaction;
use super::entities::{browser, factor_reset, passkey, recovery_code, sign_in_challenge, totp};
use super::{Store, StoreError};
use crate::random;

/// A user's authenticator app.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpRecord {
    /// Its secret, sealed.
    pub sealed: Vec<u8>,
    /// Since when it is asked for; none while it is being set up.
    pub confirmed_at: Option<Timestamp>,
    /// The step of the last code that was used.
    pub last_step: Option<i64>,
}

/// That an administrator took a user's second factors away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactorResetRecord {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

impl Store {
    /// A user's authenticator app, whether it is set up already or not.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn totp(&self, user: UserId) -> Result<Option<TotpRecord>, StoreError> {
        let row = totp::Entity::find_by_id(user.0).one(&self.db).await?;
        Ok(row.map(|row| TotpRecord {
            sealed: row.secret,
            confirmed_at: row.confirmed_at.map(Timestamp),
            last_step: row.last_step,
        }))
    }

    /// Whether a second factor is asked for when this user signs in.
    ///
    /// # Errors
    /// See above.
    pub async fn has_second_factor(&self, user: UserId) -> Result<bool, StoreError> {
        let has_app = self.totp(user).await?.is_some_and(|it| it.confirmed_at.is_some());
        Ok(has_app || !self.passkeys(user).await?.is_empty())
    }

    /// Everybody of whom a second factor is asked.
    ///
    /// # Errors
    /// See above.
    pub async fn users_with_second_factor(&self) -> Result<HashSet<UserId>, StoreError> {
        let confirmed = totp::Entity::find().filter(totp::Column::ConfirmedAt.is_not_null());
        let ids = confirmed.select_only().column(totp::Column::UserId).into_tuple::<uuid::Uuid>().all(&self.db).await?;
        let with_passkey = passkey::Entity::find().select_only().column(passkey::Column::UserId);
        let others = with_passkey.into_tuple::<uuid::Uuid>().all(&self.db).await?;
        Ok(ids.into_iter().chain(others).map(UserId).collect())
    }

    /// Begins to set up an authenticator app; another one that was begun is forgotten.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when one is set up already.
    pub async fn begin_totp(&self, user: UserId, sealed: Vec<u8>, at: Timestamp) -> Result<(), StoreError> {
        let transaction = self.db.begin_alone().await?;
        totp::Entity::delete_many()
            .filter(totp::Column::UserId.eq(user.0))
            .filter(totp::Column::ConfirmedAt.is_null())
            .exec(&transaction)
            .await?;
        let row = totp::Model { user_id: user.0, secret: sealed, begun_at: at.0, confirmed_at: None, last_step: None };
        totp::Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// An authenticator app is set up: its first code was used, and this browser may do everything. Recovery codes come with the
    /// first second factor.
    /// The user's other browsers that wait for a second factor are signed out. False when it is not the app any more that was begun.
    ///
    /// # Errors
    /// See above.
    pub async fn confirm_totp(
        &self,
        user: UserId,
        begun: &TotpRecord,
        step: i64,
        at: Timestamp,
        recovery_hashes: Option<Vec<Vec<u8>>>,
        by: BrowserId,
    ) -> Result<bool, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let done = totp::Entity::update_many()
            .col_expr(totp::Column::ConfirmedAt, Expr::value(at.0))
            .col_expr(totp::Column::LastStep, Expr::value(step))
            .filter(totp::Column::UserId.eq(user.0))
            .filter(totp::Column::ConfirmedAt.is_null())
            .filter(totp::Column::Secret.eq(begun.sealed.clone()))
            .exec(&transaction)
            .await?;
        if done.rows_affected == 0 {
            return Ok(false);
        }
        has_factor_now(&transaction, user, recovery_hashes, by).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Uses the code of a step up. False when that one or a later one was used already.
    ///
    /// # Errors
    /// See above.
    pub async fn use_totp_step(&self, user: UserId, step: i64) -> Result<bool, StoreError> {
        let done = totp::Entity::update_many()
            .col_expr(totp::Column::LastStep, Expr::value(step))
            .filter(totp::Column::UserId.eq(user.0))
            .filter(totp::Column::ConfirmedAt.is_not_null())
            .filter(totp::Column::LastStep.is_null().or(totp::Column::LastStep.lt(step)))
            .exec(&self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// Uses a recovery code up. False when there is none of this hash that was not used.
    ///
    /// # Errors
    /// See above.
    pub async fn use_recovery_code(&self, user: UserId, hash: &[u8], at: Timestamp) -> Result<bool, StoreError> {
        let done = recovery_code::Entity::update_many()
            .col_expr(recovery_code::Column::UsedAt, Expr::value(at.0))
            .filter(recovery_code::Column::UserId.eq(user.0))
            .filter(recovery_code::Column::Hash.eq(hash))
            .filter(recovery_code::Column::UsedAt.is_null())
            .exec(&self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }

    /// How many recovery codes were not used yet.
    ///
    /// # Errors
    /// See above.
    pub async fn recovery_codes_left(&self, user: UserId) -> Result<u64, StoreError> {
        let unused = recovery_code::Entity::find()
            .filter(recovery_code::Column::UserId.eq(user.0))
            .filter(recovery_code::Column::UsedAt.is_null());
        Ok(unused.count(&self.db).await?)
    }

    /// Gives a user other recovery codes; the old ones are worth nothing any more.
    ///
    /// # Errors
    /// See above.
    pub async fn replace_recovery_codes(&self, user: UserId, hashes: Vec<Vec<u8>>) -> Result<(), StoreError> {
        let transaction = self.db.begin_alone().await?;
        put_recovery_codes(&transaction, user, hashes).await?;
        Ok(transaction.commit().await?)
    }

    /// The user wants their authenticator app no more. With the last second factor the recovery codes go, too.
    ///
    /// # Errors
    /// See above.
    pub async fn remove_totp(&self, user: UserId) -> Result<(), StoreError> {
        let transaction = self.db.begin_alone().await?;
        totp::Entity::delete_by_id(user.0).exec(&transaction).await?;
        forget_rest_of_factors(&transaction, user).await?;
        Ok(transaction.commit().await?)
    }

    /// Takes a user's second factors away, and keeps the reason for them to read.
    ///
    /// # Errors
    /// [`StoreError::Dependent`] when there is no such user.
    pub async fn reset_second_factors(&self, user: UserId, it: &FactorResetRecord) -> Result<(), StoreError> {
        let transaction = self.db.begin_alone().await?;
        forget_factors(&transaction, user).await?;
        let row = factor_reset::ActiveModel { user_id: Set(user.0), at: Set(it.at.0), reason: Set(it.reason.clone()) };
        let columns = [factor_reset::Column::At, factor_reset::Column::Reason];
        factor_reset::Entity::insert(row)
            .on_conflict(OnConflict::column(factor_reset::Column::UserId).update_columns(columns).to_owned())
            .exec_without_returning(&transaction)
            .await?;
        Ok(transaction.commit().await?)
    }

    /// That an administrator took the user's second factors away, until one is set up again.
    ///
    /// # Errors
    /// See above.
    pub async fn factor_reset(&self, user: UserId) -> Result<Option<FactorResetRecord>, StoreError> {
        let row = factor_reset::Entity::find_by_id(user.0).one(&self.db).await?;
        Ok(row.map(|row| FactorResetRecord { at: Timestamp(row.at), reason: row.reason }))
    }
}

/// A user has a second factor from now on: this browser may do everything, others that wait for one are signed out.
pub(super) async fn has_factor_now(
    transaction: &Transaction,
    user: UserId,
    recovery_hashes: Option<Vec<Vec<u8>>>,
    by: BrowserId,
) -> Result<(), StoreError> {
    if let Some(hashes) = recovery_hashes {
        put_recovery_codes(transaction, user, hashes).await?;
    }
    factor_reset::Entity::delete_by_id(user.0).exec(transaction).await?;
    browser::Entity::update_many()
        .col_expr(browser::Column::NeedsFactor, Expr::value(false))
        .filter(browser::Column::Id.eq(by.0))
        .exec(transaction)
        .await?;
    browser::Entity::delete_many()
        .filter(browser::Column::UserId.eq(user.0))
        .filter(browser::Column::NeedsFactor.eq(true))
        .exec(transaction)
        .await?;
    Ok(())
}

async fn put_recovery_codes(transaction: &Transaction, user: UserId, hashes: Vec<Vec<u8>>) -> Result<(), StoreError> {
    recovery_code::Entity::delete_many().filter(recovery_code::Column::UserId.eq(user.0)).exec(transaction).await?;
    let row = |hash| recovery_code::Model { id: random::id(), user_id: user.0, hash, used_at: None };
    let rows = hashes.into_iter().map(|hash| row(hash).into_active_model());
    recovery_code::Entity::insert_many(rows).exec_without_returning(transaction).await?;
    Ok(())
}

async fn forget_factors(transaction: &Transaction, user: UserId) -> Result<(), StoreError> {
    totp::Entity::delete_by_id(user.0).exec(transaction).await?;
    passkey::Entity::delete_many().filter(passkey::Column::UserId.eq(user.0)).exec(transaction).await?;
    forget_rest_of_factors(transaction, user).await
}

/// What is worth nothing without a second factor; nothing while there is one.
pub(super) async fn forget_rest_of_factors(transaction: &Transaction, user: UserId) -> Result<(), StoreError> {
    let app = totp::Entity::find_by_id(user.0).filter(totp::Column::ConfirmedAt.is_not_null());
    let passkeys = passkey::Entity::find().filter(passkey::Column::UserId.eq(user.0));
    if app.count(transaction).await? + passkeys.count(transaction).await? > 0 {
        return Ok(());
    }
    recovery_code::Entity::delete_many().filter(recovery_code::Column::UserId.eq(user.0)).exec(transaction).await?;
    sign_in_challenge::Entity::delete_many()
        .filter(sign_in_challenge::Column::UserId.eq(user.0))
        .exec(transaction)
        .await?;
    Ok(())
}
