use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;
use wire::api::{
    EffectiveSessionPolicy, Joined, RecordingQuality, SessionEnd, SessionEvent, SessionState, TrafficCapture, Tunnel,
};
use wire::{AgentId, ApprovalId, JumpGroupId, JumpItemId, JumpointId, SessionEventId, SessionId, Timestamp, UserId};

use super::entities::recordings::recording;
use super::entities::{jump_item, session, session_event};
use super::holds::held_sessions;
use super::own_items::note_use;
use super::{Store, StoreError, count, from_json, from_text, signed, to_json, to_text};

/// A session as the database keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRecord {
    /// Its id; ids grow with time.
    pub id: SessionId,
    /// The item.
    pub item_id: Option<JumpItemId>,
    /// The group that the item was in when it began; none for those that began before that was written down.
    pub group_id: Option<JumpGroupId>,
    /// The item's name when it began.
    pub item_name: String,
    /// Who uses it.
    pub user_id: UserId,
    /// Their name.
    pub user_name: String,
    /// The target's host when it began.
    pub hostname: String,
    /// The jumpoint.
    pub jumpoint_id: JumpointId,
    /// Its name.
    pub jumpoint_name: String,
    /// Host name of the node that serves it.
    pub node_hostname: Option<String>,
    /// Where the user's browser came from.
    pub user_address: String,
    /// Where it stands.
    pub state: SessionState,
    /// Why it ended.
    pub end: Option<SessionEnd>,
    /// Why it ended, in a sentence.
    pub end_message: Option<String>,
    /// When *Jump* was pressed.
    pub created_at: Timestamp,
    /// When both links first stood.
    pub tunnelling_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Its tunnels.
    pub tunnels: Vec<Tunnel>,
    /// Bytes from the workstation to the targets.
    pub bytes_sent: u64,
    /// Bytes from the targets to the workstation.
    pub bytes_received: u64,
    /// Connections there ever were.
    pub connections_total: u64,
    /// The agent that serves it, once one was asked.
    pub node_id: Option<AgentId>,
    /// The run of that agent: another one knows nothing of its connections.
    pub node_run: Option<Uuid>,
    /// Hash of the secret with which its helper may come back.
    pub resume_hash: Option<Vec<u8>>,
    /// When it was last known to go on.
    pub seen_at: Option<Timestamp>,
    /// Approvals it rests on.
    pub approvals: Vec<ApprovalId>,
    /// Seconds for which it waits for a lost link, where a policy says so.
    pub link_grace_seconds: Option<u32>,
    /// The ticket that was shown for it.
    pub ticket: Option<String>,
    /// Mail addresses that are told of its end.
    pub told_of_end: Vec<String>,
    /// The session that it joined.
    pub joined: Option<Joined>,
    /// What it may do, and which policy says so; none for those that began before there were session policies.
    pub policy: Option<EffectiveSessionPolicy>,
    /// How finely its user's desktop is recorded; none: it is not.
    pub recording: Option<RecordingQuality>,
    /// How what goes through its tunnels is captured; none: it is not.
    pub capture: Option<TrafficCapture>,
}

/// Which sessions are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// All of them.
    Everybody,
    /// Those of one user, and those on items of these groups.
    Of {
        /// The user.
        user: UserId,
        /// The groups that the items were in.
        groups: Vec<JumpGroupId>,
    },
    /// Those on items of these groups.
    Groups(Vec<JumpGroupId>),
}

impl Whose {
    pub(super) fn condition(&self) -> Condition {
        let of_groups = |groups: &[JumpGroupId]| session::Column::GroupId.is_in(groups.iter().map(|it| it.0));
        match self {
            Self::Everybody => Condition::all(),
            Self::Of { user, groups } => {
                Condition::any().add(session::Column::UserId.eq(user.0)).add(of_groups(groups))
            }
            Self::Groups(groups) => Condition::all().add(of_groups(groups)),
        }
    }
}

/// Something that happened in a session.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionEventRecord {
    /// The session.
    pub session_id: SessionId,
    /// What.
    pub event: SessionEvent,
}

impl TryFrom<session::Model> for SessionRecord {
    type Error = StoreError;

