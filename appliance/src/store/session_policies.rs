use std::collections::HashMap;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;
use wire::api::{
    EffectiveSessionPolicy, GlobalSessionPolicy, SessionPolicyDraft, SessionRules, SessionTool, SessionToolRule,
    ToolRule, TunnelJumpDraft,
};
use wire::{SessionPolicyId, Timestamp};

use super::entities::{jump_item, session_policy, user};
use super::{Store, StoreError, from_json, to_json};
use crate::session::policy::{Named, effective};

/// A session policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionPolicyRecord {
    /// Its id.
    pub id: SessionPolicyId,
    /// What it says.
    pub definition: SessionPolicyDraft,
}

/// Where a session policy is named.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionPolicyUses {
    /// Items, those among them that were removed and can be brought back.
    pub items: u32,
    /// Users.
    pub users: u32,
}

/// Every session policy, to look up what holds.
#[derive(Clone, Debug, Default)]
pub struct SessionPolicyBook {
    all: HashMap<SessionPolicyId, Named>,
    global: SessionRules,
}

impl SessionPolicyBook {
    /// What a session on this item may do, of a user with this session policy.
    #[must_use]
    pub fn effective(&self, item: &TunnelJumpDraft, user: Option<SessionPolicyId>) -> EffectiveSessionPolicy {
        let (item, user) = (item.session_policy_id.map(|id| self.named(id)), user.map(|id| self.named(id)));
        effective(item.as_ref(), user.as_ref(), &self.global)
    }

    /// The name of the policy with this id.
    #[must_use]
    pub fn name(&self, id: SessionPolicyId) -> String {
        self.named(id).name
    }

    /// One that is named and gone was meant to keep something away.
    fn named(&self, id: SessionPolicyId) -> Named {
        self.all.get(&id).cloned().unwrap_or_else(Named::missing)
    }
}

impl TryFrom<session_policy::Model> for SessionPolicyRecord {
    type Error = StoreError;

    fn try_from(row: session_policy::Model) -> Result<Self, StoreError> {
        let kept: SessionPolicyDraft = from_json("session_policy.definition", &row.definition)?;
        let definition = SessionPolicyDraft { name: row.name, revision: row.revision, ..kept };
        Ok(Self { id: SessionPolicyId(row.id), definition })
    }
}

