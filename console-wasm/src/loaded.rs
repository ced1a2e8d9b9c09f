//! What a section shows: loaded when it appears, again when an event says that it changed, and after one's own changes.

use std::future::Future;

use wasm_bindgen_futures::spawn_local;
use wire::api::ApiError;
use yew::prelude::*;

use crate::appliance_api::{Answer, Api};
use crate::console::use_console;

/// Something on its way, here, or refused.
#[derive(Clone, PartialEq)]
pub(crate) struct Loaded<T: 'static> {
    /// It, once it came.
    pub(crate) value: UseStateHandle<Option<T>>,
    /// Why it did not, the last time.
    pub(crate) error: UseStateHandle<Option<ApiError>>,
    /// Loads it again.
    pub(crate) reload: Callback<()>,
}

impl<T> Loaded<Vec<T>> {
    /// What was loaded, or nothing.
    pub(crate) fn list(&self) -> &[T] {
        self.value.as_deref().unwrap_or_default()
    }
}

/// Loads something. `version` is another value whenever it may have changed.
#[hook]
pub(crate) fn use_loaded<T, V, A, F>(version: V, ask: A) -> Loaded<T>
where
    T: 'static,
    V: PartialEq + 'static,
    A: Fn(Api) -> F + 'static,
    F: Future<Output = Answer<T>> + 'static,
{
    let console = use_console();
    let value = use_state(|| None::<T>);
    let error = use_state(|| None::<ApiError>);
    let first = use_mut_ref(|| true);
    let load = {
        let (value, error) = (value.clone(), error.clone());
        move |person: bool| {
            let asked = ask(console.api().by(person));
            let (value, error) = (value.clone(), error.clone());
            spawn_local(async move {
                match asked.await {
                    Ok(it) => {
                        value.set(Some(it));
                        error.set(None);
                    }
                    Err(failed) => error.set(Some(failed)),
                }
            });
        }
    };
    let load = std::rc::Rc::new(load);
    {
        let load = load.clone();
        use_effect_with(version, move |_| load(first.replace(false)));
    }
    Loaded { value, error, reload: Callback::from(move |()| load(false)) }
}
