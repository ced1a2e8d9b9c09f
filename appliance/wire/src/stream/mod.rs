//! The stream protocol: many TCP connections over one link, end to end between helper and agent.
//!
//! - [`frame`]: the layout of every frame.
//! - [`reason`]: why a connection ended, and who has to act.
//! - [`endpoint`]: one end as a state machine without I/O or clock.
//!
//! The appliance between the ends reads [`frame::Header`]s and passes the bytes on as they are.

pub mod endpoint;
mod flowing;
pub mod frame;
pub mod reason;
mod receive;
mod round_trip;
mod schedule;
mod send;
mod window;

pub use endpoint::{Config, Endpoint, Event, Held, OpenError, ReadOutcome, Side, StreamError};
pub use frame::{Frame, FrameError, Header, Kind, StreamId};
pub use reason::EndReason;
