//! The table of items.

use wasm_bindgen::JsCast;
use web_sys::{FocusOptions, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};
use wire::api::JumpItem;
use wire::{JumpItemId, Timestamp};
use yew::prelude::*;

use super::{Command, Query};
use crate::components::button::{Button, Kind};
use crate::components::empty_state::EmptyState;
use crate::components::icon::Icon;
use crate::components::state_label::StateLabel;
use crate::components::time::TimeText;
use crate::state::items::{Column, Sort, local_addresses};
use crate::state::selection::{Held, Selection};
use crate::state::words;

/// Rows that are drawn at first, and with each press of *Show more*.
const ROWS: usize = 200;

/// Properties of [`ItemTable`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct ItemTableProps {
    /// The items to show, in order.
    pub(super) rows: Vec<JumpItem>,
    /// How many there are without search and group.
    pub(super) total: usize,
    /// The order.
    pub(super) sort: Sort,
    /// What stands in the address.
    pub(super) query: Query,
    /// What is selected.
    pub(super) selection: Selection<JumpItemId>,
    /// The present.
    pub(super) now: Timestamp,
    /// What is done.
    pub(super) command: Callback<Command>,
}

/// The table, or what to do when it is empty.
#[component]
pub(super) fn ItemTable(props: &ItemTableProps) -> Html {
    let shown = use_state(|| ROWS);
    let cursor = props.selection.cursor();
    use_effect_with(cursor, |cursor| {
        if let Some(id) = cursor {
            follow_cursor(*id);
        }
    });
    if props.rows.is_empty() {
        return empty(props);
    }
    let ids: Vec<JumpItemId> = props.rows.iter().map(|item| item.id).collect();
    let hidden = props.rows.len().saturating_sub(*shown);
    let more = {
        let shown = shown.clone();
        Callback::from(move |_: MouseEvent| shown.set(*shown + ROWS))
    };
    html! {
        <div class="sp-table-scroll">
            <table class="pf-v6-c-table pf-m-compact sp-items" id="items" role="grid" aria-multiselectable="true" aria-label="Items">
                <thead class="pf-v6-c-table__thead">
                    <tr class="pf-v6-c-table__tr" role="row">
                        { for Column::ALL.iter().map(|(column, heading)| head(props, *column, heading)) }
                    </tr>
                </thead>
                <tbody class="pf-v6-c-table__tbody" role="rowgroup">
                    { for props.rows.iter().take(*shown).enumerate().map(|(at, item)| {
                        let focusable = cursor == Some(item.id) || (cursor.is_none() && at == 0);
                        row(props, item, &ids, focusable)
                    }) }
                </tbody>
            </table>
            if hidden > 0 {
                <Button id="show-more-items" kind={Kind::Link} label={format!("Show more ({hidden})")} onclick={more} />
            }
        </div>
    }
}

fn empty(props: &ItemTableProps) -> Html {
    if props.total == 0 {
        let create = {
            let command = props.command.clone();
            Callback::from(move |_: MouseEvent| command.emit(Command::Create))
        };
        return html! {
            <EmptyState id="no-items" icon={Icon::Route} title="No items yet"
                actions={html! { <Button id="create-first" kind={Kind::Primary} label="Create a Protocol Tunnel Jump" onclick={create} /> }}>
                <p>{ "An item names a remote system and its ports. Jump opens them on an address of this workstation, for your own clients." }</p>
            </EmptyState>
        };
    }
    let clear = {
        let (command, sort) = (props.command.clone(), props.query.sort.clone());
        Callback::from(move |_: MouseEvent| {
            command.emit(Command::Query(Query { sort: sort.clone(), ..Query::default() }));
        })
    };
    html! {
        <EmptyState id="no-matches" icon={Icon::Search} title="Nothing matches"
            actions={html! { <Button id="clear-filter" kind={Kind::Link} label="Show all items" onclick={clear} /> }}>
            <p>{ format!("None of the {} items has all of these words in its name, host, address, tag or comments here.", props.total) }</p>
        </EmptyState>
    }
}

