//! What Sallyport's programs say to each other: ids, the console API's types, the messages of helper and
//! agents, the audit trail, and the stream protocol as a state machine that does no I/O and knows no clock.
//!
//! Everything here builds for `wasm32-unknown-unknown`, because the console uses the same types.

pub mod agent_messages;
pub mod api;
pub mod audit;
pub mod helper_messages;
pub mod ids;
pub mod letter_text;
pub mod limits;
pub mod link_messages;
pub mod proof;
pub mod secret;
pub mod stream;
pub mod time;
pub mod validate;

pub use ids::*;
pub use secret::SecretText;
pub use time::Timestamp;
