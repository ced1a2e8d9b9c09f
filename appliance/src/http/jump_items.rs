use std::cell::RefCell;
use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::api::{
    ApiError, ConsoleEvent, FieldError, ItemCredential, ItemPermission, ItemStatus, JumpItem, JumpMethod,
    TunnelJumpDraft,
};
use wire::audit::{Action, ObjectKind};
use wire::{JumpGroupId, JumpItemId, JumpPolicyId, JumpointId, SessionId, Timestamp, UserId, validate};

use super::credentials::{self, Places};
use super::error::{Body, Path};
use super::{Failure, SignedIn, permitted};
use crate::audit::{Change, Entry};
use crate::clock::now;
use crate::events::Audience;
use crate::jump::access::grants::Permissions;
use crate::jump::access::{self, Asker, JumpointFacts};
use crate::jump::credentials::{Settled, are_shown_to};
use crate::jump::item::tidy;
use crate::jump::policy::{Circumstances, Granted, Shown, Verdict, decide};
use crate::random;
use crate::services::Services;
use crate::store::{
    AccessBook, JumpItemRecord, JumpointRecord, OwnItem, PolicyBook, SessionPolicyBook, Store, StoreError, holding,
};

/// Every item the user may see.
#[utoipa::path(get, path = "/api/jump-items", tag = "jump", responses((status = 200, body = Vec<JumpItem>)))]
pub(super) async fn list(State(services): State<Services>, who: SignedIn) -> Result<Json<Vec<JumpItem>>, Failure> {
    let around = Around::of(&services, &who).await?;
    let items = services.store.jump_items().await?.into_iter().filter(|it| around.shows(it));
    Ok(Json(items.map(|it| around.view(it)).collect()))
}

/// Makes a Protocol Tunnel Jump.
#[utoipa::path(post, path = "/api/jump-items", tag = "jump", request_body = TunnelJumpDraft, responses((status = 201, body = JumpItem), (status = 422, body = ApiError)))]
pub(super) async fn create(
    State(services): State<Services>,
    who: SignedIn,
    Body(draft): Body<TunnelJumpDraft>,
) -> Result<(StatusCode, Json<JumpItem>), Failure> {
    let book = permitted::book(&services, &who).await?;
    let at = now();
    let definition = TunnelJumpDraft { revision: 0, ..checked(&services.store, &book, draft).await? };
    permitted::require(&book, definition.group_id, ItemPermission::Add, "group")?;
    if definition.jump_policy_id.is_some() {
        permitted::require(&book, definition.group_id, ItemPermission::EditPolicy, "group")?;
    }
    if definition.session_policy_id.is_some() {
        permitted::require(&book, definition.group_id, ItemPermission::EditSessionPolicy, "group")?;
    }
    if definition.credentials.as_ref().is_some_and(|it| !it.is_empty()) {
        permitted::require(&book, definition.group_id, ItemPermission::EditCredentials, "group")?;
    }
    let Settled { definition, .. } =
        credentials::settle(&book, &services.store.credential_places().await?, None, definition)?;
    let record =
        JumpItemRecord { id: JumpItemId(random::id()), definition, created_at: at, updated_at: at, last_used_at: None };
    let change = services.audit.begin().await?;
    change.insert_jump_item(&record).await?;
    change.commit(&who.by, [made(Action::ItemCreated, &record)]).await?;
    services.events.announce(Audience::Everyone, ConsoleEvent::ItemsChanged);
    Ok((StatusCode::CREATED, Json(Around::of(&services, &who).await?.view(record))))
}

/// One item.
#[utoipa::path(get, path = "/api/jump-items/{id}", tag = "jump", params(("id" = String, Path)), responses((status = 200, body = JumpItem), (status = 404, body = ApiError)))]
pub(super) async fn get(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<JumpItemId>,
) -> Result<Json<JumpItem>, Failure> {
    let record = services.store.jump_item(id).await?.ok_or_else(|| Failure::not_found("item"))?;
    let around = Around::of(&services, &who).await?;
    if around.shows(&record) { Ok(Json(around.view(record))) } else { Err(Failure::not_found("item")) }
}

