//! What the console knows and decides, apart from how it is drawn: no browser in here, and no clock. Tested natively
//! with `cargo test -p console-wasm`.
//!
//! | file | holds |
//! |---|---|
//! | `store` | everything the console knows, and how each thing that happens changes it |
//! | `session_view` | a session as its tab shows it |
//! | `items`, `selection` | the table of the Jump interface |
//! | `item_form`, `services`, `addresses` | the dialog for an item |
//! | `helper_state` | extension and helper, and how to mend them |
//! | `first_steps` | the path on a new appliance |
//! | `format`, `words`, `chart`, `toasts`, `backoff`, `browser_name` | small things the others use |

pub(crate) mod addresses;
pub(crate) mod backoff;
pub(crate) mod browser_name;
pub(crate) mod chart;
pub(crate) mod first_steps;
pub(crate) mod format;
pub(crate) mod helper_state;
pub(crate) mod item_form;
pub(crate) mod items;
#[cfg(test)]
mod samples;
pub(crate) mod selection;
pub(crate) mod services;
pub(crate) mod session_view;
pub(crate) mod store;
#[cfg(test)]
mod store_tests;
pub(crate) mod toasts;
pub(crate) mod words;
