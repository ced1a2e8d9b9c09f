//! The table of items. Only the rows in sight are in the page, so that ten thousand cost no more than fifty.

use std::ops::Range;
use std::rc::Rc;

use gloo::events::{EventListener, EventListenerOptions};
use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, HtmlElement, ScrollIntoViewOptions, ScrollLogicalPosition};
use wire::api::JumpItem;
use wire::{JumpItemId, Timestamp};
use yew::prelude::*;

use super::groups::point_of;
use super::headings::Headings;
use super::rows::{How, Rows};
use super::{Command, Open};
use crate::components::button::{Button, Kind};
use crate::components::empty_state::EmptyState;
use crate::components::field::target;
use crate::components::icon::Icon;
use crate::components::state_label::StateLabel;
use crate::components::time::TimeText;
use crate::state::columns::{Column, Layout};
use crate::state::items::{KIND, local_addresses};
use crate::state::selection::{Held, Selection};
use crate::state::view::{Place, View};
use crate::state::window::{Sight, around, window};
use crate::state::words;

/// Height of a row in CSS pixels, where none is drawn to be measured.
const ROW: f64 = 38.0;

/// Properties of [`ItemTable`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct ItemTableProps {
    /// The items to show, in order.
    pub(super) rows: Rows,
    /// What is shown.
    pub(super) view: View,
    /// How it is laid out.
    pub(super) layout: Rc<Layout>,
    /// What is selected.
    pub(super) selection: Selection<JumpItemId>,
    /// The present.
    pub(super) now: Timestamp,
    /// Whether there is a group where the user may make items.
    pub(super) may_create: bool,
    /// What is done.
    pub(super) command: Callback<Command>,
}

/// The table, or what to do when it is empty.
#[component]
pub(super) fn ItemTable(props: &ItemTableProps) -> Html {
    let drawn = use_state_eq(|| window(usize::MAX, None));
    let arranged = use_state(|| None::<Layout>);
    let total = props.rows.ids.len();
    use_window(&drawn, total);
    use_cursor(&drawn, &props.rows, &props.selection);
    if total == 0 {
        return empty(props);
    }
    let layout = arranged.as_ref().unwrap_or(&props.layout);
    let columns = layout.shown();
    let drawn = drawn.start.min(total)..drawn.end.min(total);
    let drawn = if drawn.is_empty() { window(total, None) } else { drawn };
    let on_row = |act: fn(&OnRow, &MouseEvent, JumpItemId)| {
        let it = OnRow { command: props.command.clone(), rows: props.rows.clone(), selection: props.selection.clone() };
        Callback::from(move |event: MouseEvent| {
            if let Some(id) = row_of(&event) {
                act(&it, &event, id);
            }
        })
    };
    let cursor = props.selection.cursor();
    let gap = |rows: usize| {
        html! {
            <tr class="sp-gap" aria-hidden="true" style={format!("height:calc({rows} * var(--sp-row))")}><td></td></tr>
        }
    };
    html! {
        <div class="sp-table-scroll" id="items-scroll">
            <table class="pf-v6-c-table pf-m-compact sp-items" id="items" role="grid" aria-multiselectable="true" aria-label="Items"
                aria-rowcount={(total + 1).to_string()} style={format!("--sp-width:{}px", layout.total_width())}>
                <Headings layout={layout.clone()} arranged={arranged.clone()} command={props.command.clone()} />
                <tbody class="pf-v6-c-table__tbody" role="rowgroup" onclick={on_row(OnRow::click)} ondblclick={on_row(OnRow::jump)} oncontextmenu={on_row(OnRow::menu)}>
                    { gap(drawn.start) }
                    { for drawn.clone().filter_map(|at| props.rows.item(at).map(|item| {
                        let focusable = cursor == Some(item.id) || (cursor.is_none() && at == drawn.start);
                        row(props, at, item, &columns, focusable)
                    })) }
                    { gap(total - drawn.end) }
                </tbody>
            </table>
        </div>
    }
}

/// What pressing a row does.
struct OnRow {
    command: Callback<Command>,
    rows: Rows,
    selection: Selection<JumpItemId>,
}

