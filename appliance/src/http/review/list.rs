//! The list of sessions: filtered, sorted, some at a time, or all of it as a file.

#![expect(unused_qualifications, reason = "utoipa's macro names query parameters by their path")]

use std::collections::HashMap;
use std::str::FromStr;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;
use wire::api::{ApiError, ReviewChoice, ReviewChoices, ReviewPage, ReviewSort, ReviewedSession};
use wire::audit::Action;
use wire::{JumpGroupId, SessionId, Timestamp};

use super::super::error::Query;
use super::super::{Failure, SignedIn, reviewing};
use crate::audit::Entry;
use crate::clock::now;
use crate::review::files::{Format, NotWritten};
use crate::services::Services;
use crate::session::live::view;
use crate::store::{Cursor, ReviewFilter, ReviewOrder, SessionRecord, StoreError, Whose};

/// Sessions on one page of the list, unless asked otherwise, and at most.
const PAGE: u64 = 50;
const PAGE_MOST: u64 = 200;
/// Sessions that are read at once for a file.
const AT_ONCE: u64 = 500;
/// Ids in one filter.
const IDS: usize = 100;
/// The longest text that is looked for.
const TEXT_CHARS: usize = 200;

/// Which sessions, and in which order. What is absent does not count.
#[derive(Debug, Default, Deserialize, IntoParams)]
pub(crate) struct Which {
    /// Only those of these users: ids with commas between them.
    user: Option<String>,
    /// Only those on these items: ids with commas between them.
    item: Option<String>,
    /// Only those on items that were in these groups: ids with commas between them.
    group: Option<String>,
    /// Only those that began from this moment on, in milliseconds since 1970.
    from: Option<i64>,
    /// Only those that began before this moment.
    until: Option<i64>,
    /// Only those that lasted at least so many seconds.
    longer: Option<u32>,
    /// Only those that lasted at most so many seconds.
    shorter: Option<u32>,
    /// Only those that ended so, such as `by_user`; several with commas between them.
    ended: Option<String>,
    /// `true`: those that are not over; `false`: those that are.
    live: Option<bool>,
    /// `true`: those with a recording; `false`: those without.
    recorded: Option<bool>,
    /// `true`: those that somebody marked as reviewed; `false`: the others.
    reviewed: Option<bool>,
    /// Only those whose user's browser came from an address with this in it.
    address: Option<String>,
    /// Only those with this in the names of item, user or jumpoint, host, ticket, or why they ended.
    text: Option<String>,
    /// `started`, `lasted`, `user`, `item` or `bytes`; `started` when absent.
    sort: Option<String>,
    /// `asc` or `desc`; the newest, longest or largest first and names from A on when absent.
    order: Option<String>,
    /// Behind this one: what the page before gave as `next`.
    after: Option<String>,
    /// At most this many.
    limit: Option<u64>,
    /// Of a file: `csv` or `jsonl`; `csv` when absent.
    format: Option<String>,
}

impl Which {
    pub(crate) fn filter(&self) -> Result<ReviewFilter, Failure> {
        Ok(ReviewFilter {
            users: ids("user", self.user.as_deref())?,
            items: ids("item", self.item.as_deref())?,
            groups: ids("group", self.group.as_deref())?,
            from: self.from.map(Timestamp),
            until: self.until.map(Timestamp),
            at_least_millis: self.longer.map(|it| i64::from(it) * 1_000),
            at_most_millis: self.shorter.map(|it| i64::from(it) * 1_000),
            ends: names("ended", self.ended.as_deref())?,
            live: self.live,
            recorded: self.recorded,
            reviewed: self.reviewed,
            address: text("address", self.address.as_deref())?,
            text: text("text", self.text.as_deref())?,
        })
    }

    fn order(&self) -> Result<ReviewOrder, Failure> {
        let by: Option<ReviewSort> = names("sort", self.sort.as_deref())?.into_iter().next();
        let by = by.unwrap_or_default();
        let descending = match self.order.as_deref() {
            None | Some("") => !matches!(by, ReviewSort::User | ReviewSort::Item),
            Some("asc") => false,
            Some("desc") => true,
            Some(_) => return Err(Failure::field("order", "Either asc or desc.")),
        };
        Ok(ReviewOrder { by, descending })
    }

