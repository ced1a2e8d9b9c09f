//! The appliance: console, API, policy, sessions, relay. [`Appliance::start`] is the composition root; read from top to bottom it
//! is the architecture.

pub mod agents;
pub mod approval_letters;
pub mod audit;
pub mod audit_file;
pub mod capture;
pub mod certificates;
pub mod clock;
pub mod config;
pub mod console_files;
pub mod counted;
pub mod credentials;
pub mod data_dir;
pub mod dev;
pub mod downloads;
pub mod events;
pub mod extension;
pub mod forwarding;
pub mod health;
pub mod housekeeping;
pub mod http;
pub mod jump;
pub mod looks;
pub mod mail;
pub mod metrics;
pub mod network;
pub mod outgoing;
pub mod random;
pub mod recording;
pub mod recording_check;
pub mod relay;
pub mod retention;
pub mod review;
pub mod sealing;
pub mod services;
pub mod serving_certificate;
pub mod session;
pub mod session_check;
pub mod shutdown;
pub mod sign_in;
pub mod sign_on;
pub mod site_rules;
pub mod store;
pub mod ticket_system;
mod websocket;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use wire::api::{ConsoleEvent, Destination, SessionEnd};
use wire::audit::{Action, ObjectKind};
use wire::{JumpGroupId, SecretText};

use crate::agents::presence::Presence;
use crate::approval_letters::ApprovalLetters;
use crate::audit::{Audit, By, Entry};
use crate::config::Config;
use crate::console_files::ConsoleFiles;
use crate::credentials::Vault;
use crate::data_dir::DataDir;
use crate::downloads::Downloads;
use crate::events::{Audience, EventBus};
use crate::extension::PackedExtension;
use crate::forwarding::Forwarding;
use crate::health::Health;
use crate::http::Front;
use crate::looks::Looks;
use crate::mail::Mailer;
use crate::metrics::Metrics;
use crate::metrics::token::MetricsToken;
use crate::recording::Recordings;
use crate::retention::Keeping;
use crate::sealing::Sealing;
use crate::services::Services;
use crate::serving_certificate::{ServingCertificate, Source};
use crate::session::letters::SessionLetters;
use crate::session::registry::Sessions;
use crate::shutdown::Tasks;
use crate::sign_in::attempts::Attempts;
use crate::sign_in::passkeys::Passkeys;
use crate::sign_in::password::Passwords;
use crate::sign_in::second_factor::Factors;
use crate::sign_in::setup;
use crate::sign_on::SignOn;
use crate::site_rules::RulesInForce;
use crate::store::{Claim, JumpGroupRecord, Store};
use crate::ticket_system::TicketSystem;

/// A running appliance.
pub struct Appliance {
    /// Handles to its rooms.
    pub services: Services,
    /// Where it listens.
    pub address: SocketAddr,
    /// The one-time link for the first administrator, while there is none.
    pub setup_url: Option<SecretText>,
    /// Held as long as this appliance lives.
    _data_dir: DataDir,
    /// The same for the database, where that is on a server.
    claim: Option<Claim>,
}

/// How long running sessions and requests are given when the appliance stops.
const GRACE: Duration = Duration::from_secs(10);
/// Group that a new appliance has.
const FIRST_GROUP: &str = "Default";

