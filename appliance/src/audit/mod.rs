//! The audit trail: whatever administrators change, who signs in, who jumps, each with who, when and what was before and after.
//! Only ever added to, hash-chained and signed (`wire::audit` says how).
//!
//! **A change and its events are kept in one transaction.** [`Audit::begin`] gives a [`Change`], which is a
//! [`Store`] whose every write goes into that transaction, and [`Change::commit`] takes the events: what cannot be
//! written down does not happen. What changes nothing in the database, such as a refusal, goes to [`Audit::append`] and waits until it
//! stands. Changes take turns, since each holds the end of the chain; many refusals share a transaction.
//!
//! | file | holds |
//! |---|---|
//! | `entry` | what is to be written down, and who did it |
//! | `change` | a change with its events |
//! | `appender` | the task that writes the others, and signs heads |
//! | `signing` | the key |
//! | `kept` | the newest head outside the database, and what was found wrong |
//! | `check` | what is looked at when the appliance starts |
//! | `looking_again` | what is looked at while it runs |
//! | `export` | the trail as a file |

mod appender;
mod change;
mod check;
mod entry;
mod export;
mod kept;
mod looking_again;
mod signing;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use tokio::sync::{mpsc, watch};
use wire::Timestamp;
use wire::audit::{Action, AuditEvent, AuditKey, Head, Place};

pub use appender::Appender;
pub use change::Change;
pub use entry::{By, Entry};
pub use kept::Finding;

use crate::clock::now;
use crate::store::{AuditedChange, Store, StoreError};
use appender::Waiting;
use kept::{Kept, KeptFile};
use signing::Signer;

/// The audit trail. Cheap to clone.
#[derive(Clone)]
pub struct Audit {
    store: Store,
    signer: Arc<Signer>,
    /// Whose turn it is to write, and what is known of the chain's end.
    turn: Arc<tokio::sync::Mutex<Known>>,
    queue: mpsc::Sender<Waiting>,
    /// The last event that is kept, for whoever hands them on.
    appended: Arc<watch::Sender<u64>>,
    file: KeptFile,
    kept: Arc<Mutex<Kept>>,
    /// Why nothing could be written last, until something could.
    failure: Arc<Mutex<Option<Failing>>>,
}

/// Nothing can be written to the trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    /// Since when.
    pub at: Timestamp,
    /// Why, in a sentence without a full stop.
    pub why: String,
}

/// What is known of the chain's end.
#[derive(Debug)]
struct Known {
    /// The last event that this program knows to be kept.
    tail: Place,
    /// The last event of a change of which nobody knows whether it was kept: whoever waited for it went away, or the database did.
    maybe: Option<Place>,
    /// The event of the last head in the database.
    head: u64,
    /// When that was signed.
    head_at: Timestamp,
}

/// Events that wait for the appender.
const QUEUE: usize = 4096;
/// Events after which a head is signed.
const HEAD_EVERY: u64 = 256;
/// How long a change waits for those in front of it.
const TURN_WITHIN: Duration = Duration::from_secs(10);
/// How long the database may take for one step of writing. What is not written by then counts as not written: whoever waits for it is
/// refused, and whether it comes to stand later is seen by the next one ([`Known::maybe`]).
const WRITE_WITHIN: Duration = Duration::from_secs(10);

impl Audit {
    /// Checks the end of the trail, notes that the appliance starts, and goes on. What is wrong with it is in the log, in the trail, and
    /// in [`Audit::findings`].
    ///
    /// # Errors
    /// When the key or the database cannot be read or written.
    pub async fn open(store: Store, data_dir: &Path) -> anyhow::Result<(Self, Appender)> {
        let signer = Signer::load(data_dir)?;
        let file = KeptFile::in_folder(data_dir);
        let kept = file.read()?;
        let checked =
            check::check(&store, signer.key(), kept.as_ref()).await.context("cannot check the audit trail")?;
        let (queue, waiting) = mpsc::channel(QUEUE);
        let appended = Arc::new(watch::Sender::new(checked.tail.sequence));
        let known = Known { head: checked.tail.sequence, head_at: now(), tail: checked.tail, maybe: None };
        let audit = Self {
            store,
            signer: Arc::new(signer),
            turn: Arc::new(tokio::sync::Mutex::new(known)),
            queue,
            appended,
            file,
            kept: Arc::new(Mutex::new(Kept { stopped: false, ..kept.unwrap_or_default() })),
            failure: Arc::default(),
        };
        let mut entries = vec![Entry::new(Action::ApplianceStarted)];
        if let Some((what, head)) = checked.wrong
            && audit.found(what.clone(), head)
        {
            entries.push(Entry::new(Action::AuditBroken).failed().saying(what));
        }
        // With a full disk the appliance still serves those who only look, and refuses the others.
        if let Err(error) = audit.go_on(entries).await {
            tracing::error!(error = format!("{error:#}"), "the start could not be written to the audit trail");
        }
        Ok((audit.clone(), Appender::new(audit, waiting)))
    }

