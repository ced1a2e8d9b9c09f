//! What pages are made of: PatternFly's elements, with the names and the behaviour the console needs.
//!
//! Components here keep the focus where people left it: dialogs are the browser's own `<dialog>`, which holds the focus
//! and gives it back, and buttons keep it when they are pressed.

pub(crate) mod alert;
pub(crate) mod banners;
pub(crate) mod button;
pub(crate) mod chart;
pub(crate) mod check_list;
pub(crate) mod context_menu;
pub(crate) mod copy;
pub(crate) mod dialog;
pub(crate) mod empty_state;
pub(crate) mod end_session;
pub(crate) mod field;
pub(crate) mod filter_chips;
pub(crate) mod frame;
pub(crate) mod helper_indicator;
pub(crate) mod icon;
pub(crate) mod keys_overlay;
pub(crate) mod listing;
pub(crate) mod menu;
pub(crate) mod passkey_button;
pub(crate) mod popover;
pub(crate) mod saved_file;
pub(crate) mod saved_sets;
pub(crate) mod session_tabs;
pub(crate) mod sign_on_buttons;
pub(crate) mod state_label;
pub(crate) mod time;
pub(crate) mod toast_list;
pub(crate) mod virtual_list;

use yew::prelude::*;

/// A turning circle, with a word for those who do not see it.
pub(crate) fn spinner(what: &str) -> Html {
    html! {
        <svg class="pf-v6-c-spinner pf-m-md" role="progressbar" viewBox="0 0 100 100" aria-label={what.to_owned()}>
            <circle class="pf-v6-c-spinner__path" cx="50" cy="50" r="45" fill="none" />
        </svg>
    }
}
