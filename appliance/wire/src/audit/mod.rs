//! The audit trail: what happened, who did it, and how anybody can see later that nothing of it was altered.
//!
//! | file | holds |
//! |---|---|
//! | `action` | the closed list of what is written down |
//! | `event` | one event, and what changed with it |
//! | `canonical` | the bytes of an event |
//! | `chain` | each event's hash holds on to the one before |
//! | `head` | what the appliance signs now and then |
//! | `verify` | the first broken link, or none |
//! | `export` | the trail as a file, and reading one |
//!
//! # The chain
//!
//! Events are numbered 1, 2, 3, … without a gap. The hash of event *n* is
//!
//! ```text
//! hash_n = SHA-256(version ‖ hash_{n-1} ‖ canonical bytes of event n)
//! ```
//!
//! where `version` is one byte, 1, and `hash_0` is 32 zero bytes. Canonical bytes are the event as JSON with all keys of every object
//! sorted, without spaces, and with every field, be it `null`: what Python's `json.dumps(event, sort_keys=True,
//! separators=(",", ":"), ensure_ascii=False)` makes of the `event` of a line of the export.
//!
//! Whoever can write to the database can compute all hashes anew. So the appliance signs the newest hash now and then (Ed25519, with
//! a key outside the database), and keeps the newest of these heads outside the database as well: up to there nothing can be altered,
//! left out or cut off unnoticed.
//!
//! Another field, or another rule, takes another version; another action does not.

mod action;
mod canonical;
mod chain;
mod event;
mod export;
mod head;
mod verify;

pub use action::{Action, Category};
pub use canonical::canonical;
pub use chain::{ChainHash, VERSION, next_hash};
pub use event::{Actor, ActorKind, AuditEvent, Changed, ObjectKind, ObjectName, Outcome, changes};
pub use export::{ExportHeader, ExportLine, ExportReader, FORMAT, LINE_BYTES, LinkedEvent, Place};
pub use head::{AuditKey, Head, NotAKey, SIGNATURE_BYTES, signed_bytes};
pub use verify::{Break, Broken, Verified, Verifier};
