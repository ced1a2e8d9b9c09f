//! Whether those who use sessions may still do so: asked when something of it changes, and now and then in any case.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use wire::api::{ItemPermission, JumpMethod, SessionEnd};
use wire::{ApprovalId, JumpItemId, UserId};

use super::live::LiveSession;
use super::registry::Sessions;
use crate::clock::now;
use crate::jump::access::allows;
use crate::jump::policy::{Granted, Standing, standing};
use crate::store::{AccessBook, ApprovalRecord, JumpItemRecord, PolicyBook, SessionRecord, Store, StoreError};

/// What decides for one user.
struct Known {
    enabled: bool,
    method_allowed: bool,
    book: AccessBook,
}

impl Known {
    async fn of(store: &Store, id: UserId) -> Result<Option<Self>, StoreError> {
        let (Some(user), Some(book)) = (store.user(id).await?, store.access_book(id).await?) else { return Ok(None) };
        let method_allowed = allows(&user.methods, JumpMethod::ProtocolTunnel);
        Ok(Some(Self { enabled: user.enabled, method_allowed, book }))
    }
}

/// What decides for one session besides its user.
struct Around<'a> {
    item: Option<&'a JumpItemRecord>,
    policies: &'a PolicyBook,
    /// Approvals that it rests on; none for one that was taken back.
    rests_on: Vec<Option<Granted>>,
}

/// How a running session stands.
fn judge(known: Option<&Known>, around: &Around<'_>) -> Standing {
    let Some(known) = known.filter(|it| it.enabled) else { return Standing::Over(SessionEnd::UserDisabled) };
    let Some(item) = around.item else { return Standing::Over(SessionEnd::ItemRemoved) };
    let definition = &item.definition;
    let may_start = known.book.permissions(definition.group_id).has(ItemPermission::Start);
    if !may_start || !known.method_allowed {
        return Standing::Over(SessionEnd::AccessRemoved);
    }
    standing(&around.policies.holding(&known.book, definition), &around.rests_on, now())
}

impl Sessions {
    /// How a session stands that is to go on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn standing(&self, record: &SessionRecord) -> Result<Standing, StoreError> {
        let known = Known::of(&self.store, record.user_id).await?;
        let item = match record.item_id {
            Some(id) => self.store.jump_item(id).await?,
            None => None,
        };
        let policies = self.store.policy_book().await?;
        let approvals = self.granted(&record.approvals).await?;
        let rests_on = record.approvals.iter().map(|id| approvals.get(id).copied()).collect();
        Ok(judge(known.as_ref(), &Around { item: item.as_ref(), policies: &policies, rests_on }))
    }

    /// Those of these approvals that were not taken back, also when they ran out.
    async fn granted(&self, ids: &[ApprovalId]) -> Result<HashMap<ApprovalId, Granted>, StoreError> {
        let records = self.store.approvals_of(ids).await?;
        Ok(records.iter().filter_map(ApprovalRecord::granted).map(|it| (it.id, it)).collect())
    }

    /// Ends every session whose user may not use its item any more, and looks anew when the others have to end. To be called after
    /// each change of what people may do.
    ///
    /// # Errors
    /// When the database fails; the sessions are looked at again soon.
    pub async fn end_not_permitted(&self, by: Option<&str>) -> Result<(), StoreError> {
        let sessions = self.all();
        if sessions.is_empty() {
            return Ok(());
        }
        let records: Vec<_> = sessions.into_iter().map(|live| (live.snapshot(), live)).collect();
        let items = self.store.jump_items().await?;
        let items: HashMap<JumpItemId, JumpItemRecord> = items.into_iter().map(|it| (it.id, it)).collect();
        let policies = self.store.policy_book().await?;
        let ids: Vec<ApprovalId> = records.iter().flat_map(|(record, _)| record.approvals.iter().copied()).collect();
        let approvals = self.granted(&ids).await?;
        let mut users: HashMap<UserId, Option<Known>> = HashMap::new();
        for (record, live) in records {
            let known = match users.entry(record.user_id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(Known::of(&self.store, record.user_id).await?),
            };
            let rests_on = record.approvals.iter().map(|id| approvals.get(id).copied()).collect();
            let item = record.item_id.and_then(|id| items.get(&id));
            let standing = judge(known.as_ref(), &Around { item, policies: &policies, rests_on });
            self.apply(&live, standing, by);
        }
        Ok(())
    }

    /// Does with a session what its standing asks for. True when it goes on.
    pub fn apply(&self, live: &Arc<LiveSession>, standing: Standing, by: Option<&str>) -> bool {
        match standing {
            Standing::Over(end) => {
                tracing::info!(session.id = %live.id, end = ?end, "a session is not permitted any more");
                self.end(live, end, by, "");
                false
            }
            Standing::GoesOn(end) => {
                if live.set_end(end) {
                    self.announce(live);
                }
                true
            }
        }
    }
}
