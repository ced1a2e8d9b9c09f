use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use wire::Timestamp;
use wire::audit::Head;

use crate::certificates::write_secret;

/// The file in the data folder.
const FILE: &str = "audit-heads";
/// Findings that are kept.
const MOST: usize = 100;

/// What is kept outside the database, so that its end cannot be cut off unnoticed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    /// The newest head that was signed.
    pub(super) newest: Option<Head>,
    /// Whether the appliance stopped in order with it: there is nothing behind it then.
    pub(super) stopped: bool,
    /// What was found wrong at earlier starts.
    pub(super) found: Vec<Finding>,
}

/// Something that was found wrong with the trail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// When it was found.
    pub at: Timestamp,
    /// What, in a sentence.
    pub what: String,
    /// A signed head that the trail does not fit to.
    pub head: Option<Head>,
}

impl Kept {
    /// Adds a finding. False when it was known before.
    pub(super) fn add(&mut self, finding: Finding) -> bool {
        let is_same = |it: &Finding| match &finding.head {
            Some(head) => it.head.as_ref() == Some(head),
            None => it.what == finding.what,
        };
        let is_new = !self.found.iter().any(is_same);
        if is_new && self.found.len() < MOST {
            self.found.push(finding);
        }
        is_new
    }
}

/// Where that lies.
#[derive(Clone, Debug)]
pub(super) struct KeptFile(PathBuf);

impl KeptFile {
    pub(super) fn in_folder(data_dir: &Path) -> Self {
        Self(data_dir.join(FILE))
    }

    /// What is kept; none when the file is not there, or cannot be understood.
    pub(super) fn read(&self) -> anyhow::Result<Option<Kept>> {
        match std::fs::read(&self.0) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", self.0.display())),
        }
    }

    pub(super) fn write(&self, kept: &Kept) -> anyhow::Result<()> {
        write_secret(&self.0, &serde_json::to_vec_pretty(kept)?)
    }
}
