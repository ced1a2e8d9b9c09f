//! What can be done with items, and the search.

use web_sys::HtmlInputElement;
use wire::api::JumpItem;
use yew::prelude::*;

use super::{Command, Query, obstacle};
use crate::components::button::{Button, Kind};
use crate::components::field::target;
use crate::components::icon::Icon;
use crate::components::menu::{Menu, MenuItem};
use crate::console::use_store;

/// Properties of [`Toolbar`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct ToolbarProps {
    /// What stands in the address.
    pub(super) query: Query,
    /// The selected items.
    pub(super) chosen: Vec<JumpItem>,
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
    let nothing = if props.chosen.is_empty() { "Select an item first." } else { "" };
    let mut create = vec![MenuItem {
        id: "create-tunnel-jump",
        label: "Protocol Tunnel Jump".into(),
        description: "TCP ports of one remote system on a local address".into(),
        onclick: choose(Command::Create),
    }];
    if store.is_administrator() {
        create.push(MenuItem {
            id: "create-group",
            label: "Jump group".into(),
            description: "Organises items; permission hangs on it".into(),
            onclick: choose(Command::NewGroup),
        });
    }
    let oninput = {
        let (command, query) = (props.command.clone(), props.query.clone());
        Callback::from(move |event: InputEvent| {
            let text = target::<HtmlInputElement>(event.target()).map(|input| input.value()).unwrap_or_default();
            command.emit(Command::Query(Query { q: text, ..query.clone() }));
        })
    };
    html! {
        <div class="sp-toolbar" role="toolbar" aria-label="Items">
            <Button id="jump" kind={Kind::Primary} icon={Icon::Play} label={jump} busy={props.jumping}
                obstacle={obstacle(&props.chosen)} onclick={on(Command::Jump)} />
            <Menu id="create" icon={Icon::Plus} label="Create" items={create} />
            <Button id="properties" icon={Icon::Pen} label="Properties" obstacle={nothing} onclick={on(Command::Properties)} />
            <Button id="remove" icon={Icon::Trash} label="Remove" obstacle={nothing} onclick={on(Command::Remove)} />
            <div class="pf-v6-c-text-input-group sp-search">
                <div class="pf-v6-c-text-input-group__main pf-m-icon">
                    <span class="pf-v6-c-text-input-group__text">
                        <span class="pf-v6-c-text-input-group__icon">{ Icon::Search.html() }</span>
                        <input
                            id="item-search"
                            class="pf-v6-c-text-input-group__text-input"
                            type="search"
                            placeholder="Search   /"
                            aria-label="Search items by name, host, address, tag or comment"
                            autocomplete="off"
                            spellcheck="false"
                            value={props.query.q.clone()}
                            {oninput}
                        />
                    </span>
                </div>
            </div>
        </div>
    }
}
