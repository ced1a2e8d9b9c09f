//! `sallyport recordings verify`: whether what is stored is what the audit trail says, whether the appliance runs or not.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, bail};
use wire::Timestamp;
use wire::audit::{AuditEvent, ExportLine, LINE_BYTES};

use crate::clock::now;
use crate::config::Config;
use crate::recording::{Chain, Verification, verify};
use crate::sealing::Sealing;
use crate::store::Store;
use crate::{audit, audit_file, data_dir};

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// What is wrong with the audit trail itself; nothing, as it should be.
    pub trail: Option<String>,
    /// What was found.
    pub found: Verification,
}

impl Report {
    /// Whether everything is as it should be.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.trail.is_none() && self.found.faults.is_empty()
    }

    /// What to tell whoever asked.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.trail.iter().map(|it| format!("BROKEN: the audit trail: {it}.")).collect();
        lines.extend(self.found.faults.iter().map(|(id, fault)| format!("BROKEN: recording {id} {fault}.")));
        let Verification { whole, deleted, newer, faults } = &self.found;
        if *newer > 0 {
            lines.push(format!("{newer} are newer than the audit trail that they are compared with."));
        }
        lines.push(format!(
            "{}: {whole} recordings are as the audit trail says, {deleted} were deleted with a tombstone, {} are not in order.",
            if self.is_whole() { "In order" } else { "NOT in order" },
            faults.len()
        ));
        lines
    }
}

/// Verifies the recordings of the appliance with this configuration, against its own trail or against an export of it.
///
/// # Errors
/// When something cannot be read at all.
pub async fn check(config: &Config, export: Option<&Path>) -> anyhow::Result<Report> {
    let store = open(config).await?;
    if !Sealing::is_there(&config.data_dir) {
        bail!("there is no sealing key in {}; --data-dir names the appliance's folder", config.data_dir.display());
    }
    let sealing = Sealing::load(&config.data_dir)?;
    let mut chain = Chain::default();
    let (trail, until) = walk(&store, config, export, |event| chain.push(event)).await?;
    let found = verify(&store, sealing, &config.data_dir, &config.recording_stores, &chain, until).await?;
    store.close().await?;
    Ok(Report { trail, found })
}

/// The database of an appliance that may be running.
///
/// # Errors
/// When there is none, or it cannot be used.
pub(crate) async fn open(config: &Config) -> anyhow::Result<Store> {
    if let Some(url) = &config.database_url {
        return Store::open_postgres_beside(url).await.context("cannot use the database");
    }
    let file = config.data_dir.join(data_dir::DATABASE);
    if !file.is_file() {
        bail!("there is no database {}; --data-dir names the appliance's folder", file.display());
    }
    let cannot = || format!("cannot open the database {}", file.display());
    Store::open_sqlite_beside(&file).await.with_context(cannot)
}

/// Goes through the trail in the database, or an export of it. What is wrong with it comes back, and up to when it goes.
///
/// # Errors
/// When it cannot be read.
pub(crate) async fn walk(
    store: &Store,
    config: &Config,
    export: Option<&Path>,
    mut see: impl FnMut(&AuditEvent),
) -> anyhow::Result<(Option<String>, Timestamp)> {
    let began = now();
    match export {
        Some(file) => of_export(file, see),
        None => Ok((audit::walk(store, &config.data_dir, &mut see).await?, began)),
    }
}

fn of_export(file: &Path, mut see: impl FnMut(&AuditEvent)) -> anyhow::Result<(Option<String>, Timestamp)> {
    let verified = audit_file::verify(file, None)?;
    let cannot = || format!("cannot read {}", file.display());
    let mut from = BufReader::new(std::fs::File::open(file).with_context(cannot)?);
    let (mut line, mut made_at) = (Vec::new(), Timestamp(0));
    loop {
        line.clear();
        let read = (&mut from).take(LINE_BYTES as u64 + 1).read_until(b'\n', &mut line).with_context(cannot)?;
        if read == 0 {
            return Ok((verified.outcome.err().map(|it| it.to_string()), made_at));
        }
        match ExportLine::read(line.trim_ascii_end()) {
            Ok(ExportLine::Event(it)) => see(&it.event),
            Ok(ExportLine::Header(header)) => made_at = header.exported_at,
            Ok(ExportLine::Head(_)) | Err(_) => {}
        }
    }
}
