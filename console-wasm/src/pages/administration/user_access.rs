//! What one user can do, and which rule says so.

use wire::UserId;
use wire::api::{GroupAccess, JumpMethod, MethodAccess, PermissionAccess, UserAccess};
use yew::prelude::*;
use yew_router::prelude::Link;

use super::ForAdministrators;
use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::spinner;
use crate::components::state_label::StateLabel;
use crate::console::use_store;
use crate::loaded::use_loaded;
use crate::routes::{Report, Route, Section};
use crate::state::words::Tone;

/// Properties of [`UserAccessPage`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct UserAccessPageProps {
    /// Who.
    pub(crate) id: UserId,
}

/// The page.
#[component]
pub(crate) fn UserAccessPage(props: &UserAccessPageProps) -> Html {
    let store = use_store();
    if store.is_auditor() {
        return html! { <div class="sp-page" id="administration-page"><Answers id={props.id} /></div> };
    }
    html! { <ForAdministrators><Answers id={props.id} /></ForAdministrators> }
}

#[component]
fn Answers(props: &UserAccessPageProps) -> Html {
    let store = use_store();
    let id = props.id;
    let version = (id, store.access_changed, store.users_changed);
    let access = use_loaded(version, move |api| async move { api.user_access(id).await });
    let users = use_loaded(version, |api| async move { api.users().await });
    let user = users.list().iter().find(|user| user.id == id);
    let title =
        user.map_or_else(|| "What can this user do?".to_owned(), |it| format!("What can {} do?", it.display_name));
    html! {
        <>
            if store.is_auditor() {
                <nav id="back-to-reach" aria-label="Path"><Link<Route> to={Route::Report { report: Report::Reach }}>{ "← Who may reach what" }</Link<Route>></nav>
            } else {
                <nav id="back-to-users" aria-label="Path"><Link<Route> to={Section::Users.route()}>{ "← Users" }</Link<Route>></nav>
            }
            <div class="sp-page__head"><h1 class="pf-v6-c-title pf-m-xl">{ title }</h1></div>
            if let Some(error) = &*access.error {
                <ErrorAlert id="user-access-error" error={error.clone()} />
            }
            { match &*access.value {
                None if access.error.is_some() => Html::default(),
                None => spinner("Looking at the rules"),
                Some(access) => answers(access),
            } }
        </>
    }
}

fn answers(access: &UserAccess) -> Html {
    html! {
        <>
            if let Some(barred) = &access.barred {
                <Alert id="user-barred" severity={Severity::Warning} title="Nothing of this holds now"><p>{ barred }</p></Alert>
            }
            <section class="sp-card" aria-labelledby="methods-title">
                <div class="sp-card__head"><h2 id="methods-title">{ "Jump methods" }</h2></div>
                <ul class="sp-answers">{ for access.methods.iter().map(method) }</ul>
            </section>
            { for access.groups.iter().map(group) }
            if access.groups.is_empty() {
                <p class="sp-pale">{ "There are no jump groups." }</p>
            }
        </>
    }
}

fn label(yes: bool) -> Html {
    html! { <StateLabel word={if yes { ("yes", Tone::Good) } else { ("no", Tone::Over) }} /> }
}

fn method(it: &MethodAccess) -> Html {
    let words = JumpMethod::ALL.iter().find(|(method, _)| *method == it.method).map_or("", |(_, words)| words);
    html! {
        <li key={words} data-testid="method-answer" data-name={words} data-allowed={it.allowed.to_string()}>
            { label(it.allowed) }<span><b>{ words }</b>{ " – " }{ &it.because }</span>
        </li>
    }
}

fn group(it: &GroupAccess) -> Html {
    let heading = format!("group-{}", it.group_id);
    html! {
        <section class="sp-card" key={heading.clone()} aria-labelledby={heading.clone()} data-testid="group-answer" data-name={it.group_name.clone()}>
            <div class="sp-card__head"><h2 id={heading}>{ &it.group_name }</h2></div>
            <p data-testid="group-because">{ &it.because }</p>
            if !it.policies.is_empty() {
                <p data-testid="group-policies">{ format!("Starting a session there also takes what these jump policies ask for: {}.", it.policies.join(", ")) }</p>
            }
            <ul class="sp-answers">{ for it.permissions.iter().map(permission) }</ul>
        </section>
    }
}

fn permission(it: &PermissionAccess) -> Html {
    let yes = !it.given_by.is_empty();
    let words = it.permission.words();
    html! {
        <li key={words} data-testid="permission-answer" data-name={words} data-allowed={yes.to_string()}>
            { label(yes) }
            <span>{ words }if yes { <span class="sp-pale">{ format!(" by {}", it.given_by.join(", ")) }</span> }</span>
        </li>
    }
}
