//! Sessions as reviewers look for them: filtered, sorted, some at a time.

use std::str::FromStr;

use sea_orm::sea_query::{Expr, ExprTrait, Func, Order, Query, SelectStatement, SimpleExpr};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;
use wire::api::{RecordingState, ReviewSort, SessionEnd, SessionState};
use wire::{JumpGroupId, JumpItemId, SessionId, Timestamp, UserId};

use super::entities::recordings::recording;
use super::entities::review::session_review;
use super::entities::session;
use super::text::contains;
use super::{SessionRecord, Store, StoreError, Whose, signed, to_text};

/// Which sessions to look for; what is empty does not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReviewFilter {
    /// Of one of these people.
    pub users: Vec<UserId>,
    /// On one of these items.
    pub items: Vec<JumpItemId>,
    /// On items that were in one of these groups.
    pub groups: Vec<JumpGroupId>,
    /// Begun not before this moment.
    pub from: Option<Timestamp>,
    /// Begun before this moment.
    pub until: Option<Timestamp>,
    /// That lasted at least so long.
    pub at_least_millis: Option<i64>,
    /// That lasted at most so long.
    pub at_most_millis: Option<i64>,
    /// That ended for one of these reasons.
    pub ends: Vec<SessionEnd>,
    /// That are not over, or that are.
    pub live: Option<bool>,
    /// That have a recording, or none.
    pub recorded: Option<bool>,
    /// That somebody has reviewed, or nobody.
    pub reviewed: Option<bool>,
    /// From an address with this in it.
    pub address: String,
    /// With this in names, host, ticket or the reason of their end.
    pub text: String,
}

/// What sessions are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReviewOrder {
    /// By what.
    pub by: ReviewSort,
    /// The greatest first.
    pub descending: bool,
}

/// The last moment that a cursor may name: the end of the year 9999.
const LATEST: i64 = 253_402_300_799_999;

/// Behind which session a page goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The moment up to which sessions that run are measured.
    now: Timestamp,
    id: SessionId,
    value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Number(i64),
    Text(String),
}

/// How a [`Cursor`] travels: the moment, the id, and the value with what kind it is, with points between them.
impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.", self.now.0, self.id)?;
        match &self.value {
            Value::Number(number) => write!(f, "n{number}"),
            Value::Text(text) => write!(f, "t{text}"),
        }
    }
}

/// This is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not the end of a page")]
pub struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let mut parts = text.splitn(3, '.');
        let mut part = || parts.next().ok_or(NoCursor);
        let now = part()?.parse().ok().filter(|it| (0..=LATEST).contains(it)).map(Timestamp).ok_or(NoCursor)?;
        let id = part()?.parse().map_err(|_| NoCursor)?;
        let value = part()?;
        let value = match value.split_at_checked(1).ok_or(NoCursor)? {
            ("n", number) => Value::Number(number.parse().map_err(|_| NoCursor)?),
            ("t", text) => Value::Text(text.to_owned()),
            _ => return Err(NoCursor),
        };
        Ok(Self { now, id, value })
    }
}

impl Cursor {
    /// Behind this session.
    fn behind(it: &SessionRecord, by: ReviewSort, now: Timestamp) -> Self {
        let value = match by {
            ReviewSort::Started => Value::Number(it.created_at.0),
            ReviewSort::Lasted => Value::Number(it.ended_at.unwrap_or(now).0 - it.created_at.0),
            ReviewSort::User => Value::Text(it.user_name.clone()),
            ReviewSort::Item => Value::Text(it.item_name.clone()),
            ReviewSort::Bytes => Value::Number(signed(it.bytes_sent.saturating_add(it.bytes_received))),
        };
        Self { now, id: it.id, value }
    }

    /// Whether it is one of a list that is sorted so.
    #[must_use]
    pub fn fits(&self, by: ReviewSort) -> bool {
        matches!(self.value, Value::Text(_)) == matches!(by, ReviewSort::User | ReviewSort::Item)
    }

    fn expression(&self) -> SimpleExpr {
        match &self.value {
            Value::Number(number) => Expr::value(*number),
            Value::Text(text) => Expr::value(text.as_str()),
        }
    }
}

/// How long sessions lasted, in milliseconds; those that run: up to this moment.
pub(super) fn lasted(now: Timestamp) -> SimpleExpr {
    let ended = Func::coalesce([Expr::col(session::Column::EndedAt), Expr::value(now.0)]);
    Expr::expr(ended).sub(Expr::col(session::Column::CreatedAt))
}

fn sorted_by(by: ReviewSort, now: Timestamp) -> SimpleExpr {
    match by {
        ReviewSort::Started => Expr::col(session::Column::CreatedAt),
        ReviewSort::Lasted => lasted(now),
        ReviewSort::User => Expr::col(session::Column::UserName),
        ReviewSort::Item => Expr::col(session::Column::ItemName),
        ReviewSort::Bytes => Expr::col(session::Column::BytesSent).add(Expr::col(session::Column::BytesReceived)),
    }
}

