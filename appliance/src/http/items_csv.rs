//! Items as a CSV file: the way out, and the way in with a look before.

#![expect(unused_qualifications, reason = "utoipa's macro names query parameters by their path")]

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use serde::Deserialize;
use utoipa::IntoParams;
use wire::api::{
    ApiError, ConsoleEvent, Fault, FieldError, ItemCredential, ItemPermission, ItemsImport, JumpItemIds,
    TunnelDefinition, TunnelJumpDraft,
};
use wire::audit::Action;
use wire::limits::{CSV_BYTES, CSV_ITEMS, DEFAULT_LOCAL_ADDRESS};
use wire::{JumpGroupId, JumpItemId, JumpointId};

use super::credentials::Places;
use super::error::{Body, Query};
use super::jump_items::made;
use super::{Failure, SignedIn, permitted};
use crate::clock::now;
use crate::events::Audience;
use crate::jump::access::grants::Permissions;
use crate::jump::credentials::are_shown_to;
use crate::jump::items_csv::credentials;
use crate::jump::items_csv::import::{Import, Known};
use crate::jump::items_csv::read::read;
use crate::jump::items_csv::write::{NamedItem, write};
use crate::random;
use crate::services::Services;
use crate::store::{AccessBook, JumpItemRecord};

/// Which items to write.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Which {
    /// Only those of this group.
    group_id: Option<String>,
    /// Only these: ids with commas between them. For very many there is `POST`.
    ids: Option<String>,
}

/// Items that the user may see, as a CSV file: UTF-8 with a byte order mark, commas, CR LF; columns `name`, `group`, `tag`,
/// `jumpoint`, `hostname`, `local_address`, `tunnels` (such as `5432 -> 5432 PostgreSQL; auto -> 22 SSH`), `comments`.
/// A cell that a spreadsheet would calculate has an apostrophe in front, which importing takes away again.
#[utoipa::path(get, path = "/api/jump-items/export", tag = "jump", params(Which), responses((status = 200, body = String, content_type = "text/csv"), (status = 404, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn export(
    State(services): State<Services>,
    who: SignedIn,
    Query(which): Query<Which>,
) -> Result<Response, Failure> {
    let book = permitted::book(&services, &who).await?;
    let mut items = match &which.ids {
        Some(ids) => {
            let ids: Result<Vec<JumpItemId>, _> = ids.split(',').map(|id| id.trim().parse()).collect();
            these(&services, &book, &ids.map_err(|_| not_ids("ids"))?).await?
        }
        None => all(&services, &book).await?,
    };
    if let Some(group) = &which.group_id {
        let group: JumpGroupId = group.parse().map_err(|_| not_ids("group_id"))?;
        permitted::require(&book, group, Permissions::NONE, "group")?;
        items.retain(|it| it.definition.group_id == group);
    }
    file(&services, &book, "jump-items.csv", items).await
}

/// Some items as a CSV file, as `GET` gives it.
#[utoipa::path(post, path = "/api/jump-items/export", tag = "jump", request_body = JumpItemIds, responses((status = 200, body = String, content_type = "text/csv"), (status = 404, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn export_these(
    State(services): State<Services>,
    who: SignedIn,
    Body(wanted): Body<JumpItemIds>,
) -> Result<Response, Failure> {
    let book = permitted::book(&services, &who).await?;
    let items = these(&services, &book, &wanted.item_ids).await?;
    file(&services, &book, "jump-items.csv", items).await
}

/// A CSV file with one item, to be filled in: of a group in which the user may create items.
#[utoipa::path(get, path = "/api/jump-items/import-template", tag = "jump", responses((status = 200, body = String, content_type = "text/csv")))]
pub(super) async fn template(State(services): State<Services>, who: SignedIn) -> Result<Response, Failure> {
    let book = permitted::book(&services, &who).await?;
    let groups = services.store.jump_groups().await?;
    let group = groups.into_iter().find(|it| book.permissions(it.id).has(ItemPermission::Add));
    let jumpoint = services.store.jumpoints().await?.into_iter().next();
    let pair = |local_port, remote_port, label: &str| TunnelDefinition { local_port, remote_port, label: label.into() };
    let definition = TunnelJumpDraft {
        name: "db-prod-1".into(),
        jumpoint_id: JumpointId(uuid::Uuid::nil()),
        group_id: JumpGroupId(uuid::Uuid::nil()),
        hostname: "db-prod-1.example.org".into(),
        local_address: DEFAULT_LOCAL_ADDRESS.to_string(),
        tunnels: vec![pair(5432, 5432, "PostgreSQL"), pair(0, 22, "SSH")],
        tag: Some("billing".into()),
        comments: "An example: replace this line".into(),
        jump_policy_id: None,
        session_policy_id: None,
        credentials: None,
        revision: 0,
    };
    let group = group.as_ref().map_or("Group", |it| it.name.as_str());
    let jumpoint = jumpoint.as_ref().map_or("jumpoint-1", |it| it.name.as_str());
    answer(
        "jump-items-template.csv",
        [NamedItem {
            definition: &definition,
            group,
            jumpoint,
            policy: "",
            session_policy: "",
            credentials: String::new(),
        }],
    )
}