fn head(props: &ItemTableProps, column: Column, heading: &'static str) -> Html {
    let sorted = props.sort.column == column;
    let (order, icon) = match (sorted, props.sort.descending) {
        (false, _) => ("none", Icon::ArrowsUpDown),
        (true, false) => ("ascending", Icon::ArrowUp),
        (true, true) => ("descending", Icon::ArrowDown),
    };
    let onclick = {
        let (command, query, sort) = (props.command.clone(), props.query.clone(), props.sort.click(column));
        Callback::from(move |_: MouseEvent| {
            command.emit(Command::Query(Query { sort: sort.to_key(), ..query.clone() }));
        })
    };
    html! {
        <th
            key={heading}
            role="columnheader"
            scope="col"
            aria-sort={order}
            class={classes!("pf-v6-c-table__th", "pf-v6-c-table__sort", sorted.then_some("pf-m-selected"), column_class(column))}
        >
            <button type="button" class="pf-v6-c-table__button" data-testid={format!("sort-{}", column.key())} {onclick}>
                <span class="pf-v6-c-table__button-content">
                    <span class="pf-v6-c-table__text">{ heading }</span>
                    <span class="pf-v6-c-table__sort-indicator">{ icon.html() }</span>
                </span>
            </button>
        </th>
    }
}

fn row(props: &ItemTableProps, item: &JumpItem, ids: &[JumpItemId], focusable: bool) -> Html {
    let id = item.id;
    let selected = props.selection.contains(id);
    let onclick = {
        let (command, selection, ids) = (props.command.clone(), props.selection.clone(), ids.to_vec());
        Callback::from(move |event: MouseEvent| {
            let held = Held { shift: event.shift_key(), toggle: event.ctrl_key() || event.meta_key() };
            let mut changed = selection.clone();
            changed.click(&ids, id, held);
            command.emit(Command::Select(changed));
        })
    };
    let ondblclick = {
        let command = props.command.clone();
        Callback::from(move |_: MouseEvent| command.emit(Command::JumpTo(id)))
    };
    html! {
        <tr
            key={id.to_string()}
            id={row_id(id)}
            role="row"
            class={classes!("pf-v6-c-table__tr", "pf-m-clickable", selected.then_some("pf-m-selected"))}
            aria-selected={if selected { "true" } else { "false" }}
            tabindex={if focusable { "0" } else { "-1" }}
            data-testid="item-row"
            data-item-name={item.definition.name.clone()}
            data-item-id={id.to_string()}
            {onclick}
            {ondblclick}
        >
            { for Column::ALL.iter().map(|(column, heading)| html! {
                <td key={*heading} role="gridcell" data-label={*heading} class={classes!("pf-v6-c-table__td", column_class(*column))}>
                    { cell(item, *column, props.now) }
                </td>
            }) }
        </tr>
    }
}

fn cell(item: &JumpItem, column: Column, now: Timestamp) -> Html {
    let definition = &item.definition;
    let text = |text: &str| html! { <span class="sp-cut" title={text.to_owned()}>{ text }</span> };
    match column {
        Column::Name => html! { <strong class="sp-cut" title={definition.name.clone()}>{ &definition.name }</strong> },
        Column::Kind => text("Tunnel"),
        Column::Jumpoint => text(&item.jumpoint_name),
        Column::Host => text(&definition.hostname),
        Column::Local => html! { <code class="sp-cut" title={local_addresses(item)}>{ local_addresses(item) }</code> },
        Column::Group => text(&item.group_name),
        Column::Tag => text(definition.tag.as_deref().unwrap_or_default()),
        Column::Status => html! {
            <StateLabel word={words::item_state(item)} title={words::item_obstacle(item.status, &item.jumpoint_name)} />
        },
        Column::LastUsed => match item.last_used_at {
            Some(at) => html! { <TimeText {at} {now} /> },
            None => html! { <span class="sp-pale">{ "never" }</span> },
        },
    }
}

fn column_class(column: Column) -> Classes {
    classes!("sp-column", format!("sp-column-{}", column.key()))
}

fn row_id(id: JumpItemId) -> String {
    format!("item-{id}")
}

/// Brings the row with the focus into view, and gives it the browser's focus where a row had it before.
fn follow_cursor(id: JumpItemId) {
    let document = gloo::utils::document();
    let row = document.get_element_by_id(&row_id(id)).and_then(|row| row.dyn_into::<HtmlElement>().ok());
    let Some(row) = row else { return };
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    row.scroll_into_view_with_scroll_into_view_options(&options);
    let elsewhere = document
        .active_element()
        .is_some_and(|active| active.closest("dialog, input, textarea, select").is_ok_and(|found| found.is_some()));
    if !elsewhere {
        // It is in view already; the browser would also scroll sideways, to the middle of a row.
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = row.focus_with_options(&options);
    }
}
