//! Letters to those who may decide a request for approval, and to whoever asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use wire::UserId;
use wire::api::{ApprovalRule, ApprovalState, LetterKind, Role};

use crate::clock::utc;
use crate::jump::policy::approval::{Viewer, may_decide, may_decide_by_mail};
use crate::mail::Mailer;
use crate::random;
use crate::store::{ApprovalLinkRecord, ApprovalRecord, Store, StoreError, UserRecord};

/// Posts letters about requests for approval. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ApprovalLetters {
    store: Store,
    mailer: Mailer,
    public_url: Arc<str>,
}

/// Why letters were not posted.
#[derive(Debug, thiserror::Error)]
pub enum LettersFailed {
    /// The database failed, or too many letters wait.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No secret could be made.
    #[error(transparent)]
    NoRandomness(#[from] random::NoRandomness),
}

/// Where a letter goes, and what its link is.
type Recipients = BTreeMap<String, String>;

impl ApprovalLetters {
    /// By this mailer, with links to the console there.
    #[must_use]
    pub fn new(store: Store, mailer: Mailer, public_url: Arc<str>) -> Self {
        Self { store, mailer, public_url }
    }

    /// Tells everybody who may decide a request. Who has an account decides it in the console, everybody else by a link of their own.
    ///
    /// # Errors
    /// See [`LettersFailed`]; some may have been told.
    pub async fn ask(&self, request: &ApprovalRecord, rule: &ApprovalRule) -> Result<(), LettersFailed> {
        let users = self.store.users().await?;
        let requester = users.iter().find(|it| it.id == request.requester_id).and_then(|it| it.email.clone());
        let mut recipients = self.by_link(request, rule, requester.as_deref()).await?;
        for user in users {
            if let Some(address) = self.of_approver(&user, request.requester_id, rule).await? {
                recipients.insert(address, format!("{}/approvals", self.public_url));
            }
        }
        for (to, link) in recipients {
            self.mailer.post_kind(LetterKind::ApprovalAsked, &to, |word| value(request, &link, word)).await?;
        }
        Ok(())
    }

    /// Addresses of the rule, each with a link that is kept by its hash.
    async fn by_link(
        &self,
        request: &ApprovalRecord,
        rule: &ApprovalRule,
        requester: Option<&str>,
    ) -> Result<Recipients, LettersFailed> {
        let (mut links, mut recipients) = (Vec::new(), Recipients::new());
        for address in rule.emails.iter().filter(|it| may_decide_by_mail(rule, requester, it)) {
            let token = random::secret()?;
            links.push(ApprovalLinkRecord {
                token_hash: random::hash(&token),
                approval: request.id,
                address: address.clone(),
            });
            recipients.insert(address.to_lowercase(), format!("{}/approve#token={token}", self.public_url));
        }
        self.store.insert_approval_links(&links).await?;
        Ok(recipients)
    }

    /// The address of a user who may decide.
    async fn of_approver(
        &self,
        user: &UserRecord,
        requester: UserId,
        rule: &ApprovalRule,
    ) -> Result<Option<String>, StoreError> {
        let can = user.enabled && user.role != Role::Auditor;
        let Some(address) = user.email.as_ref().filter(|_| can) else { return Ok(None) };
        let teams = self.store.team_ids_of(user.id).await?;
        let viewer = Viewer { user: user.id, teams: &teams, administrator: false };
        Ok(may_decide(rule, requester, &viewer).then(|| address.to_lowercase()))
    }

    /// Tells whoever asked what became of it, where a letter reaches them.
    ///
    /// # Errors
    /// When the database fails, or too many letters wait.
    pub async fn tell_requester(&self, request: &ApprovalRecord) -> Result<(), StoreError> {
        let requester = self.store.user(request.requester_id).await?;
        let Some(to) = requester.and_then(|it| it.email) else { return Ok(()) };
        let link = format!("{}/approvals", self.public_url);
        self.mailer.post_kind(LetterKind::ApprovalDecided, &to, |word| value(request, &link, word)).await
    }
}

/// What stands for a word in braces.
fn value(request: &ApprovalRecord, link: &str, word: &str) -> String {
    const MINUTE: u64 = 60_000;
    match word {
        "user" => request.requester_name.clone(),
        "item" => request.item_name.clone(),
        "policy" => request.policy_name.clone(),
        "reason" => request.reason.clone(),
        "from" => utc(request.starts_at),
        "until" => utc(request.ends_at),
        "minutes" => (request.ends_at.millis_since(request.starts_at) / MINUTE).to_string(),
        "decision" => match request.state {
            ApprovalState::Granted => "approved",
            ApprovalState::Refused => "refused",
            ApprovalState::Revoked => "taken back",
            ApprovalState::Waiting | ApprovalState::Withdrawn | ApprovalState::Expired => "closed",
        }
        .to_owned(),
        "by" => request.decided_by.clone().unwrap_or_default(),
        "note" => request.note.clone(),
        "link" => link.to_owned(),
        _ => String::new(),
    }
}
