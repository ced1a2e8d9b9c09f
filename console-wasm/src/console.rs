//! What every component can reach: the store, the appliance, the helper.

use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;

use futures_channel::oneshot;
use wire::Timestamp;
use wire::api::ApiError;
use yew::prelude::*;

use crate::appliance_api::Api;
use crate::helper_port::HelperPort;
use crate::recorder::Recorder;
use crate::state::store::{Action, Store};
use crate::state::toasts::ToastKind;

/// The way to everything outside a component. It never changes, so that having it draws nothing again.
#[derive(Clone)]
pub(crate) struct Console(Rc<Inner>);

struct Inner {
    dispatch: Callback<Action>,
    current: RefCell<Rc<Store>>,
    api: Api,
    helper: HelperPort,
    recorder: Recorder,
    retry: RefCell<Option<oneshot::Sender<()>>>,
}

impl PartialEq for Console {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Console {
    /// One that sends what happens there.
    pub(crate) fn new(dispatch: Callback<Action>, store: Rc<Store>) -> Self {
        let signed_out = dispatch.reform(|()| Action::SignedOut(Some("Your sign-in is over.".into())));
        let helper = HelperPort::new(dispatch.clone());
        let api = Api::new(signed_out);
        let recorder = Recorder::new(dispatch.clone(), &api);
        let (current, retry) = (RefCell::new(store), RefCell::default());
        Self(Rc::new(Inner { dispatch, current, api, helper, recorder, retry }))
    }

    /// The appliance.
    pub(crate) fn api(&self) -> &Api {
        &self.0.api
    }

    /// Asks the appliance something.
    pub(crate) fn with_api<F>(&self, ask: impl FnOnce(Api) -> F) -> F {
        ask(self.0.api.clone())
    }

    /// The helper.
    pub(crate) fn helper(&self) -> &HelperPort {
        &self.0.helper
    }

    /// What records this workstation's screens.
    pub(crate) fn recorder(&self) -> &Recorder {
        &self.0.recorder
    }

    /// What is known now; for code that runs later than a component was drawn.
    pub(crate) fn current(&self) -> Rc<Store> {
        self.0.current.borrow().clone()
    }

    /// Keeps what is known now.
    pub(crate) fn set_current(&self, store: Rc<Store>) {
        *self.0.current.borrow_mut() = store;
    }

    /// Something happened.
    pub(crate) fn dispatch(&self, action: Action) {
        self.0.dispatch.emit(action);
    }

    /// Shows a short notice.
    pub(crate) fn tell(&self, kind: ToastKind, title: impl Into<String>, text: impl Into<String>) {
        self.dispatch(Action::Toast(kind, title.into(), text.into()));
    }

    /// Shows that something failed, where there is no better place for it.
    pub(crate) fn tell_error(&self, what: &str, error: &ApiError) {
        let mut text = format!("{} {}", error.message, error.next_step);
        if !error.request_id.is_empty() {
            text.push_str(&format!(" (request {})", error.request_id));
        }
        self.tell(ToastKind::Failure, what, text.trim());
    }

    /// Keeps who waits for the next attempt to reach the appliance.
    pub(crate) fn set_retry(&self, waiting: oneshot::Sender<()>) {
        *self.0.retry.borrow_mut() = Some(waiting);
    }

    /// Makes the next attempt to reach the appliance now.
    pub(crate) fn retry_now(&self) {
        if let Some(waiting) = self.0.retry.borrow_mut().take() {
            // Whoever waited may have gone on already.
            let _ = waiting.send(());
        }
    }
}

/// The store as it was when a component was drawn. Two are equal when they are the same one.
#[derive(Clone)]
pub(crate) struct Snapshot(pub(crate) Rc<Store>);

impl PartialEq for Snapshot {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for Snapshot {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.0
    }
}

/// Something shared that is equal to itself alone, so that comparing a long list costs nothing.
#[derive(Debug)]
pub(crate) struct Same<T>(pub(crate) Rc<T>);

impl<T> Clone for Same<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> PartialEq for Same<T> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Deref for Same<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// The way to everything outside the component.
#[hook]
pub(crate) fn use_console() -> Console {
    use_context::<Console>().unwrap_or_else(|| Console::new(Callback::noop(), Rc::default()))
}

/// What is known; the component is drawn again when it changes.
#[hook]
pub(crate) fn use_store() -> Snapshot {
    use_context::<Snapshot>().unwrap_or_else(|| Snapshot(Rc::default()))
}

/// The present moment.
pub(crate) fn now() -> Timestamp {
    Timestamp(js_sys::Date::now() as i64)
}

/// The present moment, for a component that is drawn again every so many milliseconds.
#[hook]
pub(crate) fn use_now(every_millis: u32) -> Timestamp {
    let moment = use_state(now);
    {
        let moment = moment.clone();
        use_effect_with(every_millis, move |every| {
            let interval = gloo::timers::callback::Interval::new(*every, move || moment.set(now()));
            move || drop(interval)
        });
    }
    *moment
}