    /// The database that it writes to.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The number of the last event that is kept, whenever it grows.
    #[must_use]
    pub fn appended(&self) -> watch::Receiver<u64> {
        self.appended.subscribe()
    }

    /// The chain goes on from where it was found to end.
    async fn go_on(&self, entries: Vec<Entry>) -> anyhow::Result<()> {
        let tail = self.turn.lock().await.tail.clone();
        self.store.write_tail(&tail).await?;
        self.write_now(&By::appliance(), entries, true).await?;
        self.keep_head(false).await
    }

    /// Begins a change. Nobody else writes to the trail until it is committed or dropped, so it must not wait for anything but the
    /// database; what needs no transaction comes before or after.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when others take too long, and when the database fails.
    pub async fn begin(&self) -> Result<Change, StoreError> {
        let turn = tokio::time::timeout(TURN_WITHIN, self.turn.clone().lock_owned()).await;
        let begun = async {
            let mut known = turn.map_err(|_| StoreError::Busy)?;
            let open = within(self.store.begin_audited()).await?;
            self.compare(&open, &mut known);
            Ok(Change::new(self.clone(), known, open))
        };
        let begun: Result<Change, StoreError> = begun.await;
        if let Err(error) = &begun {
            self.failed(error);
        }
        begun
    }

    /// Writes something down by itself, and comes back when it stands.
    ///
    /// # Errors
    /// [`StoreError::NotAudited`] when it cannot be written down, or not in time.
    pub async fn append(&self, by: &By, entry: Entry) -> Result<(), StoreError> {
        let written = within(self.append_when_it_is_its_turn(by, entry)).await;
        if let Err(error) = &written {
            self.failed(error);
        }
        written.map_err(not_audited)
    }

    async fn append_when_it_is_its_turn(&self, by: &By, entry: Entry) -> Result<(), StoreError> {
        let (waiting, written) = Waiting::new(by.clone(), entry);
        let Err(mpsc::error::SendError(waiting)) = self.queue.send(waiting).await else {
            return match written.await {
                Ok(written) => written.map_err(StoreError::NotAudited),
                Err(_) => Err(StoreError::NotAudited("the task that writes it ended".into())),
            };
        };
        // The appliance stops, and nobody else writes any more.
        self.write_now(&waiting.by, vec![waiting.entry], false).await
    }

    /// Writes events down in a transaction of their own, without the queue.
    async fn write_now(&self, by: &By, entries: Vec<Entry>, signed: bool) -> Result<(), StoreError> {
        let mut change = self.begin().await.map_err(not_audited)?;
        change.add(by, entries).await?;
        if signed {
            change.sign().await?;
        }
        change.keep().await
    }

    /// Tries whether the trail can be written, without an event: its end is written once more as it is.
    ///
    /// # Errors
    /// When it cannot, or not in time.
    pub async fn try_out(&self) -> Result<(), StoreError> {
        let tried = within(async { self.begin().await?.rewrite().await }).await;
        tried.inspect_err(|error| self.failed(error))
    }

    /// The key that heads are verified with.
    #[must_use]
    pub fn key(&self) -> AuditKey {
        self.signer.key()
    }

