//! Whether those who use sessions may still do so: asked when something of it changes, and now and then in any case.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use wire::api::{ItemPermission, JumpMethod, SessionEnd};
use wire::{JumpGroupId, UserId};

use super::registry::Sessions;
use crate::jump::access::allows;
use crate::store::{AccessBook, SessionRecord, Store, StoreError};

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

    fn loses(known: Option<&Self>, group: Option<JumpGroupId>) -> Option<SessionEnd> {
        let Some(known) = known.filter(|it| it.enabled) else { return Some(SessionEnd::UserDisabled) };
        // An item that is gone ends its sessions by itself.
        let may_start = group.is_none_or(|group| known.book.permissions(group).has(ItemPermission::Start));
        if may_start && known.method_allowed { None } else { Some(SessionEnd::AccessRemoved) }
    }
}

impl Sessions {
    /// Why this session must not go on; none when it may.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn lost_permission(&self, record: &SessionRecord) -> Result<Option<SessionEnd>, StoreError> {
        let known = Known::of(&self.store, record.user_id).await?;
        let item = match record.item_id {
            Some(id) => self.store.jump_item(id).await?,
            None => None,
        };
        Ok(Known::loses(known.as_ref(), item.map(|it| it.definition.group_id)))
    }

    /// Ends every session whose user may not use its item any more. To be called after each change of what people may do.
    ///
    /// # Errors
    /// When the database fails; the sessions are looked at again soon.
    pub async fn end_not_permitted(&self, by: Option<&str>) -> Result<(), StoreError> {
        let sessions = self.all();
        if sessions.is_empty() {
            return Ok(());
        }
        let items = self.store.jump_items().await?;
        let groups: HashMap<_, _> = items.into_iter().map(|it| (it.id, it.definition.group_id)).collect();
        let mut users: HashMap<UserId, Option<Known>> = HashMap::new();
        for live in sessions {
            let record = live.snapshot();
            let known = match users.entry(record.user_id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(Known::of(&self.store, record.user_id).await?),
            };
            let group = record.item_id.and_then(|id| groups.get(&id)).copied();
            if let Some(end) = Known::loses(known.as_ref(), group) {
                tracing::info!(session.id = %live.id, user.id = %record.user_id, end = ?end, "a session is not permitted any more");
                self.end(&live, end, by, "");
            }
        }
        Ok(())
    }
}
