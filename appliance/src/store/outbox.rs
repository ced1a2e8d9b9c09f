use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;
use wire::Timestamp;

use super::entities::outbox::{Column, Entity, Model};
use super::{Store, StoreError};

/// A letter that waits, or was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterRecord {
    /// Its id.
    pub id: Uuid,
    /// To whom.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// When it was posted.
    pub posted_at: Timestamp,
    /// How often the server was asked to take it.
    pub attempts: u32,
    /// When it is tried, or tried again.
    pub next_attempt_at: Timestamp,
    /// When it was given up.
    pub failed_at: Option<Timestamp>,
    /// Why it did not go, the last time.
    pub reason: Option<String>,
}

/// Letters that may wait.
pub const MOST_WAITING: u64 = 10_000;

impl From<Model> for LetterRecord {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            to: row.recipient,
            subject: row.subject,
            text: row.text,
            posted_at: Timestamp(row.posted_at),
            attempts: u32::try_from(row.attempts).unwrap_or(0),
            next_attempt_at: Timestamp(row.next_attempt_at),
            failed_at: row.failed_at.map(Timestamp),
            reason: row.reason,
        }
    }
}

impl Store {
    /// Keeps a letter until it is sent.
    ///
    /// # Errors
    /// [`StoreError::OutboxFull`] when `most` letters wait; otherwise when the database fails, as everywhere in this file.
    pub async fn insert_letter(&self, it: LetterRecord, most: u64) -> Result<(), StoreError> {
        let transaction = self.db.begin_alone().await?;
        let row = Model {
            id: it.id,
            recipient: it.to,
            subject: it.subject,
            text: it.text,
            posted_at: it.posted_at.0,
            attempts: i32::try_from(it.attempts).unwrap_or(i32::MAX),
            next_attempt_at: it.next_attempt_at.0,
            failed_at: it.failed_at.map(|at| at.0),
            reason: it.reason,
        };
        Entity::insert(row.into_active_model()).exec_without_returning(&transaction).await?;
        if Entity::find().filter(Column::FailedAt.is_null()).count(&transaction).await? > most {
            return Err(StoreError::OutboxFull);
        }
        Ok(transaction.commit().await?)
    }