    /// What was found wrong with the trail; nothing, as it should be.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        self.lock_kept().found.clone()
    }

    /// Why nothing can be written to the trail; none, as it should be.
    #[must_use]
    pub fn failing(&self) -> Option<Failing> {
        self.lock_failure().clone()
    }

    fn failed(&self, error: &StoreError) {
        let mut failure = self.lock_failure();
        let at = failure.as_ref().map_or_else(now, |it| it.at);
        if failure.is_none() {
            tracing::error!(error = %error, "nothing can be written to the audit trail: what has to be audited does not happen");
        }
        *failure = Some(Failing { at, why: error.to_string() });
    }

    fn works(&self) {
        if self.lock_failure().take().is_some() {
            tracing::info!("the audit trail can be written again");
        }
    }

    fn lock_failure(&self) -> MutexGuard<'_, Option<Failing>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Signs the end of the chain as it is now; none while there is nothing.
    ///
    /// # Errors
    /// When others take too long.
    pub async fn signed_end(&self) -> Result<Option<Head>, StoreError> {
        let known = tokio::time::timeout(TURN_WITHIN, self.turn.lock()).await.map_err(|_| StoreError::Busy)?;
        Ok((known.tail.sequence > 0).then(|| self.signer.sign(&known.tail, now())))
    }

    /// Notes that the appliance stops, and signs the end. Nothing may be written after it.
    pub async fn close(&self) {
        let written = self.write_now(&By::appliance(), vec![Entry::new(Action::ApplianceStopped)], true).await;
        if let Err(error) = written {
            tracing::error!(error = %error, "the end of the audit trail could not be written");
        }
        if let Err(error) = self.keep_head(true).await {
            tracing::error!(error = %error, "the newest head of the audit trail could not be kept");
        }
    }

    /// Keeps the newest head outside the database, once what it covers is on the disk.
    async fn keep_head(&self, stopped: bool) -> anyhow::Result<()> {
        let Some(head) = self.signed_end().await? else { return Ok(()) };
        let (audit, store) = (self.clone(), self.store.clone());
        let keep = move || {
            // What is kept here must not be newer than what survives when the power fails.
            store.make_durable()?;
            let mut kept = audit.lock_kept();
            kept.newest = Some(head);
            kept.stopped = stopped;
            audit.file.write(&kept)
        };
        tokio::task::spawn_blocking(keep).await.context("the newest head of the audit trail was not kept")?
    }

    /// Whether the chain's end is where this program left it: somebody else may write to the database while it runs. Nobody else has
    /// a right to, since a database has one appliance.
    fn compare(&self, open: &AuditedChange, known: &mut Known) {
        let found = open.tail();
        let was_kept = known.maybe.take().filter(|it| it == found);
        if let Some(kept) = was_kept {
            known.tail = kept;
        }
        if known.tail == *found {
            return;
        }
        let what = format!(
            "the end of the trail was altered while the appliance ran, from event {} on",
            known.tail.sequence.min(found.sequence)
        );
        let head = self.signer.sign(&known.tail, now());
        self.found(what, Some(head));
        known.tail = found.clone();
    }

    /// Notes what is wrong. False when it was known.
    fn found(&self, what: String, head: Option<Head>) -> bool {
        let is_new = self.lock_kept().add(Finding { at: now(), what: what.clone(), head });
        if is_new {
            tracing::error!(what, "the audit trail is broken; it goes on, and what is wrong stays on record");
        }
        is_new
    }

    fn lock_kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Goes through the whole trail of a database, whether its appliance runs or not, and hands each event to `see`. What is wrong with it,
/// in a sentence; nothing, as it should be.
///
/// # Errors
/// When the key or the database cannot be read.
pub async fn walk(store: &Store, data_dir: &Path, see: impl FnMut(&AuditEvent)) -> anyhow::Result<Option<String>> {
    let kept = KeptFile::in_folder(data_dir).read()?;
    let key = Signer::load(data_dir)?.key();
    Ok(check::whole(store, key, kept.as_ref(), see).await?)
}

/// A step of writing that takes too long is none.
async fn within<T>(step: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match tokio::time::timeout(WRITE_WITHIN, step).await {
        Ok(done) => done,
        Err(_) => {
            let why = format!("the database did not take it within {} seconds", WRITE_WITHIN.as_secs());
            Err(StoreError::NotAudited(why))
        }
    }
}

/// What keeps events from being written down.
fn not_audited(error: StoreError) -> StoreError {
    match error {
        already @ StoreError::NotAudited(_) => already,
        other => StoreError::NotAudited(other.to_string()),
    }
}