impl Appliance {
    /// Starts everything. The port is bound early, so that its number is known; serving begins last.
    ///
    /// # Errors
    /// What could not be started.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        let tasks = Tasks::default();
        link::open_files::allow_as_many_as_possible();
        let data_dir = DataDir::take(&config.data_dir)?;
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("cannot listen on {}; another program may use the port", config.listen))?;
        let address = listener.local_addr()?;
        let public_url = config.public_url.clone().unwrap_or_else(|| format!("https://localhost:{}", address.port()));

        let (certificate, own_authority) = ServingCertificate::load(certificate_source(&config, &public_url)?)?;
        let authority = match &config.reverse_proxy {
            // Others see the proxy's certificate; this one is for the proxy.
            Some(proxy) => proxy.ca.as_deref().map(certificates::read_authority).transpose()?,
            None => own_authority,
        };
        let tls = TlsAcceptor::from(certificate.server_config()?);
        let extension_key = config.data_dir.join("extension-key.der");
        let extension = PackedExtension::pack(&extension_key, &format!("{public_url}/extension/updates.xml"))?;

        let (store, claim) = open_database(&config, &data_dir).await?;
        let sealing = Sealing::load(&config.data_dir)?;
        sealing.compare_with(&store).await?;
        let (audit, appender) = Audit::open(store.clone(), &config.data_dir).await?;
        first_group(&store, &audit).await?;
        let setup_url = setup::new_token(&store)
            .await?
            .map(|token| SecretText::new(format!("{public_url}/setup#token={}", token.expose())));

        let site_rules = RulesInForce::load(&store, config.sign_in).await?;
        let events = EventBus::default();
        let presence = Presence::default();
        let metrics = Metrics::new()?;
        let metrics_token = MetricsToken::load(config.metrics_token_file.as_deref(), &config.data_dir)?;
        let public_url: Arc<str> = public_url.into();
        let mailer = Mailer::new(store.clone(), sealing.clone(), &host_of(&public_url));
        let sessions = Sessions::new(
            audit.clone(),
            events.clone(),
            presence.clone(),
            tasks.clone(),
            config.resume_grace,
            metrics.clone(),
            SessionLetters::new(mailer.clone(), public_url.clone()),
        );
        sessions.restore().await?;
        let recordings = Recordings::open(
            audit.clone(),
            events.clone(),
            sessions.clone(),
            sealing.clone(),
            tasks.clone(),
            &config.data_dir,
            &config.recording_stores,
        )?;
        if let Err(why) = recordings.try_out().await {
            tracing::error!(
                why,
                "recordings cannot be stored; sessions that have to be recorded do not begin until they can"
            );
        }
        recordings.restore().await?;

        let retention = Keeping::new(store.clone());
        let passkeys = Passkeys::new(&public_url);
        let ticket_system = TicketSystem::new(store.clone(), sealing.clone());
        let forwarding = Forwarding::new(audit.clone(), sealing.clone(), public_url.clone(), host_of(&public_url));
        let health = Health {
            forwarding: forwarding.clone(),
            store: store.clone(),
            audit: audit.clone(),
            mailer: mailer.clone(),
            ticket_system: ticket_system.clone(),
            presence: presence.clone(),
            sessions: sessions.clone(),
            recordings: recordings.clone(),
            certificate: certificate.clone(),
            folder: config.data_dir.clone(),
        };
        let services = Services {
            health: health.clone(),
            forwarding: forwarding.clone(),
            approval_letters: ApprovalLetters::new(store.clone(), mailer.clone(), public_url.clone()),
            mailer: mailer.clone(),
            ticket_system,
            public_url: public_url.clone(),
            authority: authority.map(Arc::new),
            store: store.clone(),
            audit,
            events,
            presence,
            sessions: sessions.clone(),
            passwords: Passwords::new()?,
            attempts: Attempts::new(store.clone()),
            sign_on: SignOn::new(store.clone(), sealing.clone(), &public_url),
            site_rules: site_rules.clone(),
            vault: Vault::new(sealing.clone()),
            recordings: recordings.clone(),
            retention: retention.clone(),
            looks: Looks::default(),
            factors: Factors::new(store.clone(), sealing, passkeys),
            extension: Arc::new(extension),
            console: Arc::new(ConsoleFiles::new(config.console_dir.clone())),
            downloads: Arc::new(Downloads::new(config.downloads.clone())),
            tasks: tasks.clone(),
            metrics,
            metrics_token: Arc::new(metrics_token),
            boot_id: random::id().to_string().into(),
            config: Arc::new(config),
        };
        tasks.spawn("audit trail", appender.run(tasks.stopping()));
        tasks.spawn_until_stop("ends by policy", sessions.clone().keep_set_ends());
        tasks.spawn_until_stop("openings by policy", sessions.clone().tell_openings());
        tasks.spawn_until_stop("unused sessions", sessions.end_unused());
        tasks.spawn_until_stop(
            "housekeeping",
            housekeeping::forget_old(services.audit.clone(), recordings.clone(), site_rules),
        );
        tasks.spawn_until_stop("seals of sessions", session::sealing::seal_ended(services.audit.clone()));
        tasks.spawn_until_stop("looking at the audit trail", services.audit.clone().keep_looking());
        tasks.spawn_until_stop("retention", retention.keep(recordings.clone()));
        tasks.spawn_until_stop("store of recordings", recordings.clone().watch_store());
        tasks.spawn_until_stop("recordings", recordings.keep());
        tasks.spawn_until_stop("health", health.tell_changes(services.events.clone()));
        tasks.spawn_until_stop("certificate", certificate.keep_fresh());
        if let Some(claim) = claim.clone() {
            tasks.spawn_until_stop("claim on the database", claim.keep());
        }
        tasks.spawn("syslog", forwarding.clone().deliver(Destination::Syslog, tasks.stopping()));
        tasks.spawn("webhook", forwarding.deliver(Destination::Webhook, tasks.stopping()));
        tasks.spawn("mail", mailer.deliver(tasks.stopping()));
        let router = http::router(services.clone());
        let trusted = services.config.reverse_proxy.as_ref().map(|it| it.addresses.clone()).unwrap_or_default();
        let front = Front { trusted, public_url: services.public_url.clone() };
        tasks.spawn("https", http::serve(listener, tls, router, front, tasks.clone()));
        Ok(Self { services, address, setup_url, _data_dir: data_dir, claim })
    }

    /// Waits until another appliance has the database: then this one has to stop. With the embedded one that is never.
    pub async fn database_lost(&self) {
        match &self.claim {
            Some(claim) => claim.lost().await,
            None => std::future::pending().await,
        }
    }

    /// Stops in order: no new sessions, running ones wait for the next start or, when they may not, end with the reason;
    /// consoles are told, the database closes last.
    pub async fn stop(self) {
        let Services { sessions, tasks, store, audit, events, .. } = self.services;
        let in_seconds = u32::try_from(GRACE.as_secs()).unwrap_or(u32::MAX);
        events.announce(Audience::Everyone, ConsoleEvent::Stopping { in_seconds });
        // Before the tasks stop: those of these sessions have to write down and tell why they end.
        sessions.end_all(SessionEnd::ApplianceStopped, None, |it| !sessions.outlives_the_appliance(it));
        tasks.stop();
        tasks.ended(GRACE).await;
        audit.close().await;
        if let Err(error) = store.close().await {
            tracing::warn!(error = %error, "the database did not close in order");
        }
    }
}

