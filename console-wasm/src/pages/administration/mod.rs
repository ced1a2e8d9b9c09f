//! Users, jump groups and how people sign in, for administrators.

mod groups;
mod reset_dialog;
mod sign_in;
mod tokens_dialog;
mod user_dialog;
mod users;

use yew::prelude::*;

use crate::components::alert::{Alert, Severity};
use crate::console::use_store;

/// The page.
#[component]
pub(crate) fn AdministrationPage() -> Html {
    let store = use_store();
    if !store.is_administrator() {
        return html! {
            <div class="sp-page" id="administration-page">
                <Alert id="not-administrator" severity={Severity::Warning} title="Only administrators can see this page">
                    <p>{ "Ask an administrator of this appliance for what you need." }</p>
                </Alert>
            </div>
        };
    }
    html! {
        <div class="sp-page" id="administration-page">
            <div class="sp-page__head"><h1 class="pf-v6-c-title pf-m-xl">{ "Administration" }</h1></div>
            <users::Users />
            <groups::Groups />
            <sign_in::SignInRules />
        </div>
    }
}
