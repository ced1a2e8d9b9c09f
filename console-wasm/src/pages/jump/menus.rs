//! What the other button of the pointer offers, on rows and on groups.

use wire::JumpItemId;
use wire::api::{ItemPermission, JumpGroup, JumpItem};
use wire::limits::ITEMS_PER_JUMP;
use yew::prelude::*;

use super::{Command, csv_files, starting};
use crate::components::context_menu::ContextMenu;
use crate::components::menu::MenuItem;
use crate::state::{bulk_form, format, permitted};

/// The actions of the tool bar, for the selected rows.
pub(super) fn of_rows(
    at: (i32, i32),
    chosen: &[JumpItem],
    groups: &[JumpGroup],
    command: &Callback<Command>,
    onclose: Callback<()>,
) -> Html {
    let on = |what: Command| {
        let command = command.clone();
        Callback::from(move |()| command.emit(what.clone()))
    };
    let label = match chosen {
        [item] => format!("Actions for {}", item.definition.name),
        several => format!("Actions for {} items", several.len()),
    };
    let jump = match chosen.len() {
        0 | 1 => "Jump".to_owned(),
        several => format!("Jump ({several})"),
    };
    let ids: Vec<_> = chosen.iter().map(|item| item.id).collect();
    let export = format!("Export {}", format::count(ids.len() as u64, "item"));
    let cannot_export = csv_files::obstacle(ids.len());
    let all_favourites = !chosen.is_empty() && chosen.iter().all(|item| item.favourite);
    let favourite = if all_favourites { "Remove from favourites" } else { "Add to favourites" };
    let items = vec![
        MenuItem::new("menu-jump", jump, on(Command::Jump)).unless(starting::obstacle(chosen)),
        MenuItem::new("menu-properties", "Properties", on(Command::Properties))
            .unless(bulk_form::obstacle(chosen).unwrap_or_default()),
        MenuItem::new("menu-copy", "Copy into other groups", on(Command::Copy)).unless(permitted::obstacle(
            groups,
            chosen,
            ItemPermission::AssignGroup,
        )),
        MenuItem::new("menu-favourite", favourite, on(Command::Favourite)),
        MenuItem::new("menu-remove", "Remove", on(Command::Remove)).unless(permitted::obstacle(
            groups,
            chosen,
            ItemPermission::Remove,
        )),
        MenuItem::new("menu-export", export, on(Command::Export(ids))).unless(cannot_export),
    ];
    html! { <ContextMenu id="row-menu" {label} {at} {items} {onclose} /> }
}

/// Starting a session on each item of a group, where they are not too many.
pub(super) fn of_group(
    at: (i32, i32),
    name: &str,
    ids: Vec<JumpItemId>,
    command: &Callback<Command>,
    onclose: Callback<()>,
) -> Html {
    let count = ids.len();
    let words = if count == 1 {
        "Start a session with 1 item".to_owned()
    } else {
        format!("Start a session with {count} items")
    };
    let item = if (1..=ITEMS_PER_JUMP).contains(&count) {
        let command = command.clone();
        MenuItem::new("group-menu-jump", words, Callback::from(move |()| command.emit(Command::JumpTo(ids.clone()))))
    } else {
        let why = if count == 0 {
            "There are no items here.".to_owned()
        } else {
            format!("Only for at most {ITEMS_PER_JUMP} items at once; here are {count}.")
        };
        MenuItem::new("group-menu-none", "No sessions can be started here", Callback::noop()).unless(why)
    };
    html! { <ContextMenu id="group-menu" label={format!("Actions for {name}")} {at} items={vec![item]} {onclose} /> }
}
