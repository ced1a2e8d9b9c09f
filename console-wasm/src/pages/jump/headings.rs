//! The headings of the table: a press sorts, dragging one moves its column, dragging its edge makes the column wider.

use std::cell::RefCell;
use std::rc::Rc;

use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

use super::Command;
use crate::components::icon::Icon;
use crate::state::columns::{Column, Layout};

/// How far the pointer has to go until it drags, in CSS pixels.
const DRAGS_FROM: i32 = 6;
/// How much a key changes a width, in CSS pixels.
const KEY_STEP: i32 = 16;

/// Properties of [`Headings`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct HeadingsProps {
    /// How the table is laid out.
    pub(super) layout: Layout,
    /// How it looks while an edge is dragged.
    pub(super) arranged: UseStateHandle<Option<Layout>>,
    /// What is done.
    pub(super) command: Callback<Command>,
}

/// What the pointer drags.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Drag {
    /// A column, once it has moved far enough; over which other one it is.
    Column { column: Column, from: i32, over: Option<Column> },
    /// The edge of a column that was so wide.
    Edge { column: Column, from: i32, width: i32 },
}

/// The table's head.
#[component]
pub(super) fn Headings(props: &HeadingsProps) -> Html {
    let drag = use_state(|| None::<Drag>);
    // A press that became a drag is no click.
    let dragged = use_mut_ref(|| false);
    use_dragging(&drag, props, &dragged);
    let (dragging, over) = match *drag {
        Some(Drag::Column { column, over: Some(over), .. }) => (Some(column), Some(over)),
        _ => (None, None),
    };
    html! {
        <thead class={classes!("pf-v6-c-table__thead", dragging.is_some().then_some("sp-m-dragging"))}>
            <tr class="pf-v6-c-table__tr" role="row" aria-rowindex="1">
                { for props.layout.shown().into_iter().map(|column| {
                    heading(props, column, &drag, &dragged, dragging == Some(column), over == Some(column))
                }) }
            </tr>
        </thead>
    }
}

fn heading(
    props: &HeadingsProps,
    column: Column,
    drag: &UseStateHandle<Option<Drag>>,
    dragged: &Rc<RefCell<bool>>,
    is_dragged: bool,
    is_target: bool,
) -> Html {
    let sort = props.layout.sort();
    let place = sort.iter().position(|key| key.column == column);
    let (order, icon) = match place.map(|at| sort[at].descending) {
        None => ("none", Icon::ArrowsUpDown),
        Some(false) => ("ascending", Icon::ArrowUp),
        Some(true) => ("descending", Icon::ArrowDown),
    };
    let onclick = {
        let (command, layout, dragged) = (props.command.clone(), props.layout.clone(), dragged.clone());
        Callback::from(move |event: MouseEvent| {
            if !dragged.replace(false) {
                let mut layout = layout.clone();
                layout.click(column, event.shift_key());
                command.emit(Command::Arrange(layout));
            }
        })
    };
    let onpointerdown = {
        let (drag, dragged) = (drag.clone(), dragged.clone());
        Callback::from(move |event: PointerEvent| {
            *dragged.borrow_mut() = false;
            if event.button() == 0 {
                drag.set(Some(Drag::Column { column, from: event.client_x(), over: None }));
            }
        })
    };
    let onkeydown = {
        let (command, layout) = (props.command.clone(), props.layout.clone());
        Callback::from(move |event: KeyboardEvent| {
            let right = match event.key().as_str() {
                "ArrowLeft" if event.ctrl_key() => false,
                "ArrowRight" if event.ctrl_key() => true,
                _ => return,
            };
            event.prevent_default();
            let mut layout = layout.clone();
            layout.shift(column, right);
            command.emit(Command::Arrange(layout));
        })
    };
    let heading = column.heading();
    let title = format!("{heading}: press to sort, with Shift by several columns; drag to move the column");
    html! {
        <th
            key={column.key()}
            role="columnheader"
            scope="col"
            aria-sort={order}
            data-column={column.key()}
            style={format!("width:{}px", props.layout.width(column))}
            class={classes!(
                "pf-v6-c-table__th",
                "pf-v6-c-table__sort",
                format!("sp-column-{}", column.key()),
                place.map(|_| "pf-m-selected"),
                is_dragged.then_some("sp-m-dragged"),
                is_target.then_some("sp-m-target"),
            )}
        >
            <button type="button" class="pf-v6-c-table__button" data-testid={format!("sort-{}", column.key())} {title} {onclick} {onpointerdown} {onkeydown}>
                <span class="pf-v6-c-table__button-content">
                    <span class="pf-v6-c-table__text">{ heading }</span>
                    <span class="pf-v6-c-table__sort-indicator">
                        { icon.html() }
                        if let (Some(at), true) = (place, sort.len() > 1) {
                            <small>{ at + 1 }</small>
                        }
                    </span>
                </span>
            </button>
            { edge(props, column, drag) }
        </th>
    }
}

