//! One tab for each of the user's sessions. They stay while people move through other pages.

use wasm_bindgen_futures::spawn_local;
use wire::SessionId;
use wire::api::SessionState;
use yew::prelude::*;
use yew_router::prelude::*;

use super::dialog::ConfirmDialog;
use super::end_session::{deed, ending};
use super::icon::Icon;
use super::state_label::dot;
use crate::console::{use_console, use_store};
use crate::routes::Route;
use crate::state::participants::{ends_for_others, others};
use crate::state::store::Action;
use crate::state::words;

/// The row of tabs; nothing while there is no session.
#[component]
pub(crate) fn SessionTabs() -> Html {
    let console = use_console();
    let store = use_store();
    let navigator = use_navigator();
    let route = use_route::<Route>();
    let asking = use_state(|| None::<SessionId>);
    let error = use_state(|| None);
    if store.tabs.is_empty() {
        return Html::default();
    }
    let leave = {
        let console = console.clone();
        Callback::from(move |id: SessionId| {
            console.dispatch(Action::CloseTab(id));
            if let Some(navigator) = &navigator
                && route == Some(Route::Session { id })
            {
                navigator.push(&Route::Jump);
            }
        })
    };
    let end = {
        let (console, asking, error, leave) = (console.clone(), asking.clone(), error.clone(), leave.clone());
        Callback::from(move |id: SessionId| {
            let (console, asking, error, leave) = (console.clone(), asking.clone(), error.clone(), leave.clone());
            spawn_local(async move {
                match console.api().end_session(id, "").await {
                    Ok(_) => {
                        asking.set(None);
                        leave.emit(id);
                    }
                    Err(failed) => error.set(Some(failed)),
                }
            });
        })
    };
    let close = {
        let (store, asking, error, leave, end) =
            (store.clone(), asking.clone(), error.clone(), leave.clone(), end.clone());
        Callback::from(move |id: SessionId| match store.view(id).map(|view| &view.session) {
            Some(session) if session.state == SessionState::Ended => leave.emit(id),
            // Nothing runs yet, so nothing is lost.
            Some(session) if session.state == SessionState::Ready && others(session) == 0 => end.emit(id),
            Some(_) => {
                error.set(None);
                asking.set(Some(id));
            }
            None => leave.emit(id),
        })
    };
    let asked = (*asking).and_then(|id| store.view(id).cloned());
    html! {
        <>
            <nav class="sp-tabs" id="session-tabs" aria-label="Your sessions">
                <ul>
                    <li class={classes!("sp-tab", (route == Some(Route::Jump)).then_some("sp-m-current"))}>
                        <Link<Route> to={Route::Jump} classes="sp-tab__link">{ "Jump" }</Link<Route>>
                    </li>
                    { for store.tabs.iter().filter_map(|id| store.view(*id)).map(|view| {
                        let session = &view.session;
                        let id = session.id;
                        let (word, tone) = words::session_state(session);
                        let current = route == Some(Route::Session { id });
                        let close = close.clone();
                        html! {
                            <li
                                key={id.to_string()}
                                class={classes!("sp-tab", current.then_some("sp-m-current"))}
                                data-testid="session-tab"
                                data-session-id={id.to_string()}
                                data-item-name={session.item_name.clone()}
                            >
                                <Link<Route> to={Route::Session { id }} classes="sp-tab__link">
                                    <span class="sp-tab__name" title={session.item_name.clone()}>{ &session.item_name }</span>
                                    { dot(tone, word) }
                                </Link<Route>>
                                <button
                                    type="button"
                                    class="sp-tab__close"
                                    data-testid="close-session-tab"
                                    title={format!("Close {}", session.item_name)}
                                    onclick={move |_| close.emit(id)}
                                >
                                    { Icon::Times.html() }
                                    <span class="pf-v6-screen-reader">{ format!("Close {}", session.item_name) }</span>
                                </button>
                            </li>
                        }
                    }) }
                </ul>
            </nav>
            if let Some(view) = asked {
                <ConfirmDialog
                    id="end-by-tab"
                    title={format!("End the session {}?", view.session.item_name)}
                    deed={deed(&view.session, true)}
                    error={(*error).clone()}
                    onconfirm={let id = view.session.id; end.reform(move |()| id)}
                    onclose={let asking = asking.clone(); Callback::from(move |()| asking.set(None))}
                >
                    <p>{ ending(u64::from(view.session.connections_open)) }{ ends_for_others(&view.session).map(|it| format!(" {it}")).unwrap_or_default() }</p>
                </ConfirmDialog>
            }
        </>
    }
}