/// Changes an item. Running sessions keep what they began with.
#[utoipa::path(put, path = "/api/jump-items/{id}", tag = "jump", params(("id" = String, Path)), request_body = TunnelJumpDraft, responses((status = 200, body = JumpItem), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn change(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<JumpItemId>,
    Body(draft): Body<TunnelJumpDraft>,
) -> Result<Json<JumpItem>, Failure> {
    let mut record = services.store.jump_item(id).await?.ok_or_else(|| Failure::not_found("item"))?;
    let book = permitted::book(&services, &who).await?;
    permitted::require(&book, record.definition.group_id, Permissions::NONE, "item")?;
    if record.definition.revision != draft.revision {
        return Err(StoreError::ChangedMeanwhile.into());
    }
    let definition = checked(&services.store, &book, draft).await?;
    permitted::require_change(&book, &record.definition, &definition)?;
    let places = services.store.credential_places().await?;
    let settled = credentials::settle(&book, &places, Some(&record.definition), definition)?;
    let left = credentials::names_of(&book, &places, record.definition.group_id, &settled.left);
    record.definition = settled.definition;
    record.updated_at = now();
    let change = services.audit.begin().await?;
    write_items(change, &who, std::slice::from_mut(&mut record)).await?;
    // Where it stands now, others may use it.
    permitted::changed(&services, &who.user).await?;
    Ok(Json(JumpItem { credentials_left: left, ..Around::of(&services, &who).await?.view(record) }))
}

/// Writes what was entered for items that have these revisions: all of them, or none. Afterwards they have the next ones.
pub(super) async fn write_items(change: Change, who: &SignedIn, records: &mut [JumpItemRecord]) -> Result<(), Failure> {
    let ids: Vec<_> = records.iter().map(|it| it.id).collect();
    let before: HashMap<_, _> =
        change.jump_items_of(&ids).await?.into_iter().map(|it| (it.id, it.definition)).collect();
    if !change.update_jump_items(records).await? {
        return Err(Failure::not_found("item"));
    }
    let changed = |it: &JumpItemRecord| {
        let entry = Entry::of(Action::ItemChanged, ObjectKind::Item, it.id.0, &it.definition.name);
        entry.changed(&before.get(&it.id), &it.definition)
    };
    change.commit(&who.by, records.iter().map(changed)).await?;
    records.iter_mut().for_each(|it| it.definition.revision += 1);
    Ok(())
}

/// An item that was made, as the audit trail tells of it.
pub(super) fn made(action: Action, it: &JumpItemRecord) -> Entry {
    Entry::of(action, ObjectKind::Item, it.id.0, &it.definition.name).made(&it.definition)
}

/// What was entered, when it is right.
async fn checked(store: &Store, book: &AccessBook, draft: TunnelJumpDraft) -> Result<TunnelJumpDraft, Failure> {
    let draft = tidy(draft);
    let mut errors = validate::tunnel_jump(&draft);
    errors.extend(unknown_parts(store, book, &draft).await?);
    if errors.is_empty() { Ok(draft) } else { Err(Failure::fields(errors)) }
}

/// The fields that name a jumpoint or a group that is not there.
pub(super) async fn unknown_parts(
    store: &Store,
    book: &AccessBook,
    draft: &TunnelJumpDraft,
) -> Result<Vec<FieldError>, Failure> {
    let mut errors = Vec::new();
    if store.jumpoint(draft.jumpoint_id).await?.is_none() {
        errors.push(FieldError::new("jumpoint_id", "Choose a jumpoint."));
    }
    let group = store.jump_group(draft.group_id).await?;
    if !group.is_some_and(|it| book.permissions(it.id).shows_items()) {
        errors.push(FieldError::new("group_id", "Choose a group."));
    }
    if let Some(policy) = draft.jump_policy_id
        && store.jump_policy(policy).await?.is_none()
    {
        errors.push(FieldError::new("jump_policy_id", "This policy was removed. Choose another one, or none."));
    }
    if let Some(policy) = draft.session_policy_id
        && !store.session_policy(policy).await?.is_some_and(|it| it.definition.for_items)
    {
        let message = "This session policy was removed or is not for jump items. Choose another one, or none.";
        errors.push(FieldError::new("session_policy_id", message));
    }
    Ok(errors)
}

/// What an item's view needs from around it.
pub(super) struct Around {
    jumpoints: HashMap<JumpointId, (JumpointRecord, JumpointFacts)>,
    method_allowed: bool,
    groups: HashMap<JumpGroupId, String>,
    running: HashMap<JumpItemId, Vec<SessionId>>,
    own: HashMap<JumpItemId, OwnItem>,
    book: AccessBook,
    user: UserId,
    policies: PolicyBook,
    session_policies: SessionPolicyBook,
    approvals: HashMap<JumpItemId, Vec<Granted>>,
    now: Timestamp,
    /// What policies say of items without approvals: thousands of items have a few sets of policies between them.
    known: RefCell<HashMap<Vec<JumpPolicyId>, ItemStatus>>,
    credentials: Places,
}

