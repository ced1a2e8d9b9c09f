//! Lists that come page by page, each when somebody asks for it.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use wire::api::ApiError;
use yew::prelude::*;

use crate::appliance_api::{Answer, Api};
use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::spinner;
use crate::console::use_console;

/// What came so far.
struct Come<T> {
    all: Vec<T>,
    next: Option<u64>,
    is_loading: bool,
    error: Option<ApiError>,
    /// Of which list it is: what is still on its way of another one is not taken.
    turn: u32,
}

/// A list that comes page by page.
pub(super) struct Pages<T: 'static> {
    come: Rc<RefCell<Come<T>>>,
    more: Callback<MouseEvent>,
}

impl<T: Clone> Pages<T> {
    /// What came so far.
    pub(super) fn all(&self) -> Vec<T> {
        self.come.borrow().all.clone()
    }

    /// Whether there is nothing, and nothing is to come.
    pub(super) fn is_empty(&self) -> bool {
        let come = self.come.borrow();
        come.all.is_empty() && come.next.is_none() && !come.is_loading && come.error.is_none()
    }

    /// What stands below: that more is on its way, why it did not come, or the button for it.
    pub(super) fn below(&self, id: &'static str) -> Html {
        let come = self.come.borrow();
        html! {
            <>
                if let Some(error) = &come.error {
                    <ErrorAlert id={format!("{id}-error")} error={error.clone()} />
                }
                if come.is_loading {
                    { spinner("Loading") }
                } else if come.next.is_some() {
                    <Button {id} kind={Kind::Link} label="Show more" onclick={self.more.clone()} />
                }
            </>
        }
    }
}

/// Loads the first page of a list, and others on demand. `of` is another value for another list.
#[hook]
pub(super) fn use_pages<T, V, A, F>(of: V, ask: A) -> Pages<T>
where
    T: Clone + 'static,
    V: PartialEq + 'static,
    A: Fn(Api, Option<u64>) -> F + 'static,
    F: Future<Output = Answer<(Vec<T>, Option<u64>)>> + 'static,
{
    let console = use_console();
    let update = use_force_update();
    let come = use_mut_ref(|| Come { all: Vec::new(), next: None, is_loading: true, error: None, turn: 0 });
    let load = {
        let come = come.clone();
        Rc::new(move |from: Option<u64>| {
            let turn = {
                let mut now = come.borrow_mut();
                if from.is_none() {
                    (now.all, now.next, now.turn) = (Vec::new(), None, now.turn + 1);
                }
                (now.is_loading, now.error) = (true, None);
                now.turn
            };
            let asked = ask(console.api().clone(), from);
            let (come, update) = (come.clone(), update.clone());
            update.force_update();
            spawn_local(async move {
                let answer = asked.await;
                {
                    let mut now = come.borrow_mut();
                    if now.turn != turn {
                        return;
                    }
                    now.is_loading = false;
                    match answer {
                        Ok((more, next)) => {
                            now.all.extend(more);
                            now.next = next;
                        }
                        Err(error) => now.error = Some(error),
                    }
                }
                update.force_update();
            });
        })
    };
    {
        let load = load.clone();
        use_effect_with(of, move |_| load(None));
    }
    let more = {
        let come = come.clone();
        Callback::from(move |_: MouseEvent| {
            let next = come.borrow().next;
            if next.is_some() {
                load(next);
            }
        })
    };
    Pages { come, more }
}
