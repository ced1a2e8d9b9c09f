//! The line between tool bar and table: search, filters, filter sets, how many items are shown, and the columns.

use std::rc::Rc;

use yew::prelude::*;

use super::Command;
use super::columns_menu::ColumnsMenu;
use super::rows::How;
use super::saved_filters::SavedFilters;
use super::search::SearchField;
use crate::components::button::{Button, Kind};
use crate::components::field::{TextField, kept_in, use_first_focus};
use crate::components::filter_chips::{Chip, filter_chips};
use crate::components::icon::Icon;
use crate::components::popover::Popover;
use crate::console::{Same, use_store};
use crate::state::catalogue::Catalogue;
use crate::state::columns::Layout;
use crate::state::filters::{Category, Filter, choices};
use crate::state::format;
use crate::state::view::View;

/// Properties of [`FilterBar`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct FilterBarProps {
    /// What is shown.
    pub(super) view: View,
    /// How the table is laid out.
    pub(super) layout: Rc<Layout>,
    /// Every item.
    pub(super) catalogue: Same<Catalogue>,
    /// How many are shown.
    pub(super) shown: usize,
    /// How many of them are selected.
    pub(super) selected: usize,
    /// What is done.
    pub(super) command: Callback<Command>,
}

/// The bar.
#[component]
pub(super) fn FilterBar(props: &FilterBarProps) -> Html {
    let store = use_store();
    let clear = {
        let (command, view) = (props.command.clone(), props.view.cleared());
        Callback::from(move |_: MouseEvent| command.emit(Command::Show(view.clone(), How::Push)))
    };
    let chip = |(at, filter): (usize, &Filter)| {
        let (command, mut view) = (props.command.clone(), props.view.clone());
        view.filters.remove(at);
        Chip {
            testid: "filter-chip",
            key: filter.to_text(),
            by: filter.category.words(),
            words: filter.words(store.groups.list(), store.jumpoints.list()),
            onremove: Callback::from(move |_| command.emit(Command::Show(view.clone(), How::Push))),
        }
    };
    let all = props.catalogue.items().len();
    let mut count = if props.shown == all {
        format::count(all as u64, "item")
    } else {
        format!("{} of {}", props.shown, format::count(all as u64, "item"))
    };
    if props.selected > 0 {
        count.push_str(&format!(", {} selected", props.selected));
    }
    html! {
        <div class="sp-filters" id="filters">
            <SearchField view={props.view.clone()} command={props.command.clone()} />
            <AddFilter view={props.view.clone()} catalogue={props.catalogue.clone()} command={props.command.clone()} />
            <SavedFilters view={props.view.clone()} command={props.command.clone()} />
            { filter_chips(props.view.filters.iter().enumerate().map(chip)) }
            if props.view.narrows() {
                <Button id="clear-filters" kind={Kind::Link} class="pf-m-inline" label="Clear" onclick={clear} />
            }
            <span class="sp-filters__count sp-pale" id="item-count" aria-live="polite" data-shown={props.shown.to_string()}>{ count }</span>
            <ColumnsMenu layout={props.layout.clone()} command={props.command.clone()} />
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct AddFilterProps {
    view: View,
    catalogue: Same<Catalogue>,
    command: Callback<Command>,
}

/// A menu of categories, and then of what to choose in one, or a field to type into.
#[component]
fn AddFilter(props: &AddFilterProps) -> Html {
    let store = use_store();
    let open = use_state(|| false);
    let category = use_state(|| None::<Category>);
    let onopen = {
        let (open, category) = (open.clone(), category.clone());
        Callback::from(move |to| {
            open.set(to);
            category.set(None);
        })
    };
    let add = {
        let (command, view, onopen) = (props.command.clone(), props.view.clone(), onopen.clone());
        Callback::from(move |filter: Filter| {
            let mut view = view.clone();
            view.add(filter);
            onopen.emit(false);
            command.emit(Command::Show(view, How::Push));
        })
    };
    let back = {
        let category = category.clone();
        Callback::from(move |_: MouseEvent| category.set(None))
    };
    let panel = match *category {
        None => html! {
            <ul class="sp-choices" aria-label="Filter by">
                { for Category::ALL.into_iter().map(|it| {
                    let category = category.clone();
                    html! {
                        <li key={it.key()}>
                            <button type="button" id={format!("filter-by-{}", it.key())} class="pf-v6-c-menu__item" onclick={Callback::from(move |_: MouseEvent| category.set(Some(it)))}>
                                { it.words() }
                            </button>
                        </li>
                    }
                }) }
            </ul>
        },
        Some(it) if it.field().is_some() => {
            html! { <TextFilter category={it.key()} words={it.words()} onadd={add.clone()} onback={back} /> }
        }
        Some(it) => {
            let all = choices(it, props.catalogue.items(), store.groups.list(), store.jumpoints.list());
            html! {
                <div class="sp-choices">
                    <span class="sp-choices__head">{ it.words() }</span>
                    if all.is_empty() {
                        <span class="sp-pale">{ "There is nothing to choose yet." }</span>
                    }
                    <ul class="sp-choices__list">
                        { for all.into_iter().map(|(value, words)| {
                            let filter = Filter { category: it, value: value.clone() };
                            let there = props.view.filters.contains(&filter);
                            let add = add.clone();
                            html! {
                                <li key={value.clone()}>
                                    <button type="button" class="pf-v6-c-menu__item" data-testid="filter-choice" data-value={value} disabled={there}
                                        onclick={Callback::from(move |_: MouseEvent| add.emit(filter.clone()))}>{ words }</button>
                                </li>
                            }
                        }) }
                    </ul>
                    <Button id="filter-back" kind={Kind::Link} small={true} label="Back" onclick={back} />
                </div>
            }
        }
    };
    html! {
        <Popover id="add-filter" label="Filter" title="Add a filter" icon={Icon::Filter} open={*open} {onopen}>
            { panel }
        </Popover>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct TextFilterProps {
    category: &'static str,
    words: &'static str,
    onadd: Callback<Filter>,
    onback: Callback<MouseEvent>,
}

/// What a field has to contain.
#[component]
fn TextFilter(props: &TextFilterProps) -> Html {
    let text = use_state(String::new);
    use_first_focus("filter-text");
    let filter = Filter::from_text(&format!("{}:{}", props.category, *text));
    let onsubmit = {
        let (filter, onadd) = (filter.clone(), props.onadd.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(filter) = filter.clone() {
                onadd.emit(filter);
            }
        })
    };
    html! {
        <form class="sp-choices" {onsubmit}>
            <TextField id="filter-text" label={format!("{} contains", props.words)} value={(*text).clone()} oninput={kept_in(&text)} />
            <div class="sp-choices__buttons">
                <Button id="filter-add" kind={Kind::Primary} small={true} label="Add" submit={true} obstacle={if filter.is_none() { "Type something first." } else { "" }} />
                <Button id="filter-back" kind={Kind::Link} small={true} label="Back" onclick={props.onback.clone()} />
            </div>
        </form>
    }
}
