//! Who may Jump to what, now. Pure: no clock, no database, no async.

pub mod access;
pub mod change;
pub mod credentials;
pub mod item;
pub mod items_csv;
pub mod policy;
pub mod removal;
