//! Giving stored credentials out: to whoever began a session, while its tunnels are open, each time with a word in the audit trail.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use wire::api::{
    ApiError, Fault, ItemCredential, RevealSecret, RevealedSecret, SecretPart, SecretUse, Session, SessionCredential,
    SessionCredentials,
};
use wire::audit::{Action, ObjectKind};
use wire::{CredentialId, SessionId};

use super::error::{Body, Path};
use super::sessions::visible;
use super::{AtConsole, Failure, SignedIn};
use crate::audit::Entry;
use crate::clock::now;
use crate::services::Services;
use crate::session::giving::{NotGiven, NotNow, decide, open_for};
use crate::session::live::LiveSession;
use crate::store::CredentialRecord;

/// What is stored for whoever uses this session, without secrets: of a session of one's own alone.
#[utoipa::path(get, path = "/api/sessions/{id}/credentials", tag = "sessions", params(("id" = String, Path)), responses((status = 200, body = SessionCredentials), (status = 403, body = ApiError), (status = 404, body = ApiError)))]
pub(super) async fn list(
    State(services): State<Services>,
    AtConsole { user, by, .. }: AtConsole,
    Path(id): Path<SessionId>,
) -> Result<Json<SessionCredentials>, Failure> {
    let who = SignedIn { user, by };
    let mine = Mine::of(&services, &who, id).await?;
    let refused = match mine.live(&services).await {
        Ok(now) => open_for(&now.session, &now.policy).err().map(|why| why.message()),
        Err(over) => Some((over.message().to_owned(), "Press Jump again.")),
    };
    let session = &mine.session;
    let mut named = mine.named(&services).await?;
    // Where there is nothing to give, nothing is refused.
    let refused = refused.filter(|_| !named.is_empty());
    if session.joined.is_some() || mine.live.is_none() {
        named.clear();
    }
    let mut credentials: Vec<SessionCredential> = Vec::new();
    for (of, record) in named {
        let tunnels =
            session.tunnels.iter().filter(|it| of.remote_port == Some(it.remote_port.into())).map(|it| it.index);
        match credentials.iter_mut().find(|it| it.id == record.id) {
            // Of all tunnels and of some is of all.
            Some(there) if there.tunnels.is_empty() || of.remote_port.is_none() => there.tunnels.clear(),
            Some(there) => there.tunnels.extend(tunnels),
            None => credentials.push(SessionCredential { tunnels: tunnels.collect(), ..view(record) }),
        }
    }
    let refused = refused.map(|(message, next_step)| format!("{message} {next_step}"));
    Ok(Json(SessionCredentials { refused, credentials }))
}

/// Gives out a part of a stored credential: to whoever began the session, while its tunnels are open. What for is written into the
/// audit trail before; not for API tokens.
#[utoipa::path(post, path = "/api/sessions/{id}/credentials/{credential_id}/reveal", tag = "sessions", params(("id" = String, Path), ("credential_id" = String, Path)), request_body = RevealSecret, responses((status = 200, body = RevealedSecret), (status = 403, body = ApiError), (status = 404, body = ApiError), (status = 409, body = ApiError), (status = 429, body = ApiError), (status = 503, body = ApiError)))]
pub(super) async fn reveal(
    State(services): State<Services>,
    AtConsole { user, by, .. }: AtConsole,
    Path((id, credential)): Path<(SessionId, CredentialId)>,
    Body(asked): Body<RevealSecret>,
) -> Result<Response, Failure> {
    let who = SignedIn { user, by };
    if !services.vault.admits(who.user.id, now()) {
        let message = "You asked for stored secrets too often within a minute.";
        let next_step = "Wait a minute.";
        return Err(Failure::new(StatusCode::TOO_MANY_REQUESTS, Fault::User, "too_many", message, next_step));
    }
    let mine = match Mine::of(&services, &who, id).await {
        Err(refused) if refused.code() == NOT_YOURS => {
            let action = action_of(asked.wanted);
            let entry = Entry::of(action, ObjectKind::Session, id.0, "").with("credential_id", credential.to_string());
            services.audit.append(&who.by, entry.refused().saying(refused.message())).await?;
            return Err(refused);
        }
        other => other?,
    };
    let named = mine.named(&services).await?;
    let of: Vec<_> = named.into_iter().filter(|(_, record)| record.id == credential).collect();
    let Some((_, record)) = of.first().cloned() else { return Err(Failure::not_found("credential")) };
    let sealed = match asked.part {
        SecretPart::Secret => record.secret.clone(),
        SecretPart::Passphrase => record.passphrase.clone().ok_or_else(|| Failure::not_found("passphrase"))?,
    };
    let entry = entry(&mine.session, &record, asked);
    let given = match mine.live(&services).await {
        Err(over) => Err(over),
        Ok(now) => {
            let ports: Option<Vec<u32>> = of.iter().map(|(it, _)| it.remote_port).collect();
            let (ports, giving) = (ports.unwrap_or_default(), record.facts.giving);
            decide(&now.session, &now.policy, &ports, giving, asked.wanted).map_err(|why| not_given(&why))
        }
    };
    if let Err(refused) = given {
        services.audit.append(&who.by, entry.refused().saying(refused.message())).await?;
        return Err(refused);
    }
    let text = match services.vault.open(credential, asked.part, &sealed) {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(credential.id = %credential, error = %error, "a stored credential does not open");
            let message = "The appliance cannot read this credential: it was stored with another sealing key.";
            let next_step =
                "Ask an administrator to put the data folder's sealing-key back, or to enter the secret anew.";
            services.audit.append(&who.by, entry.failed().saying(message)).await?;
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            return Err(Failure::new(status, Fault::Appliance, "sealed", message, next_step));
        }
    };
    // What cannot be written down is not given.
    services.audit.append(&who.by, entry).await?;
    if let Some(live) = &mine.live {
        let (kind, done) = match asked.wanted {
            SecretUse::Show => ("credential_shown", "looked at"),
            SecretUse::Copy => ("credential_copied", "copied"),
        };
        let name = &who.user.display_name;
        let message =
            format!("{name} {done} {} of the credential {}.", part_words(&record, asked.part), record.facts.name);
        services.sessions.note(live, kind, &message, Some(name)).await;
    }
    let answer = Json(RevealedSecret { text });
    Ok(([(header::CACHE_CONTROL, "no-store")], answer).into_response())
}

