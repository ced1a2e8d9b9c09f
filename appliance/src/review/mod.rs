//! What reviewers are shown of sessions, apart from where it is kept and how it travels. Pure.
//!
//! | file | holds |
//! |---|---|
//! | `activity` | what went on in a session, stretch by stretch |
//! | `files` | sessions and reports as files for other programs |

pub mod activity;
pub mod files;
