//! Reports: what was used, what was not, and who may reach what. Administrators and auditors see all of it, others what concerns the
//! groups whose reports they may read.

#![expect(unused_qualifications, reason = "utoipa's macro names query parameters by their path")]

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use uuid::Uuid;
use wire::api::{ApiError, ItemPermission, JumpMethod, LastUseRow, ReachRow, UsageBy, UsageRow};
use wire::audit::Action;
use wire::{JumpGroupId, Timestamp, UserId};

use super::error::Query;
use super::review::list::group_names;
use super::{Failure, SignedIn, reviewing};
use crate::audit::Entry;
use crate::clock::now;
use crate::jump::access::allows;
use crate::review::files::{Format, Line};
use crate::services::Services;
use crate::store::{AccessBook, JumpGroupRecord, PolicyBook, ReviewFilter, UserRecord};

/// What of the use to tell.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct Use {
    /// `user`, `item` or `group`; `user` when absent.
    by: Option<String>,
    /// Only sessions that began from this moment on, in milliseconds since 1970.
    from: Option<i64>,
    /// Only sessions that began before this moment.
    until: Option<i64>,
    /// `csv` or `jsonl` for a file.
    format: Option<String>,
}

/// How to tell something.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct How {
    /// `csv` or `jsonl` for a file.
    format: Option<String>,
}

/// Sessions, time and bytes by user, item or group.
#[utoipa::path(get, path = "/api/reports/usage", tag = "reports", params(Use), responses((status = 200, body = Vec<UsageRow>), (status = 422, body = ApiError)))]
pub(super) async fn usage(
    State(services): State<Services>,
    who: SignedIn,
    Query(asked): Query<Use>,
) -> Result<Response, Failure> {
    let by = match asked.by.as_deref().unwrap_or("user") {
        "user" => UsageBy::User,
        "item" => UsageBy::Item,
        "group" => UsageBy::Group,
        _ => return Err(Failure::field("by", "Either user, item or group.")),
    };
    let format = format(asked.format.as_deref())?;
    let filter =
        ReviewFilter { from: asked.from.map(Timestamp), until: asked.until.map(Timestamp), ..ReviewFilter::default() };
    let whose = reviewing::reviewed(&services, &who).await?;
    let groups = group_names(&services).await?;
    let name = |id: Option<Uuid>, name: String| match (by, id) {
        (UsageBy::Group, None) => "Before groups were written down".to_owned(),
        (UsageBy::Group, Some(id)) => {
            groups.get(&JumpGroupId(id)).cloned().unwrap_or_else(|| "A group that was removed".to_owned())
        }
        _ => name,
    };
    let used = services.store.usage(&whose, &filter, by, now()).await?;
    let rows: Vec<UsageRow> = used
        .into_iter()
        .map(|it| UsageRow {
            id: it.id.map(|id| id.to_string()),
            name: name(it.id, it.name),
            sessions: it.sessions,
            millis: it.millis,
            bytes_sent: it.bytes_sent,
            bytes_received: it.bytes_received,
            last_at: it.last_at,
        })
        .collect();
    answer(&services, &who, "usage", format, rows).await
}

/// When each item was last used, and by whom; those that never were, too.
#[utoipa::path(get, path = "/api/reports/last-use", tag = "reports", params(How), responses((status = 200, body = Vec<LastUseRow>), (status = 422, body = ApiError)))]
pub(super) async fn last_use(
    State(services): State<Services>,
    who: SignedIn,
    Query(how): Query<How>,
) -> Result<Response, Failure> {
    let format = format(how.format.as_deref())?;
    let groups: HashMap<JumpGroupId, String> =
        reviewed_groups(&services, &who).await?.into_iter().map(|it| (it.id, it.name)).collect();
    let uses = services.store.last_uses().await?;
    let names: HashMap<UserId, String> =
        services.store.users().await?.into_iter().map(|it| (it.id, it.display_name)).collect();
    let mut rows: Vec<LastUseRow> = Vec::new();
    for item in services.store.jump_items().await? {
        let Some(group_name) = groups.get(&item.definition.group_id).cloned() else { continue };
        let used = uses.get(&item.id);
        rows.push(LastUseRow {
            item_id: item.id,
            item_name: item.definition.name,
            group_name,
            hostname: item.definition.hostname,
            created_at: item.created_at,
            last_used_at: item.last_used_at,
            last_used_by: used
                .filter(|it| Some(it.at) >= item.last_used_at)
                .and_then(|it| names.get(&it.user).cloned()),
        });
    }
    // What is not used is what somebody looks for.
    rows.sort_by(|a, b| a.last_used_at.cmp(&b.last_used_at).then_with(|| a.item_name.cmp(&b.item_name)));
    answer(&services, &who, "last-use", format, rows).await
}

