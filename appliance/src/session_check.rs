//! `sallyport sessions verify`: whether what is written down of sessions is what the audit trail says, whether the appliance runs or not.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde_json::Value;
use wire::audit::{Action, AuditEvent};
use wire::{SessionId, Timestamp};

use crate::config::Config;
use crate::random;
use crate::recording_check::{open, walk};
use crate::store::{SessionRow, Store, StoreError};

/// Rows that are read at once.
const PAGE: u64 = 500;

/// How long before the trail's end a session may have begun that is not in it.
const MEANWHILE_MILLIS: i64 = 30_000;

/// What the trail says of sessions. Filled event by event.
#[derive(Clone, Debug, Default)]
struct Chain(BTreeMap<SessionId, Known>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Known {
    /// Hash of its rows.
    sealed: Option<String>,
    /// It was deleted, as the rules say.
    forgotten: bool,
}

impl Chain {
    fn push(&mut self, event: &AuditEvent) {
        let of = event.object.as_ref().and_then(|it| it.id).map(SessionId);
        match (event.action, of) {
            (Action::JumpAllowed, Some(id)) => {
                self.0.entry(id).or_default();
            }
            (Action::SessionSealed, Some(id)) => {
                // The first one counts: whoever changed the rows may have had them sealed once more.
                let sha256 = event.after.get("sha256").and_then(Value::as_str).map(str::to_owned);
                let known = self.0.entry(id).or_default();
                known.sealed = known.sealed.take().or(sha256);
            }
            (Action::SessionsForgotten, _) => {
                let ids = event.after.get("session_ids").and_then(Value::as_array);
                for id in ids.into_iter().flatten().filter_map(|it| it.as_str()?.parse().ok()) {
                    self.0.entry(id).or_default().forgotten = true;
                }
            }
            _ => {}
        }
    }
}

/// What is wrong with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The trail has it, the database does not.
    Gone,
    /// Something of it is not what it was when it was sealed.
    Changed,
    /// Something of it cannot be read, or not at all at present.
    Unreadable,
    /// It is in the database, and the trail knows nothing of it.
    NotInTrail,
    /// The trail says that it was deleted, and it is there.
    NotDeleted,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gone => "is gone from the database",
            Self::Changed => "was changed after its end: its row, its events or its connections",
            Self::Unreadable => "cannot be read; why stands in the log",
            Self::NotInTrail => "is in the database, and the audit trail knows nothing of it",
            Self::NotDeleted => "was deleted as the audit trail says, and the database has it all the same",
        })
    }
}

/// What came of looking at all of them.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What is wrong with the audit trail itself; nothing, as it should be.
    pub trail: Option<String>,
    /// Sessions that are as they were sealed.
    pub whole: u64,
    /// Sessions that were deleted, as the trail says.
    pub deleted: u64,
    /// Sessions without a seal: they run, or ended only lately.
    pub unsealed: u64,
    /// What is wrong, and with which.
    pub faults: Vec<(SessionId, Fault)>,
}

impl Report {
    /// Whether everything is as it should be.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.trail.is_none() && self.faults.is_empty()
    }

    /// What to tell whoever asked.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.trail.iter().map(|it| format!("BROKEN: the audit trail: {it}.")).collect();
        lines.extend(self.faults.iter().map(|(id, fault)| format!("BROKEN: session {id} {fault}.")));
        lines.push(format!(
            "{}: {} sessions are as they were sealed, {} have no seal yet, {} were deleted by rule, {} are not in order.",
            if self.is_whole() { "In order" } else { "NOT in order" },
            self.whole,
            self.unsealed,
            self.deleted,
            self.faults.len()
        ));
        lines
    }
}

/// Verifies the sessions of the appliance with this configuration, against its own trail or against an export of it.
///
/// # Errors
/// When something cannot be read at all.
pub async fn check(config: &Config, export: Option<&Path>) -> anyhow::Result<Report> {
    let store = open(config).await?;
    let mut chain = Chain::default();
    let (trail, until) = walk(&store, config, export, |event| chain.push(event)).await?;
    let report = compare(&store, chain, until).await?;
    store.close().await?;
    Ok(Report { trail, ..report })
}

async fn compare(store: &Store, chain: Chain, until: Timestamp) -> Result<Report, StoreError> {
    let (mut report, mut unseen, mut after) = (Report::default(), chain.0, None);
    loop {
        let rows = store.session_rows_after(after, PAGE).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.id);
        for SessionRow { id, created_at } in rows {
            let fault = match unseen.remove(&id) {
                // It began after what it is compared with was written, or while.
                None if created_at.plus_millis(MEANWHILE_MILLIS) >= until => None,
                None => Some(Fault::NotInTrail),
                Some(Known { forgotten: true, .. }) => Some(Fault::NotDeleted),
                Some(Known { sealed: None, .. }) => {
                    report.unsealed += 1;
                    None
                }
                Some(Known { sealed: Some(sha256), .. }) => match store.session_hash(id).await {
                    Ok(Some(it)) if random::hex(&it.sha256) == sha256 => {
                        report.whole += 1;
                        None
                    }
                    Ok(_) => Some(Fault::Changed),
                    Err(error) => {
                        tracing::error!(session.id = %id, error = %error, "what is written down of a session cannot be read");
                        Some(Fault::Unreadable)
                    }
                },
            };
            report.faults.extend(fault.map(|it| (id, it)));
        }
    }
    for (id, known) in unseen {
        if known.forgotten {
            report.deleted += 1;
        } else {
            report.faults.push((id, Fault::Gone));
        }
    }
    Ok(report)
}
