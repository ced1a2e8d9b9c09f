//! `sallyport`: the appliance's program.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use appliance::Appliance;
use appliance::config::{Config, Overrides, S3Credentials};
use appliance::{audit_file, dev, recording_check, session_check};
use clap::{Args, Parser, Subcommand};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use wire::SecretText;
use wire::audit::AuditKey;

/// Sallyport: a self-hosted gateway for privileged access.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the appliance.
    Serve(Serve),
    /// Look after an exported audit trail.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Look after stored recordings.
    #[command(subcommand)]
    Recordings(RecordingsCommand),
    /// Look after what is written down of sessions.
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// Start everything for a look: an appliance, a jumpoint, an administrator and sample items.
    Dev(Dev),
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Say whether an exported audit trail is whole, or which link is the first broken one. Ends with 0 when it is whole, 1 when it is
    /// broken, 2 when it cannot be read.
    Verify(Verify),
}

#[derive(Args)]
struct Verify {
    /// What the console or `GET /api/audit/export` gave.
    file: PathBuf,
    /// The only key to believe, as the console shows it under Administration, Audit.
    #[arg(long)]
    key: Option<AuditKey>,
}

#[derive(Subcommand)]
enum RecordingsCommand {
    /// Say whether each recording is there and is what the audit trail says, whether the appliance runs or not. Ends with 0 when all are,
    /// 1 when one is missing or was changed, 2 when it cannot be found out.
    Verify(VerifyStored),
}

#[derive(Subcommand)]
enum SessionsCommand {
    /// Say whether each session, with its events and connections, is what the audit trail says, whether the appliance runs or not. Ends
    /// with 0 when all are, 1 when one is gone, made up or was changed, 2 when it cannot be found out.
    Verify(VerifyStored),
}

#[derive(Args)]
struct VerifyStored {
    /// The appliance's folder.
    #[arg(long, env = "SALLYPORT_DATA_DIR", default_value = "/var/lib/sallyport")]
    data_dir: PathBuf,
    /// Its configuration file; DATA_DIR/sallyport.toml when it exists.
    #[arg(long, env = "SALLYPORT_CONFIG")]
    config: Option<PathBuf>,
    /// Its database, when that is on a server and the configuration does not name it.
    #[arg(long, env = "SALLYPORT_DATABASE_URL", hide_env_values = true)]
    database_url: Option<SecretText>,
    #[command(flatten)]
    s3: S3Arguments,
    /// An exported audit trail to compare with, in place of the one in the database.
    file: Option<PathBuf>,
}

/// The access key of the S3-compatible store that recordings go to.
#[derive(Args)]
struct S3Arguments {
    /// Its id.
    #[arg(long, env = "SALLYPORT_S3_ACCESS_KEY_ID", hide = true, hide_env_values = true)]
    s3_access_key_id: Option<SecretText>,
    /// Its secret.
    #[arg(long, env = "SALLYPORT_S3_SECRET_ACCESS_KEY", hide = true, hide_env_values = true)]
    s3_secret_access_key: Option<SecretText>,
}

impl From<S3Arguments> for S3Credentials {
    fn from(it: S3Arguments) -> Self {
        Self { access_key_id: it.s3_access_key_id, secret_access_key: it.s3_secret_access_key }
    }
}

#[derive(Args)]
struct Serve {
    /// Folder for the database, certificates and keys.
    #[arg(long, env = "SALLYPORT_DATA_DIR", default_value = "/var/lib/sallyport")]
    data_dir: PathBuf,
    /// Configuration file; DATA_DIR/sallyport.toml when it exists.
    #[arg(long, env = "SALLYPORT_CONFIG")]
    config: Option<PathBuf>,
    /// Address and port to listen on; port 0 lets the system choose.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// How browsers, helpers and agents reach the appliance, https://host:port.
    #[arg(long)]
    public_url: Option<String>,
    /// Serve the console from this folder instead of the built-in one.
    #[arg(long)]
    console_dir: Option<PathBuf>,
    /// PostgreSQL instead of the embedded database, postgres://NAME:PASSWORD@HOST:PORT/DATABASE. Here it shows up in the list of
    /// processes; in the environment, or in a file that the configuration names, it does not.
    #[arg(long, env = "SALLYPORT_DATABASE_URL", hide_env_values = true)]
    database_url: Option<SecretText>,
    #[command(flatten)]
    s3: S3Arguments,
    /// Write address, certificate authority and setup link to this file as JSON once it serves.
    #[arg(long)]
    ready_file: Option<PathBuf>,
}

#[derive(Args)]
struct Dev {
    /// Folder for the database, certificates and keys; `.sallyport-dev` in the present folder by default.
    #[arg(long, default_value = ".sallyport-dev")]
    data_dir: PathBuf,
    /// Port to listen on, on this machine only; 0 lets the system choose.
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// Serve the console from this folder instead of the built-in one.
    #[arg(long)]
    console_dir: Option<PathBuf>,
    /// Write address, certificate authority and sign-in to this file as JSON once it serves.
    #[arg(long)]
    ready_file: Option<PathBuf>,
}

