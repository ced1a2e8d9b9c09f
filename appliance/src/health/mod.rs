//! How the appliance itself stands, for the dashboard: what is found out here, what it means in `levels`.

pub mod levels;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use wire::api::{ConsoleEvent, HealthCheck, HealthChecks, HealthLevel, HealthSubject};

use crate::agents::presence::Presence;
use crate::audit::Audit;
use crate::clock::now;
use crate::events::{Audience, EventBus};
use crate::forwarding::Forwarding;
use crate::mail::Mailer;
use crate::recording::Recordings;
use crate::serving_certificate::ServingCertificate;
use crate::session::registry::Sessions;
use crate::store::{Store, StoreError};
use crate::ticket_system::TicketSystem;

/// How often consoles are told when something stands otherwise.
const EVERY: Duration = Duration::from_secs(15);

/// Looks after the appliance. Cheap to clone.
#[derive(Clone)]
pub struct Health {
    /// The database.
    pub store: Store,
    /// The audit trail.
    pub audit: Audit,
    /// Audit events that are handed on.
    pub forwarding: Forwarding,
    /// Outgoing mail.
    pub mailer: Mailer,
    /// The ticket system.
    pub ticket_system: TicketSystem,
    /// Which agents are connected.
    pub presence: Presence,
    /// Sessions, whose helpers told their version.
    pub sessions: Sessions,
    /// Recordings of sessions.
    pub recordings: Recordings,
    /// The certificate that is shown.
    pub certificate: Arc<ServingCertificate>,
    /// The data folder.
    pub folder: PathBuf,
}

impl Health {
    /// How everything stands now. What cannot be found out is bad by itself.
    pub async fn look(&self) -> HealthChecks {
        let database = self.database().await;
        let works = database.level == HealthLevel::Good;
        let certificate = levels::certificate(self.certificate.good_until(), now());
        let recordings = levels::recordings(self.recordings.try_out().await.err());
        let mut checks = vec![database, self.disk(), certificate, self.audit_trail(), recordings];
        if works {
            let rest = [
                (HealthSubject::Forwarding, self.forwarding().await),
                (HealthSubject::Mail, self.mail().await),
                (HealthSubject::TicketSystem, self.ticket_system().await),
                (HealthSubject::Approvals, self.approvals().await),
                (HealthSubject::Jumpoints, self.jumpoints().await),
            ];
            checks.extend(rest.into_iter().map(|(subject, it)| it.unwrap_or_else(|_| levels::unknown(subject))));
        }
        checks.push(levels::versions(HealthSubject::Helpers, &self.other_helpers()));
        HealthChecks { checks }
    }

    /// Tells administrators' consoles when something stands otherwise. Runs until it is dropped.
    pub async fn tell_changes(self, events: EventBus) {
        let mut last = None;
        loop {
            let now = self.look().await;
            if last.as_ref().is_some_and(|last| *last != now) {
                events.announce(Audience::Administrators, ConsoleEvent::HealthChanged);
            }
            last = Some(now);
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn database(&self) -> HealthCheck {
        levels::database(self.store.count_users().await.err().map(|it| it.to_string()))
    }

    fn disk(&self) -> HealthCheck {
        match rustix::fs::statvfs(&self.folder) {
            Ok(it) => levels::disk(it.f_bavail.saturating_mul(it.f_frsize), it.f_blocks.saturating_mul(it.f_frsize)),
            Err(_) => levels::unknown(HealthSubject::Disk),
        }
    }

    fn audit_trail(&self) -> HealthCheck {
        let findings = self.audit.findings();
        let failing = self.audit.failing();
        let failing = failing.as_ref().map(|it| (it.at, it.why.as_str()));
        levels::audit_trail(findings.last().map(|it| (it.at, it.what.as_str())), failing)
    }

    async fn forwarding(&self) -> Result<HealthCheck, StoreError> {
        Ok(levels::forwarding(&self.forwarding.statuses().await?))
    }

    async fn mail(&self) -> Result<HealthCheck, StoreError> {
        Ok(levels::mail(self.mailer.is_configured().await?, &self.mailer.outbox().await?))
    }

    async fn ticket_system(&self) -> Result<HealthCheck, StoreError> {
        let asked_for = self.store.jump_policies().await?.iter().any(|it| it.definition.ticket);
        let is_configured = self.ticket_system.is_configured().await?;
        Ok(levels::ticket_system(is_configured, asked_for, self.ticket_system.last_failure()))
    }

    async fn approvals(&self) -> Result<HealthCheck, StoreError> {
        let users = self.store.users().await?.into_iter().filter(|it| it.enabled).map(|it| it.id).collect();
        let teams = self.store.teams().await?.into_iter().map(|it| (it.id, it.members)).collect();
        let asking = self.store.jump_policies().await?.into_iter();
        let asking = asking.filter_map(|it| Some((it.definition.name, it.definition.approval?)));
        let stuck = asking.filter(|(_, rule)| !levels::can_be_approved(rule, &users, &teams));
        Ok(levels::approvals(&stuck.map(|(name, _)| name).collect()))
    }

    async fn jumpoints(&self) -> Result<HealthCheck, StoreError> {
        let agents = self.store.agents().await?;
        let online = agents.into_iter().filter(|it| self.presence.agent(it.id).is_some());
        let others = online.filter(|it| it.facts.version != crate::services::VERSION);
        let named = others.map(|it| format!("{} ({})", it.facts.hostname, it.facts.version));
        Ok(levels::versions(HealthSubject::Jumpoints, &named.collect()))
    }

    fn other_helpers(&self) -> BTreeSet<String> {
        let helpers = self.sessions.all().into_iter().filter_map(|live| Some((live.helper_version()?, live)));
        let others = helpers.filter(|(version, _)| version != crate::services::VERSION);
        others.map(|(version, live)| format!("{} ({version})", live.snapshot().user_name)).collect()
    }
}
