use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;
use wire::Timestamp;
use wire::audit::{Action, Actor, AuditEvent, ChainHash, Head, LinkedEvent, ObjectName, Outcome, Place};

use super::entities::{audit_event, audit_head, audit_tail};
use super::text::contains;
use super::{Store, StoreError, count, from_json, from_text, signed, to_json, to_text};

/// The one row that whoever appends locks.
const TAIL: i32 = 1;
/// Rows that one statement makes: a statement has a limit of values.
const ROWS_PER_INSERT: usize = 500;

/// Which events to look for; what is empty does not count.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Not before this moment.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// Who.
    pub actor: Option<Uuid>,
    /// One of these.
    pub actions: Vec<Action>,
    /// To what.
    pub object: Option<Uuid>,
    /// What came of it.
    pub outcome: Option<Outcome>,
    /// Somewhere in names, message, address, or what changed.
    pub text: String,
    /// Older than this event.
    pub before: Option<u64>,
}

/// A change that is being audited: whatever is asked of it happens in one transaction, under the lock of the chain's end. Dropped
/// without [`AuditedChange::commit`], nothing of it is kept.
pub struct AuditedChange {
    store: Store,
    tail: Place,
}

impl std::ops::Deref for AuditedChange {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl AuditedChange {
    /// The end of the chain.
    #[must_use]
    pub fn tail(&self) -> &Place {
        &self.tail
    }

    /// Adds events to the chain, which go on from its end.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn append(&mut self, events: &[LinkedEvent]) -> Result<(), StoreError> {
        let Some(last) = events.last() else { return Ok(()) };
        for some in events.chunks(ROWS_PER_INSERT) {
            let rows =
                some.iter().map(|it| Ok(row_of(it)?.into_active_model())).collect::<Result<Vec<_>, StoreError>>()?;
            audit_event::Entity::insert_many(rows).exec_without_returning(&self.store.db).await?;
        }
        let tail = Place { sequence: last.event.sequence, hash: last.hash };
        self.store.write_tail(&tail).await?;
        self.tail = tail;
        Ok(())
    }

    /// Keeps a signed head.
    ///
    /// # Errors
    /// See above.
    pub async fn insert_head(&self, it: &Head) -> Result<(), StoreError> {
        // One that was signed before the trail was cut off stays.
        if audit_head::Entity::find_by_id(signed(it.sequence)).one(&self.store.db).await?.is_some() {
            return Ok(());
        }
        let row = audit_head::Model {
            sequence: signed(it.sequence),
            hash: it.hash.0.to_vec(),
            at: it.at.0,
            signature: it.signature.clone(),
        };
        audit_head::Entity::insert(row.into_active_model()).exec_without_returning(&self.store.db).await?;
        Ok(())
    }

    /// Keeps everything that was done.
    ///
    /// # Errors
    /// See above; then nothing is kept.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.store.db.commit().await?)
    }
}

fn row_of(it: &LinkedEvent) -> Result<audit_event::Model, StoreError> {
    let event = &it.event;
    Ok(audit_event::Model {
        sequence: signed(event.sequence),
        at: event.at.0,
        actor_kind: to_text(&event.actor.kind),
        actor_id: event.actor.id,
        actor_name: event.actor.name.clone(),
        actor_token: event.actor.token.clone(),
        address: event.address.clone(),
        action: event.action.name().to_owned(),
        object_kind: event.object.as_ref().map(|it| to_text(&it.kind)),
        object_id: event.object.as_ref().and_then(|it| it.id),
        object_name: event.object.as_ref().map(|it| it.name.clone()),
        outcome: to_text(&event.outcome),
        message: event.message.clone(),
        before: to_json("audit_event.before", &event.before)?,
        after: to_json("audit_event.after", &event.after)?,
        hash: it.hash.0.to_vec(),
    })
}