fn main() -> anyhow::Result<ExitCode> {
    start_log();
    let arguments = Arguments::parse();
    let command = match arguments.command {
        Command::Audit(AuditCommand::Verify(arguments)) => return Ok(verify(&arguments)),
        other => other,
    };
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")?;
    runtime.block_on(async {
        match command {
            Command::Serve(arguments) => Box::pin(serve(arguments)).await?,
            Command::Dev(arguments) => Box::pin(dev(arguments)).await?,
            Command::Recordings(RecordingsCommand::Verify(arguments)) => {
                let checked = async {
                    let (config, file) = arguments.config()?;
                    let report = recording_check::check(&config, file.as_deref()).await?;
                    Ok((report.is_whole(), report.lines()))
                };
                return Ok(told(checked.await));
            }
            Command::Sessions(SessionsCommand::Verify(arguments)) => {
                let checked = async {
                    let (config, file) = arguments.config()?;
                    let report = session_check::check(&config, file.as_deref()).await?;
                    Ok((report.is_whole(), report.lines()))
                };
                return Ok(told(checked.await));
            }
            Command::Audit(_) => {}
        }
        Ok(ExitCode::SUCCESS)
    })
}

impl VerifyStored {
    /// The appliance's configuration, and the export to compare with.
    fn config(self) -> anyhow::Result<(Config, Option<PathBuf>)> {
        let Self { data_dir, config, database_url, s3, file } = self;
        let overrides = Overrides { data_dir, config, database_url, s3: s3.into(), ..Overrides::default() };
        Ok((Config::load(overrides)?, file))
    }
}

/// Says what was found, and with which code that ends.
fn told(checked: anyhow::Result<(bool, Vec<String>)>) -> ExitCode {
    match checked {
        Ok((is_whole, lines)) => {
            lines.iter().for_each(|line| say(line));
            if is_whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "it cannot be verified");
            ExitCode::from(2)
        }
    }
}

fn verify(arguments: &Verify) -> ExitCode {
    match audit_file::verify(&arguments.file, arguments.key) {
        Ok(report) => {
            report.lines().iter().for_each(|line| say(line));
            if report.outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the audit trail cannot be read");
            ExitCode::from(2)
        }
    }
}

/// For people on a terminal, as JSON lines otherwise; on standard error, since standard output is for what was asked for.
fn start_log() {
    use std::io::IsTerminal;
    use tracing_subscriber::EnvFilter;
    let filter =
        EnvFilter::try_from_env("SALLYPORT_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,sea_orm=warn"));
    // Whether a line can be written or not, the appliance goes on: the disk that the log goes to may be full.
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).log_internal_errors(false);
    if std::io::stderr().is_terminal() {
        log.init();
    } else {
        log.json().flatten_event(true).init();
    }
}

async fn serve(arguments: Serve) -> anyhow::Result<()> {
    let config = Config::load(Overrides {
        data_dir: arguments.data_dir,
        config: arguments.config,
        listen: arguments.listen,
        public_url: arguments.public_url,
        console_dir: arguments.console_dir,
        database_url: arguments.database_url,
        s3: arguments.s3.into(),
    })?;
    let appliance = Appliance::start(config).await?;
    say(&format!("Sallyport serves {}", appliance.services.public_url));
    if let Some(url) = &appliance.setup_url {
        say("Make the first administrator with this link; it works once:");
        say(&format!("  {}", url.expose()));
    }
    if let Some(file) = &arguments.ready_file {
        write_ready(file, &ready(&appliance))?;
    }
    let outcome = tokio::select! {
        told = until_told_to_stop() => told,
        () = appliance.database_lost() => Err(anyhow::anyhow!("another appliance is using the database")),
    };
    appliance.stop().await;
    outcome
}

async fn dev(arguments: Dev) -> anyhow::Result<()> {
    let config = Config::load(Overrides {
        data_dir: arguments.data_dir.clone(),
        listen: Some(SocketAddr::from(([127, 0, 0, 1], arguments.port))),
        console_dir: arguments.console_dir,
        ..Overrides::default()
    })?;
    let mut appliance = Appliance::start(config).await?;
    let administrator = dev::fill(&appliance.services).await?;
    appliance.setup_url = None;
    let jumpoint = dev::start_jumpoint(&appliance.services, &arguments.data_dir.join("jumpoint")).await?;
    say(&format!("Sallyport serves {}", appliance.services.public_url));
    match &administrator.password {
        Some(password) => say(&format!("Sign in as {} with {}", administrator.user_name, password.expose())),
        None => say(&format!("Sign in as before; the data is that of {}", arguments.data_dir.display())),
    }
    if let Some(file) = &arguments.ready_file {
        let mut ready = ready(&appliance);
        if let Some(password) = &administrator.password {
            ready["admin"] = json!({ "user": administrator.user_name, "password": password.expose() });
        }
        write_ready(file, &ready)?;
    }
    until_told_to_stop().await?;
    appliance.stop().await;
    drop(jumpoint);
    Ok(())
}

fn ready(appliance: &Appliance) -> Value {
    let services = &appliance.services;
    json!({
        "url": services.public_url.as_ref(),
        "ca": services.authority.as_ref().map(|it| it.file.clone()),
        "setup_url": appliance.setup_url.as_ref().map(SecretText::expose),
        "extension_ids": services.extension.ids(),
    })
}

/// Whole or not at all: whoever waits for the file must not read half of it. It holds secrets.
fn write_ready(file: &Path, ready: &Value) -> anyhow::Result<()> {
    appliance::certificates::write_secret(file, serde_json::to_string_pretty(ready)?.as_bytes())
}

async fn until_told_to_stop() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot wait for signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot wait for signals")?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what the person who started it has to know")]
fn say(line: &str) {
    println!("{line}");
}