/// The edge that is dragged to make a column wider; arrow keys do it too.
fn edge(props: &HeadingsProps, column: Column, drag: &UseStateHandle<Option<Drag>>) -> Html {
    let onpointerdown = {
        let (drag, arranged, layout) = (drag.clone(), props.arranged.clone(), props.layout.clone());
        Callback::from(move |event: PointerEvent| {
            if event.button() == 0 {
                event.prevent_default();
                let layout = as_drawn(&layout);
                drag.set(Some(Drag::Edge { column, from: event.client_x(), width: layout.width(column).into() }));
                arranged.set(Some(layout));
            }
        })
    };
    let onkeydown = {
        let (command, layout) = (props.command.clone(), props.layout.clone());
        Callback::from(move |event: KeyboardEvent| {
            let by = match event.key().as_str() {
                "ArrowLeft" => -KEY_STEP,
                "ArrowRight" => KEY_STEP,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            let mut layout = as_drawn(&layout);
            layout.set_width(column, i32::from(layout.width(column)) + by);
            command.emit(Command::Arrange(layout));
        })
    };
    html! {
        <span
            class="sp-edge"
            role="separator"
            aria-orientation="vertical"
            aria-label={format!("Width of the column {}", column.heading())}
            aria-valuenow={props.layout.width(column).to_string()}
            tabindex="0"
            data-testid={format!("edge-{}", column.key())}
            {onpointerdown}
            {onkeydown}
        ></span>
    }
}

/// Follows the pointer while something is dragged.
#[hook]
fn use_dragging(drag: &UseStateHandle<Option<Drag>>, props: &HeadingsProps, dragged: &Rc<RefCell<bool>>) {
    let (drag, props, dragged) = (drag.clone(), props.clone(), dragged.clone());
    let active = drag.is_some();
    use_effect_with((active, *drag, props.layout.clone()), move |(active, ..)| {
        let listeners = active.then(|| {
            let document = gloo::utils::document();
            let moved = {
                let (drag, props, dragged) = (drag.clone(), props.clone(), dragged.clone());
                EventListener::new(&document, "pointermove", move |event| {
                    if let Some(event) = event.dyn_ref::<MouseEvent>() {
                        follow(event, &drag, &props, &dragged);
                    }
                })
            };
            let (drag2, props2) = (drag.clone(), props.clone());
            let ended = EventListener::new(&document, "pointerup", move |_| {
                let mut layout = props2.layout.clone();
                match *drag2 {
                    Some(Drag::Column { column, over: Some(over), .. }) if column != over => {
                        layout.put_at(column, over);
                        props2.command.emit(Command::Arrange(layout));
                    }
                    Some(Drag::Edge { .. }) => props2.command.emit(Command::Arrange(layout)),
                    Some(Drag::Column { .. }) | None => {}
                }
                props2.arranged.set(None);
                drag2.set(None);
                // The click that belongs to this press comes first, if there is one.
                let dragged = dragged.clone();
                Timeout::new(0, move || *dragged.borrow_mut() = false).forget();
            });
            let given_up = EventListener::new(&document, "keydown", move |event| {
                if event.dyn_ref::<KeyboardEvent>().is_some_and(|event| event.key() == "Escape") {
                    props.arranged.set(None);
                    drag.set(None);
                }
            });
            (moved, ended, given_up)
        });
        move || drop(listeners)
    });
}

fn follow(event: &MouseEvent, drag: &UseStateHandle<Option<Drag>>, props: &HeadingsProps, dragged: &Rc<RefCell<bool>>) {
    let x = event.client_x();
    if event.buttons() == 0 {
        // It was let go outside the window.
        props.arranged.set(None);
        return drag.set(None);
    }
    match **drag {
        Some(Drag::Column { column, from, over }) if over.is_some() || (x - from).abs() >= DRAGS_FROM => {
            *dragged.borrow_mut() = true;
            let found = column_at(x).unwrap_or(column);
            if over != Some(found) {
                drag.set(Some(Drag::Column { column, from, over: Some(found) }));
            }
        }
        Some(Drag::Edge { column, from, width }) => {
            let mut layout = props.layout.clone();
            layout.set_width(column, width + x - from);
            props.arranged.set(Some(layout));
        }
        Some(Drag::Column { .. }) | None => {}
    }
}

/// The headings, as they are drawn.
fn drawn() -> Vec<(Column, HtmlElement)> {
    let Ok(found) = gloo::utils::document().query_selector_all("#items thead [data-column]") else { return Vec::new() };
    let heading = |at: u32| {
        let element = found.item(at)?.dyn_into::<HtmlElement>().ok()?;
        let key = element.get_attribute("data-column")?;
        Some((Column::ALL.into_iter().find(|column| column.key() == key)?, element))
    };
    (0..found.length()).filter_map(heading).collect()
}

/// The column under this distance from the window's left.
fn column_at(x: i32) -> Option<Column> {
    let under = |element: &HtmlElement| {
        let at = Element::get_bounding_client_rect(element);
        f64::from(x) >= at.left() && f64::from(x) < at.right()
    };
    drawn().into_iter().find(|(_, element)| under(element)).map(|(column, _)| column)
}

/// The layout with the widths that the columns have on the screen, where a wide one stretches them.
fn as_drawn(layout: &Layout) -> Layout {
    let mut layout = layout.clone();
    for (column, element) in drawn() {
        layout.set_width(column, element.offset_width());
    }
    layout
}
