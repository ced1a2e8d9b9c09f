//! Sessions for those who may review them.

pub(super) mod list;
pub(super) mod notes;
pub(super) mod session;