/// The one in the data folder, unless another one is named.
async fn open_database(config: &Config, data_dir: &DataDir) -> anyhow::Result<(Store, Option<Claim>)> {
    if let Some(url) = &config.database_url {
        let (store, claim) = Store::open_postgres(url).await.context("cannot use the database")?;
        return Ok((store, Some(claim)));
    }
    let file = data_dir.database()?;
    let cannot = || format!("cannot open the database {}", file.display());
    Ok((Store::open_sqlite(&file).await.with_context(cannot)?, None))
}

/// The administrator's certificate, or one of the local authority for every name the appliance is known to have.
fn certificate_source(config: &Config, public_url: &str) -> anyhow::Result<Source> {
    if let Some(files) = &config.tls {
        return Ok(Source::Files(files.clone()));
    }
    let mut names = vec![host_of(public_url)];
    for name in ["localhost", "127.0.0.1", "::1"] {
        if !names.iter().any(|it| it == name) {
            names.push(name.to_owned());
        }
    }
    Ok(Source::Local { folder: config.data_dir.join("tls"), names })
}

/// The host by which everybody reaches the appliance.
fn host_of(public_url: &str) -> String {
    let uri = public_url.parse::<axum::http::Uri>().ok();
    uri.as_ref().and_then(axum::http::Uri::host).unwrap_or("localhost").trim_matches(['[', ']']).to_owned()
}

async fn first_group(store: &Store, audit: &Audit) -> anyhow::Result<()> {
    if store.jump_groups().await?.is_empty() {
        let record = JumpGroupRecord {
            id: JumpGroupId(random::id()),
            name: FIRST_GROUP.into(),
            comments: String::new(),
            owner: None,
            created_at: clock::now(),
            revision: 0,
        };
        let change = audit.begin().await?;
        change.insert_jump_group(&record).await?;
        let entry = Entry::of(Action::GroupCreated, ObjectKind::Group, record.id.0, FIRST_GROUP);
        change.commit(&By::appliance(), [entry]).await?;
    }
    Ok(())
}
