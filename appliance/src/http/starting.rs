//! Whether the asking user may start an item now, and what they have to show or do for it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use wire::JumpItemId;
use wire::api::{
    ApiError, ApprovalRule, ApprovalState, Fault, ItemPermission, MissingApproval, RecordingQuality, ShownAtStart,
    Simultaneous, StartTerms, TrafficCapture,
};

use super::error::Path;
use super::{Failure, SignedIn, permitted, show_second_factor};
use crate::clock::now;
use crate::jump::policy::recording::{capture, recording};
use crate::jump::policy::{Circumstances, Denial, Granted, Needs, Policy, Shown, Terms, Verdict, decide, strictest};
use crate::metrics::Refused;
use crate::services::Services;
use crate::session::live::LiveSession;
use crate::store::{AccessBook, JumpItemRecord};
use crate::ticket_system::{TicketError, TicketQuestion};

/// Requests that are looked through for the one of the asking user.
const REQUESTS: u64 = 100;

/// As if everything had been shown that a person can show.
const EVERYTHING: Shown = Shown { ticket: true, second_factor: true };

/// What decides besides roles and jumpoint.
pub(super) struct Start<'a> {
    services: &'a Services,
    who: &'a SignedIn,
    item: &'a JumpItemRecord,
    policies: Vec<Policy>,
    approvals: Vec<Granted>,
    copies: Vec<JumpItemId>,
}

impl<'a> Start<'a> {
    pub(super) async fn of(
        services: &'a Services,
        who: &'a SignedIn,
        book: &AccessBook,
        item: &'a JumpItemRecord,
    ) -> Result<Self, Failure> {
        let policies = services.store.policy_book().await?.holding(book, &item.definition);
        let approvals = if policies.iter().any(|it| it.definition.approval.is_some()) {
            services.store.approvals_granted(Some(item.id), now()).await?.remove(&item.id).unwrap_or_default()
        } else {
            Vec::new()
        };
        let copies = if policies.iter().any(|it| it.definition.covers_copies) {
            services.store.copies_of(item.id).await?
        } else {
            Vec::new()
        };
        Ok(Self { services, who, item, policies, approvals, copies })
    }

    /// What a Jump does while a session on the item runs.
    pub(super) fn simultaneous(&self) -> Simultaneous {
        strictest(&self.policies)
    }

    /// How finely the desktop is recorded; none: it is not.
    pub(super) fn recording(&self) -> Option<RecordingQuality> {
        recording(&self.policies, self.services.site_rules.now().record_desktops)
    }

    /// How what goes through the tunnels is captured; none: it is not.
    pub(super) fn capture(&self) -> Option<TrafficCapture> {
        capture(&self.policies, self.services.site_rules.now().capture_traffic)
    }

    /// Whether a ticket belongs to it.
    pub(super) fn asks_for_ticket(&self) -> bool {
        self.policies.iter().any(|it| it.definition.ticket)
    }

    fn verdict(&self, shown: Shown) -> Verdict {
        let circumstances = Circumstances {
            user: self.who.user.id,
            now: now(),
            approvals: &self.approvals,
            in_use: self.services.sessions.is_in_use(self.item.id),
            copy_in_use: self.copies.iter().any(|it| self.services.sessions.is_in_use(*it)),
            shown,
        };
        decide(&self.policies, &circumstances)
    }

    /// The terms of a session that begins now, or why none does. Nobody is asked about a ticket, and no code of the second factor is
    /// used up, as long as something else is missing.
    pub(super) async fn require(&self, shown: &ShownAtStart) -> Result<Terms, Failure> {
        let mut verdict = self.verdict(Shown::default());
        if let Verdict::Needs(needs) = &verdict
            && needs.approvals.is_empty()
            && (!needs.ticket || shown.ticket.is_some())
            && (!needs.second_factor || shown.second_factor.is_some())
        {
            if let Some(ticket) = shown.ticket.as_ref().filter(|_| needs.ticket) {
                self.check_ticket(ticket).await?;
            }
            if let Some(code) = shown.second_factor.as_ref().filter(|_| needs.second_factor) {
                show_second_factor(self.services, &self.who.user, &self.who.by, code).await?;
            }
            verdict = self.verdict(Shown { ticket: needs.ticket, second_factor: needs.second_factor });
        }
        match verdict {
            Verdict::Allow(terms) => Ok(terms),
            Verdict::Denied(denial) => Err(self.refused(denial.code(), denied(&denial))),
            Verdict::Needs(needs) => Err(self.missing(&needs, shown).await?),
        }
    }

