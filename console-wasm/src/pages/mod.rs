//! The pages, one for each screen.

pub(crate) mod account;
pub(crate) mod administration;
pub(crate) mod agents;
pub(crate) mod api_tokens;
pub(crate) mod approvals;
pub(crate) mod approve_by_mail;
pub(crate) mod get_helper;
pub(crate) mod jump;
pub(crate) mod not_found;
pub(crate) mod review;
pub(crate) mod second_factor;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod setup;
pub(crate) mod sign_in;
