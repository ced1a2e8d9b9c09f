//! Sending a form: whether it is on its way, what is wrong with its fields, and what the appliance refused.

use std::future::Future;

use wasm_bindgen_futures::spawn_local;
use wire::api::ApiError;
use yew::prelude::*;

use crate::appliance_api::Answer;

/// How far a form is with being sent. Each component that sends something has one of its own.
#[derive(Clone, PartialEq)]
pub(crate) struct Submission {
    tried: UseStateHandle<bool>,
    busy: UseStateHandle<bool>,
    error: UseStateHandle<Option<ApiError>>,
}

/// A form that was not sent yet.
#[hook]
pub(crate) fn use_submission() -> Submission {
    Submission { tried: use_state(|| false), busy: use_state(|| false), error: use_state(|| None) }
}

impl Submission {
    /// Whether it is on its way.
    pub(crate) fn is_busy(&self) -> bool {
        *self.busy
    }

    /// What the appliance refused.
    pub(crate) fn error(&self) -> Option<&ApiError> {
        self.error.as_ref()
    }

    /// What to say at a field: `wrong`, which the form found itself, once somebody tried to send it; otherwise what the
    /// appliance said of that field.
    pub(crate) fn said(&self, field: &str, wrong: Option<String>) -> Option<AttrValue> {
        let refused = || self.error()?.fields.iter().find(|error| error.field == field).map(|it| it.message.clone());
        wrong.filter(|_| *self.tried).or_else(refused).map(AttrValue::from)
    }

    /// What loads a form anew, in place of what was typed: `load` asks the appliance, `take` puts the answer in.
    pub(crate) fn reload<T, F>(
        &self,
        load: impl Fn() -> F + 'static,
        take: impl Fn(T) + Clone + 'static,
    ) -> Callback<()>
    where
        T: 'static,
        F: Future<Output = Answer<T>> + 'static,
    {
        let it = self.clone();
        Callback::from(move |()| it.send(true, load(), take.clone()))
    }

    /// Somebody tried to send what is not right: from now on its errors show.
    pub(crate) fn hold(&self) {
        self.tried.set(true);
    }

    /// Sends it, unless the form found something wrong or it is on its way already.
    pub(crate) fn send<T: 'static>(
        &self,
        is_right: bool,
        sending: impl Future<Output = Answer<T>> + 'static,
        done: impl FnOnce(T) + 'static,
    ) {
        self.send_or(is_right, sending, done, |_| {});
    }

    /// Like [`Submission::send`], with something more to do when the appliance refuses.
    pub(crate) fn send_or<T: 'static>(
        &self,
        is_right: bool,
        sending: impl Future<Output = Answer<T>> + 'static,
        done: impl FnOnce(T) + 'static,
        refused: impl FnOnce(ApiError) + 'static,
    ) {
        self.tried.set(true);
        if !is_right || *self.busy {
            return;
        }
        self.busy.set(true);
        self.error.set(None);
        let it = self.clone();
        spawn_local(async move {
            let answer = sending.await;
            it.busy.set(false);
            match answer {
                Ok(answer) => {
                    it.tried.set(false);
                    done(answer);
                }
                Err(error) => {
                    it.error.set(Some(error.clone()));
                    refused(error);
                }
            }
        });
    }
}
