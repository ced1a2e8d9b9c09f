//! What the page shows, made anew only when something changed that it depends on.

use std::rc::Rc;

use wire::JumpItemId;
use wire::Timestamp;
use wire::api::JumpItem;
use yew::prelude::*;
use yew_router::prelude::*;

use crate::console::{Same, Snapshot};
use crate::routes::Route;
use crate::state::catalogue::Catalogue;
use crate::state::columns::Layout;
use crate::state::filters::{self, Category};
use crate::state::selection::Selection;
use crate::state::view::View;

/// The rows of the table.
#[derive(Clone, PartialEq)]
pub(super) struct Rows {
    /// Every item.
    pub(super) catalogue: Same<Catalogue>,
    /// Those that are shown, by number, in order.
    pub(super) shown: Same<Vec<u32>>,
    /// Their ids, in the same order.
    pub(super) ids: Same<Vec<JumpItemId>>,
}

impl Rows {
    /// The item of a row.
    pub(super) fn item(&self, row: usize) -> Option<&JumpItem> {
        self.shown.get(row).and_then(|at| self.catalogue.item(*at))
    }
}

/// The rows that a view shows.
#[hook]
pub(super) fn use_rows(store: &Snapshot, view: &View, layout: &Layout, now: Timestamp) -> Rows {
    let items = store.items.ready().map(|items| Same(items.clone()));
    let catalogue = Same(use_memo(items, |items| match items {
        Some(items) => Catalogue::new(items.0.clone()),
        None => Catalogue::default(),
    }));
    let order = Same(use_memo((catalogue.clone(), layout.sort().to_vec()), |(it, sort)| it.sorted(sort)));
    // Only where it is filtered by time does time matter.
    let now = if view.of(Category::LastUsed).next().is_some() { now } else { Timestamp(0) };
    let shown = Same(use_memo((order, view.clone(), now), {
        let catalogue = catalogue.clone();
        move |(order, view, now)| filters::shown(&catalogue, order, view, *now)
    }));
    let ids = Same(use_memo(shown.clone(), {
        let catalogue = catalogue.clone();
        move |shown| shown.iter().filter_map(|at| catalogue.item(*at)).map(|item| item.id).collect::<Vec<_>>()
    }));
    Rows { catalogue, shown, ids }
}

/// The selected items, in the order of the table.
#[hook]
pub(super) fn use_chosen(rows: &Rows, selection: &Selection<JumpItemId>) -> Rc<Vec<JumpItem>> {
    let catalogue = rows.catalogue.clone();
    use_memo((rows.ids.clone(), selection.clone()), move |(ids, selection)| {
        let chosen = ids.iter().filter(|id| selection.contains(**id));
        chosen.filter_map(|id| catalogue.by_id(*id)).cloned().collect()
    })
}

/// How an address is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// A step that *Back* takes back.
    Push,
    /// Part of the same step.
    Replace,
}

/// What stands in the page's address.
#[hook]
pub(super) fn use_address() -> View {
    let pairs = use_location().and_then(|location| location.query::<Vec<(String, String)>>().ok());
    View::from_pairs(&pairs.unwrap_or_default())
}

/// Goes to another view.
pub(super) fn go(navigator: Option<&Navigator>, view: &View, how: How) {
    let Some(navigator) = navigator else { return };
    let pairs = view.to_pairs();
    // Fails only for values that cannot stand in an address; these are all text.
    let _ = match how {
        How::Push => navigator.push_with_query(&Route::Jump, pairs),
        How::Replace => navigator.replace_with_query(&Route::Jump, pairs),
    };
}
