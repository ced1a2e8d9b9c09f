//! A link was lost: what that means, how long the session waits, and what to do when waiting is in vain.

use wasm_bindgen_futures::spawn_local;
use wire::api::LinkSide;
use yew::prelude::*;
use yew_router::prelude::*;

use super::{PartProps, header};
use crate::components::alert::{Alert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::icon::Icon;
use crate::console::{use_console, use_now, use_store};
use crate::state::format::duration;
use crate::state::store::Action;

/// The section.
#[component]
pub(super) fn Reconnecting(props: &PartProps) -> Html {
    let store = use_store();
    let now = use_now(1_000);
    let Some(lost) = props.view.session.reconnecting else { return Html::default() };
    if store.is_own(&props.view.session) && store.died_with_helper.contains(&props.view.session.id) {
        return html! { <HelperDied view={props.view.clone()} /> };
    }
    let whose = match lost.waits_for {
        LinkSide::Helper => "the helper on the workstation",
        LinkSide::Jumpoint => "the jumpoint",
    };
    let left = duration(lost.until.millis_since(now));
    html! {
        <Alert id="session-reconnecting" severity={Severity::Warning} title={format!("The link to {whose} was lost; it is dialled again")}>
            <p>{ format!("Open connections stand still and go on where they were. If the link is not back in {left}, the session ends.") }</p>
        </Alert>
    }
}

/// The helper that held the session's connections is dead, and they with it.
#[component]
fn HelperDied(props: &PartProps) -> Html {
    let console = use_console();
    let navigator = use_navigator();
    let busy = use_state(|| false);
    let (id, item) = (props.view.session.id, props.view.session.item_id);
    let onclick = {
        let busy = busy.clone();
        Callback::from(move |_: MouseEvent| {
            busy.set(true);
            let (console, navigator, busy) = (console.clone(), navigator.clone(), busy.clone());
            spawn_local(async move {
                match console.api().end_session(id, "").await {
                    Ok(session) => {
                        console.dispatch(Action::Session(Box::new(session)));
                        if let Some(item) = item {
                            header::again(&console, navigator, id, item).await;
                        }
                    }
                    Err(error) => console.tell_error("The session could not be ended", &error),
                }
                busy.set(false);
            });
        })
    };
    html! {
        <Alert id="session-helper-died" severity={Severity::Danger} title="The helper stopped unexpectedly; this session's connections are lost">
            <p>{ "Nothing can bring them back. Another helper is started by itself: end this session and start it again." }</p>
            <p><Button id="start-again" kind={Kind::Primary} icon={Icon::Redo} label="End it and start again" busy={*busy} {onclick} /></p>
        </Alert>
    }
}