fn hash_of(column: &'static str, bytes: &[u8]) -> Result<ChainHash, StoreError> {
    ChainHash::from_slice(bytes).ok_or_else(|| StoreError::Corrupt { column, detail: "it is no hash".into() })
}

impl TryFrom<audit_event::Model> for LinkedEvent {
    type Error = StoreError;

    fn try_from(row: audit_event::Model) -> Result<Self, StoreError> {
        let object = match (row.object_kind, row.object_name) {
            (Some(kind), Some(name)) => {
                Some(ObjectName { kind: from_text("audit_event.object_kind", &kind)?, id: row.object_id, name })
            }
            (None, None) if row.object_id.is_none() => None,
            _ => {
                let detail = "an object has a kind and a name".to_owned();
                return Err(StoreError::Corrupt { column: "audit_event.object_kind", detail });
            }
        };
        let event = AuditEvent {
            sequence: count(row.sequence),
            at: Timestamp(row.at),
            actor: Actor {
                kind: from_text("audit_event.actor_kind", &row.actor_kind)?,
                id: row.actor_id,
                name: row.actor_name,
                token: row.actor_token,
            },
            address: row.address,
            action: from_text("audit_event.action", &row.action)?,
            object,
            outcome: from_text("audit_event.outcome", &row.outcome)?,
            message: row.message,
            before: from_json("audit_event.before", &row.before)?,
            after: from_json("audit_event.after", &row.after)?,
        };
        Ok(Self { event, hash: hash_of("audit_event.hash", &row.hash)? })
    }
}

impl TryFrom<audit_head::Model> for Head {
    type Error = StoreError;

    fn try_from(row: audit_head::Model) -> Result<Self, StoreError> {
        Ok(Self {
            sequence: count(row.sequence),
            hash: hash_of("audit_head.hash", &row.hash)?,
            at: Timestamp(row.at),
            signature: row.signature,
        })
    }
}

/// Events as they were read: those that no version wrote with why, under their number.
pub type ReadEvents = Vec<(u64, Result<LinkedEvent, StoreError>)>;

fn read(rows: Vec<audit_event::Model>) -> ReadEvents {
    rows.into_iter().map(|row| (count(row.sequence), row.try_into())).collect()
}