/// Who may do what with the items of which group, and which rule says so: everybody who may do anything there.
#[utoipa::path(get, path = "/api/reports/reach", tag = "reports", params(How), responses((status = 200, body = Vec<ReachRow>), (status = 422, body = ApiError)))]
pub(super) async fn reach(
    State(services): State<Services>,
    who: SignedIn,
    Query(how): Query<How>,
) -> Result<Response, Failure> {
    let format = format(how.format.as_deref())?;
    let groups = reviewed_groups(&services, &who).await?;
    if groups.is_empty() {
        return answer::<ReachRow>(&services, &who, "reach", format, Vec::new()).await;
    }
    let counts = services.store.item_counts().await?.by_group;
    let policies = services.store.policy_book().await?;
    let mut rows = Vec::new();
    for user in services.store.users().await? {
        let Some(book) = services.store.access_book(user.id).await? else { continue };
        for group in &groups {
            let items = u64::from(counts.get(&group.id).copied().unwrap_or(0));
            rows.extend(row(&user, &book, &policies, group, items));
        }
    }
    answer(&services, &who, "reach", format, rows).await
}

fn row(
    user: &UserRecord,
    book: &AccessBook,
    policies: &PolicyBook,
    group: &JumpGroupRecord,
    items: u64,
) -> Option<ReachRow> {
    let rule = book.rule(group.id);
    let permissions = rule.permissions();
    let words: Vec<String> = permissions.iter().map(|it| it.words().to_owned()).collect();
    if words.is_empty() {
        return None;
    }
    let barred = if !user.enabled {
        Some("The account is disabled.".to_owned())
    } else if !allows(&user.methods, JumpMethod::ProtocolTunnel) {
        Some("The account does not allow Protocol Tunnel Jumps.".to_owned())
    } else {
        None
    };
    Some(ReachRow {
        user_id: user.id,
        user_name: user.user_name.clone(),
        display_name: user.display_name.clone(),
        group_id: group.id,
        group_name: group.name.clone(),
        items,
        may_start: permissions.has(ItemPermission::Start),
        barred,
        permissions: words,
        policies: policies.names(&book.policies(group.id)),
        because: rule.sentence(),
    })
}

/// The groups that reports for this user are about.
async fn reviewed_groups(services: &Services, who: &SignedIn) -> Result<Vec<JumpGroupRecord>, Failure> {
    let mut groups = services.store.jump_groups().await?;
    if !who.sees_everything() {
        let theirs = reviewing::groups(services, who).await?;
        groups.retain(|it| theirs.contains(&it.id));
    }
    Ok(groups)
}

fn format(name: Option<&str>) -> Result<Option<Format>, Failure> {
    let Some(name) = name.filter(|it| !it.is_empty()) else { return Ok(None) };
    Format::named(name).map(Some).ok_or_else(|| Failure::field("format", "Either csv or jsonl."))
}

/// A report, as a file or for the console. That somebody looks at it is an audit event; each file is one.
async fn answer<T: Line + Serialize>(
    services: &Services,
    who: &SignedIn,
    report: &str,
    format: Option<Format>,
    rows: Vec<T>,
) -> Result<Response, Failure> {
    let entry = Entry::new(Action::ReportViewed).with("report", report);
    let Some(format) = format else {
        reviewing::note_look(services, who, report, entry).await?;
        return Ok(Json(rows).into_response());
    };
    services.audit.append(&who.by, entry.with("format", format.extension())).await?;
    let content = format.whole(&rows).map_err(|error| {
        tracing::error!(error = %error, cause = ?std::error::Error::source(&error), "a report was not written");
        Failure::internal()
    })?;
    let kind = [
        (header::CONTENT_TYPE, format.media_type().to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{report}.{}\"", format.extension())),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((kind, content).into_response())
}