/// How to import.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct How {
    /// `false` makes the items; `true`, or nothing, only looks at the file.
    dry_run: Option<bool>,
}

/// Makes the items of a CSV file, all of them or none, or looks at it before. Columns are those of the export, in any order; `tag`,
/// `local_address`, `comments`, `jump_policy`, `session_policy` and `credentials` may be missing. UTF-8 with commas, semicolons or tabs, at most 5 MiB and 10,000 items.
/// Only looking always answers 200, with what is wrong in it.
#[utoipa::path(post, path = "/api/jump-items/import", tag = "jump", params(How), request_body(content = String, content_type = "text/csv"), responses((status = 200, body = ItemsImport), (status = 201, body = ItemsImport), (status = 413, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn import(
    State(services): State<Services>,
    who: SignedIn,
    Query(how): Query<How>,
    CsvBody(bytes): CsvBody,
) -> Result<(StatusCode, Json<ItemsImport>), Failure> {
    let known = known(&services, &who).await?;
    // Thousands of rows take their time; others are served meanwhile.
    let import = tokio::task::spawn_blocking(move || Import::of(read(&bytes), known)).await.map_err(|error| {
        tracing::error!(error = %error, "a file of items was not read");
        Failure::internal()
    })?;
    if how.dry_run.unwrap_or(true) {
        return Ok((StatusCode::OK, Json(import.told(true))));
    }
    let told = import.told(false);
    if told.problem_count > 0 {
        return Err(bad_rows(told));
    }
    let at = now();
    let record = |definition| JumpItemRecord {
        id: JumpItemId(random::id()),
        definition,
        created_at: at,
        updated_at: at,
        last_used_at: None,
    };
    let records: Vec<_> = import.items.into_iter().map(record).collect();
    let change = services.audit.begin().await?;
    change.insert_jump_items(&records).await?;
    change.commit(&who.by, records.iter().map(|it| made(Action::ItemImported, it))).await?;
    services.events.announce(Audience::Everyone, ConsoleEvent::ItemsChanged);
    Ok((StatusCode::CREATED, Json(told)))
}

/// What the rows of a file are compared with.
async fn known(services: &Services, who: &SignedIn) -> Result<Known, Failure> {
    let book = permitted::book(services, who).await?;
    let mut known = Known::default();
    for group in services.store.jump_groups().await? {
        known.add_group(group.id, &group.name, book.permissions(group.id));
    }
    for jumpoint in services.store.jumpoints().await? {
        known.add_jumpoint(jumpoint.id, &jumpoint.name);
    }
    for policy in services.store.jump_policies().await? {
        known.add_policy(policy.id, &policy.definition.name);
    }
    for policy in services.store.session_policies().await?.into_iter().filter(|it| it.definition.for_items) {
        known.add_session_policy(policy.id, &policy.definition.name);
    }
    for (id, place) in services.store.credential_places().await? {
        if book.permissions(place.group_id).has(ItemPermission::EditCredentials) {
            known.add_credential(id, &place.name);
        }
    }
    for item in services.store.jump_items().await? {
        known.add_item(item.definition.group_id, &item.definition.name);
    }
    Ok(known)
}

fn bad_rows(told: ItemsImport) -> Failure {
    let places = match told.problem_count {
        1 => "one place".to_owned(),
        count => format!("{count} places"),
    };
    let fields = told.problems.into_iter().map(|it| FieldError {
        field: if it.column.is_empty() {
            format!("line {}", it.line)
        } else {
            format!("line {}, {}", it.line, it.column)
        },
        message: it.message,
    });
    let message = format!("Nothing was imported: the file is wrong in {places}.");
    let next_step = "Correct the file and import it again.";
    Failure::new(StatusCode::UNPROCESSABLE_ENTITY, Fault::User, "bad_rows", &message, next_step)
        .with_fields(fields.collect())
}

fn not_ids(field: &str) -> Failure {
    Failure::field(field, "This is not an id.")
}

