//! The keys of the Jump interface.

use std::cell::RefCell;

use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use wire::JumpItemId;
use yew::prelude::*;

use super::rows::How;
use super::{Command, Open, table};
use crate::components::frame::is_free;
use crate::console::Same;
use crate::state::selection::{Held, Selection};
use crate::state::view::View;

/// Listens for keys as long as the page is shown.
#[hook]
pub(super) fn use_keys(
    command: &Callback<Command>,
    view: &View,
    selection: &UseStateHandle<Selection<JumpItemId>>,
    ids: &Same<Vec<JumpItemId>>,
) {
    // Keys may come faster than the page is drawn: each goes on from what the one before it selected.
    let newest = use_mut_ref(Selection::default);
    newest.replace((**selection).clone());
    let (command, view, ids) = (command.clone(), view.clone(), ids.clone());
    use_effect(move || {
        let options = EventListenerOptions::enable_prevent_default();
        let document = gloo::utils::document();
        let listener = EventListener::new_with_options(&document, "keydown", options, move |event| {
            if let Some(event) = event.dyn_ref::<KeyboardEvent>()
                && press(event, &command, &view, &newest, &ids)
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
    view: &View,
    newest: &RefCell<Selection<JumpItemId>>,
    ids: &[JumpItemId],
) -> bool {
    let select = |change: &dyn Fn(&mut Selection<JumpItemId>)| {
        let mut changed = newest.borrow().clone();
        change(&mut changed);
        newest.replace(changed.clone());
        command.emit(Command::Select(changed));
        true
    };
    if in_search(event) {
        return match event.key().as_str() {
            "Escape" => {
                command.emit(Command::Show(without_search(view), How::Replace));
                blur(event);
                true
            }
            "Enter" => {
                command.emit(Command::Show(view.clone(), How::Push));
                blur(event);
                select(&|it| it.step(ids, 0, Held::default()))
            }
            "ArrowDown" => {
                blur(event);
                select(&|it| it.step(ids, 0, Held::default()))
            }
            _ => false,
        };
    }
    if event.ctrl_key() && event.key() == "a" && on_table_or_page(event) {
        return select(&|it| it.all(ids));
    }
    if (event.key() == "ContextMenu" || (event.shift_key() && event.key() == "F10")) && is_free(event) {
        // On a group, the browser asks the group for its menu.
        let cursor = newest.borrow().cursor();
        let Some(cursor) = cursor.filter(|_| on_table_or_page(event)) else { return false };
        select(&|it| it.point_at(cursor));
        return table::menu_point(cursor).is_some_and(|(x, y)| emit(command, Command::Open(Open::RowMenu(x, y))));
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
        "f" => emit(command, Command::Favourite),
        "Delete" => emit(command, Command::Remove),
        "Escape" if !view.search.is_empty() => emit(command, Command::Show(without_search(view), How::Push)),
        "Escape" => select(&|it| it.clear()),
        _ => false,
    }
}

fn without_search(view: &View) -> View {
    View { search: String::new(), ..view.clone() }
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