    fn after(&self, by: ReviewSort) -> Result<Option<Cursor>, Failure> {
        let Some(text) = self.after.as_deref().filter(|it| !it.is_empty()) else { return Ok(None) };
        let cursor = text.parse::<Cursor>().ok().filter(|it| it.fits(by));
        cursor.map(Some).ok_or_else(|| Failure::field("after", "This is not the end of a page of this list."))
    }

    pub(crate) fn format(&self) -> Result<Option<Format>, Failure> {
        let Some(name) = self.format.as_deref().filter(|it| !it.is_empty()) else { return Ok(None) };
        Format::named(name).map(Some).ok_or_else(|| Failure::field("format", "Either csv or jsonl."))
    }
}

fn parts(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.unwrap_or_default().split(',').map(str::trim).filter(|it| !it.is_empty())
}

fn ids<T: FromStr>(field: &str, text: Option<&str>) -> Result<Vec<T>, Failure> {
    let all: Result<Vec<T>, _> = parts(text).map(str::parse).collect();
    let all = all.map_err(|_| Failure::field(field, "These are not ids with commas between them."))?;
    if all.len() > IDS {
        return Err(Failure::field(field, &format!("At most {IDS} ids.")));
    }
    Ok(all)
}

fn names<T: DeserializeOwned>(field: &str, text: Option<&str>) -> Result<Vec<T>, Failure> {
    let all: Result<Vec<T>, _> = parts(text).map(|it| serde_json::from_value(it.into())).collect();
    all.map_err(|_| Failure::field(field, "There is no such value."))
}

fn text(field: &str, text: Option<&str>) -> Result<String, Failure> {
    let text = text.unwrap_or_default().trim();
    if text.chars().count() > TEXT_CHARS {
        return Err(Failure::field(field, &format!("Look for at most {TEXT_CHARS} characters.")));
    }
    Ok(text.to_owned())
}

/// Sessions that the user may review.
#[utoipa::path(get, path = "/api/review/sessions", tag = "review", params(Which), responses((status = 200, body = ReviewPage), (status = 422, body = ApiError)))]
pub(crate) async fn list(
    State(services): State<Services>,
    who: SignedIn,
    Query(which): Query<Which>,
) -> Result<Json<ReviewPage>, Failure> {
    let (filter, order) = (which.filter()?, which.order()?);
    let after = which.after(order.by)?;
    let whose = reviewing::reviewed(&services, &who).await?;
    let limit = which.limit.unwrap_or(PAGE).clamp(1, PAGE_MOST);
    let (records, next) =
        services.store.sessions_for_review(&whose, &filter, order, after.as_ref(), now(), limit).await?;
    let groups = group_names(&services).await?;
    Ok(Json(ReviewPage { sessions: told(&services, &groups, records).await?, next: next.map(|it| it.to_string()) }))
}

/// All of those sessions as a file: CSV with a byte order mark, commas and CR LF, in which a cell that a spreadsheet would calculate
/// has an apostrophe in front, or JSON lines. That somebody takes it out is an audit event.
#[utoipa::path(get, path = "/api/review/sessions/export", tag = "review", params(Which), responses((status = 200, body = String, content_type = "text/csv"), (status = 422, body = ApiError)))]
pub(crate) async fn export(
    State(services): State<Services>,
    who: SignedIn,
    Query(which): Query<Which>,
) -> Result<Response, Failure> {
    let (filter, order) = (which.filter()?, which.order()?);
    let format = which.format()?.unwrap_or(Format::Csv);
    let whose = reviewing::reviewed(&services, &who).await?;
    let groups = group_names(&services).await?;
    let mut entry = Entry::new(Action::SessionsExported).with("format", format.extension());
    for (name, value) in asked(&which) {
        entry = entry.with(name, value);
    }
    services.audit.append(&who.by, entry).await?;
    let kind = [
        (header::CONTENT_TYPE, format.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"sessions.{}\"", format.extension())),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    let export = Export { services, whose, filter, order, groups, format, place: Place::Head };
    let pieces = stream::try_unfold(export, |mut export| async move {
        let piece = export.next().await.inspect_err(|error| {
            tracing::error!(error = %error, "a file of sessions was cut short");
        })?;
        Ok::<_, ExportError>(piece.map(|piece| (Bytes::from(piece), export)))
    });
    Ok((kind, Body::from_stream(pieces)).into_response())
}

