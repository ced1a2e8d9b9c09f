//! Whether those who use sessions may still do so: asked when something of it changes, and now and then in any case.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use wire::api::{EffectiveSessionPolicy, ItemPermission, JumpMethod, SessionEnd, SessionTool};
use wire::{ApprovalId, JumpItemId, SessionPolicyId, UserId};

use super::live::LiveSession;
use super::registry::Sessions;
use crate::clock::now;
use crate::jump::access::allows;
use crate::jump::policy::{Granted, Standing, standing};
use crate::store::{
    AccessBook, ApprovalRecord, JumpItemRecord, PolicyBook, SessionPolicyBook, SessionRecord, Store, StoreError,
};

/// What decides for one user.
struct Known {
    enabled: bool,
    method_allowed: bool,
    session_policy: Option<SessionPolicyId>,
    book: AccessBook,
}

impl Known {
    async fn of(store: &Store, id: UserId) -> Result<Option<Self>, StoreError> {
        let (Some(user), Some(book)) = (store.user(id).await?, store.access_book(id).await?) else { return Ok(None) };
        let method_allowed = allows(&user.methods, JumpMethod::ProtocolTunnel);
        Ok(Some(Self { enabled: user.enabled, method_allowed, session_policy: user.session_policy, book }))
    }
}

/// What decides for one session besides its user.
struct Around<'a> {
    item: Option<&'a JumpItemRecord>,
    policies: &'a PolicyBook,
    session_policies: &'a SessionPolicyBook,
    /// Approvals that it rests on; none for one that was taken back.
    rests_on: Vec<Option<Granted>>,
}

/// How a running session stands with every rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Whether it goes on, and until when.
    pub standing: Standing,
    /// What it may do from now on, as long as it goes on.
    pub policy: Option<EffectiveSessionPolicy>,
}

impl Judged {
    fn over(end: SessionEnd) -> Self {
        Self { standing: Standing::Over(end), policy: None }
    }
}

fn judge(known: Option<&Known>, around: &Around<'_>) -> Judged {
    let Some(known) = known.filter(|it| it.enabled) else { return Judged::over(SessionEnd::UserDisabled) };
    let Some(item) = around.item else { return Judged::over(SessionEnd::ItemRemoved) };
    let definition = &item.definition;
    let may_start = known.book.permissions(definition.group_id).has(ItemPermission::Start);
    if !may_start || !known.method_allowed {
        return Judged::over(SessionEnd::AccessRemoved);
    }
    let policy = around.session_policies.effective(definition, known.session_policy);
    if !policy.allows(SessionTool::ProtocolTunneling) {
        return Judged::over(SessionEnd::NotAllowed);
    }
    let standing = standing(&around.policies.holding(&known.book, definition), &around.rests_on, now());
    Judged { standing, policy: Some(policy) }
}

impl Sessions {
    /// How a session stands that is to go on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn standing(&self, record: &SessionRecord) -> Result<Judged, StoreError> {
        let known = Known::of(&self.store, record.user_id).await?;
        let item = match record.item_id {
            Some(id) => self.store.jump_item(id).await?,
            None => None,
        };
        let (policies, session_policies) = (self.store.policy_book().await?, self.store.session_policy_book().await?);
        let approvals = self.granted(&record.approvals).await?;
        let rests_on = record.approvals.iter().map(|id| approvals.get(id).copied()).collect();
        let (item, policies, session_policies) = (item.as_ref(), &policies, &session_policies);
        Ok(judge(known.as_ref(), &Around { item, policies, session_policies, rests_on }))
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
        let (policies, session_policies) = (self.store.policy_book().await?, self.store.session_policy_book().await?);
        let (policies, session_policies) = (&policies, &session_policies);
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
            let judged = judge(known.as_ref(), &Around { item, policies, session_policies, rests_on });
            self.apply(&live, judged, by);
        }
        Ok(())
    }

    /// Does with a session what the rules ask for. True when it goes on.
    pub fn apply(&self, live: &Arc<LiveSession>, judged: Judged, by: Option<&str>) -> bool {
        match judged.standing {
            Standing::Over(end) => {
                tracing::info!(session.id = %live.id, end = ?end, "a session is not permitted any more");
                self.end(live, end, by, "");
                false
            }
            Standing::GoesOn(end) => {
                let is_news = judged.policy.is_some_and(|policy| live.set_policy(policy));
                if live.set_end(end) || is_news {
                    self.announce(live);
                }
                true
            }
        }
    }
}
