//! What is stored to sign in at targets, for those who manage it. Secrets come in here, and never go out.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::api::{
    ApiError, ConsoleEvent, Credential, CredentialDraft, CredentialFacts, ItemPermission, NewSecret, SecretPart,
    TunnelJumpDraft,
};
use wire::audit::{Action, ObjectKind};
use wire::limits::CREDENTIALS_PER_GROUP;
use wire::{CredentialId, JumpGroupId, validate};

use super::error::{Body, Path};
use super::{Failure, SignedIn, permitted};
use crate::audit::Entry;
use crate::clock::now;
use crate::events::Audience;
use crate::jump::credentials::{Settled, added, are_shown_to, settle as settled};
use crate::random;
use crate::sealing::SealingError;
use crate::services::Services;
use crate::store::{AccessBook, CredentialPlace, CredentialRecord, CredentialUses, StoreError};

/// Name and group of every credential.
pub(super) type Places = HashMap<CredentialId, CredentialPlace>;

/// Credentials of the groups in which the user manages them.
#[utoipa::path(get, path = "/api/credentials", tag = "jump", responses((status = 200, body = Vec<Credential>)))]
pub(super) async fn list(State(services): State<Services>, who: SignedIn) -> Result<Json<Vec<Credential>>, Failure> {
    let book = permitted::book(&services, &who).await?;
    let mut groups = services.store.jump_groups().await?;
    groups.retain(|it| manages_in(&book, it.id));
    let ids: Vec<_> = groups.iter().map(|it| it.id).collect();
    let names: HashMap<_, _> = groups.into_iter().map(|it| (it.id, it.name)).collect();
    let uses = services.store.credential_uses().await?;
    let view = |it: CredentialRecord| {
        let group = names.get(&it.facts.group_id).cloned().unwrap_or_default();
        let uses = uses.get(&it.id).map_or(&[][..], Vec::as_slice);
        view(it, group, &book, uses)
    };
    Ok(Json(services.store.credentials_in(&ids).await?.into_iter().map(view).collect()))
}

/// Stores a credential. It does nothing until an item names it.
#[utoipa::path(post, path = "/api/credentials", tag = "jump", request_body = CredentialDraft, responses((status = 201, body = Credential), (status = 403, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn create(
    State(services): State<Services>,
    who: SignedIn,
    Body(draft): Body<CredentialDraft>,
) -> Result<(StatusCode, Json<Credential>), Failure> {
    let book = permitted::book(&services, &who).await?;
    let draft = checked(&services, &book, draft, true).await?;
    permitted::require(&book, draft.facts.group_id, ItemPermission::EditCredentials, "group")?;
    let (id, at) = (CredentialId(random::id()), now());
    let Some(secret) = draft.secret else { return Err(Failure::field("secret", "Enter the secret.")) };
    let (secret, passphrase) = sealed(&services, id, &secret)?;
    let record =
        CredentialRecord { id, facts: draft.facts, secret, passphrase, created_at: at, secret_at: at, revision: 0 };
    let change = services.audit.begin().await?;
    if change.credential_count(record.facts.group_id).await? >= CREDENTIALS_PER_GROUP as u64 {
        let message = format!("A group can have at most {CREDENTIALS_PER_GROUP} credentials.");
        return Err(Failure::conflict("too_many_credentials", &message, "Remove those that nobody needs."));
    }
    change.insert_credential(&record).await?;
    let entry = entry(Action::CredentialCreated, &record).made(&record.facts);
    change.commit(&who.by, [entry]).await?;
    told(&services);
    Ok((StatusCode::CREATED, Json(view_of(&services, &book, record).await?)))
}

