//! What the console knows and decides, apart from how it is drawn: no browser in here, and no clock. Tested natively
//! with `cargo test -p console-wasm`.
//!
//! | file | holds |
//! |---|---|
//! | `store` | everything the console knows, and how each thing that happens changes it |
//! | `session_view` | a session as its tab shows it |
//! | `catalogue`, `columns`, `view`, `filters`, `window`, `selection` | the table of the Jump interface: what it searches and sorts, its columns, which items it shows, which rows are drawn, which are selected |
//! | `items` | groups and tags with counts, addresses |
//! | `item_form`, `services`, `addresses`, `bulk_form` | the dialogs for one item and for several |
//! | `item_credentials`, `credential_form` | credentials of an item, and the form for one |
//! | `session_policy_form` | the forms for session policies |
//! | `items_import` | what the page says of a file with items |
//! | `mail_form`, `ticket_form`, `sign_on_form` | the forms for systems outside |
//! | `audit` | the audit trail: filters, what changed, what verifying came to |
//! | `review_filters`, `timeline`, `pages` | reviewing sessions: which ones, one session on an axis of time, long lists page by page |
//! | `capture_view` | captured bytes and statements, and the form for captures |
//! | `permitted` | what the user's roles let them do with items |
//! | `uses` | what depends on a user or a team |
//! | `helper_state` | extension and helper, and how to mend them |
//! | `first_steps` | the path on a new appliance |
//! | `format`, `words`, `chart`, `toasts`, `backoff`, `browser_name`, `natural` | small things the others use |

pub(crate) mod addresses;
pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod backoff;
pub(crate) mod browser_name;
pub(crate) mod bulk_form;
pub(crate) mod capture_view;
pub(crate) mod catalogue;
pub(crate) mod chart;
pub(crate) mod columns;
pub(crate) mod credential_form;
pub(crate) mod filters;
#[cfg(test)]
mod filters_tests;
pub(crate) mod first_steps;
pub(crate) mod format;
pub(crate) mod forwarding_form;
pub(crate) mod health;
pub(crate) mod helper_state;
pub(crate) mod item_credentials;
pub(crate) mod item_form;
pub(crate) mod items;
pub(crate) mod items_import;
pub(crate) mod mail_form;
pub(crate) mod natural;
pub(crate) mod pages;
pub(crate) mod participants;
pub(crate) mod permitted;
pub(crate) mod policy_form;
pub(crate) mod retention_form;
pub(crate) mod review_filters;
#[cfg(test)]
mod samples;
pub(crate) mod selection;
pub(crate) mod services;
pub(crate) mod session_policy_form;
pub(crate) mod session_view;
pub(crate) mod sign_on_form;
pub(crate) mod site_form;
pub(crate) mod store;
#[cfg(test)]
mod store_tests;
pub(crate) mod ticket_form;
pub(crate) mod timeline;
pub(crate) mod toasts;
pub(crate) mod upload;
pub(crate) mod uses;
pub(crate) mod view;
pub(crate) mod window;
pub(crate) mod words;
