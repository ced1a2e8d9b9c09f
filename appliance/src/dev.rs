//! `sallyport dev`: an appliance to look at, with a jumpoint, an administrator and sample items.

use std::path::Path;
use std::process::Stdio;

use anyhow::Context;
use tokio::process::{Child, Command};
use wire::api::{JumpMethod, Role, TunnelDefinition, TunnelJumpDraft};
use wire::audit::{Action, ObjectKind};
use wire::{JumpItemId, JumpointId, SecretText, UserId};

use crate::agents::enrolment;
use crate::audit::{By, Entry};
use crate::clock::now;
use crate::random;
use crate::services::Services;
use crate::sign_in::setup;
use crate::store::{JumpItemRecord, JumpointRecord, Store, UserRecord};

/// The administrator of a look.
pub struct SampleAdministrator {
    /// Name to sign in with.
    pub user_name: &'static str,
    /// The password; random, made at this start. None when the data directory had users already.
    pub password: Option<SecretText>,
}

const USER_NAME: &str = "admin";
const JUMPOINT: &str = "this-machine";

/// Fills an empty appliance: an administrator, a jumpoint, sample items.
///
/// # Errors
/// When the database cannot be written.
pub async fn fill(services: &Services) -> anyhow::Result<SampleAdministrator> {
    if !setup::is_needed(&services.store).await? {
        return Ok(SampleAdministrator { user_name: USER_NAME, password: None });
    }
    let password = SecretText::new(random::secret()?.chars().take(20).collect());
    let user = UserRecord {
        id: UserId(random::id()),
        user_name: USER_NAME.into(),
        email: None,
        display_name: "Administrator".into(),
        role: Role::Administrator,
        enabled: true,
        methods: JumpMethod::every(),
        default_role: None,
        personal_role: None,
        session_policy: None,
        password_hash: services.passwords.hash(&password).await?,
        created_at: now(),
        last_sign_in_at: None,
        revision: 0,
    };
    let change = services.audit.begin().await?;
    anyhow::ensure!(setup::finish(&change, &user).await?, "somebody used the setup link at the same time");
    let jumpoint = JumpointRecord {
        id: JumpointId(random::id()),
        name: JUMPOINT.into(),
        comments: "Runs beside the appliance, for a look.".into(),
        enabled: true,
        protocol_tunnel_enabled: true,
        created_at: now(),
        revision: 0,
    };
    change.insert_jumpoint(&jumpoint).await?;
    for (name, address, port, label) in [
        ("PostgreSQL on this machine", "127.4.0.1", 5432, "PostgreSQL"),
        ("SSH on this machine", "127.4.0.2", 22, "SSH"),
        ("Redis on this machine", "127.4.0.3", 6379, "Redis"),
    ] {
        sample_item(&change, jumpoint.id, name, address, port, label).await?;
    }
    let entry = Entry::of(Action::ApplianceSetUp, ObjectKind::User, user.id.0, USER_NAME);
    change.commit(&By::appliance(), [entry.saying("Filled with samples, for a look.")]).await?;
    Ok(SampleAdministrator { user_name: USER_NAME, password: Some(password) })
}

async fn sample_item(
    store: &Store,
    jumpoint_id: JumpointId,
    name: &str,
    address: &str,
    port: u16,
    label: &str,
) -> anyhow::Result<()> {
    let group = store.jump_groups().await?.into_iter().next().context("there is no group")?;
    // Ports below 1024 are not for ordinary processes.
    let local_port = if port < wire::limits::FIRST_UNPRIVILEGED_PORT { port + 2000 } else { port };
    let definition = TunnelJumpDraft {
        name: name.into(),
        jumpoint_id,
        group_id: group.id,
        hostname: "127.0.0.1".into(),
        local_address: address.into(),
        tunnels: vec![TunnelDefinition {
            local_port: local_port.into(),
            remote_port: port.into(),
            label: label.into(),
        }],
        tag: Some("samples".into()),
        comments: String::new(),
        jump_policy_id: None,
        session_policy_id: None,
        credentials: None,
        revision: 0,
    };
    let at = now();
    let record =
        JumpItemRecord { id: JumpItemId(random::id()), definition, created_at: at, updated_at: at, last_used_at: None };
    Ok(store.insert_jump_item(&record).await?)
}

/// Starts `sallyport-jumpoint` from beside this program, enrolled at this appliance. It ends with the handle.
///
/// # Errors
/// When the program is not there or does not enrol.
pub async fn start_jumpoint(services: &Services, state_dir: &Path) -> anyhow::Result<Child> {
    let program =
        std::env::current_exe()?.with_file_name(format!("sallyport-jumpoint{}", std::env::consts::EXE_SUFFIX));
    let missing = || format!("cannot run {}; it is built beside this program", program.display());
    if services.store.agents().await?.is_empty() {
        let jumpoints = services.store.jumpoints().await?;
        let jumpoint = jumpoints.iter().find(|it| it.name == JUMPOINT).context("the sample jumpoint was removed")?;
        let ca_sha256 = services.authority.as_ref().map(|it| it.sha256.clone());
        let made = enrolment::make_key(jumpoint.id, &services.public_url, ca_sha256, now())?;
        services.store.insert_enrolment_key(&made.record).await?;
        let mut enrol = Command::new(&program);
        enrol.arg("enrol").arg("--key").arg(made.key.expose()).arg("--state-dir").arg(state_dir);
        let done = enrol.stdin(Stdio::null()).stdout(Stdio::null()).status().await.with_context(missing)?;
        anyhow::ensure!(done.success(), "the jumpoint could not enrol");
    }
    let mut run = Command::new(&program);
    run.arg("run").arg("--state-dir").arg(state_dir).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    run.spawn().with_context(missing)
}
