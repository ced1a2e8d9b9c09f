//! The audit trail as an administrator has it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use wire::api::{AuditHeads, AuditPage};
use wire::audit::{AuditEvent, AuditKey, Broken, ExportReader, Verified};

use crate::api_client::ApiClient;
use crate::program::{Finished, run_to_end};
use crate::workspace;

/// Time for a program that reads a file.
const LIMIT: Duration = Duration::from_secs(30);

/// The number of the last event.
///
/// # Errors
/// When the appliance refuses.
pub fn last(admin: &ApiClient) -> Result<u64> {
    Ok(heads(admin)?.end.map_or(0, |it| it.sequence))
}

/// What was signed, and what was found wrong.
///
/// # Errors
/// When the appliance refuses.
pub fn heads(admin: &ApiClient) -> Result<AuditHeads> {
    admin.get("/api/audit/heads")
}

/// The newest events that fit, newest first. `filter` is what stands behind the question mark.
///
/// # Errors
/// When the appliance refuses.
pub fn events(admin: &ApiClient, filter: &str) -> Result<Vec<AuditEvent>> {
    let page: AuditPage = admin.get(&format!("/api/audit?{filter}"))?;
    Ok(page.events.into_iter().map(|it| it.event).collect())
}

/// The events behind this one, oldest first.
///
/// # Errors
/// When the appliance refuses.
pub fn events_after(admin: &ApiClient, sequence: u64) -> Result<Vec<AuditEvent>> {
    let mut events = events(admin, "limit=500")?;
    events.retain(|it| it.sequence > sequence);
    events.reverse();
    Ok(events)
}

/// The whole trail as a file.
///
/// # Errors
/// When the appliance refuses.
pub fn export(admin: &ApiClient) -> Result<Vec<u8>> {
    let answer = admin.send("GET", "/api/audit/export", None)?;
    answer.success()?;
    Ok(answer.body)
}

/// What comes of verifying a file with the appliance's key.
///
/// # Errors
/// When the appliance's key is none.
pub fn verify(file: &[u8], key: &str) -> Result<Result<Verified, Broken>> {
    let key: AuditKey = key.parse().context("the appliance's audit key")?;
    let mut reader = ExportReader::new(Some(key));
    Ok(match reader.push(file) {
        Ok(()) => reader.finish(),
        Err(broken) => Err(broken),
    })
}

/// Runs `sallyport audit verify`.
///
/// # Errors
/// When it does not run.
pub fn verify_by_program(file: &Path, key: Option<&str>) -> Result<Finished> {
    let mut command = Command::new(workspace::program("sallyport")?);
    command.args(["audit", "verify"]).arg(file);
    if let Some(key) = key {
        command.args(["--key", key]);
    }
    run_to_end(&mut command, LIMIT)
}
