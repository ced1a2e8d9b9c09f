use std::collections::HashMap;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use wire::api::{ApprovalScope, ApprovalState};
use wire::{ApprovalId, JumpItemId, JumpPolicyId, Timestamp, UserId};

use super::entities::{approval, approval_link};
use super::{Store, StoreError, from_text, to_text};
use crate::jump::policy::Granted;

/// A request for approval as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRecord {
    /// Its id; ids grow with time.
    pub id: ApprovalId,
    /// The item.
    pub item_id: Option<JumpItemId>,
    /// Its name when it was asked for.
    pub item_name: String,
    /// The policy that asks for it.
    pub policy_id: Option<JumpPolicyId>,
    /// Its name.
    pub policy_name: String,
    /// Who asked.
    pub requester_id: UserId,
    /// Their name.
    pub requester_name: String,
    /// Why.
    pub reason: String,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// From when it is good.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// For whom.
    pub scope: ApprovalScope,
    /// What was done with it; time may have made another state of it.
    pub state: ApprovalState,
    /// Who decided last.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// What they noted.
    pub note: String,
}

/// The link of a letter with which a request is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalLinkRecord {
    /// Hash of its token.
    pub token_hash: Vec<u8>,
    /// The request.
    pub approval: ApprovalId,
    /// Where the letter went.
    pub address: String,
}

impl ApprovalRecord {
    /// The approval, if it was given and not taken back.
    #[must_use]
    pub fn granted(&self) -> Option<Granted> {
        let policy = self.policy_id.filter(|_| self.state == ApprovalState::Granted)?;
        Some(Granted {
            id: self.id,
            policy,
            requester: self.requester_id,
            scope: self.scope,
            from: self.starts_at,
            until: self.ends_at,
        })
    }
}

impl TryFrom<approval::Model> for ApprovalRecord {
    type Error = StoreError;

    fn try_from(row: approval::Model) -> Result<Self, StoreError> {
        Ok(Self {
            id: ApprovalId(row.id),
            item_id: row.item_id.map(JumpItemId),
            item_name: row.item_name,
            policy_id: row.policy_id.map(JumpPolicyId),
            policy_name: row.policy_name,
            requester_id: UserId(row.requester_id),
            requester_name: row.requester_name,
            reason: row.reason,
            requested_at: Timestamp(row.requested_at),
            starts_at: Timestamp(row.starts_at),
            ends_at: Timestamp(row.ends_at),
            scope: from_text("approval.scope", &row.scope)?,
            state: from_text("approval.state", &row.state)?,
            decided_by: row.decided_by,
            decided_at: row.decided_at.map(Timestamp),
            note: row.note,
        })
    }
}

fn row_of(it: &ApprovalRecord) -> approval::Model {
    approval::Model {
        id: it.id.0,
        item_id: it.item_id.map(|id| id.0),
        item_name: it.item_name.clone(),
        policy_id: it.policy_id.map(|id| id.0),
        policy_name: it.policy_name.clone(),
        requester_id: it.requester_id.0,
        requester_name: it.requester_name.clone(),
        reason: it.reason.clone(),
        requested_at: it.requested_at.0,
        starts_at: it.starts_at.0,
        ends_at: it.ends_at.0,
        scope: to_text(&it.scope),
        state: to_text(&it.state),
        decided_by: it.decided_by.clone(),
        decided_at: it.decided_at.map(|at| at.0),
        note: it.note.clone(),
    }
}

