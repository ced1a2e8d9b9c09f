use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use wire::api::{
    ApiError, Approval, ApprovalDecision, ApprovalRule, ApprovalState, Approvals, ConsoleEvent, Fault, ItemPermission,
    NewApproval, Role,
};
use wire::audit::{Action, ObjectKind};
use wire::limits::APPROVALS_WAITING;
use wire::{ApprovalId, JumpPolicyId, TeamId, Timestamp, validate};

use super::error::{Body, Path};
use super::starting::Start;
use super::{AtConsole, Failure, SignedIn, permitted};
use crate::audit::{By, Entry};
use crate::clock::now;
use crate::events::Audience;
use crate::jump::policy::Policy;
use crate::jump::policy::approval::{self, Deed, Viewer};
use crate::random;
use crate::services::Services;
use crate::store::{ApprovalRecord, UserRecord};

/// Requests that a page shows of each kind.
const SHOWN: usize = 100;
/// The newest requests that are looked through for those.
const LOOKED_THROUGH: u64 = 1_000;
const MINUTE_MILLIS: i64 = 60_000;

/// Somebody who looks at requests, with the rules that say what they may do with them.
struct Desk {
    user: UserRecord,
    teams: Vec<TeamId>,
    rules: HashMap<JumpPolicyId, ApprovalRule>,
}

impl Desk {
    async fn of(services: &Services, user: &UserRecord) -> Result<Self, Failure> {
        let rule = |it: Policy| it.definition.approval.map(|rule| (it.id, rule));
        Ok(Self {
            user: user.clone(),
            teams: services.store.team_ids_of(user.id).await?,
            rules: services.store.jump_policies().await?.into_iter().filter_map(rule).collect(),
        })
    }

    fn viewer(&self) -> Viewer<'_> {
        Viewer { user: self.user.id, teams: &self.teams, administrator: self.user.role == Role::Administrator }
    }

    fn rule(&self, it: &ApprovalRecord) -> Option<&ApprovalRule> {
        it.policy_id.and_then(|id| self.rules.get(&id))
    }

    /// Auditors change nothing, whatever a rule says.
    fn only_looks(&self) -> bool {
        self.user.role == Role::Auditor
    }

    fn may_decide(&self, it: &ApprovalRecord) -> bool {
        !self.only_looks()
            && self.rule(it).is_some_and(|rule| approval::may_decide(rule, it.requester_id, &self.viewer()))
    }

    fn may_revoke(&self, it: &ApprovalRecord) -> bool {
        !self.only_looks() && approval::may_revoke(self.rule(it), it.requester_id, &self.viewer())
    }

    /// Whether requests of others may concern them.
    fn sees_others(&self) -> bool {
        let names = |rule: &ApprovalRule| {
            rule.users.contains(&self.user.id) || rule.teams.iter().any(|team| self.teams.contains(team))
        };
        self.viewer().administrator || self.rules.values().any(names)
    }

    fn sees(&self, it: &ApprovalRecord) -> bool {
        it.requester_id == self.user.id || self.may_decide(it) || self.may_revoke(it)
    }

    fn view(&self, it: ApprovalRecord, at: Timestamp) -> Approval {
        let state = approval::at(it.state, it.ends_at, at);
        let may_decide = match state {
            ApprovalState::Waiting => self.may_decide(&it),
            ApprovalState::Granted => self.may_revoke(&it),
            _ => false,
        };
        Approval {
            id: it.id,
            item_id: it.item_id,
            item_name: it.item_name,
            policy_id: it.policy_id,
            policy_name: it.policy_name,
            requester_id: it.requester_id,
            requester_name: it.requester_name,
            reason: it.reason,
            requested_at: it.requested_at,
            starts_at: it.starts_at,
            ends_at: it.ends_at,
            scope: it.scope,
            state,
            decided_by: it.decided_by,
            decided_at: it.decided_at,
            note: it.note,
            may_decide,
        }
    }
}

/// Requests for approval that concern the asking user.
#[utoipa::path(get, path = "/api/approvals", tag = "approvals", responses((status = 200, body = Approvals)))]
pub(super) async fn list(State(services): State<Services>, who: SignedIn) -> Result<Json<Approvals>, Failure> {
    let at = now();
    let desk = Desk::of(&services, &who.user).await?;
    let waiting = services.store.approvals_waiting(at, LOOKED_THROUGH).await?;
    let to_decide = waiting.into_iter().filter(|it| desk.may_decide(it)).take(SHOWN);
    let to_decide = to_decide.map(|it| desk.view(it, at)).collect();
    let whose = Some(desk.user.id).filter(|_| !desk.sees_others());
    let newest = services.store.newest_approvals(whose, LOOKED_THROUGH).await?;
    let is_to_decide = |it: &ApprovalRecord| {
        let waits = approval::at(it.state, it.ends_at, at) == ApprovalState::Waiting;
        waits && it.requester_id != desk.user.id && desk.may_decide(it)
    };
    let recent = newest.into_iter().filter(|it| desk.sees(it) && !is_to_decide(it)).take(SHOWN);
    Ok(Json(Approvals { to_decide, recent: recent.map(|it| desk.view(it, at)).collect() }))
}