/// Changes a credential; without a secret in it the stored one stays.
#[utoipa::path(put, path = "/api/credentials/{id}", tag = "jump", params(("id" = String, Path)), request_body = CredentialDraft, responses((status = 200, body = Credential), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn change(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<CredentialId>,
    Body(draft): Body<CredentialDraft>,
) -> Result<Json<Credential>, Failure> {
    let book = permitted::book(&services, &who).await?;
    let gone = || Failure::not_found("credential");
    // What is not theirs reads as if it were not there.
    let known = services.store.credential(id).await?.filter(|it| manages_in(&book, it.facts.group_id));
    known.ok_or_else(gone)?;
    let draft = checked(&services, &book, draft, false).await?;
    permitted::require(&book, draft.facts.group_id, ItemPermission::EditCredentials, "group")?;
    let entered = draft.secret.as_ref().map(|secret| sealed(&services, id, secret)).transpose()?;
    let change = services.audit.begin().await?;
    let was = change.credential(id).await?.filter(|it| manages_in(&book, it.facts.group_id)).ok_or_else(gone)?;
    if was.facts.kind != draft.facts.kind && entered.is_none() {
        let message = format!("Enter it anew: what is stored is of another kind ({}).", was.facts.kind.words());
        return Err(Failure::field("secret", &message));
    }
    let mut record = CredentialRecord { facts: draft.facts, revision: draft.revision, ..was.clone() };
    let mut entry = entry(Action::CredentialChanged, &was).changed(&was.facts, &record.facts);
    if let Some((secret, passphrase)) = entered {
        entry = entry.with("secret", "(entered anew)");
        (record.secret, record.passphrase, record.secret_at) = (secret, passphrase, now());
    }
    if !change.update_credential(&record).await? {
        return Err(gone());
    }
    change.commit(&who.by, [entry]).await?;
    record.revision += 1;
    told(&services);
    Ok(Json(view_of(&services, &book, record).await?))
}

/// Removes a credential that no item names.
#[utoipa::path(delete, path = "/api/credentials/{id}", tag = "jump", params(("id" = String, Path)), responses((status = 204), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
pub(super) async fn remove(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<CredentialId>,
) -> Result<StatusCode, Failure> {
    let book = permitted::book(&services, &who).await?;
    let gone = || Failure::not_found("credential");
    let change = services.audit.begin().await?;
    let was = change.credential(id).await?.filter(|it| manages_in(&book, it.facts.group_id)).ok_or_else(gone)?;
    match change.delete_credential(id).await {
        Ok(true) => {}
        Ok(false) => return Err(gone()),
        Err(StoreError::Dependent) => {
            let uses = change.credential_uses().await?.remove(&id).unwrap_or_default();
            let message = format!("The credential {} is named by {}.", was.facts.name, dependents(&book, &uses));
            return Err(Failure::conflict("in_use", &message, "Take it from them first."));
        }
        Err(other) => return Err(other.into()),
    }
    change.commit(&who.by, [entry(Action::CredentialRemoved, &was).removed(&was.facts)]).await?;
    told(&services);
    Ok(StatusCode::NO_CONTENT)
}

/// Whether the user manages the credentials of a group.
fn manages_in(book: &AccessBook, group: JumpGroupId) -> bool {
    book.permissions(group).has(ItemPermission::EditCredentials)
}

/// What becomes of an item's credentials by a change, or by its making.
pub(super) fn settle(
    book: &AccessBook,
    places: &Places,
    before: Option<&TunnelJumpDraft>,
    asked: TunnelJumpDraft,
) -> Result<Settled, Failure> {
    let manages = |id: CredentialId| places.get(&id).is_some_and(|it| manages_in(book, it.group_id));
    if !added(before, &asked).into_iter().all(manages) {
        let message = "One of these credentials is gone, or not yours to give. Choose another one.";
        return Err(Failure::field("credentials", message));
    }
    Ok(settled(before, asked, manages))
}

/// Names of credentials that an item of this group has or had, for those who may learn of them.
pub(super) fn names_of(book: &AccessBook, places: &Places, group: JumpGroupId, ids: &[CredentialId]) -> Vec<String> {
    if !are_shown_to(book.permissions(group)) {
        return Vec::new();
    }
    ids.iter().filter_map(|id| places.get(id)).map(|it| it.name.clone()).collect()
}

