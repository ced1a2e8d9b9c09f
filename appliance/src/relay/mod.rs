//! The relay between a helper's link and a jumpoint's: it reads frame headers to count, to keep a row per connection, to
//! hold limits and to cut; payload passes through as it came.
//!
//! - `connections`: what passes by, as a table; pure.
//! - `inspect`: what becomes of one message; pure.
//! - `link`: what a link is, whatever carries it.
//! - `forward`: one direction.
//! - `gate`: what holds bytes back for a while.
//! - `tap`: what keeps a copy of them.

pub mod connections;
pub mod forward;
pub mod gate;
pub mod inspect;
pub mod link;
pub mod tap;
