//! Sessions: one use of one item, from Jump to end.
//!
//! - `lifecycle`: states and ends, pure.
//! - `ticket`: what a helper shows to get its link.
//! - `live`: a running session in memory.
//! - `registry`: all of them; beginning and ending.
//! - `tunnelling`: the task that joins the links of one session.

pub mod lifecycle;
pub mod live;
pub mod registry;
pub mod ticket;
pub mod tunnelling;