impl Store {
    /// Begins a change that is being audited. Others who append wait until it is over.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn begin_audited(&self) -> Result<AuditedChange, StoreError> {
        let store = Self { db: self.db.begin_change().await?, file: self.file.clone() };
        // Written before anything is read: this locks the row, and with SQLite the database.
        audit_tail::Entity::update_many()
            .col_expr(audit_tail::Column::Id, Expr::value(TAIL))
            .filter(audit_tail::Column::Id.eq(TAIL))
            .exec(&store.db)
            .await?;
        let tail = store.audit_tail().await?.unwrap_or_default();
        Ok(AuditedChange { store, tail })
    }

    /// The end of the chain as it was last written; none before the first start.
    ///
    /// # Errors
    /// See above.
    pub async fn audit_tail(&self) -> Result<Option<Place>, StoreError> {
        let Some(row) = audit_tail::Entity::find_by_id(TAIL).one(&self.db).await? else { return Ok(None) };
        Ok(Some(Place { sequence: count(row.sequence), hash: hash_of("audit_tail.hash", &row.hash)? }))
    }

    /// Writes where the chain ends.
    ///
    /// # Errors
    /// See above.
    pub async fn write_tail(&self, tail: &Place) -> Result<(), StoreError> {
        let row = audit_tail::Model { id: TAIL, sequence: signed(tail.sequence), hash: tail.hash.0.to_vec() };
        let columns = [audit_tail::Column::Sequence, audit_tail::Column::Hash];
        audit_tail::Entity::insert(row.into_active_model())
            .on_conflict(
                sea_orm::sea_query::OnConflict::column(audit_tail::Column::Id).update_columns(columns).to_owned(),
            )
            .exec_without_returning(&self.db)
            .await?;
        Ok(())
    }

    /// Events behind this one, in their order, at most `limit`.
    ///
    /// # Errors
    /// See above.
    pub async fn audit_events_after(&self, after: u64, limit: u64) -> Result<ReadEvents, StoreError> {
        let find = audit_event::Entity::find().filter(audit_event::Column::Sequence.gt(signed(after)));
        Ok(read(find.order_by_asc(audit_event::Column::Sequence).limit(limit).all(&self.db).await?))
    }

    /// An event and its hash, whatever else stands in it; none when there is none, or its hash is none.
    ///
    /// # Errors
    /// See above.
    pub async fn audit_place(&self, sequence: u64) -> Result<Option<Place>, StoreError> {
        let row = audit_event::Entity::find_by_id(signed(sequence)).one(&self.db).await?;
        Ok(row.and_then(|row| ChainHash::from_slice(&row.hash)).map(|hash| Place { sequence, hash }))
    }

    /// The number of the last event there is, and its hash if that is one.
    ///
    /// # Errors
    /// See above.
    pub async fn last_audit_place(&self) -> Result<Option<(u64, Option<ChainHash>)>, StoreError> {
        let find = audit_event::Entity::find().filter(audit_event::Column::Sequence.gt(0));
        let last = find.order_by_desc(audit_event::Column::Sequence).one(&self.db).await?;
        Ok(last.map(|row| (count(row.sequence), ChainHash::from_slice(&row.hash))))
    }

    /// Events that fit, newest first, at most `limit`.
    ///
    /// # Errors
    /// See above.
    pub async fn audit_events(&self, filter: &AuditFilter, limit: u64) -> Result<ReadEvents, StoreError> {
        use audit_event::Column;
        let mut find = audit_event::Entity::find().filter(Column::Sequence.gt(0));
        if let Some(from) = filter.from {
            find = find.filter(Column::At.gte(from.0));
        }
        if let Some(until) = filter.until {
            find = find.filter(Column::At.lt(until.0));
        }
        if let Some(actor) = filter.actor {
            find = find.filter(Column::ActorId.eq(actor));
        }
        if !filter.actions.is_empty() {
            find = find.filter(Column::Action.is_in(filter.actions.iter().map(|it| it.name())));
        }
        if let Some(object) = filter.object {
            find = find.filter(Column::ObjectId.eq(object));
        }
        if let Some(outcome) = &filter.outcome {
            find = find.filter(Column::Outcome.eq(to_text(outcome)));
        }
        if let Some(before) = filter.before {
            find = find.filter(Column::Sequence.lt(signed(before)));
        }
        if !filter.text.is_empty() {
            find = find.filter(contains(READ, &filter.text));
        }
        Ok(read(find.order_by_desc(Column::Sequence).limit(limit).all(&self.db).await?))
    }

    /// Signed heads of events behind this one, in their order.
    ///
    /// # Errors
    /// See above.
    pub async fn audit_heads_after(&self, after: u64) -> Result<Vec<Head>, StoreError> {
        let find = audit_head::Entity::find().filter(audit_head::Column::Sequence.gt(signed(after)));
        let rows = find.order_by_asc(audit_head::Column::Sequence).all(&self.db).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The newest signed heads, newest first.
    ///
    /// # Errors
    /// See above.
    pub async fn newest_audit_heads(&self, limit: u64) -> Result<Vec<Head>, StoreError> {
        let find = audit_head::Entity::find().order_by_desc(audit_head::Column::Sequence);
        find.limit(limit).all(&self.db).await?.into_iter().map(TryInto::try_into).collect()
    }
}

/// What a person reads of an event.
const READ: [audit_event::Column; 8] = {
    use audit_event::Column;
    [
        Column::ActorName,
        Column::ActorToken,
        Column::Address,
        Column::Action,
        Column::ObjectName,
        Column::Message,
        Column::Before,
        Column::After,
    ]
};