    /// Letters whose time has come, the longest waiting first.
    ///
    /// # Errors
    /// See above.
    pub async fn due_letters(&self, at: Timestamp, most: u64) -> Result<Vec<LetterRecord>, StoreError> {
        let rows = Entity::find()
            .filter(Column::FailedAt.is_null())
            .filter(Column::NextAttemptAt.lte(at.0))
            .order_by_asc(Column::NextAttemptAt)
            .order_by_asc(Column::Id)
            .limit(most)
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().map(LetterRecord::from).collect())
    }

    /// When the next letter's time comes; none when none waits.
    ///
    /// # Errors
    /// See above.
    pub async fn next_letter_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let waiting = Entity::find().filter(Column::FailedAt.is_null()).order_by_asc(Column::NextAttemptAt);
        let next = waiting.select_only().column(Column::NextAttemptAt).into_tuple::<i64>().one(&self.db).await?;
        Ok(next.map(Timestamp))
    }

    /// A letter was sent: nothing is kept of it.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_letter(&self, id: Uuid) -> Result<(), StoreError> {
        Entity::delete_by_id(id).exec(&self.db).await?;
        Ok(())
    }

    /// A letter was not taken: it is tried again then.
    ///
    /// # Errors
    /// See above.
    pub async fn postpone_letter(&self, id: Uuid, next: Timestamp, reason: &str) -> Result<(), StoreError> {
        Entity::update_many()
            .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
            .col_expr(Column::NextAttemptAt, Expr::value(next.0))
            .col_expr(Column::Reason, Expr::value(reason))
            .filter(Column::Id.eq(id))
            .exec(&self.db)
            .await?;
        Ok(())
    }

    /// A letter will not be sent; it stays to be shown.
    ///
    /// # Errors
    /// See above.
    pub async fn give_letter_up(&self, id: Uuid, at: Timestamp, reason: &str) -> Result<(), StoreError> {
        Entity::update_many()
            .col_expr(Column::FailedAt, Expr::value(at.0))
            .col_expr(Column::Reason, Expr::value(reason))
            .filter(Column::Id.eq(id))
            .exec(&self.db)
            .await?;
        Ok(())
    }

    /// Letters that wait since before then are given up, for their own last reason or, where they have none, for this one. Gives
    /// their number.
    ///
    /// # Errors
    /// See above.
    pub async fn give_letters_up(&self, before: Timestamp, at: Timestamp, reason: &str) -> Result<u64, StoreError> {
        let old = || Entity::update_many().filter(Column::FailedAt.is_null()).filter(Column::PostedAt.lt(before.0));
        let transaction = self.db.begin_alone().await?;
        old().col_expr(Column::Reason, Expr::value(reason)).filter(Column::Reason.is_null()).exec(&transaction).await?;
        let done = old().col_expr(Column::FailedAt, Expr::value(at.0)).exec(&transaction).await?;
        transaction.commit().await?;
        Ok(done.rows_affected)
    }

    /// How many letters wait, and since when the oldest of them does.
    ///
    /// # Errors
    /// See above.
    pub async fn waiting_letters(&self) -> Result<(u64, Option<Timestamp>), StoreError> {
        let waiting = || Entity::find().filter(Column::FailedAt.is_null());
        let oldest = waiting().order_by_asc(Column::PostedAt).select_only().column(Column::PostedAt);
        let oldest = oldest.into_tuple::<i64>().one(&self.db).await?;
        Ok((waiting().count(&self.db).await?, oldest.map(Timestamp)))
    }

    /// Letters that were given up, newest first.
    ///
    /// # Errors
    /// See above.
    pub async fn failed_letters(&self, most: u64) -> Result<Vec<LetterRecord>, StoreError> {
        let failed = Entity::find().filter(Column::FailedAt.is_not_null()).order_by_desc(Column::FailedAt);
        let rows = failed.order_by_desc(Column::Id).limit(most).all(&self.db).await?;
        Ok(rows.into_iter().map(LetterRecord::from).collect())
    }

    /// Forgets letters that were given up before then.
    ///
    /// # Errors
    /// See above.
    pub async fn forget_failed_letters(&self, before: Timestamp) -> Result<(), StoreError> {
        self.delete_alone(Entity::delete_many().filter(Column::FailedAt.lt(before.0))).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    fn letter(posted_at: i64) -> LetterRecord {
        LetterRecord {
            id: random::id(),
            to: "tom@example.org".into(),
            subject: "A session began".into(),
            text: "Grüße".into(),
            posted_at: Timestamp(posted_at),
            attempts: 0,
            next_attempt_at: Timestamp(posted_at),
            failed_at: None,
            reason: None,
        }
    }

    async fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::fresh(folder.path()).await;
        (folder, store)
    }

    #[tokio::test]
    async fn letters_wait_for_their_time_and_go() {
        let (_folder, store) = store().await;
        let (first, second) = (letter(1), letter(2));
        for it in [&second, &first] {
            store.insert_letter(it.clone(), 10).await.unwrap();
        }
        assert_eq!(store.due_letters(Timestamp(1), 10).await.unwrap(), std::slice::from_ref(&first));
        assert_eq!(store.due_letters(Timestamp(2), 1).await.unwrap(), std::slice::from_ref(&first));
        store.postpone_letter(first.id, Timestamp(50), "busy").await.unwrap();
        assert_eq!(store.due_letters(Timestamp(2), 10).await.unwrap(), std::slice::from_ref(&second));
        store.delete_letter(second.id).await.unwrap();
        assert_eq!(store.next_letter_at().await.unwrap(), Some(Timestamp(50)));
        let waiting = store.due_letters(Timestamp(50), 10).await.unwrap();
        assert_eq!((waiting[0].attempts, waiting[0].reason.as_deref()), (1, Some("busy")));
        assert_eq!(store.waiting_letters().await.unwrap(), (1, Some(Timestamp(1))));
    }

    #[tokio::test]
    async fn what_is_given_up_is_shown_and_no_longer_waits() {
        let (_folder, store) = store().await;
        let (refused, old, busy, young) = (letter(1), letter(2), letter(3), letter(90));
        for it in [&refused, &old, &busy, &young] {
            store.insert_letter(it.clone(), 10).await.unwrap();
        }
        store.give_letter_up(refused.id, Timestamp(5), "no such person").await.unwrap();
        store.postpone_letter(busy.id, Timestamp(50), "busy").await.unwrap();
        assert_eq!(store.give_letters_up(Timestamp(90), Timestamp(100), "away").await.unwrap(), 2);
        let failed = store.failed_letters(10).await.unwrap();
        let reasons: Vec<_> = failed.iter().map(|it| (it.id, it.reason.as_deref().unwrap_or_default())).collect();
        assert_eq!(reasons, [(busy.id, "busy"), (old.id, "away"), (refused.id, "no such person")]);
        assert_eq!(store.failed_letters(1).await.unwrap().len(), 1);
        assert_eq!(store.waiting_letters().await.unwrap(), (1, Some(Timestamp(90))));
        store.forget_failed_letters(Timestamp(100)).await.unwrap();
        assert_eq!(store.failed_letters(10).await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn the_outbox_has_an_end() {
        let (_folder, store) = store().await;
        let first = letter(1);
        store.insert_letter(first.clone(), 2).await.unwrap();
        store.insert_letter(letter(2), 2).await.unwrap();
        let refused = store.insert_letter(letter(3), 2).await;
        assert!(matches!(refused, Err(StoreError::OutboxFull)), "{refused:?}");
        assert_eq!(store.waiting_letters().await.unwrap().0, 2);
        store.give_letter_up(first.id, Timestamp(5), "no such person").await.unwrap();
        store.insert_letter(letter(3), 2).await.unwrap();
    }
}