/// A session of the asking user's own.
struct Mine {
    session: Session,
    live: Option<Arc<LiveSession>>,
}

/// A session that goes on, as it is now.
struct Now {
    session: Session,
    policy: wire::api::EffectiveSessionPolicy,
}

impl Mine {
    async fn of(services: &Services, who: &SignedIn, id: SessionId) -> Result<Self, Failure> {
        let (session, live) = visible(services, who, id).await?;
        if session.user_id != who.user.id {
            let message =
                format!("This session belongs to {}; stored credentials are for them alone.", session.user_name);
            let next_step = "Press Jump on the item to begin one of your own.";
            return Err(Failure::new(StatusCode::FORBIDDEN, Fault::Policy, NOT_YOURS, &message, next_step));
        }
        Ok(Self { session, live })
    }

    /// The session as it is now, when whoever uses it still may.
    async fn live(&self, services: &Services) -> Result<Now, Failure> {
        let over = || not_given(&NotGiven::NotNow(NotNow::Over));
        let live = self.live.as_ref().filter(|it| it.ending().is_none()).ok_or_else(over)?;
        // What held when Jump was pressed may have changed since.
        let judged = services.sessions.standing(&live.snapshot()).await?;
        let policy = judged.policy.clone();
        if !services.sessions.apply(live, judged, None) {
            let message = live.ending().map(|it| it.message).unwrap_or_default();
            let status = StatusCode::FORBIDDEN;
            return Err(Failure::new(status, Fault::Policy, "session_over", &message, "Ask an administrator."));
        }
        Ok(Now { session: services.sessions.view(live), policy: policy.ok_or_else(over)? })
    }

    /// What the session's item names now, as far as its tunnels are among those of the session.
    async fn named(&self, services: &Services) -> Result<Vec<(ItemCredential, CredentialRecord)>, Failure> {
        let Some(item) = self.session.item_id else { return Ok(Vec::new()) };
        let Some(item) = services.store.jump_item(item).await? else { return Ok(Vec::new()) };
        let mut named = Vec::new();
        for of in item.definition.credentials.unwrap_or_default() {
            let has = |port: u32| self.session.tunnels.iter().any(|it| u32::from(it.remote_port) == port);
            if of.remote_port.is_none_or(has)
                && let Some(record) = services.store.credential(of.credential_id).await?
            {
                named.push((of, record));
            }
        }
        Ok(named)
    }
}

/// A session of somebody else, whom an administrator may watch.
const NOT_YOURS: &str = "not_your_session";

fn action_of(wanted: SecretUse) -> Action {
    match wanted {
        SecretUse::Show => Action::CredentialShown,
        SecretUse::Copy => Action::CredentialCopied,
    }
}

fn entry(session: &Session, record: &CredentialRecord, asked: RevealSecret) -> Entry {
    let item = session.item_id.map(|id| id.to_string());
    Entry::of(action_of(asked.wanted), ObjectKind::Credential, record.id.0, &record.facts.name)
        .with("session_id", session.id.to_string())
        .with("item_id", item)
        .with("item", session.item_name.as_str())
        .with("part", part_words(record, asked.part))
}

fn part_words(record: &CredentialRecord, part: SecretPart) -> &'static str {
    match part {
        SecretPart::Secret => record.facts.kind.part_words(),
        SecretPart::Passphrase => "the passphrase",
    }
}

fn not_given(why: &NotGiven) -> Failure {
    let (message, next_step) = why.message();
    let status = match why {
        NotGiven::NotNow(NotNow::Joined(_) | NotNow::Policy(_)) | NotGiven::CopiedOnly => StatusCode::FORBIDDEN,
        NotGiven::NotNow(_) | NotGiven::NoTunnel => StatusCode::CONFLICT,
    };
    Failure::new(status, why.fault(), why.code(), &message, next_step)
}

fn view(it: CredentialRecord) -> SessionCredential {
    SessionCredential {
        id: it.id,
        name: it.facts.name,
        kind: it.facts.kind,
        user_name: it.facts.user_name,
        giving: it.facts.giving,
        has_passphrase: it.passphrase.is_some(),
        tunnels: Vec::new(),
    }
}