impl Store {
    /// Keeps requests: all of them, or none. False, and nothing is kept, when their user would then have more than `most` that
    /// wait.
    ///
    /// # Errors
    /// [`StoreError::Dependent`] when the item, a policy or the user is gone, and when the database fails, as everywhere in this
    /// file.
    pub async fn insert_approvals(
        &self,
        requester: UserId,
        all: &[ApprovalRecord],
        now: Timestamp,
        most: usize,
    ) -> Result<bool, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let rows = all.iter().map(|it| row_of(it).into_active_model());
        approval::Entity::insert_many(rows).exec_without_returning(&transaction).await?;
        let waiting = approval::Entity::find()
            .filter(approval::Column::RequesterId.eq(requester.0))
            .filter(waits(now))
            .count(&transaction)
            .await?;
        if usize::try_from(waiting).unwrap_or(usize::MAX) > most {
            transaction.rollback().await?;
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Keeps links with which requests are decided.
    ///
    /// # Errors
    /// See above.
    pub async fn insert_approval_links(&self, links: &[ApprovalLinkRecord]) -> Result<(), StoreError> {
        if links.is_empty() {
            return Ok(());
        }
        let row = |it: &ApprovalLinkRecord| approval_link::Model {
            token_hash: it.token_hash.clone(),
            approval_id: it.approval.0,
            address: it.address.clone(),
        };
        let rows = links.iter().map(|it| row(it).into_active_model());
        approval_link::Entity::insert_many(rows).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// The link whose token has this hash, with its request.
    ///
    /// # Errors
    /// See above.
    pub async fn approval_link(&self, token_hash: &[u8]) -> Result<Option<(String, ApprovalRecord)>, StoreError> {
        let link = approval_link::Entity::find_by_id(token_hash.to_vec()).one(&self.db).await?;
        let Some(link) = link else { return Ok(None) };
        let request = self.approval(ApprovalId(link.approval_id)).await?;
        Ok(request.map(|it| (link.address, it)))
    }

    /// Forgets links of requests whose time is over.
    ///
    /// # Errors
    /// See above.
    pub async fn forget_approval_links(&self, at: Timestamp) -> Result<(), StoreError> {
        let mut over = approval::Entity::find().select_only().column(approval::Column::Id);
        over = over.filter(approval::Column::EndsAt.lte(at.0));
        let of_those = approval_link::Column::ApprovalId.in_subquery(over.into_query());
        approval_link::Entity::delete_many().filter(of_those).exec(&self.db).await?;
        Ok(())
    }

    /// One request.
    ///
    /// # Errors
    /// See above.
    pub async fn approval(&self, id: ApprovalId) -> Result<Option<ApprovalRecord>, StoreError> {
        approval::Entity::find_by_id(id.0).one(&self.db).await?.map(TryInto::try_into).transpose()
    }

    /// Approvals that were given, not taken back, and are not over, by item: of one item, or of all.
    ///
    /// # Errors
    /// See above.
    pub async fn approvals_granted(
        &self,
        item: Option<JumpItemId>,
        now: Timestamp,
    ) -> Result<HashMap<JumpItemId, Vec<Granted>>, StoreError> {
        let mut find = approval::Entity::find()
            .filter(approval::Column::State.eq(to_text(&ApprovalState::Granted)))
            .filter(approval::Column::EndsAt.gt(now.0));
        if let Some(item) = item {
            find = find.filter(approval::Column::ItemId.eq(item.0));
        }
        let mut by_item: HashMap<JumpItemId, Vec<Granted>> = HashMap::new();
        for row in find.order_by_asc(approval::Column::Id).all(&self.db).await? {
            let record = ApprovalRecord::try_from(row)?;
            if let (Some(item), Some(granted)) = (record.item_id, record.granted()) {
                by_item.entry(item).or_default().push(granted);
            }
        }
        Ok(by_item)
    }

    /// These requests, in no order; those that are gone are missing.
    ///
    /// # Errors
    /// See above.
    pub async fn approvals_of(&self, ids: &[ApprovalId]) -> Result<Vec<ApprovalRecord>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let these = approval::Column::Id.is_in(ids.iter().map(|id| id.0));
        approval::Entity::find().filter(these).all(&self.db).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// Requests that wait for a decision, oldest first, at most `limit`.
    ///
    /// # Errors
    /// See above.
    pub async fn approvals_waiting(&self, now: Timestamp, limit: u64) -> Result<Vec<ApprovalRecord>, StoreError> {
        let find = approval::Entity::find().filter(waits(now)).order_by_asc(approval::Column::Id).limit(limit);
        find.all(&self.db).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// The newest requests of a user, or of everybody, newest first.
    ///
    /// # Errors
    /// See above.
    pub async fn newest_approvals(&self, user: Option<UserId>, limit: u64) -> Result<Vec<ApprovalRecord>, StoreError> {
        let mut find = approval::Entity::find().order_by_desc(approval::Column::Id).limit(limit);
        if let Some(user) = user {
            find = find.filter(approval::Column::RequesterId.eq(user.0));
        }
        find.all(&self.db).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// Writes what was done with a request that is in the state `was`. False when somebody was faster.
    ///
    /// # Errors
    /// See above.
    pub async fn decide_approval(&self, it: &ApprovalRecord, was: ApprovalState) -> Result<bool, StoreError> {
        let done = approval::Entity::update_many()
            .col_expr(approval::Column::State, Expr::value(to_text(&it.state)))
            .col_expr(approval::Column::DecidedBy, Expr::value(it.decided_by.clone()))
            .col_expr(approval::Column::DecidedAt, Expr::value(it.decided_at.map(|at| at.0)))
            .col_expr(approval::Column::Note, Expr::value(it.note.as_str()))
            .filter(approval::Column::Id.eq(it.id.0))
            .filter(approval::Column::State.eq(to_text(&was)))
            .exec(&self.db)
            .await?;
        Ok(done.rows_affected > 0)
    }
}

fn waits(now: Timestamp) -> Condition {
    Condition::all()
        .add(approval::Column::State.eq(to_text(&ApprovalState::Waiting)))
        .add(approval::Column::EndsAt.gt(now.0))
}
