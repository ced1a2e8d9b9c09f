//! The keys of the Jump interface.

use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use wire::JumpItemId;
use yew::prelude::*;

use super::{Command, Query};
use crate::components::frame::is_free;
use crate::state::selection::{Held, Selection};

/// Listens for keys as long as the page is shown.
#[hook]
pub(super) fn use_keys(
    command: &Callback<Command>,
    query: &Query,
    selection: &UseStateHandle<Selection<JumpItemId>>,
    ids: &[JumpItemId],
) {
    let (command, query, selection, ids) = (command.clone(), query.clone(), (**selection).clone(), ids.to_vec());
    use_effect(move || {
        let options = EventListenerOptions::enable_prevent_default();
        let document = gloo::utils::document();
        let listener = EventListener::new_with_options(&document, "keydown", options, move |event| {
            if let Some(event) = event.dyn_ref::<KeyboardEvent>()
                && press(event, &command, &query, &selection, &ids)
            {
                event.prevent_default();
            }
        });
        move || drop(listener)
    });
}

/// Does what a key is for. Whether it was for anything.
fn press(
    event: &KeyboardEvent,
    command: &Callback<Command>,
    query: &Query,
    selection: &Selection<JumpItemId>,
    ids: &[JumpItemId],
) -> bool {
    let select = |change: &dyn Fn(&mut Selection<JumpItemId>)| {
        let mut changed = selection.clone();
        change(&mut changed);
        command.emit(Command::Select(changed));
        true
    };
    if in_search(event) {
        return match event.key().as_str() {
            "Escape" => {
                command.emit(Command::Query(Query { q: String::new(), ..query.clone() }));
                blur(event);
                true
            }
            "ArrowDown" | "Enter" => {
                blur(event);
                select(&|it| it.step(ids, 0, Held::default()))
            }
            _ => false,
        };
    }
    if event.ctrl_key() && event.key() == "a" && on_table_or_page(event) {
        return select(&|it| it.all(ids));
    }
    if !is_free(event) {
        return false;
    }
    let held = Held { shift: event.shift_key(), toggle: false };
    match event.key().as_str() {
        "/" => focus("item-search"),
        "j" | "ArrowDown" => select(&|it| it.step(ids, 1, held)),
        "k" | "ArrowUp" => select(&|it| it.step(ids, -1, held)),
        "Home" if on_row(event) => select(&|it| it.step(ids, isize::MIN, held)),
        "End" if on_row(event) => select(&|it| it.step(ids, isize::MAX, held)),
        " " if on_table_or_page(event) => select(&|it| it.toggle_cursor()),
        "Enter" if on_table_or_page(event) => emit(command, Command::Jump),
        "c" => emit(command, Command::Create),
        "e" => emit(command, Command::Properties),
        "Delete" => emit(command, Command::Remove),
        "Escape" if !query.q.is_empty() => emit(command, Command::Query(Query { q: String::new(), ..query.clone() })),
        "Escape" => select(&|it| it.clear()),
        _ => false,
    }
}

fn emit(command: &Callback<Command>, what: Command) -> bool {
    command.emit(what);
    true
}

fn target(event: &KeyboardEvent) -> Option<Element> {
    event.target().and_then(|target| target.dyn_into().ok())
}

fn in_search(event: &KeyboardEvent) -> bool {
    target(event).is_some_and(|element| element.id() == "item-search")
}

/// Not on a button or a link, which have uses of their own for these keys.
fn on_table_or_page(event: &KeyboardEvent) -> bool {
    target(event).is_some_and(|element| {
        element.closest("button, a, input, textarea, select, dialog").is_ok_and(|found| found.is_none())
    })
}

fn on_row(event: &KeyboardEvent) -> bool {
    target(event).is_some_and(|element| element.closest("[data-testid=item-row]").is_ok_and(|found| found.is_some()))
}

fn blur(event: &KeyboardEvent) {
    if let Some(element) = target(event).and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.blur();
    }
}

fn focus(id: &str) -> bool {
    let element = gloo::utils::document().get_element_by_id(id).and_then(|found| found.dyn_into::<HtmlElement>().ok());
    element.is_some_and(|element| element.focus().is_ok())
}
