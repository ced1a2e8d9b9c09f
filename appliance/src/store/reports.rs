//! What was used, by whom, how much.

use std::collections::HashMap;

use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, SimpleExpr};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;
use wire::api::UsageBy;
use wire::{JumpItemId, Timestamp, UserId};

use super::entities::{own_item, session};
use super::review_list::lasted;
use super::{ReviewFilter, Store, StoreError, Whose, count};

/// What the sessions of somebody, or on something, came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// The user, item or group.
    pub id: Option<Uuid>,
    /// The name of user or item, as it was in one of the sessions.
    pub name: String,
    /// How many.
    pub sessions: u64,
    /// How long they lasted together.
    pub millis: u64,
    /// Bytes to the targets.
    pub bytes_sent: u64,
    /// Bytes from the targets.
    pub bytes_received: u64,
    /// When the last one began.
    pub last_at: Timestamp,
}

/// Who used an item last, of those who are still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastUse {
    /// Who.
    pub user: UserId,
    /// When.
    pub at: Timestamp,
}

type Row = (Option<Uuid>, Option<String>, i64, i64, i64, i64, i64);

impl Store {
    /// What sessions came to, by user, item or group, most sessions first.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn usage(
        &self,
        whose: &Whose,
        filter: &ReviewFilter,
        by: UsageBy,
        now: Timestamp,
    ) -> Result<Vec<Usage>, StoreError> {
        use session::Column;
        let (id, name) = match by {
            UsageBy::User => (Column::UserId, Column::UserName),
            UsageBy::Item => (Column::ItemId, Column::ItemName),
            UsageBy::Group => (Column::GroupId, Column::ItemName),
        };
        let sum = |column: Column| column.sum().cast_as("bigint");
        let mut find = session::Entity::find()
            .select_only()
            .column(id)
            .expr(name.max())
            .expr(Column::Id.count())
            .expr(lasted(now).sum().cast_as("bigint"))
            .expr(sum(Column::BytesSent))
            .expr(sum(Column::BytesReceived))
            .expr(Column::CreatedAt.max())
            .filter(whose.condition())
            .filter(filter.condition(now))
            .group_by(id);
        if by == UsageBy::Item {
            // Those that are not there any more are told apart by their names.
            let lost: SimpleExpr =
                CaseStatement::new().case(Column::ItemId.is_null(), Expr::col(Column::ItemName)).into();
            find = find.group_by(lost);
        }
        let rows: Vec<Row> =
            find.order_by_desc(Column::Id.count()).order_by_asc(name.max()).into_tuple().all(&self.db).await?;
        let usage = |(id, name, sessions, millis, sent, received, last): Row| Usage {
            id,
            name: name.unwrap_or_default(),
            sessions: count(sessions),
            millis: count(millis),
            bytes_sent: count(sent),
            bytes_received: count(received),
            last_at: Timestamp(last),
        };
        Ok(rows.into_iter().map(usage).collect())
    }

    /// Who used which item last.
    ///
    /// # Errors
    /// See above.
    pub async fn last_uses(&self) -> Result<HashMap<JumpItemId, LastUse>, StoreError> {
        let used = own_item::Entity::find().filter(own_item::Column::UsedAt.is_not_null());
        let mut last: HashMap<JumpItemId, LastUse> = HashMap::new();
        for row in used.all(&self.db).await? {
            let Some(at) = row.used_at.map(Timestamp) else { continue };
            let this = LastUse { user: UserId(row.user_id), at };
            let known = last.entry(JumpItemId(row.item_id)).or_insert(this);
            if known.at < at {
                *known = this;
            }
        }
        Ok(last)
    }
}