/// Asks for an approval: one request for every policy of the item that wants one.
#[utoipa::path(post, path = "/api/approvals", tag = "approvals", request_body = NewApproval, responses((status = 201, body = Vec<Approval>), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError)))]
pub(super) async fn create(
    State(services): State<Services>,
    who: SignedIn,
    Body(new): Body<NewApproval>,
) -> Result<(StatusCode, Json<Vec<Approval>>), Failure> {
    let item = services.store.jump_item(new.item_id).await?.ok_or_else(|| Failure::not_found("item"))?;
    let book = permitted::book(&services, &who).await?;
    permitted::require(&book, item.definition.group_id, ItemPermission::Start, "item")?;
    if let Some(message) = validate::approval_reason(&new.reason) {
        return Err(Failure::field("reason", &message));
    }
    let at = now();
    let starts_at = new.starts_at.unwrap_or(at).max(at);
    let start = Start::of(&services, &who, &book, &item).await?;
    let (mut records, mut rules) = (Vec::new(), Vec::new());
    for policy in start.wanting_approval() {
        let Some(rule) = &policy.definition.approval else { continue };
        if let Some((field, message)) = approval::wrong_time(rule, starts_at, new.minutes, at) {
            return Err(Failure::field(field, &message));
        }
        rules.push(rule);
        records.push(ApprovalRecord {
            id: ApprovalId(random::id()),
            item_id: Some(item.id),
            item_name: item.definition.name.clone(),
            policy_id: Some(policy.id),
            policy_name: policy.definition.name.clone(),
            requester_id: who.user.id,
            requester_name: who.user.display_name.clone(),
            reason: new.reason.trim().to_owned(),
            requested_at: at,
            starts_at,
            ends_at: starts_at.plus_millis(i64::from(new.minutes) * MINUTE_MILLIS),
            scope: rule.scope,
            state: ApprovalState::Waiting,
            decided_by: None,
            decided_at: None,
            note: String::new(),
        });
    }
    if records.is_empty() {
        let message = "No approval is missing for this item, or its schedule is closed.";
        return Err(Failure::conflict("not_needed", message, "Press Jump; it says what is missing."));
    }
    let change = services.audit.begin().await?;
    if !change.insert_approvals(who.user.id, &records, at, APPROVALS_WAITING).await? {
        let message = format!("You would have more than {APPROVALS_WAITING} requests that wait.");
        return Err(Failure::conflict("too_many_requests", &message, "Withdraw those that you do not need."));
    }
    change.commit(&who.by, records.iter().map(|it| entry(Action::ApprovalAsked, it).made(&told(it)))).await?;
    services.events.announce(Audience::Everyone, ConsoleEvent::ApprovalsChanged);
    for (record, rule) in records.iter().zip(rules) {
        if let Err(error) = services.approval_letters.ask(record, rule).await {
            tracing::error!(approval.id = %record.id, error = %error, "those who may decide could not be told by mail");
        }
    }
    let desk = Desk::of(&services, &who.user).await?;
    Ok((StatusCode::CREATED, Json(records.into_iter().map(|it| desk.view(it, at)).collect())))
}

/// Says yes or no.
#[utoipa::path(post, path = "/api/approvals/{id}/decide", tag = "approvals", params(("id" = String, Path)), request_body = ApprovalDecision, responses((status = 200, body = Approval), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
pub(super) async fn decide(
    State(services): State<Services>,
    who: AtConsole,
    Path(id): Path<ApprovalId>,
    Body(decision): Body<ApprovalDecision>,
) -> Result<Json<Approval>, Failure> {
    let deed = if decision.grant { Deed::Grant } else { Deed::Refuse };
    let note = if decision.note.trim().is_empty() { String::new() } else { decision.note.trim().to_owned() };
    if let Some(message) = validate::approval_note(&note) {
        return Err(Failure::field("note", &message));
    }
    done(&services, &who.user, &who.by, id, deed, Some(note)).await
}

/// Takes an approval back. Sessions that rest on it end.
#[utoipa::path(post, path = "/api/approvals/{id}/revoke", tag = "approvals", params(("id" = String, Path)), responses((status = 200, body = Approval), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
pub(super) async fn revoke(
    State(services): State<Services>,
    who: AtConsole,
    Path(id): Path<ApprovalId>,
) -> Result<Json<Approval>, Failure> {
    done(&services, &who.user, &who.by, id, Deed::Revoke, None).await
}

