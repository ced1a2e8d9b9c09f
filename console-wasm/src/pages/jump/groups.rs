//! The list at the left: groups and their tags, with counts.

use yew::prelude::*;

use super::{Command, Query};
use crate::components::button::{Button, Kind};
use crate::components::icon::Icon;
use crate::console::use_store;
use crate::state::items;

/// Properties of [`Groups`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct GroupsProps {
    /// What stands in the address.
    pub(super) query: Query,
    /// What is done.
    pub(super) command: Callback<Command>,
}

/// The list.
#[component]
pub(super) fn Groups(props: &GroupsProps) -> Html {
    let store = use_store();
    let all = store.items.list();
    let entry = |group: String, tag: String, name: String, count: usize| {
        let current = props.query.group == group && props.query.tag == tag;
        let is_tag = !tag.is_empty();
        let onclick = {
            let (command, query) = (props.command.clone(), props.query.clone());
            let (group, tag) = (group.clone(), tag.clone());
            Callback::from(move |_: MouseEvent| {
                command.emit(Command::Query(Query { group: group.clone(), tag: tag.clone(), ..query.clone() }));
            })
        };
        html! {
            <li key={format!("{group} {tag}")}>
                <button
                    type="button"
                    data-testid={if is_tag { "tag-entry" } else { "group-entry" }}
                    data-name={name.clone()}
                    class={classes!("sp-groups__entry", is_tag.then_some("sp-m-tag"), current.then_some("sp-m-current"))}
                    aria-current={current.then_some("true")}
                    title={name.clone()}
                    {onclick}
                >
                    { if is_tag { Icon::Tag.html() } else { Icon::Folder.html() } }
                    <span class="sp-groups__name">{ name }</span>
                    <span class="pf-v6-c-badge pf-m-read">{ count }</span>
                </button>
            </li>
        }
    };
    html! {
        <nav class="sp-groups" id="groups" aria-label="Jump groups">
            <div class="sp-groups__head">
                <h2>{ "Groups" }</h2>
                if store.is_administrator() {
                    <Button id="new-group" kind={Kind::Plain} small={true} icon={Icon::Plus} title="Create a jump group"
                        onclick={let command = props.command.clone(); Callback::from(move |_| command.emit(Command::NewGroup))} />
                }
            </div>
            <ul>
                { entry(String::new(), String::new(), "All items".into(), all.len()) }
                { for items::group_list(store.groups.list(), all).into_iter().flat_map(|group| {
                    let id = group.id.to_string();
                    let mut rows = vec![entry(id.clone(), String::new(), group.name, group.count)];
                    rows.extend(group.tags.into_iter().map(|(tag, count)| entry(id.clone(), tag.clone(), tag, count)));
                    rows
                }) }
            </ul>
        </nav>
    }
}