impl Store {
    async fn every_session_policy(&self) -> Result<Vec<SessionPolicyRecord>, StoreError> {
        let rows = session_policy::Entity::find().order_by_asc(session_policy::Column::Name).all(&self.db).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Every session policy but the global one, by name.
    ///
    /// # Errors
    /// When the database fails, as everywhere in this file.
    pub async fn session_policies(&self) -> Result<Vec<SessionPolicyRecord>, StoreError> {
        let mut all = self.every_session_policy().await?;
        all.retain(|it| it.id != SessionPolicyId::GLOBAL);
        Ok(all)
    }

    /// Every session policy, to look up what holds.
    ///
    /// # Errors
    /// See above.
    pub async fn session_policy_book(&self) -> Result<SessionPolicyBook, StoreError> {
        let mut book = SessionPolicyBook::default();
        for SessionPolicyRecord { id, definition } in self.every_session_policy().await? {
            if id == SessionPolicyId::GLOBAL {
                book.global = definition.rules;
            } else {
                book.all.insert(id, Named { name: definition.name, rules: definition.rules });
            }
        }
        Ok(book)
    }

    /// One session policy.
    ///
    /// # Errors
    /// See above.
    pub async fn session_policy(&self, id: SessionPolicyId) -> Result<Option<SessionPolicyRecord>, StoreError> {
        session_policy::Entity::find_by_id(id.0).one(&self.db).await?.map(TryInto::try_into).transpose()
    }

    /// The global session policy.
    ///
    /// # Errors
    /// See above.
    pub async fn global_session_policy(&self) -> Result<GlobalSessionPolicy, StoreError> {
        let kept = self.session_policy(SessionPolicyId::GLOBAL).await?;
        let definition = kept.map(|it| it.definition);
        let (mut rules, revision) = definition.map_or_else(Default::default, |it| (it.rules, it.revision));
        // One that was saved before a tool existed leaves it as the product comes, and says so.
        let said = |tool| rules.tools.iter().any(|it: &SessionToolRule| it.tool == tool);
        let unsaid: Vec<_> = SessionTool::ALL.into_iter().map(|(tool, _)| tool).filter(|tool| !said(*tool)).collect();
        rules.tools.extend(unsaid.into_iter().map(|tool| SessionToolRule { tool, rule: ToolRule::Enabled }));
        Ok(GlobalSessionPolicy { rules, revision })
    }

    /// Where each session policy is named; those that are named nowhere are missing.
    ///
    /// # Errors
    /// See above.
    pub async fn session_policy_uses(&self) -> Result<HashMap<SessionPolicyId, SessionPolicyUses>, StoreError> {
        let mut uses: HashMap<SessionPolicyId, SessionPolicyUses> = HashMap::new();
        let items: Vec<Option<Uuid>> = jump_item::Entity::find()
            .filter(jump_item::Column::SessionPolicyId.is_not_null())
            .select_only()
            .column(jump_item::Column::SessionPolicyId)
            .into_tuple()
            .all(&self.db)
            .await?;
        for id in items.into_iter().flatten() {
            uses.entry(SessionPolicyId(id)).or_default().items += 1;
        }
        let users: Vec<Option<Uuid>> = user::Entity::find()
            .filter(user::Column::SessionPolicyId.is_not_null())
            .select_only()
            .column(user::Column::SessionPolicyId)
            .into_tuple()
            .all(&self.db)
            .await?;
        for id in users.into_iter().flatten() {
            uses.entry(SessionPolicyId(id)).or_default().users += 1;
        }
        Ok(uses)
    }

    /// Makes a session policy.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the name is taken.
    pub async fn insert_session_policy(&self, it: &SessionPolicyRecord, at: Timestamp) -> Result<(), StoreError> {
        let row = session_policy::Model {
            id: it.id.0,
            name: it.definition.name.clone(),
            definition: to_json("session_policy.definition", &it.definition)?,
            created_at: at.0,
            revision: it.definition.revision,
        };
        session_policy::Entity::insert(row.into_active_model()).exec_without_returning(&self.db).await?;
        Ok(())
    }

    /// Writes a session policy that has this revision; afterwards it has the next one. False when there is none.
    ///
    /// # Errors
    /// [`StoreError::Duplicate`] when the name is taken, [`StoreError::ChangedMeanwhile`] when it has another revision,
    /// [`StoreError::Dependent`] when it would not be available any more to items or users that name it.
    pub async fn update_session_policy(&self, it: &SessionPolicyRecord) -> Result<bool, StoreError> {
        let (definition, revision) = (&it.definition, it.definition.revision);
        let transaction = self.db.begin_alone().await?;
        let done = session_policy::Entity::update_many()
            .col_expr(session_policy::Column::Name, Expr::value(definition.name.as_str()))
            .col_expr(
                session_policy::Column::Definition,
                Expr::value(to_json("session_policy.definition", definition)?),
            )
            .col_expr(session_policy::Column::Revision, Expr::value(revision + 1))
            .filter(session_policy::Column::Id.eq(it.id.0))
            .filter(session_policy::Column::Revision.eq(revision))
            .exec(&transaction)
            .await?;
        if done.rows_affected == 0 {
            let is_there = session_policy::Entity::find_by_id(it.id.0).one(&transaction).await?.is_some();
            return if is_there { Err(StoreError::ChangedMeanwhile) } else { Ok(false) };
        }
        let SessionPolicyUses { items, users } = uses_of(&transaction, it.id).await?;
        if (items > 0 && !definition.for_items) || (users > 0 && !definition.for_users) {
            return Err(StoreError::Dependent);
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Removes a session policy that nothing names. False when there is none.
    ///
    /// # Errors
    /// [`StoreError::Dependent`] while an item or a user names it.
    pub async fn delete_session_policy(&self, id: SessionPolicyId) -> Result<bool, StoreError> {
        let transaction = self.db.begin_alone().await?;
        let done = session_policy::Entity::delete_by_id(id.0).exec(&transaction).await?;
        if uses_of(&transaction, id).await? != SessionPolicyUses::default() {
            return Err(StoreError::Dependent);
        }
        transaction.commit().await?;
        Ok(done.rows_affected > 0)
    }
}

/// Items that were removed and can be brought back count as well: they would come back without their rules.
async fn uses_of(db: &impl ConnectionTrait, id: SessionPolicyId) -> Result<SessionPolicyUses, StoreError> {
    let items = jump_item::Entity::find().filter(jump_item::Column::SessionPolicyId.eq(id.0)).count(db).await?;
    let users = user::Entity::find().filter(user::Column::SessionPolicyId.eq(id.0)).count(db).await?;
    let small = |count| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(SessionPolicyUses { items: small(items), users: small(users) })
}

/// To whom a policy is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GivenTo {
    Items,
    Users,
}

/// Makes sure that these policies exist and can be given so, in the transaction that writes what names them.
///
/// # Errors
/// [`StoreError::Dependent`] when one is gone or not for them.
pub(super) async fn require_session_policies(
    db: &impl ConnectionTrait,
    ids: impl Iterator<Item = Option<SessionPolicyId>>,
    to: GivenTo,
) -> Result<(), StoreError> {
    let mut ids: Vec<Uuid> = ids.flatten().map(|id| id.0).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(());
    }
    let wanted = ids.len();
    let rows = session_policy::Entity::find().filter(session_policy::Column::Id.is_in(ids)).all(db).await?;
    let mut found = 0;
    for row in rows {
        let definition = SessionPolicyRecord::try_from(row)?.definition;
        let fits = match to {
            GivenTo::Items => definition.for_items,
            GivenTo::Users => definition.for_users,
        };
        found += usize::from(fits);
    }
    if found == wanted { Ok(()) } else { Err(StoreError::Dependent) }
}
