//! Sessions: one use of one item, from Jump to end.
//!
//! - `lifecycle`: states and ends, pure.
//! - `ticket`: what a helper shows to get its link.
//! - `live`: a running session in memory.
//! - `registry`: all of them; beginning and ending.
//! - `participants`: several people in one.
//! - `recorder`: the recording that a session needs; pure.
//! - `restoring`: those that an earlier run of the appliance left open.
//! - `permission`: whether those who use them still may.
//! - `policy`: what a session may do, by item, user and globally; pure.
//! - `giving`: whether its user is given a stored secret; pure.
//! - `letters`: what policies tell by mail when they begin and end.
//! - `idle`: ends of sessions through which nothing goes.
//! - `sealing`: one hash over all that was written down of one, in the audit trail.
//! - `set_ends`: ends that policies set, and the warnings before them.
//! - `arrivals`, `links`: its links, before and while they are joined.
//! - `asking`: the nodes that are asked to serve it.
//! - `audited`: what the audit trail tells of them.
//! - `totals`: what all sessions have moved.
//! - `tunnelling`, `joined`, `telling`, `writing`: the task of one session, the relay between its links, what is told of it, and what is
//!   written down.

pub mod arrivals;
pub mod asking;
mod audited;
pub mod giving;
mod idle;
mod joined;
pub mod letters;
pub mod lifecycle;
pub mod links;
pub mod live;
mod participants;
mod permission;
pub mod policy;
pub mod recorder;
pub mod registry;
mod restoring;
pub mod sealing;
mod set_ends;
mod telling;
pub mod ticket;
pub mod totals;
pub mod tunnelling;
mod writing;