impl OnRow {
    fn click(&self, event: &MouseEvent, id: JumpItemId) {
        let held = Held { shift: event.shift_key(), toggle: event.ctrl_key() || event.meta_key() };
        let mut changed = self.selection.clone();
        changed.click(&self.rows.ids, id, held);
        self.command.emit(Command::Select(changed));
    }

    fn jump(&self, _: &MouseEvent, id: JumpItemId) {
        self.command.emit(Command::JumpTo(vec![id]));
    }

    fn menu(&self, event: &MouseEvent, id: JumpItemId) {
        event.prevent_default();
        let mut changed = self.selection.clone();
        changed.point_at(id);
        self.command.emit(Command::Select(changed));
        let (x, y) = point_of(event);
        self.command.emit(Command::Open(Open::RowMenu(x, y)));
    }
}

/// The item whose row an event is on.
fn row_of(event: &MouseEvent) -> Option<JumpItemId> {
    let row = target::<Element>(event.target())?.closest("[data-item-id]").ok()??;
    row.get_attribute("data-item-id")?.parse().ok()
}

/// Keeps those rows drawn that are in sight.
#[hook]
fn use_window(drawn: &UseStateHandle<Range<usize>>, total: usize) {
    let drawn = drawn.clone();
    use_effect_with(total, move |total| {
        let total = *total;
        let look = move || {
            if let Some(sight) = sight() {
                drawn.set(window(total, Some(sight)));
            }
        };
        look();
        let again = look.clone();
        // Whatever scrolls: the table in a large window, the page in a small one.
        let scrolled = EventListener::new_with_options(
            &gloo::utils::document(),
            "scroll",
            EventListenerOptions::run_in_capture_phase(),
            move |_| look(),
        );
        let resized = EventListener::new(&gloo::utils::window(), "resize", move |_| again());
        move || drop((scrolled, resized))
    });
}

/// What can be seen of the rows now; none while there is no table.
fn sight() -> Option<Sight> {
    let document = gloo::utils::document();
    let scroller = document.get_element_by_id("items-scroll")?.get_bounding_client_rect();
    let body = document.query_selector("#items > tbody").ok()??.get_bounding_client_rect();
    let row = document.query_selector("#items > tbody > [data-item-id]").ok()?;
    let row = row.map_or(ROW, |row| row.get_bounding_client_rect().height());
    let inside = gloo::utils::window().inner_height().ok()?.as_f64()?;
    let top = scroller.top().max(0.0);
    Some(Sight { above: top - body.top(), height: scroller.bottom().min(inside) - top, row })
}

/// Brings the row with the focus into sight when it changes, and gives it the browser's focus.
#[hook]
fn use_cursor(drawn: &UseStateHandle<Range<usize>>, rows: &Rows, selection: &Selection<JumpItemId>) {
    let wanted = use_mut_ref(|| None::<JumpItemId>);
    let seen = use_mut_ref(|| None::<JumpItemId>);
    let (drawn, ids, cursor) = (drawn.clone(), rows.ids.clone(), selection.cursor());
    use_effect(move || {
        if *seen.borrow() != cursor {
            *seen.borrow_mut() = cursor;
            *wanted.borrow_mut() = cursor;
        }
        let Some(id) = *wanted.borrow() else { return };
        if follow(id) {
            *wanted.borrow_mut() = None;
        } else if let Some(at) = ids.iter().position(|row| *row == id) {
            drawn.set(around(ids.len(), at));
        } else {
            *wanted.borrow_mut() = None;
        }
    });
}

/// Brings a row into view, and gives it the browser's focus unless that is in a field. False when it is not drawn.
fn follow(id: JumpItemId) -> bool {
    let document = gloo::utils::document();
    let row = document.get_element_by_id(&row_id(id)).and_then(|row| row.dyn_into::<HtmlElement>().ok());
    let Some(row) = row else { return false };
    let options = ScrollIntoViewOptions::new();
    options.set_block(ScrollLogicalPosition::Nearest);
    row.scroll_into_view_with_scroll_into_view_options(&options);
    let elsewhere = document.active_element().is_some_and(|active| {
        active.closest("dialog, input, textarea, select, [role=menu]").is_ok_and(|found| found.is_some())
    });
    if !elsewhere {
        // It is in view already; the browser would also scroll sideways, to the middle of a row.
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = row.focus_with_options(&options);
    }
    true
}