    /// The session to join, or none, or why no session begins whatever is shown: somebody may have been faster.
    pub(super) fn require_open(&self) -> Result<Option<Arc<LiveSession>>, Failure> {
        match self.verdict(EVERYTHING) {
            Verdict::Denied(denial) => Err(self.refused(denial.code(), denied(&denial))),
            Verdict::Allow(terms) if terms.joins => Ok(self.services.sessions.to_join(self.item.id)),
            Verdict::Allow(_) | Verdict::Needs(_) => Ok(None),
        }
    }

    /// Whether the ticket system says that a ticket is good; whatever keeps it from saying so is a no.
    async fn check_ticket(&self, ticket: &str) -> Result<(), Failure> {
        let question =
            TicketQuestion { user: self.who.user.user_name.clone(), item: self.item.definition.name.clone() };
        let Err(error) = self.services.ticket_system.check(ticket, &question).await else { return Ok(()) };
        tracing::info!(user.id = %self.who.user.id, jump_item.id = %self.item.id, error = %error, "a ticket was not accepted");
        let message = error.to_string();
        if let TicketError::Refused { .. } = error {
            return Err(self.refused("ticket_refused", Failure::field("ticket", &message)));
        }
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let failure = Failure::new(status, error.fault(), "ticket_not_checked", &message, error.next_step());
        Err(self.refused("ticket_not_checked", failure))
    }

    async fn missing(&self, needs: &Needs, shown: &ShownAtStart) -> Result<Failure, Failure> {
        if let Some((id, begins)) = needs.approvals.first() {
            let policy = self.policies.iter().find(|it| it.id == *id).map(|it| it.definition.name.as_str());
            let policy = policy.unwrap_or_default();
            let (message, next_step) = match begins {
                None => (format!("By the policy {policy} somebody has to approve it first."), "Ask for an approval."),
                Some(_) => (
                    format!("The approval that the policy {policy} asks for was given, but its time has not come."),
                    "Try again when it has; Approvals tells when.",
                ),
            };
            let failure = Failure::new(StatusCode::FORBIDDEN, Fault::Policy, "needs_approval", &message, next_step);
            return Ok(self.refused("needs_approval", failure));
        }
        if needs.ticket && shown.ticket.is_none() {
            let (message, next_step) = ("A policy asks for a ticket before this session begins.", "Enter its number.");
            let failure = Failure::new(StatusCode::FORBIDDEN, Fault::Policy, "needs_ticket", message, next_step);
            return Ok(self.refused("needs_ticket", failure));
        }
        let message = "A policy asks for your second factor before this session begins.";
        let (code, next_step) = if self.services.store.has_second_factor(self.who.user.id).await? {
            ("needs_second_factor", "Enter the code that your authenticator app shows, or a recovery code.")
        } else {
            ("no_second_factor", "You have none yet: set up an authenticator app under Your account.")
        };
        Ok(self.refused(code, Failure::new(StatusCode::FORBIDDEN, Fault::Policy, code, message, next_step)))
    }

    fn refused(&self, code: &str, failure: Failure) -> Failure {
        tracing::info!(user.id = %self.who.user.id, jump_item.id = %self.item.id, denial = code, "a Jump was denied");
        self.services.metrics.refused_for(Refused::Jump, code);
        failure
    }