impl Around {
    pub(super) async fn of(services: &Services, who: &SignedIn) -> Result<Self, Failure> {
        let jumpoints = services.store.jumpoints().await?;
        let groups = services.store.jump_groups().await?;
        let mut running: HashMap<JumpItemId, Vec<SessionId>> = HashMap::new();
        for live in services.sessions.all() {
            let session = live.snapshot();
            if let Some(item) = session.item_id.filter(|_| who.is_administrator() || session.user_id == who.user.id) {
                running.entry(item).or_default().push(session.id);
            }
        }
        let known = |it: JumpointRecord| (it.id, (it.clone(), facts(services, &it)));
        Ok(Self {
            jumpoints: jumpoints.into_iter().map(known).collect(),
            groups: groups.into_iter().map(|it| (it.id, it.name)).collect(),
            running,
            own: services.store.own_items(who.user.id).await?,
            book: permitted::book(services, who).await?,
            user: who.user.id,
            policies: services.store.policy_book().await?,
            session_policies: services.store.session_policy_book().await?,
            approvals: services.store.approvals_granted(None, now()).await?,
            now: now(),
            known: RefCell::default(),
            credentials: services.store.credential_places().await?,
            method_allowed: access::allows(&who.user.methods, JumpMethod::ProtocolTunnel),
        })
    }

    fn shows(&self, it: &JumpItemRecord) -> bool {
        self.book.permissions(it.definition.group_id).shows_items()
    }

    pub(super) fn view(&self, mut it: JumpItemRecord) -> JumpItem {
        let own = self.own.get(&it.id).copied().unwrap_or_default();
        let jumpoint = self.jumpoints.get(&it.definition.jumpoint_id);
        let permissions = self.book.permissions(it.definition.group_id);
        // Whoever reads this is signed in, so enabled.
        let asker = Asker { enabled: true, method_allowed: self.method_allowed, permissions };
        let policies = holding(&self.book, &it.definition);
        let status = jumpoint.map_or(ItemStatus::JumpointOffline, |(_, facts)| access::status(asker, *facts));
        let status = if status == ItemStatus::Ready { self.by_policy(it.id, &policies) } else { status };
        if !are_shown_to(permissions) {
            it.definition.credentials = None;
        }
        let name = |of: &ItemCredential| self.credentials.get(&of.credential_id).map(|it| it.name.clone());
        let names = it.definition.credentials.iter().flatten().map(|of| name(of).unwrap_or_default());
        JumpItem {
            id: it.id,
            jumpoint_name: jumpoint.map(|(it, _)| it.name.clone()).unwrap_or_default(),
            group_name: self.groups.get(&it.definition.group_id).cloned().unwrap_or_default(),
            policies: self.policies.names(&policies),
            session_policy_name: it.definition.session_policy_id.map(|id| self.session_policies.name(id)),
            credential_names: names.collect(),
            credentials_left: Vec::new(),
            status,
            running_sessions: self.running.get(&it.id).cloned().unwrap_or_default(),
            last_used_at: it.last_used_at,
            favourite: own.favourite,
            used_by_you_at: own.used_at,
            created_at: it.created_at,
            updated_at: it.updated_at,
            definition: it.definition,
        }
    }
}

impl Around {
    /// Whether policies let the item be started now. What a person shows at the start is not asked of a list, and who else uses the
    /// item changes too often for one.
    fn by_policy(&self, item: JumpItemId, policies: &[JumpPolicyId]) -> ItemStatus {
        if policies.is_empty() {
            return ItemStatus::Ready;
        }
        if let Some(approvals) = self.approvals.get(&item) {
            return self.judged(policies, approvals);
        }
        if let Some(known) = self.known.borrow().get(policies) {
            return *known;
        }
        let status = self.judged(policies, &[]);
        self.known.borrow_mut().insert(policies.to_vec(), status);
        status
    }

    fn judged(&self, policies: &[JumpPolicyId], approvals: &[Granted]) -> ItemStatus {
        let circumstances = Circumstances {
            user: self.user,
            now: self.now,
            approvals,
            in_use: false,
            copy_in_use: false,
            shown: Shown { ticket: true, second_factor: true },
        };
        match decide(&self.policies.these(policies), &circumstances) {
            Verdict::Allow(_) => ItemStatus::Ready,
            Verdict::Needs(_) => ItemStatus::NeedsApproval,
            Verdict::Denied(_) => ItemStatus::OutsideSchedule,
        }
    }
}

/// What a decision has to know of a jumpoint.
pub(super) fn facts(services: &Services, it: &JumpointRecord) -> JumpointFacts {
    JumpointFacts {
        enabled: it.enabled,
        protocol_tunnel_enabled: it.protocol_tunnel_enabled,
        online: services.presence.is_online(it.id),
        draining: services.presence.is_online(it.id) && !services.presence.takes_sessions(it.id),
    }
}