fn empty(props: &ItemTableProps) -> Html {
    let total = props.rows.catalogue.items().len();
    if total == 0 {
        if !props.may_create {
            return html! {
                <EmptyState id="no-items" icon={Icon::Route} title="No items for you yet">
                    <p>{ "Items appear here as soon as an administrator gives you a role in their group." }</p>
                </EmptyState>
            };
        }
        let create = props.command.reform(|_: MouseEvent| Command::Create);
        return html! {
            <EmptyState id="no-items" icon={Icon::Route} title="No items yet"
                actions={html! { <Button id="create-first" kind={Kind::Primary} label="Create a Protocol Tunnel Jump" onclick={create} /> }}>
                <p>{ "An item names a remote system and its ports. Jump opens them on an address of this workstation, for your own clients." }</p>
            </EmptyState>
        };
    }
    let (title, words) = match (&props.view.place, props.view.narrows()) {
        (Place::Favourites, false) => {
            ("No favourites yet", "Select an item and press f, or the star beside its name at the right: it stands here on every workstation.".to_owned())
        }
        (Place::Recent, false) => ("Nothing used yet", "The items you jump to stand here.".to_owned()),
        (Place::All, true) => ("Nothing matches", format!("None of the {total} items has all of these words and passes these filters.")),
        (_, true) => ("Nothing matches", "None of the items here has all of these words and passes these filters.".to_owned()),
        (_, false) => ("No items here", "Create one, or copy some into this group.".to_owned()),
    };
    let clear = props.command.reform(|_: MouseEvent| Command::Show(View::default(), How::Push));
    html! {
        <EmptyState id="no-matches" icon={Icon::Search} {title}
            actions={html! { <Button id="clear-filter" kind={Kind::Link} label="Show all items" onclick={clear} /> }}>
            <p>{ words }</p>
        </EmptyState>
    }
}

fn row(props: &ItemTableProps, at: usize, item: &JumpItem, columns: &[Column], focusable: bool) -> Html {
    let id = item.id;
    let selected = props.selection.contains(id);
    html! {
        <tr
            key={id.to_string()}
            id={row_id(id)}
            role="row"
            class={classes!("pf-v6-c-table__tr", "pf-m-clickable", selected.then_some("pf-m-selected"))}
            aria-selected={if selected { "true" } else { "false" }}
            aria-rowindex={(at + 2).to_string()}
            tabindex={if focusable { "0" } else { "-1" }}
            data-testid="item-row"
            data-item-name={item.definition.name.clone()}
            data-item-id={id.to_string()}
        >
            { for columns.iter().map(|column| html! {
                <td key={column.key()} role="gridcell" data-label={column.heading()} class={classes!("pf-v6-c-table__td", format!("sp-column-{}", column.key()))}>
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
        Column::Name => html! {
            <span class="sp-cut" title={definition.name.clone()}>
                <strong>{ &definition.name }</strong>
                if item.favourite {
                    <span class="sp-favourite">{ Icon::Star.html() }<span class="pf-v6-screen-reader">{ "favourite" }</span></span>
                }
            </span>
        },
        Column::Kind => text(KIND),
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
        Column::Comments => text(&definition.comments),
        Column::Policy => text(&item.policies.join(", ")),
    }
}

fn row_id(id: JumpItemId) -> String {
    format!("item-{id}")
}

/// Where the menu of the row with the focus opens when a key asks for it.
pub(super) fn menu_point(id: JumpItemId) -> Option<(i32, i32)> {
    let at = gloo::utils::document().get_element_by_id(&row_id(id))?.get_bounding_client_rect();
    Some((at.left() as i32 + 16, at.bottom() as i32))
}