/// Whoever asked does not want it any more.
#[utoipa::path(post, path = "/api/approvals/{id}/withdraw", tag = "approvals", params(("id" = String, Path)), responses((status = 200, body = Approval), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError)))]
pub(super) async fn withdraw(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<ApprovalId>,
) -> Result<Json<Approval>, Failure> {
    done(&services, &who.user, &who.by, id, Deed::Withdraw, None).await
}

async fn done(
    services: &Services,
    user: &UserRecord,
    by: &By,
    id: ApprovalId,
    deed: Deed,
    note: Option<String>,
) -> Result<Json<Approval>, Failure> {
    let at = now();
    let desk = Desk::of(services, user).await?;
    let record = services.store.approval(id).await?.filter(|it| desk.sees(it));
    let record = record.ok_or_else(|| Failure::not_found("request"))?;
    let may = match deed {
        Deed::Grant | Deed::Refuse => desk.may_decide(&record),
        Deed::Revoke => desk.may_revoke(&record),
        Deed::Withdraw => record.requester_id == user.id,
    };
    if !may {
        let message = format!("The policy {} does not let you decide this request.", record.policy_name);
        let next_step = "Those whom it names can.";
        return Err(Failure::new(StatusCode::FORBIDDEN, Fault::Policy, "not_your_decision", &message, next_step));
    }
    let record = carry_out(services, record, (&user.display_name, by), deed, note).await?;
    tracing::info!(approval.id = %id, user.id = %user.id, deed = ?deed, "a request for approval was decided");
    Ok(Json(desk.view(record, at)))
}

/// Does what `by` may do with a request, and tells everybody whom it concerns.
pub(super) async fn carry_out(
    services: &Services,
    mut record: ApprovalRecord,
    (name, by): (&str, &By),
    deed: Deed,
    note: Option<String>,
) -> Result<ApprovalRecord, Failure> {
    let at = now();
    let (was, told_before) = (record.state, told(&record));
    let Some(state) = approval::next(approval::at(was, record.ends_at, at), deed) else {
        return Err(decided_already(&record, at));
    };
    record.state = state;
    record.decided_by = Some(name.to_owned());
    record.decided_at = Some(at);
    if let Some(note) = note {
        record.note = note;
    }
    let change = services.audit.begin().await?;
    if !change.decide_approval(&record, was).await? {
        let newest = change.approval(record.id).await?.ok_or_else(|| Failure::not_found("request"))?;
        return Err(decided_already(&newest, at));
    }
    let action = match deed {
        Deed::Grant => Action::ApprovalGranted,
        Deed::Refuse => Action::ApprovalRefused,
        Deed::Revoke => Action::ApprovalRevoked,
        Deed::Withdraw => Action::ApprovalWithdrawn,
    };
    change.commit(by, [entry(action, &record).changed(&told_before, &told(&record))]).await?;
    services.events.announce(Audience::Everyone, ConsoleEvent::ApprovalsChanged);
    services.events.announce(Audience::Everyone, ConsoleEvent::ItemsChanged);
    if deed == Deed::Revoke {
        services.sessions.end_not_permitted(Some(name)).await?;
    }
    if deed != Deed::Withdraw
        && let Err(error) = services.approval_letters.tell_requester(&record).await
    {
        tracing::error!(approval.id = %record.id, error = %error, "whoever asked could not be told by mail");
    }
    Ok(record)
}

/// A request as the audit trail tells of it.
fn told(it: &ApprovalRecord) -> Value {
    json!({
        "item_id": it.item_id, "policy": it.policy_name, "requester": it.requester_name, "reason": it.reason,
        "starts_at": it.starts_at, "ends_at": it.ends_at, "scope": it.scope, "state": it.state, "note": it.note,
    })
}

/// Something that is done with a request.
fn entry(action: Action, it: &ApprovalRecord) -> Entry {
    Entry::of(action, ObjectKind::Approval, it.id.0, &it.item_name)
}

pub(super) fn decided_already(it: &ApprovalRecord, at: Timestamp) -> Failure {
    let by = it.decided_by.as_deref().unwrap_or("Somebody");
    let message = match approval::at(it.state, it.ends_at, at) {
        ApprovalState::Waiting => "This request still waits.".to_owned(),
        ApprovalState::Granted => format!("{by} granted this request already."),
        ApprovalState::Refused => format!("{by} refused this request already."),
        ApprovalState::Revoked => format!("{by} took this approval back already."),
        ApprovalState::Withdrawn => "Whoever asked withdrew this request.".to_owned(),
        ApprovalState::Expired => "The time that this request asked for is over.".to_owned(),
    };
    Failure::conflict("decided", &message, "Load the page again to see how it stands.")
}
