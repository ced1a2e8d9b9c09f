//! A long list of the session whose pages are loaded as they come into sight.

use std::cell::RefCell;
use std::future::Future;
use std::ops::Range;
use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use wire::api::ApiError;
use yew::prelude::*;

use crate::appliance_api::{Answer, Api};
use crate::console::use_console;
use crate::state::pages::{PAGE, Pages};

/// What comes of a page: the number of its first row, how many rows there are, and the rows.
pub(super) struct Came<T> {
    pub(super) first: u64,
    pub(super) total: u64,
    pub(super) rows: Vec<T>,
}

/// The list as it stands.
pub(super) struct Rows<T> {
    pages: Rc<RefCell<Pages<T>>>,
    /// Another value whenever rows came.
    pub(super) version: u64,
    /// Why the last page did not come.
    pub(super) error: Option<ApiError>,
    /// These rows are in sight.
    pub(super) onsight: Callback<Range<usize>>,
}

impl<T: Clone> Rows<T> {
    /// How many rows there are.
    pub(super) fn total(&self) -> usize {
        self.pages.borrow().total()
    }

    /// What gives a row, once it came, to whoever draws rows later.
    pub(super) fn reader(&self) -> impl Fn(usize) -> Option<T> + use<T> {
        let pages = self.pages.clone();
        move |at| pages.borrow().row(at).cloned()
    }
}

/// A list with so many rows, as far as is known. Where `which` is another value it is another list; `ask` gets what stands in
/// the address for a page.
#[hook]
pub(super) fn use_rows<T, W, A, F>(which: W, known: u64, ask: A) -> Rows<T>
where
    T: Clone + 'static,
    W: PartialEq + Clone + 'static,
    A: Fn(Api, String) -> F + 'static,
    F: Future<Output = Answer<Came<T>>> + 'static,
{
    let console = use_console();
    let known = usize::try_from(known).unwrap_or(usize::MAX);
    let list = use_mut_ref(|| (which.clone(), Rc::new(RefCell::new(Pages::new(known)))));
    let version = use_mut_ref(|| 0_u64);
    let drawing = use_force_update();
    let error = use_state(|| None::<ApiError>);
    if list.borrow().0 != which {
        *list.borrow_mut() = (which, Rc::new(RefCell::new(Pages::new(known))));
        *version.borrow_mut() += 1;
    }
    let pages = list.borrow().1.clone();
    {
        let (pages, version, drawing) = (pages.clone(), version.clone(), drawing.clone());
        use_effect_with(known, move |known| {
            // Only a list of everything grows with the session: a search says itself how much fits.
            if pages.borrow().total() < *known {
                pages.borrow_mut().grown(*known);
                *version.borrow_mut() += 1;
                drawing.force_update();
            }
        });
    }
    let onsight = {
        let (pages, version, error) = (pages.clone(), version.clone(), error.clone());
        Callback::from(move |rows: Range<usize>| {
            // An empty list may be one of which nothing is known yet.
            let rows = if rows.is_empty() { 0..1 } else { rows };
            let missing = pages.borrow_mut().ask(rows);
            for first in missing {
                let (pages, version, error, drawing) = (pages.clone(), version.clone(), error.clone(), drawing.clone());
                let asked = ask(console.api().in_background(), format!("first={first}&limit={PAGE}"));
                spawn_local(async move {
                    match asked.await {
                        Ok(came) => {
                            let total = usize::try_from(came.total).unwrap_or(usize::MAX);
                            let first = usize::try_from(came.first).unwrap_or(0);
                            pages.borrow_mut().put(first, total, came.rows);
                            error.set(None);
                        }
                        Err(failed) => {
                            pages.borrow_mut().failed(first);
                            error.set(Some(failed));
                        }
                    }
                    *version.borrow_mut() += 1;
                    drawing.force_update();
                });
            }
        })
    };
    let version = *version.borrow();
    Rows { pages, version, error: (*error).clone(), onsight }
}
