//! Requests that are decided by the link of a letter, without an account. Looking changes nothing: programs that follow the links in
//! mail decide nothing.

use std::net::IpAddr;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use wire::api::{ApiError, ApprovalLink, ApprovalLinkDecision, ApprovalScope, ApprovalState, Fault, LinkedApproval};
use wire::{SecretText, Timestamp, validate};

use super::Failure;
use super::approvals::{carry_out, decided_already};
use super::error::Body;
use super::server::ConnectionInfo;
use super::sign_in::refused_attempt;
use crate::audit::By;
use crate::clock::now;
use crate::jump::policy::approval::{self, Deed};
use crate::random;
use crate::services::Services;
use crate::store::ApprovalRecord;

/// What the link of a letter is for.
#[utoipa::path(post, path = "/api/approval-links/look", tag = "approvals", request_body = ApprovalLink, responses((status = 200, body = LinkedApproval), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 429, body = ApiError)))]
pub(super) async fn look(
    State(services): State<Services>,
    Extension(connection): Extension<ConnectionInfo>,
    Body(link): Body<ApprovalLink>,
) -> Result<Json<LinkedApproval>, Failure> {
    let (address, request) = waiting(&services, connection.peer.ip(), &link.token, now()).await?;
    Ok(Json(view(address, request)))
}

/// Says yes or no, once.
#[utoipa::path(post, path = "/api/approval-links/decide", tag = "approvals", request_body = ApprovalLinkDecision, responses((status = 200, body = LinkedApproval), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 422, body = ApiError), (status = 429, body = ApiError)))]
pub(super) async fn decide(
    State(services): State<Services>,
    Extension(connection): Extension<ConnectionInfo>,
    Body(decision): Body<ApprovalLinkDecision>,
) -> Result<Json<LinkedApproval>, Failure> {
    let note = decision.note.trim().to_owned();
    if let Some(message) = validate::approval_note(&note) {
        return Err(Failure::field("note", &message));
    }
    let (address, request) = waiting(&services, connection.peer.ip(), &decision.token, now()).await?;
    let deed = if decision.grant { Deed::Grant } else { Deed::Refuse };
    let by = By::letter(&address, &connection.peer.ip().to_string());
    let request = carry_out(&services, request, (&address, &by), deed, Some(note)).await?;
    tracing::info!(approval.id = %request.id, client = %connection.peer.ip(), deed = ?deed, "a request for approval was decided by mail");
    Ok(Json(view(address, request)))
}

/// The request of a link, as long as nobody decided it and whoever got the letter may.
async fn waiting(
    services: &Services,
    client: IpAddr,
    token: &SecretText,
    at: Timestamp,
) -> Result<(String, ApprovalRecord), Failure> {
    let attempts = &services.attempts;
    attempts.check_address(client).await.map_err(|error| refused_attempt(services, error))?;
    let Some((address, request)) = services.store.approval_link(&random::hash(token.expose())).await? else {
        attempts.fail_address(client).await.map_err(|error| refused_attempt(services, error))?;
        return Err(void());
    };
    if approval::at(request.state, request.ends_at, at) != ApprovalState::Waiting {
        return Err(decided_already(&request, at));
    }
    if !may_decide(services, &address, &request).await? {
        return Err(void());
    }
    Ok((address, request))
}

/// Whether the policy names this address now, and whoever asked is somebody else.
async fn may_decide(services: &Services, address: &str, request: &ApprovalRecord) -> Result<bool, Failure> {
    let policy = match request.policy_id {
        Some(id) => services.store.jump_policy(id).await?,
        None => None,
    };
    let requester = services.store.user(request.requester_id).await?.and_then(|it| it.email);
    let rule = policy.and_then(|it| it.definition.approval);
    Ok(rule.is_some_and(|rule| approval::may_decide_by_mail(&rule, requester.as_deref(), address)))
}

fn void() -> Failure {
    let message = "This link does not work: the request is over, or the policy does not name you any more.";
    let next_step = "Open the link of the newest letter, whole with all that stands after #.";
    Failure::new(StatusCode::NOT_FOUND, Fault::User, "void_link", message, next_step)
}

fn view(address: String, it: ApprovalRecord) -> LinkedApproval {
    LinkedApproval {
        id: it.id,
        address,
        requester_name: it.requester_name,
        item_name: it.item_name,
        policy_name: it.policy_name,
        reason: it.reason,
        starts_at: it.starts_at,
        ends_at: it.ends_at,
        for_anyone: it.scope == ApprovalScope::Anyone,
        granted: match it.state {
            ApprovalState::Granted => Some(true),
            ApprovalState::Refused => Some(false),
            _ => None,
        },
    }
}