impl ReviewFilter {
    pub(super) fn condition(&self, now: Timestamp) -> Condition {
        use session::Column;
        let mut all = Condition::all();
        for (column, ids) in [
            (Column::UserId, self.users.iter().map(|it| it.0).collect::<Vec<Uuid>>()),
            (Column::ItemId, self.items.iter().map(|it| it.0).collect()),
            (Column::GroupId, self.groups.iter().map(|it| it.0).collect()),
        ] {
            if !ids.is_empty() {
                all = all.add(column.is_in(ids));
            }
        }
        if let Some(from) = self.from {
            all = all.add(Column::CreatedAt.gte(from.0));
        }
        if let Some(until) = self.until {
            all = all.add(Column::CreatedAt.lt(until.0));
        }
        if let Some(millis) = self.at_least_millis {
            all = all.add(lasted(now).gte(millis));
        }
        if let Some(millis) = self.at_most_millis {
            all = all.add(lasted(now).lte(millis));
        }
        if !self.ends.is_empty() {
            all = all.add(Column::End.is_in(self.ends.iter().map(to_text)));
        }
        let ended = to_text(&SessionState::Ended);
        match self.live {
            Some(true) => all = all.add(Column::State.ne(ended)),
            Some(false) => all = all.add(Column::State.eq(ended)),
            None => {}
        }
        all = with_or_without(all, self.recorded, recorded());
        all = with_or_without(all, self.reviewed, reviewed());
        if !self.address.is_empty() {
            all = all.add(contains([Column::UserAddress], &self.address));
        }
        if !self.text.is_empty() {
            let columns = [
                Column::ItemName,
                Column::UserName,
                Column::Hostname,
                Column::JumpointName,
                Column::Ticket,
                Column::EndMessage,
            ];
            all = all.add(contains(columns, &self.text));
        }
        all
    }
}

fn with_or_without(all: Condition, wanted: Option<bool>, among: SelectStatement) -> Condition {
    match wanted {
        Some(true) => all.add(session::Column::Id.in_subquery(among)),
        Some(false) => all.add(session::Column::Id.not_in_subquery(among)),
        None => all,
    }
}

/// Ids of sessions with a recording of which something arrived and is still there.
fn recorded() -> SelectStatement {
    Query::select()
        .column(recording::Column::SessionId)
        .from(recording::Entity)
        .and_where(
            recording::Column::State.is_not_in([RecordingState::Empty, RecordingState::Deleted].map(|it| to_text(&it))),
        )
        .to_owned()
}

fn reviewed() -> SelectStatement {
    Query::select().column(session_review::Column::SessionId).from(session_review::Entity).to_owned()
}

impl Store {
    /// Sessions that fit, in this order, at most `limit`, and behind which the next page goes on; none at the end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sessions_for_review(
        &self,
        whose: &Whose,
        filter: &ReviewFilter,
        order: ReviewOrder,
        after: Option<&Cursor>,
        now: Timestamp,
        limit: u64,
    ) -> Result<(Vec<SessionRecord>, Option<Cursor>), StoreError> {
        let now = after.map_or(now, |it| it.now);
        let direction = if order.descending { Order::Desc } else { Order::Asc };
        let mut find = session::Entity::find().filter(whose.condition()).filter(filter.condition(now));
        if let Some(after) = after {
            let (value, id) = (sorted_by(order.by, now), Expr::col(session::Column::Id));
            let same = value.clone().eq(after.expression());
            let behind = if order.descending {
                value.lt(after.expression()).or(same.and(id.lt(after.id.0)))
            } else {
                value.gt(after.expression()).or(same.and(id.gt(after.id.0)))
            };
            find = find.filter(behind);
        }
        let rows = find
            .order_by(sorted_by(order.by, now), direction.clone())
            .order_by(session::Column::Id, direction)
            .limit(limit)
            .all(&self.db)
            .await?;
        let records = rows.into_iter().map(TryInto::try_into).collect::<Result<Vec<SessionRecord>, _>>()?;
        let last = records.last().filter(|_| records.len() as u64 == limit);
        let next = last.map(|it| Cursor::behind(it, order.by, now));
        Ok((records, next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was_given() {
        let id = SessionId(Uuid::from_u128(7));
        for value in
            [Value::Number(-3), Value::Number(i64::MAX), Value::Text("a.b = ä".into()), Value::Text(String::new())]
        {
            let cursor = Cursor { now: Timestamp(5), id, value };
            assert_eq!(cursor.to_string().parse(), Ok(cursor.clone()), "{cursor}");
        }
        for wrong in [
            "",
            "1",
            "1.2.n3",
            "-1.00000000-0000-0000-0000-000000000007.n3",
            "9223372036854775807.00000000-0000-0000-0000-000000000007.n3",
            "x.00000000-0000-0000-0000-000000000007.n3",
            "1.00000000-0000-0000-0000-000000000007.",
        ] {
            assert_eq!(wrong.parse::<Cursor>(), Err(NoCursor), "{wrong}");
        }
        let cursor: Cursor = format!("1.{id}.tx").parse().unwrap();
        assert!(cursor.fits(ReviewSort::User) && !cursor.fits(ReviewSort::Bytes));
    }
}
