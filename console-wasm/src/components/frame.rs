//! What stands around every page: header, banners, session tabs, notices.

use gloo::events::EventListener;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::Element;
use wire::api::ItemPermission;
use yew::prelude::*;
use yew_router::prelude::*;

use super::banners::Banners;
use super::button::{Button, Kind};
use super::helper_indicator::HelperIndicator;
use super::icon::Icon;
use super::keys_overlay::KeysOverlay;
use super::menu::{Menu, MenuItem};
use super::session_tabs::SessionTabs;
use super::toast_list::ToastList;
use crate::console::{use_console, use_store};
use crate::routes::{Route, Section};
use crate::state::permitted;
use crate::state::store::{Action, Store};

/// Properties of [`Frame`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct FrameProps {
    /// The page.
    pub(crate) children: Html,
}

/// The frame around a page.
#[component]
pub(crate) fn Frame(props: &FrameProps) -> Html {
    let keys_shown = use_state(|| false);
    {
        let keys_shown = keys_shown.clone();
        use_effect_with((), move |()| {
            let listener = EventListener::new(&gloo::utils::document(), "keydown", move |event| {
                if let Some(event) = event.dyn_ref::<KeyboardEvent>()
                    && event.key() == "?"
                    && is_free(event)
                {
                    keys_shown.set(true);
                }
            });
            move || drop(listener)
        });
    }
    let show_keys = {
        let keys_shown = keys_shown.clone();
        Callback::from(move |_: MouseEvent| keys_shown.set(true))
    };
    let hide_keys = {
        let keys_shown = keys_shown.clone();
        Callback::from(move |()| keys_shown.set(false))
    };
    html! {
        <div class="sp-frame">
            <a class="pf-v6-c-skip-to-content pf-v6-c-button pf-m-primary" href="#main">{ "Skip to content" }</a>
            <Header onkeys={show_keys} />
            <Banners />
            <SessionTabs />
            <main id="main" class="sp-main" tabindex="-1">{ props.children.clone() }</main>
            <ToastList />
            if *keys_shown {
                <KeysOverlay onclose={hide_keys} />
            }
        </div>
    }
}

/// Whether a key is meant for the page: not typed into a field, not with a dialog open, not with Ctrl, Alt or Meta.
pub(crate) fn is_free(event: &KeyboardEvent) -> bool {
    if event.ctrl_key() || event.alt_key() || event.meta_key() || event.default_prevented() {
        return false;
    }
    let in_field = event.target().and_then(|target| target.dyn_into::<Element>().ok()).is_some_and(|element| {
        element.closest("input, textarea, select, [role=menu]").is_ok_and(|found| found.is_some())
    });
    let in_dialog = gloo::utils::document().query_selector("dialog[open]").is_ok_and(|found| found.is_some());
    !in_field && !in_dialog
}

#[derive(Clone, PartialEq, Properties)]
struct HeaderProps {
    onkeys: Callback<MouseEvent>,
}

#[component]
fn Header(props: &HeaderProps) -> Html {
    let console = use_console();
    let store = use_store();
    let navigator = use_navigator();
    let Some(me) = store.me().cloned() else { return Html::default() };
    let account = {
        let navigator = navigator.clone();
        Callback::from(move |()| {
            if let Some(navigator) = &navigator {
                navigator.push(&Route::Account);
            }
        })
    };
    let sign_out = Callback::from(move |()| {
        let console = console.clone();
        spawn_local(async move {
            match console.api().sign_out().await {
                Ok(()) => console.dispatch(Action::SignedOut(None)),
                Err(error) => console.tell_error("You are still signed in", &error),
            }
        });
    });
    let items =
        vec![MenuItem::new("account", "Your account", account), MenuItem::new("sign-out", "Sign out", sign_out)];
    html! {
        <header class="sp-header" id="header">
            <Link<Route> to={Route::Jump} classes="sp-brand">
                { brand_mark() }
                <span>{ "Sallyport" }</span>
            </Link<Route>>
            <nav class="sp-nav" id="navigation" aria-label="Pages">
                <ul>
                    <NavLink id="nav-jump" to={Route::Jump} label="Jump" />
                    <NavLink id="nav-sessions" to={Route::Sessions} label="Sessions" />
                    if me.reviews {
                        <NavLink id="nav-review" to={Route::Review} label="Review" />
                    }
                    if store.approvals.ready().is_some_and(|all| !all.to_decide.is_empty() || !all.recent.is_empty()) {
                        <NavLink id="nav-approvals" to={Route::Approvals} label={approvals_label(&store)} />
                    }
                    <NavLink id="nav-agents" to={Route::Agents} label="Agents" />
                    if me.is_auditor() {
                        <NavLink id="nav-audit" to={Section::Audit.route()} label="Audit" />
                    }
                    if me.is_administrator() {
                        <NavLink id="nav-administration" to={Route::Administration} label="Administration" />
                    } else if permitted::anywhere(store.groups.list(), ItemPermission::EditCredentials) {
                        <NavLink id="nav-credentials" to={Section::Credentials.route()} label="Credentials" />
                    }
                </ul>
            </nav>
            <div class="sp-header__end">
                <HelperIndicator />
                <Button id="keys" kind={Kind::Plain} icon={Icon::Keyboard} title="Keys (?)" onclick={props.onkeys.clone()} />
                <Menu id="user-menu" icon={Icon::User} label={me.user.display_name.clone()} plain={true} right={true} {items} />
            </div>
        </header>
    }
}

/// With how many requests wait for the user.
fn approvals_label(store: &Store) -> String {
    match store.approvals.ready().map_or(0, |all| all.to_decide.len()) {
        0 => "Approvals".into(),
        waiting => format!("Approvals ({waiting})"),
    }
}

#[derive(Clone, PartialEq, Properties)]
struct NavLinkProps {
    id: AttrValue,
    to: Route,
    label: AttrValue,
}

#[component]
fn NavLink(props: &NavLinkProps) -> Html {
    let route = use_route::<Route>();
    let current = match route {
        Some(Route::Session { .. }) => props.to == Route::Jump,
        Some(Route::AdministrationSection { .. } | Route::UserAccess { .. }) => {
            props.to == Route::Administration || route == Some(props.to)
        }
        Some(Route::ReviewSession { .. } | Route::Report { .. }) => props.to == Route::Review,
        route => route == Some(props.to),
    };
    html! {
        <li id={props.id.clone()} class={classes!(current.then_some("sp-m-current"))} aria-current={current.then_some("page")}>
            <Link<Route> to={props.to}>{ &props.label }</Link<Route>>
        </li>
    }
}

/// The gate in the wall.
pub(crate) fn brand_mark() -> Html {
    html! {
        <svg class="sp-brand__mark" viewBox="0 0 32 32" aria-hidden="true">
            <path class="sp-brand__wall" d="M2 6h5v3h3V6h4v3h4V6h4v3h3V6h5v20a2 2 0 0 1-2 2H4a2 2 0 0 1-2-2z" />
            <path class="sp-brand__arch" d="M9 28V18.5a7 7 0 0 1 14 0V28z" />
            <path class="sp-brand__door" d="M12.500 28v-9.500a3.500 3.500 0 0 1 7 0V28z" />
        </svg>
    }
}