async fn checked(
    services: &Services,
    book: &AccessBook,
    draft: CredentialDraft,
    is_new: bool,
) -> Result<CredentialDraft, Failure> {
    let facts = CredentialFacts {
        name: draft.facts.name.trim().to_owned(),
        user_name: draft.facts.user_name.trim().to_owned(),
        ..draft.facts
    };
    let draft = CredentialDraft { facts, ..draft };
    let mut errors = validate::credential(&draft, is_new);
    let group = services.store.jump_group(draft.facts.group_id).await?;
    if !group.is_some_and(|it| book.permissions(it.id).shows_items()) {
        errors.push(wire::api::FieldError::new("group_id", "Choose a group."));
    }
    if errors.is_empty() { Ok(draft) } else { Err(Failure::fields(errors)) }
}

fn sealed(services: &Services, id: CredentialId, new: &NewSecret) -> Result<(Vec<u8>, Option<Vec<u8>>), Failure> {
    let seal = |part, text| {
        services.vault.seal(id, part, text).map_err(|error: SealingError| {
            tracing::error!(error = %error, "a credential was not stored");
            Failure::internal()
        })
    };
    let passphrase = new.passphrase.as_ref().map(|text| seal(SecretPart::Passphrase, text)).transpose()?;
    Ok((seal(SecretPart::Secret, &new.text)?, passphrase))
}

/// Consoles look again.
fn told(services: &Services) {
    services.events.announce(Audience::Administrators, ConsoleEvent::AccessChanged);
    services.events.announce(Audience::Everyone, ConsoleEvent::ItemsChanged);
}

fn entry(action: Action, it: &CredentialRecord) -> Entry {
    Entry::of(action, ObjectKind::Credential, it.id.0, &it.facts.name)
}

/// The items that name a credential, as far as the user sees them, by name; and how many others.
fn seen(book: &AccessBook, uses: &[CredentialUses]) -> (Vec<String>, usize) {
    let is_seen = |it: &&CredentialUses| !it.is_removed && are_shown_to(book.permissions(it.group_id));
    let items: Vec<_> = uses.iter().filter(is_seen).map(|it| it.name.clone()).collect();
    let others = uses.len() - items.len();
    (items, others)
}

/// Items that a refusal names.
const NAMED: usize = 10;

fn dependents(book: &AccessBook, uses: &[CredentialUses]) -> String {
    let (items, mut others) = seen(book, uses);
    others += items.len().saturating_sub(NAMED);
    let mut named: Vec<String> = items.into_iter().take(NAMED).collect();
    match others {
        0 => {}
        1 => named.push("one other item".into()),
        _ => named.push(format!("{others} other items")),
    }
    let removed = uses.iter().filter(|it| it.is_removed).count();
    let note = if removed > 0 { " (those that were just removed count until they are forgotten)" } else { "" };
    format!("{}{note}", named.join(", "))
}

async fn view_of(services: &Services, book: &AccessBook, it: CredentialRecord) -> Result<Credential, Failure> {
    let group = services.store.jump_group(it.facts.group_id).await?.map(|it| it.name).unwrap_or_default();
    let uses = services.store.credential_uses().await?.remove(&it.id).unwrap_or_default();
    Ok(view(it, group, book, &uses))
}

fn view(it: CredentialRecord, group_name: String, book: &AccessBook, uses: &[CredentialUses]) -> Credential {
    let (items, others) = seen(book, uses);
    Credential {
        id: it.id,
        facts: it.facts,
        group_name,
        has_passphrase: it.passphrase.is_some(),
        secret_at: it.secret_at,
        items,
        other_items: u32::try_from(others).unwrap_or(u32::MAX),
        revision: it.revision,
    }
}
