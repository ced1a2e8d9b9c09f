//! The dashboard, users, teams, jump groups, roles, how people sign in, systems outside, and the audit trail, for administrators.

mod audit;
mod capture_fields;
mod credential_dialog;
mod credentials;
mod dashboard;
mod groups;
mod members_dialog;
mod policies;
mod policy_dialog;
mod quality_fields;
mod reset_dialog;
mod role_dialog;
mod roles;
mod session_policies;
mod session_policy_answer;
mod session_policy_dialog;
mod session_policy_fields;
mod session_policy_global;
mod settings;
mod sign_in;
mod team_dialog;
mod teams;
mod tokens_dialog;
mod user_access;
mod user_dialog;
mod users;
mod uses;

use yew::prelude::*;
use yew_router::prelude::Link;

pub(crate) use self::user_access::UserAccessPage;
use crate::components::alert::{Alert, Severity};
use crate::console::use_store;
use crate::routes::{Route, Section};

/// Properties of [`AdministrationPage`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct AdministrationPageProps {
    /// What it shows.
    pub(crate) section: Section,
}

/// The page.
#[component]
pub(crate) fn AdministrationPage(props: &AdministrationPageProps) -> Html {
    let store = use_store();
    let shown = props.section;
    if shown == Section::Credentials && !store.is_administrator() {
        // Roles in groups say who manages credentials, not the administration.
        return html! {
            <div class="sp-page" id="administration-page">
                <div class="sp-page__head"><h1 class="pf-v6-c-title pf-m-xl">{ "Credentials" }</h1></div>
                <credentials::Credentials />
            </div>
        };
    }
    if shown == Section::Audit && store.is_auditor() {
        return html! {
            <div class="sp-page" id="administration-page">
                <div class="sp-page__head"><h1 class="pf-v6-c-title pf-m-xl">{ "Audit" }</h1></div>
                <audit::Audit />
            </div>
        };
    }
    let tab = |(section, key, title): (Section, &'static str, &'static str)| {
        let current = section == shown;
        html! {
            <li class={classes!("pf-v6-c-tabs__item", current.then_some("pf-m-current"))} key={key}>
                <span id={format!("section-{key}")}>
                    <Link<Route> classes="pf-v6-c-tabs__link" to={section.route()}>
                        <span class="pf-v6-c-tabs__item-text" aria-current={current.then_some("page")}>{ title }</span>
                    </Link<Route>>
                </span>
            </li>
        }
    };
    html! {
        <ForAdministrators>
            <div class="sp-page__head"><h1 class="pf-v6-c-title pf-m-xl">{ "Administration" }</h1></div>
            <nav class="pf-v6-c-tabs sp-sections" aria-label="Administration">
                <ul class="pf-v6-c-tabs__list">{ for Section::ALL.into_iter().map(tab) }</ul>
            </nav>
            { match shown {
                Section::Dashboard => html! { <dashboard::Dashboard /> },
                Section::Users => html! { <users::Users /> },
                Section::Teams => html! { <teams::Teams /> },
                Section::Groups => html! { <groups::Groups /> },
                Section::Roles => html! { <roles::Roles /> },
                Section::Policies => html! { <policies::Policies /> },
                Section::SessionPolicies => html! { <session_policies::SessionPolicies /> },
                Section::Credentials => html! { <credentials::Credentials /> },
                Section::SignIn => html! { <sign_in::SignInRules /> },
                Section::Settings => html! { <settings::Settings /> },
                Section::Audit => html! { <audit::Audit /> },
            } }
        </ForAdministrators>
    }
}

/// Properties of [`ForAdministrators`].
#[derive(Clone, PartialEq, Properties)]
struct ForAdministratorsProps {
    children: Html,
}

/// A page that says so to everybody else.
#[component]
fn ForAdministrators(props: &ForAdministratorsProps) -> Html {
    let store = use_store();
    html! {
        <div class="sp-page" id="administration-page">
            if store.is_administrator() {
                { props.children.clone() }
            } else {
                <Alert id="not-administrator" severity={Severity::Warning} title="Only administrators can see this page">
                    <p>{ "Ask an administrator of this appliance for what you need." }</p>
                </Alert>
            }
        </div>
    }
}