    fn try_from(row: session::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: SessionId(row.id),
            item_id: row.item_id.map(JumpItemId),
            group_id: row.group_id.map(JumpGroupId),
            item_name: row.item_name,
            user_id: UserId(row.user_id),
            user_name: row.user_name,
            hostname: row.hostname,
            jumpoint_id: JumpointId(row.jumpoint_id),
            jumpoint_name: row.jumpoint_name,
            node_hostname: row.node_hostname,
            user_address: row.user_address,
            state: from_text("session.state", &row.state)?,
            end: row.end.map(|end| from_text("session.end", &end)).transpose()?,
            end_message: row.end_message,
            created_at: Timestamp(row.created_at),
            tunnelling_at: row.tunnelling_at.map(Timestamp),
            ended_at: row.ended_at.map(Timestamp),
            tunnels: from_json("session.tunnels", &row.tunnels)?,
            bytes_sent: count(row.bytes_sent),
            bytes_received: count(row.bytes_received),
            connections_total: count(row.connections_total),
            node_id: row.node_id.map(AgentId),
            node_run: row.node_run,
            resume_hash: row.resume_hash,
            seen_at: row.seen_at.map(Timestamp),
            approvals: from_json("session.approvals", &row.approvals)?,
            link_grace_seconds: row.link_grace_seconds.and_then(|it| u32::try_from(it).ok()),
            ticket: row.ticket,
            told_of_end: from_json("session.told_of_end", &row.told_of_end)?,
            joined: row
                .joined_id
                .map(|id| Joined { session_id: SessionId(id), owner_name: row.joined_owner.unwrap_or_default() }),
            policy: row.session_policy.map(|it| from_json("session.session_policy", &it)).transpose()?,
            recording: row.recording.map(|it| from_json("session.recording", &it)).transpose()?,
            capture: row.capture.map(|it| from_json("session.capture", &it)).transpose()?,
        })
    }
}

fn row_of(it: &SessionRecord) -> Result<session::Model, StoreError> {
    Ok(session::Model {
        id: it.id.0,
        item_id: it.item_id.map(|id| id.0),
        group_id: it.group_id.map(|id| id.0),
        item_name: it.item_name.clone(),
        user_id: it.user_id.0,
        user_name: it.user_name.clone(),
        hostname: it.hostname.clone(),
        jumpoint_id: it.jumpoint_id.0,
        jumpoint_name: it.jumpoint_name.clone(),
        node_hostname: it.node_hostname.clone(),
        user_address: it.user_address.clone(),
        state: to_text(&it.state),
        end: it.end.as_ref().map(to_text),
        end_message: it.end_message.clone(),
        created_at: it.created_at.0,
        tunnelling_at: it.tunnelling_at.map(|at| at.0),
        ended_at: it.ended_at.map(|at| at.0),
        tunnels: to_json("session.tunnels", &it.tunnels)?,
        bytes_sent: signed(it.bytes_sent),
        bytes_received: signed(it.bytes_received),
        connections_total: signed(it.connections_total),
        node_id: it.node_id.map(|id| id.0),
        node_run: it.node_run,
        resume_hash: it.resume_hash.clone(),
        seen_at: it.seen_at.map(|at| at.0),
        approvals: to_json("session.approvals", &it.approvals)?,
        link_grace_seconds: it.link_grace_seconds.and_then(|it| i32::try_from(it).ok()),
        ticket: it.ticket.clone(),
        told_of_end: to_json("session.told_of_end", &it.told_of_end)?,
        joined_id: it.joined.as_ref().map(|it| it.session_id.0),
        joined_owner: it.joined.as_ref().map(|it| it.owner_name.clone()),
        session_policy: it.policy.as_ref().map(|it| to_json("session.session_policy", it)).transpose()?,
        recording: it.recording.as_ref().map(|it| to_json("session.recording", it)).transpose()?,
        capture: it.capture.as_ref().map(|it| to_json("session.capture", it)).transpose()?,
    })
}

fn event_row(it: &SessionEventRecord) -> session_event::Model {
    session_event::Model {
        id: it.event.id.0,
        session_id: it.session_id.0,
        at: it.event.at.0,
        kind: it.event.kind.clone(),
        message: it.event.message.clone(),
        user_name: it.event.user_name.clone(),
    }
}

/// Ids of the sessions of whose recordings something may lie in a store.
fn recorded_sessions() -> SelectStatement {
    let mut select = Query::select();
    select.column(recording::Column::SessionId).from(recording::Entity);
    select.and_where(recording::Column::ObjectGone.eq(false)).to_owned()
}