async fn all(services: &Services, book: &AccessBook) -> Result<Vec<JumpItemRecord>, Failure> {
    let items = services.store.jump_items().await?;
    Ok(items.into_iter().filter(|it| book.permissions(it.definition.group_id).shows_items()).collect())
}

/// These items, or a refusal: one that is not shown to the user reads as none.
async fn these(services: &Services, book: &AccessBook, ids: &[JumpItemId]) -> Result<Vec<JumpItemRecord>, Failure> {
    if ids.is_empty() || ids.len() > CSV_ITEMS {
        return Err(Failure::field("item_ids", &format!("Choose at least one item and at most {CSV_ITEMS}.")));
    }
    let wanted: HashSet<JumpItemId> = ids.iter().copied().collect();
    let items: Vec<_> = all(services, book).await?.into_iter().filter(|it| wanted.contains(&it.id)).collect();
    if items.len() == wanted.len() { Ok(items) } else { Err(Failure::not_found("item")) }
}

async fn file(
    services: &Services,
    book: &AccessBook,
    name: &str,
    mut items: Vec<JumpItemRecord>,
) -> Result<Response, Failure> {
    let places = services.store.credential_places().await?;
    let groups: HashMap<_, _> = services.store.jump_groups().await?.into_iter().map(|it| (it.id, it.name)).collect();
    let jumpoints: HashMap<_, _> = services.store.jumpoints().await?.into_iter().map(|it| (it.id, it.name)).collect();
    let policies: HashMap<_, _> =
        services.store.jump_policies().await?.into_iter().map(|it| (it.id, it.definition.name)).collect();
    let session_policies: HashMap<_, _> =
        services.store.session_policies().await?.into_iter().map(|it| (it.id, it.definition.name)).collect();
    let group = |it: &JumpItemRecord| groups.get(&it.definition.group_id).map_or("", String::as_str);
    items.sort_by(|one, other| (group(one), &one.definition.name).cmp(&(group(other), &other.definition.name)));
    let named = items.iter().map(|it| NamedItem {
        definition: &it.definition,
        group: group(it),
        jumpoint: jumpoints.get(&it.definition.jumpoint_id).map_or("", String::as_str),
        policy: it.definition.jump_policy_id.and_then(|id| policies.get(&id)).map_or("", String::as_str),
        session_policy: it
            .definition
            .session_policy_id
            .and_then(|id| session_policies.get(&id))
            .map_or("", String::as_str),
        credentials: named_credentials(book, &places, it),
    });
    answer(name, named)
}

/// Names of an item's credentials, for those who may learn of them.
fn named_credentials(book: &AccessBook, places: &Places, it: &JumpItemRecord) -> String {
    if !are_shown_to(book.permissions(it.definition.group_id)) {
        return String::new();
    }
    let named = |of: &ItemCredential| Some((places.get(&of.credential_id)?.name.clone(), of.remote_port));
    let all: Vec<_> = it.definition.credentials.iter().flatten().filter_map(named).collect();
    credentials::written(&all)
}

fn answer<'a>(name: &str, items: impl IntoIterator<Item = NamedItem<'a>>) -> Result<Response, Failure> {
    let content = write(items).map_err(|error| {
        tracing::error!(error = %error, cause = ?std::error::Error::source(&error), "a file of items was not written");
        Failure::internal()
    })?;
    let kind = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((kind, content).into_response())
}

/// How long a file may take to arrive.
const FILE_WITHIN: Duration = Duration::from_secs(60);

/// A CSV file that somebody sends.
pub(super) struct CsvBody(Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for CsvBody {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("text/csv") {
            let (message, next_step) = ("This is for a CSV file.", "Send it with the content type text/csv.");
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Failure::new(status, Fault::User, "not_csv", message, next_step));
        }
        match tokio::time::timeout(FILE_WITHIN, collected(request)).await {
            Ok(read) => read.map(Self),
            Err(_) => {
                let next_step = "Try again; if it stays, look at the network between you and the appliance.";
                let message = "The file did not arrive in time.";
                Err(Failure::new(StatusCode::REQUEST_TIMEOUT, Fault::Network, "too_slow", message, next_step))
            }
        }
    }
}

async fn collected(request: Request) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut pieces = request.into_body().into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| {
            let message = "The file did not arrive whole.";
            Failure::new(StatusCode::BAD_REQUEST, Fault::Network, "cut_short", message, "Try again.")
        })?;
        if bytes.len() + piece.len() > CSV_BYTES {
            let message = format!("A file can have at most {} MiB.", CSV_BYTES >> 20);
            let next_step = "Divide it into several.";
            return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, Fault::User, "too_large", &message, next_step));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}
