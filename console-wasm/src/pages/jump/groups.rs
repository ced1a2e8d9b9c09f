//! The tree at the left: favourites and what was used last on top, then groups with their tags, with counts.

use std::collections::BTreeSet;

use wire::api::JumpItem;
use wire::{JumpGroupId, JumpItemId};
use yew::prelude::*;

use super::rows::How;
use super::{Command, Open};
use crate::components::button::{Button, Kind};
use crate::components::icon::Icon;
use crate::console::{Same, use_console, use_store};
use crate::state::catalogue::Catalogue;
use crate::state::filters;
use crate::state::items::{self, GroupEntry};
use crate::state::natural::natural;
use crate::state::view::{Place, View};

/// Name under which the preferences keep the folded groups: their ids with commas between them.
const FOLDED: &str = "jump-folded-groups";
/// Folded groups that are kept, at most.
const FOLDED_MOST: usize = 100;

/// Properties of [`Groups`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct GroupsProps {
    /// Every item.
    pub(super) catalogue: Same<Catalogue>,
    /// What stands in the address.
    pub(super) view: View,
    /// What is done.
    pub(super) command: Callback<Command>,
}

/// An entry of the tree.
struct Entry {
    place: Place,
    name: String,
    count: usize,
    icon: Icon,
    test: &'static str,
    fold: Option<(JumpGroupId, bool)>,
}

/// The tree.
#[component]
pub(super) fn Groups(props: &GroupsProps) -> Html {
    let console = use_console();
    let store = use_store();
    let all = props.catalogue.items();
    let groups = store.groups.ready().map(|groups| Same(groups.clone()));
    let catalogue = props.catalogue.clone();
    let list = use_memo((groups, props.catalogue.clone()), move |(groups, _)| {
        items::group_list(groups.as_ref().map_or(&[], |groups| groups.as_slice()), catalogue.items())
    });
    let folded: BTreeSet<JumpGroupId> = store
        .preferences
        .view
        .get(FOLDED)
        .into_iter()
        .flat_map(|ids| ids.split(','))
        .filter_map(|id| id.parse().ok())
        .collect();
    let entries = entries(all, &list, &folded);
    let entry = |it: Entry| {
        let current = props.view.place == it.place;
        let depth = matches!(it.place, Place::Group(_, Some(_)));
        let onclick = {
            let (command, place, view) = (props.command.clone(), it.place.clone(), props.view.clone());
            Callback::from(move |_: MouseEvent| {
                command.emit(Command::Show(View { place: place.clone(), ..view.clone() }, How::Push));
            })
        };
        let oncontextmenu = {
            let (command, place, name) = (props.command.clone(), it.place.clone(), it.name.clone());
            let catalogue = props.catalogue.clone();
            Callback::from(move |event: MouseEvent| {
                if let Place::Group(id, tag) = &place {
                    event.prevent_default();
                    let ids = ids_of(catalogue.items(), *id, tag.as_deref());
                    let (x, y) = point_of(&event);
                    command.emit(Command::Open(Open::GroupMenu(x, y, name.clone(), ids)));
                }
            })
        };
        let fold = it.fold.map(|(id, is_folded)| {
            let (console, folded, name) = (console.clone(), folded.clone(), it.name.clone());
            let onclick = Callback::from(move |_: MouseEvent| {
                let mut folded = folded.clone();
                if !folded.remove(&id) && folded.len() < FOLDED_MOST {
                    folded.insert(id);
                }
                let text = folded.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
                console.change_preferences(|it| drop(it.view.insert(FOLDED.into(), text)));
            });
            let (icon, deed) = if is_folded { (Icon::AngleRight, "Show") } else { (Icon::AngleDown, "Hide") };
            html! {
                <button type="button" class="sp-groups__fold" data-testid="fold-group" aria-expanded={if is_folded { "false" } else { "true" }}
                    title={format!("{deed} the tags of {name}")} aria-label={format!("{deed} the tags of {name}")} {onclick}>{ icon.html() }</button>
            }
        });
        html! {
            <li key={format!("{:?}", it.place)} class="sp-groups__row">
                <button
                    type="button"
                    data-testid={it.test}
                    data-name={it.name.clone()}
                    data-count={it.count.to_string()}
                    class={classes!("sp-groups__entry", depth.then_some("sp-m-tag"), current.then_some("sp-m-current"))}
                    aria-current={current.then_some("true")}
                    title={it.name.clone()}
                    {onclick}
                    {oncontextmenu}
                >
                    { it.icon.html() }
                    <span class="sp-groups__name">{ it.name.clone() }</span>
                    <span class="pf-v6-c-badge pf-m-read">{ it.count }</span>
                </button>
                { fold.unwrap_or_default() }
            </li>
        }
    };
    html! {
        <nav class="sp-groups" id="groups" aria-label="Jump groups">
            <div class="sp-groups__head">
                <h2>{ "Groups" }</h2>
                if store.is_administrator() {
                    <Button id="new-group" kind={Kind::Plain} small={true} icon={Icon::Plus} title="Create a jump group"
                        onclick={props.command.reform(|_: MouseEvent| Command::NewGroup)} />
                }
            </div>
            <ul>{ for entries.into_iter().map(entry) }</ul>
        </nav>
    }
}

fn entries(all: &[JumpItem], list: &[GroupEntry], folded: &BTreeSet<JumpGroupId>) -> Vec<Entry> {
    let favourites = all.iter().filter(|item| item.favourite).count();
    let top = |place, name: &str, count, icon, test| Entry { place, name: name.into(), count, icon, test, fold: None };
    let mut entries = vec![
        top(Place::Favourites, "Favourites", favourites, Icon::Star, "favourites-entry"),
        top(Place::Recent, "Recent", filters::recent_count(all), Icon::Clock, "recent-entry"),
        top(Place::All, "All items", all.len(), Icon::List, "group-entry"),
    ];
    for group in list {
        let is_folded = folded.contains(&group.id);
        let fold = (!group.tags.is_empty()).then_some((group.id, is_folded));
        let place = Place::Group(group.id, None);
        entries.push(Entry { fold, ..top(place, &group.name, group.count, Icon::Folder, "group-entry") });
        for (tag, count) in group.tags.iter().filter(|_| !is_folded) {
            let place = Place::Group(group.id, Some(tag.clone()));
            entries.push(top(place, tag, *count, Icon::Tag, "tag-entry"));
        }
    }
    entries
}

/// The items of a group, or of one of its tags, by name.
fn ids_of(all: &[JumpItem], group: JumpGroupId, tag: Option<&str>) -> Vec<JumpItemId> {
    let here = |item: &&JumpItem| {
        item.definition.group_id == group && (tag.is_none() || item.definition.tag.as_deref() == tag)
    };
    let mut found: Vec<&JumpItem> = all.iter().filter(here).collect();
    found.sort_by(|a, b| natural(&a.definition.name, &b.definition.name));
    found.into_iter().map(|item| item.id).collect()
}

/// Where a menu opens: at the pointer, or at the element where a key asked for it.
pub(super) fn point_of(event: &MouseEvent) -> (i32, i32) {
    if (event.client_x(), event.client_y()) != (0, 0) {
        return (event.client_x(), event.client_y());
    }
    let at =
        crate::components::field::target::<web_sys::Element>(event.target()).map(|it| it.get_bounding_client_rect());
    at.map_or((0, 0), |at| (at.left() as i32 + 16, at.bottom() as i32))
}