impl Store {
    /// Keeps a new session, its first event and the item's use: all or nothing.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn insert_session(&self, it: &SessionRecord, first: &SessionEventRecord) -> Result<(), StoreError> {
        let transaction = self.db.begin_alone().await?;
        session::Entity::insert(row_of(it)?.into_active_model()).exec_without_returning(&transaction).await?;
        session_event::Entity::insert(event_row(first).into_active_model())
            .exec_without_returning(&transaction)
            .await?;
        if let Some(item) = it.item_id {
            jump_item::Entity::update_many()
                .col_expr(jump_item::Column::LastUsedAt, Expr::value(it.created_at.0))
                .filter(jump_item::Column::Id.eq(item.0))
                .exec(&transaction)
                .await?;
            note_use(&transaction, it.user_id, item, it.created_at).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Writes a session.
    ///
    /// # Errors
    /// See above.
    pub async fn update_session(&self, it: &SessionRecord) -> Result<(), StoreError> {
        row_of(it)?.into_active_model().reset_all().update(&self.db).await?;
        Ok(())
    }

    /// Keeps an event.
    ///
    /// # Errors
    /// See above.
    pub async fn insert_session_event(&self, it: &SessionEventRecord) -> Result<(), StoreError> {
        session_event::Entity::insert(event_row(it).into_active_model()).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// One session.
    ///
    /// # Errors
    /// See above.
    pub async fn session(&self, id: SessionId) -> Result<Option<SessionRecord>, StoreError> {
        session::Entity::find_by_id(id.0).one(&self.db).await?.map(TryInto::try_into).transpose()
    }

    /// Sessions, newest first: those that ended or those that did not or both, on one item or any, older than `before`.
    ///
    /// # Errors
    /// See above.
    pub async fn sessions(
        &self,
        whose: &Whose,
        item: Option<JumpItemId>,
        live: Option<bool>,
        before: Option<SessionId>,
        limit: u64,
    ) -> Result<Vec<SessionRecord>, StoreError> {
        let mut find =
            session::Entity::find().filter(whose.condition()).order_by_desc(session::Column::Id).limit(limit);
        if let Some(item) = item {
            find = find.filter(session::Column::ItemId.eq(item.0));
        }
        let ended = to_text(&SessionState::Ended);
        match live {
            Some(true) => find = find.filter(session::Column::State.ne(ended)),
            Some(false) => find = find.filter(session::Column::State.eq(ended)),
            None => {}
        }
        if let Some(before) = before {
            find = find.filter(session::Column::Id.lt(before.0));
        }
        find.all(&self.db).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// Deletes sessions that ended before a time, with their connections, events and the rows of deleted recordings: the oldest first,
    /// at most `limit`. Those of whose recordings something is left, and those under a legal hold, stay. Gives which.
    ///
    /// # Errors
    /// See above.
    pub async fn delete_sessions_ended_before(
        &self,
        before: Timestamp,
        limit: u64,
    ) -> Result<Vec<SessionId>, StoreError> {
        let old = session::Entity::find()
            .select_only()
            .column(session::Column::Id)
            .filter(session::Column::State.eq(to_text(&SessionState::Ended)))
            .filter(session::Column::EndedAt.lt(before.0))
            .filter(session::Column::Id.not_in_subquery(recorded_sessions()))
            .filter(session::Column::Id.not_in_subquery(held_sessions()))
            .filter(session::Column::JoinedId.is_null().or(session::Column::JoinedId.not_in_subquery(held_sessions())))
            .order_by_asc(session::Column::Id)
            .limit(limit);
        let ids: Vec<Uuid> = old.into_tuple().all(&self.db).await?;
        if !ids.is_empty() {
            recording::Entity::delete_many()
                .filter(recording::Column::SessionId.is_in(ids.clone()))
                .exec(&self.db)
                .await?;
            session::Entity::delete_many().filter(session::Column::Id.is_in(ids.clone())).exec(&self.db).await?;
        }
        Ok(ids.into_iter().map(SessionId).collect())
    }

    /// Sessions that joined this one, oldest first.
    ///
    /// # Errors
    /// See above.
    pub async fn sessions_that_joined(&self, id: SessionId) -> Result<Vec<SessionRecord>, StoreError> {
        let find = session::Entity::find().filter(session::Column::JoinedId.eq(id.0));
        let rows = find.order_by_asc(session::Column::Id).all(&self.db).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// A session's events, oldest first.
    ///
    /// # Errors
    /// See above.
    pub async fn session_events(&self, id: SessionId) -> Result<Vec<SessionEvent>, StoreError> {
        let rows = session_event::Entity::find()
            .filter(session_event::Column::SessionId.eq(id.0))
            .order_by_asc(session_event::Column::Id)
            .all(&self.db)
            .await?;
        Ok(rows.into_iter().map(event).collect())
    }
}

impl Store {
    /// Whether a session has an event of this kind.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn has_session_event(&self, id: SessionId, kind: &str) -> Result<bool, StoreError> {
        let find = session_event::Entity::find()
            .filter(session_event::Column::SessionId.eq(id.0))
            .filter(session_event::Column::Kind.eq(kind));
        Ok(find.count(&self.db).await? > 0)
    }
}

/// An event as the database keeps it.
pub(super) fn event(row: session_event::Model) -> SessionEvent {
    SessionEvent {
        id: SessionEventId(row.id),
        at: Timestamp(row.at),
        kind: row.kind,
        message: row.message,
        user_name: row.user_name,
    }
}
