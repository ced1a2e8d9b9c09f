//! The stream protocol: many TCP connections over one link, end to end between helper and agent.
//!
//! - [`frame`]: the layout of every frame.
//! - [`reason`]: why a connection ended, and who has to act.
//! - [`endpoint`]: one end as a state machine without I/O.

pub mod reason;

pub use reason::EndReason;