    /// What starting the item takes now.
    async fn terms(&self) -> Result<StartTerms, Failure> {
        let mut terms = StartTerms {
            item_id: self.item.id,
            refused: None,
            ticket: self.policies.iter().any(|it| it.definition.ticket),
            second_factor: self.policies.iter().any(|it| it.definition.second_factor),
            passkey: !self.services.store.passkeys(self.who.user.id).await?.is_empty(),
            approvals: Vec::new(),
            joins: None,
            recording: self.recording(),
            capture: self.capture(),
            ends_at: None,
            ends_because: None,
        };
        if self.simultaneous() == Simultaneous::Join {
            let running = self.services.sessions.to_join(self.item.id).map(|it| it.snapshot());
            terms.joins = running.filter(|it| it.user_id != self.who.user.id).map(|it| it.user_name);
        }
        match self.verdict(EVERYTHING) {
            Verdict::Allow(Terms { ends, .. }) => {
                (terms.ends_at, terms.ends_because) = ends.map(|end| (end.at, end.because)).unzip();
            }
            Verdict::Denied(denial) => terms.refused = Some(denial.message().0),
            Verdict::Needs(needs) => {
                for (id, good_from) in needs.approvals {
                    if let Some(policy) = self.policies.iter().find(|it| it.id == id)
                        && let Some(rule) = &policy.definition.approval
                    {
                        terms.approvals.push(self.missing_approval(policy, rule, good_from).await?);
                    }
                }
            }
        }
        Ok(terms)
    }

    async fn missing_approval(
        &self,
        policy: &Policy,
        rule: &ApprovalRule,
        good_from: Option<wire::Timestamp>,
    ) -> Result<MissingApproval, Failure> {
        let own = self.services.store.newest_approvals(Some(self.who.user.id), REQUESTS).await?;
        let at = now();
        let waiting = own.into_iter().find(|it| {
            it.item_id == Some(self.item.id)
                && it.policy_id == Some(policy.id)
                && it.state == ApprovalState::Waiting
                && at < it.ends_at
        });
        let mut approvers = Vec::new();
        for team in self.services.store.teams().await? {
            if rule.teams.contains(&team.id) {
                approvers.push(format!("the team {}", team.name));
            }
        }
        for user in self.services.store.users().await? {
            if rule.users.contains(&user.id) {
                approvers.push(user.display_name);
            }
        }
        approvers.extend(rule.emails.iter().cloned());
        Ok(MissingApproval {
            policy_id: policy.id,
            policy_name: policy.definition.name.clone(),
            approvers,
            max_minutes: rule.max_minutes,
            waiting: waiting.map(|it| it.id),
            good_from,
        })
    }

    /// The policies that want an approval which is not there, of those that can be asked.
    pub(super) fn wanting_approval(&self) -> Vec<&Policy> {
        let Verdict::Needs(needs) = self.verdict(EVERYTHING) else { return Vec::new() };
        let wanting = |it: &&Policy| needs.approvals.iter().any(|(id, _)| *id == it.id);
        self.policies.iter().filter(wanting).collect()
    }
}

fn denied(denial: &Denial) -> Failure {
    let (message, next_step) = denial.message();
    let status = match denial {
        Denial::Closed { .. } => StatusCode::FORBIDDEN,
        Denial::InUse { .. } | Denial::CopyInUse { .. } => StatusCode::CONFLICT,
    };
    Failure::new(status, denial.fault(), denial.code(), &message, &next_step)
}

/// What starting an item takes now.
#[utoipa::path(get, path = "/api/jump-items/{id}/start", tag = "jump", params(("id" = String, Path)), responses((status = 200, body = StartTerms), (status = 403, body = ApiError), (status = 404, body = ApiError)))]
pub(super) async fn terms(
    State(services): State<Services>,
    who: SignedIn,
    Path(id): Path<JumpItemId>,
) -> Result<Json<StartTerms>, Failure> {
    let item = services.store.jump_item(id).await?.ok_or_else(|| Failure::not_found("item"))?;
    let book = permitted::book(&services, &who).await?;
    permitted::require(&book, item.definition.group_id, ItemPermission::Start, "item")?;
    Ok(Json(Start::of(&services, &who, &book, &item).await?.terms().await?))
}
