//! A list of very many rows of one height, of which those in sight are drawn.

use std::ops::Range;

use web_sys::Element;
use yew::prelude::*;

use crate::state::window::{Sight, window};

/// Properties of [`VirtualList`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct VirtualListProps {
    /// Its id in the page.
    pub(crate) id: &'static str,
    /// What it lists.
    pub(crate) label: AttrValue,
    /// How many rows there are.
    pub(crate) total: usize,
    /// How high a row is, in pixels.
    pub(crate) row_height: u32,
    /// Another value whenever rows look different.
    pub(crate) version: u64,
    /// Draws a row.
    pub(crate) row: Callback<usize, Html>,
    /// These rows are in sight.
    pub(crate) onsight: Callback<Range<usize>>,
    /// The row to bring into sight, whenever its second part is another one.
    #[prop_or_default]
    pub(crate) goal: Option<(usize, u32)>,
}

/// The list. It scrolls by itself, with the arrow keys once it has the focus.
#[component]
pub(crate) fn VirtualList(props: &VirtualListProps) -> Html {
    let scroller = use_node_ref();
    let drawn = use_state(|| window(props.total, None));
    let look = {
        let (scroller, drawn, onsight) = (scroller.clone(), drawn.clone(), props.onsight.clone());
        let (total, row) = (props.total, f64::from(props.row_height));
        move || {
            let Some(it) = scroller.cast::<Element>() else { return };
            let sight = Sight { above: f64::from(it.scroll_top()), height: f64::from(it.client_height()), row };
            let rows = window(total, Some(sight));
            onsight.emit(rows.clone());
            if *drawn != rows {
                drawn.set(rows);
            }
        }
    };
    {
        let look = look.clone();
        use_effect_with((props.total, props.version), move |_| look());
    }
    {
        let (scroller, look, height) = (scroller.clone(), look.clone(), props.row_height);
        use_effect_with(props.goal, move |goal| {
            if let (Some((row, _)), Some(it)) = (goal, scroller.cast::<Element>()) {
                let above = i64::from(height) * i64::try_from(*row).unwrap_or(0) - i64::from(it.client_height()) / 2;
                it.set_scroll_top(i32::try_from(above.max(0)).unwrap_or(i32::MAX));
                look();
            }
        });
    }
    let onscroll = Callback::from(move |_: Event| look());
    let end = drawn.end.min(props.total);
    let start = drawn.start.min(end);
    let gap = |rows: usize| {
        html! { <div aria-hidden="true" style={format!("height:{}px", rows as u64 * u64::from(props.row_height))}></div> }
    };
    html! {
        <div ref={scroller} id={props.id} class="sp-virtual" tabindex="0" role="region" aria-label={props.label.clone()} {onscroll}
            data-total={props.total.to_string()}>
            { gap(start) }
            <ol class="sp-virtual__rows" start={(start + 1).to_string()}>
                { for (start..end).map(|at| html! {
                    <li key={at} style={format!("height:{}px", props.row_height)} aria-posinset={(at + 1).to_string()} aria-setsize={props.total.to_string()}>
                        { props.row.emit(at) }
                    </li>
                }) }
            </ol>
            { gap(props.total - end) }
        </div>
    }
}
