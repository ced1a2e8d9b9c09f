//! *Jump*: starts a session on each of some items.

use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, JumpItem, ShownAtStart};
use wire::limits::ITEMS_PER_JUMP;
use yew::prelude::*;
use yew_router::prelude::*;

use crate::console::Console;
use crate::routes::Route;
use crate::state::store::Action;
use crate::state::toasts::ToastKind;
use crate::state::words;

/// Codes of refusals that a person can do something about at once.
const ASKED: [&str; 3] = ["needs_approval", "needs_ticket", "needs_second_factor"];

/// Refusals, each with the name of its item.
pub(super) type Refused = Vec<(String, ApiError)>;

/// The refusal of one item's session, with the item's name.
pub(super) fn named(name: &str, error: &ApiError) -> ApiError {
    ApiError { message: format!("{name}: {}", error.message), ..error.clone() }
}

/// Why these items cannot be jumped to; empty when they can.
pub(super) fn obstacle(chosen: &[JumpItem]) -> String {
    match chosen {
        [] => "Select an item first.".into(),
        [item] => words::item_obstacle(item.status, &item.jumpoint_name).unwrap_or_default(),
        several if several.len() > ITEMS_PER_JUMP => {
            format!("At most {ITEMS_PER_JUMP} items can be jumped to at once; {} are selected.", several.len())
        }
        several if several.iter().all(|item| words::item_obstacle(item.status, "").is_some()) => {
            "None of the selected items can be used now; see their status.".into()
        }
        _ => String::new(),
    }
}

/// Starts a session for each item, in order; each gets its tab, and the last one's opens. Those whose policies ask for something are
/// handed to `ask`. What stands in the way is told: a key is pressed without the button, which says it.
pub(super) fn start(
    console: &Console,
    items: Vec<JumpItem>,
    navigator: &Option<Navigator>,
    jumping: &UseStateHandle<bool>,
    failed: &UseStateHandle<Refused>,
    ask: Callback<Vec<JumpItem>>,
) {
    if **jumping || items.is_empty() {
        return;
    }
    let obstacle = obstacle(&items);
    if !obstacle.is_empty() {
        return console.tell(ToastKind::Info, "No session was started", obstacle);
    }
    jumping.set(true);
    let (console, navigator, jumping, failed) = (console.clone(), navigator.clone(), jumping.clone(), failed.clone());
    spawn_local(async move {
        let mut opened = None;
        let mut refused = Vec::new();
        let mut asked = Vec::new();
        for item in items {
            match console.api().jump_showing(item.id, ShownAtStart::default()).await {
                Ok(session) => {
                    opened = Some(session.id);
                    console.dispatch(Action::Session(Box::new(session)));
                }
                Err(error) if ASKED.contains(&error.code.as_str()) => asked.push(item),
                Err(error) => refused.push((item.definition.name, error)),
            }
        }
        jumping.set(false);
        if opened.is_some() {
            // What was used a moment ago stands among what was used last.
            console.load_items();
        }
        let all_well = refused.is_empty() && asked.is_empty();
        failed.set(refused);
        if !asked.is_empty() {
            ask.emit(asked);
        }
        if let (Some(id), Some(navigator), true) = (opened, navigator, all_well) {
            navigator.push(&Route::Session { id });
        }
    });
}
