//! `sallyport audit`: what can be done with an exported audit trail without the appliance.

use std::io::Read;
use std::path::Path;

use anyhow::Context;
use wire::audit::{AuditKey, Broken, ExportReader, Verified};

/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;

/// What came of verifying a file.
#[derive(Debug)]
pub struct Report {
    /// The appliance that the file says it is of.
    pub appliance: String,
    /// The key that its heads were verified with.
    pub key: Option<AuditKey>,
    /// Whether somebody said that this is the key to believe.
    pub is_known_key: bool,
    /// The first broken link, or what is in order.
    pub outcome: Result<Verified, Broken>,
}

/// Verifies an exported audit trail.
///
/// # Errors
/// When the file cannot be read.
pub fn verify(file: &Path, key: Option<AuditKey>) -> anyhow::Result<Report> {
    let mut from = std::fs::File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    let mut reader = ExportReader::new(key);
    let mut piece = vec![0; PIECE];
    let broken = loop {
        let count = from.read(&mut piece).with_context(|| format!("cannot read {}", file.display()))?;
        if count == 0 {
            break None;
        }
        if let Err(broken) = reader.push(piece.get(..count).unwrap_or_default()) {
            break Some(broken);
        }
    };
    let header = reader.header();
    let appliance = header.map(|it| it.appliance.clone()).unwrap_or_default();
    let key_used = header.map(|it| it.public_key);
    let outcome = match broken {
        Some(broken) => Err(broken),
        None => reader.finish(),
    };
    Ok(Report { appliance, key: key_used, is_known_key: key.is_some(), outcome })
}

impl Report {
    /// What to tell whoever asked.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(key) = &self.key {
            lines.push(format!("Audit trail of {}", self.appliance));
            lines.push(format!("Key {key}"));
            if !self.is_known_key {
                lines.push(
                    "The key is the one that the file names. Compare it with the one that the console shows under Administration, \
                     Audit, or name that with --key."
                        .into(),
                );
            }
        }
        match &self.outcome {
            Ok(Verified { events: 0, .. }) => lines.push("In order: there are no events.".into()),
            Ok(verified) => {
                let signed = verified.signed.as_ref().map_or(0, |it| it.sequence);
                lines.push(format!(
                    "In order: {} events, up to event {}; {} signed heads, the last one at event {signed}.",
                    verified.events, verified.last, verified.heads
                ));
                if verified.unsigned() > 0 {
                    lines.push(format!("The last {} events are not covered by a signed head.", verified.unsigned()));
                }
            }
            Err(broken) => lines.push(format!("BROKEN: {broken}.")),
        }
        lines
    }
}
