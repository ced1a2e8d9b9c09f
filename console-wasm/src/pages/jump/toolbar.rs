//! What can be done with items.

use std::rc::Rc;

use wire::JumpItemId;
use wire::api::{ItemPermission, JumpItem};
use yew::prelude::*;

use super::{Command, Open, csv_files, starting};
use crate::components::button::{Button, Kind};
use crate::components::icon::Icon;
use crate::components::menu::{Menu, MenuItem};
use crate::console::{Same, use_store};
use crate::state::{bulk_form, format, permitted};

/// Properties of [`Toolbar`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct ToolbarProps {
    /// The selected items.
    pub(super) chosen: Rc<Vec<JumpItem>>,
    /// The items that are shown.
    pub(super) shown: Same<Vec<JumpItemId>>,
    /// Whether sessions are being started.
    pub(super) jumping: bool,
    /// What is done.
    pub(super) command: Callback<Command>,
}

/// The bar above the table.
#[component]
pub(super) fn Toolbar(props: &ToolbarProps) -> Html {
    let store = use_store();
    let on = |command: Command| {
        let callback = props.command.clone();
        Callback::from(move |_: MouseEvent| callback.emit(command.clone()))
    };
    let choose = |command: Command| {
        let callback = props.command.clone();
        Callback::from(move |()| callback.emit(command.clone()))
    };
    let jump = match props.chosen.len() {
        0 | 1 => "Jump".to_owned(),
        several => format!("Jump ({several})"),
    };
    let nothing = || "Select an item first.".to_owned();
    let properties =
        if props.chosen.is_empty() { nothing() } else { bulk_form::obstacle(&props.chosen).unwrap_or_default() };
    let unless = |permission| match props.chosen.as_slice() {
        [] => nothing(),
        chosen => permitted::obstacle(store.groups.list(), chosen, permission),
    };
    let (what, ids) = match props.chosen.as_slice() {
        [] => ("shown", (*props.shown).clone()),
        chosen => ("selected", chosen.iter().map(|item| item.id).collect()),
    };
    let count = format::count(ids.len() as u64, "item");
    let mut files = vec![
        MenuItem::new("export", format!("Export {count}"), choose(Command::Export(ids.clone())))
            .about(format!("Those {what}, as a CSV file"))
            .unless(csv_files::obstacle(ids.len())),
    ];
    let mut create = Vec::new();
    if permitted::anywhere(store.groups.list(), ItemPermission::Add) {
        create.push(
            MenuItem::new("create-tunnel-jump", "Protocol Tunnel Jump", choose(Command::Create))
                .about("TCP ports of one remote system on a local address"),
        );
        files.push(
            MenuItem::new("import", "Import items", choose(Command::Open(Open::Import)))
                .about("From a CSV file, after a look at what comes of it"),
        );
    }
    if store.is_administrator() {
        create.push(
            MenuItem::new("create-group", "Jump group", choose(Command::NewGroup))
                .about("Organises items; permission hangs on it"),
        );
    }
    html! {
        <div class="sp-toolbar" role="toolbar" aria-label="Items">
            <Button id="jump" kind={Kind::Primary} icon={Icon::Play} label={jump} busy={props.jumping}
                obstacle={starting::obstacle(&props.chosen)} onclick={on(Command::Jump)} />
            if !create.is_empty() {
                <Menu id="create" icon={Icon::Plus} label="Create" items={create} />
            }
            <Button id="properties" icon={Icon::Pen} label="Properties" obstacle={properties} onclick={on(Command::Properties)} />
            <Button id="copy" icon={Icon::Copy} label="Copy" obstacle={unless(ItemPermission::AssignGroup)} onclick={on(Command::Copy)} />
            <Button id="remove" icon={Icon::Trash} label="Remove" obstacle={unless(ItemPermission::Remove)} onclick={on(Command::Remove)} />
            <Menu id="files" icon={Icon::File} label="Files" items={files} />
        </div>
    }
}