/// What was asked for, for the audit trail.
fn asked(which: &Which) -> Vec<(&'static str, serde_json::Value)> {
    let all = [
        ("user", which.user.as_ref().map(|it| json!(it))),
        ("item", which.item.as_ref().map(|it| json!(it))),
        ("group", which.group.as_ref().map(|it| json!(it))),
        ("from", which.from.map(|it| json!(it))),
        ("until", which.until.map(|it| json!(it))),
        ("longer", which.longer.map(|it| json!(it))),
        ("shorter", which.shorter.map(|it| json!(it))),
        ("ended", which.ended.as_ref().map(|it| json!(it))),
        ("live", which.live.map(|it| json!(it))),
        ("recorded", which.recorded.map(|it| json!(it))),
        ("reviewed", which.reviewed.map(|it| json!(it))),
        ("from_address", which.address.as_ref().map(|it| json!(it))),
        ("text", which.text.as_ref().map(|it| json!(it))),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// People, items and groups that occur in the sessions that the user may review.
#[utoipa::path(get, path = "/api/review/choices", tag = "review", responses((status = 200, body = ReviewChoices)))]
pub(crate) async fn choices(State(services): State<Services>, who: SignedIn) -> Result<Json<ReviewChoices>, Failure> {
    let whose = reviewing::reviewed(&services, &who).await?;
    let [users, items] = services.store.in_sessions(&whose).await?;
    let occurring = services.store.groups_in_sessions(&whose).await?;
    let mut groups: Vec<(Uuid, String)> = group_names(&services)
        .await?
        .into_iter()
        .map(|(id, name)| (id.0, name))
        .filter(|(id, _)| occurring.contains(id))
        .collect();
    groups.sort_by(|a, b| a.1.cmp(&b.1));
    let told = |all: Vec<(Uuid, String)>| {
        all.into_iter().map(|(id, name)| ReviewChoice { id: id.to_string(), name }).collect()
    };
    Ok(Json(ReviewChoices { users: told(users), items: told(items), groups: told(groups) }))
}

/// Names of all groups.
pub(crate) async fn group_names(services: &Services) -> Result<HashMap<JumpGroupId, String>, StoreError> {
    Ok(services.store.jump_groups().await?.into_iter().map(|it| (it.id, it.name)).collect())
}

/// Sessions with what reviewers see in a list. Of those that run, memory is newer than the database.
async fn told(
    services: &Services,
    groups: &HashMap<JumpGroupId, String>,
    records: Vec<SessionRecord>,
) -> Result<Vec<ReviewedSession>, StoreError> {
    let ids: Vec<SessionId> = records.iter().map(|it| it.id).collect();
    let mut recordings = services.store.recordings_counted(&ids).await?;
    let mut notes = services.store.notes_counted(&ids).await?;
    let mut marks = services.store.review_marks(&ids).await?;
    let told = |it: SessionRecord| {
        let (id, group_id) = (it.id, it.group_id);
        let session = match services.sessions.get(id) {
            Some(live) => services.sessions.view(&live),
            None => view(it),
        };
        ReviewedSession {
            session,
            group_id,
            group_name: group_id.and_then(|it| groups.get(&it).cloned()),
            recordings: recordings.remove(&id).unwrap_or_default(),
            notes: notes.remove(&id).unwrap_or_default(),
            reviewed: marks.remove(&id),
        }
    };
    Ok(records.into_iter().map(told).collect())
}

/// A file on its way.
struct Export {
    services: Services,
    whose: Whose,
    filter: ReviewFilter,
    order: ReviewOrder,
    groups: HashMap<JumpGroupId, String>,
    format: Format,
    place: Place,
}

/// How far it is.
enum Place {
    Head,
    Behind(Option<Cursor>),
    End,
}

#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    NotWritten(#[from] NotWritten),
}

impl Export {
    /// The next piece; nothing at the end.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, ExportError> {
        let after = match std::mem::replace(&mut self.place, Place::End) {
            Place::Head => {
                self.place = Place::Behind(None);
                return Ok(Some(self.format.head::<ReviewedSession>()?));
            }
            Place::Behind(after) => after,
            Place::End => return Ok(None),
        };
        let store = &self.services.store;
        let (records, next) =
            store.sessions_for_review(&self.whose, &self.filter, self.order, after.as_ref(), now(), AT_ONCE).await?;
        if let Some(next) = next {
            self.place = Place::Behind(Some(next));
        }
        let sessions = told(&self.services, &self.groups, records).await?;
        Ok(Some(self.format.lines(&sessions)?))
    }
}
