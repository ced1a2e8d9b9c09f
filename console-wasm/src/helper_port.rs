//! The way to the helper: a port to the extension's service worker, which passes messages on. It is found, followed
//! and found again; what is known of it goes to the store.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_channel::{mpsc, oneshot};
use futures_util::{FutureExt, StreamExt, select_biased};
use gloo::timers::future::TimeoutFuture;
use wasm_bindgen::prelude::*;
use wire::helper_messages::{
    HelperError, HelperEvent, HelperReply, HelperRequest, PROTOCOL, PageMessage, WorkerMessage,
};
use yew::Callback;

use crate::state::backoff::Backoff;
use crate::state::helper_state::{HelperState, is_for_firefox};
use crate::state::store::Action;

/// What the extension listens for.
const PORT_NAME: &str = "sallyport";
/// Messages that may wait for this page.
const INBOX: usize = 256;
/// How long an extension may take to answer for the first time: its worker may have to start.
const FIRST_ANSWER_MILLIS: u32 = 4_000;
/// How often a helper that is not there is asked for again.
const ASK_AGAIN_MILLIS: u32 = 2_500;
/// Searches without an answer before it is said that there is no extension: one that is updated is away for a moment.
const SEARCHES: u32 = 3;
/// How long the helper may take for a request: it may have to dial the appliance.
const REQUEST_MILLIS: u32 = 30_000;

#[wasm_bindgen]
extern "C" {
    /// The browser's side of a port to an extension.
    type Port;
    /// An event of such a port.
    type PortEvent;

    #[wasm_bindgen(method, js_name = postMessage, catch)]
    fn post_message(this: &Port, message: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(method)]
    fn disconnect(this: &Port);
    #[wasm_bindgen(method, getter, js_name = onMessage)]
    fn on_message(this: &Port) -> PortEvent;
    #[wasm_bindgen(method, getter, js_name = onDisconnect)]
    fn on_disconnect(this: &Port) -> PortEvent;
    #[wasm_bindgen(method, js_name = addListener)]
    fn add_listener(this: &PortEvent, listener: &js_sys::Function);
}

/// Why a request brought nothing.
#[derive(Clone, Debug)]
pub(crate) enum RequestFailure {
    /// There is no helper, or it went away; what is known of it is in the store.
    NoHelper,
    /// The helper did not answer in time.
    NoAnswer,
    /// The helper refused.
    Refused(HelperError),
}

type Waiting = BTreeMap<u32, oneshot::Sender<HelperReply>>;

/// The way to the helper. Clones share it.
#[derive(Clone)]
pub(crate) struct HelperPort(Rc<Inner>);

struct Inner {
    dispatch: Callback<Action>,
    port: RefCell<Option<Port>>,
    waiting: RefCell<Waiting>,
    last_id: Cell<u32>,
}

/// A port with its listeners, closed when it is dropped.
struct Connection {
    owner: Rc<Inner>,
    inbox: mpsc::Receiver<FromPort>,
    _on_message: Closure<dyn FnMut(JsValue)>,
    _on_disconnect: Closure<dyn FnMut()>,
}

enum FromPort {
    Message(JsValue),
    Closed,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(port) = self.owner.port.borrow_mut().take() {
            port.disconnect();
        }
        // Whoever waits for an answer learns that none comes.
        self.owner.waiting.borrow_mut().clear();
    }
}

impl HelperPort {
    /// A way that is not there yet.
    pub(crate) fn new(dispatch: Callback<Action>) -> Self {
        Self(Rc::new(Inner { dispatch, port: RefCell::default(), waiting: RefCell::default(), last_id: Cell::new(0) }))
    }

    /// Asks the helper.
    pub(crate) async fn request(&self, request: HelperRequest) -> Result<HelperReply, RequestFailure> {
        let id = self.next_id();
        let (answered, answer) = oneshot::channel();
        self.0.waiting.borrow_mut().insert(id, answered);
        if !self.post(&PageMessage::Request { id, request }) {
            self.0.waiting.borrow_mut().remove(&id);
            return Err(RequestFailure::NoHelper);
        }
        let answer = select_biased! {
            answer = answer.fuse() => answer.map_err(|_| RequestFailure::NoHelper),
            () = TimeoutFuture::new(REQUEST_MILLIS).fuse() => Err(RequestFailure::NoAnswer),
        };
        self.0.waiting.borrow_mut().remove(&id);
        match answer? {
            HelperReply::Failed { error } => Err(RequestFailure::Refused(error)),
            reply => Ok(reply),
        }
    }

    /// Looks for the extension under these ids and follows it, for as long as the page lives.
    pub(crate) async fn follow(self, ids: Vec<String>) {
        let mut backoff = Backoff::EXTENSION;
        let mut searches = 0;
        loop {
            for id in ids.iter().filter(|id| !is_for_firefox(id)) {
                if let Some(mut connection) = self.connect(id)
                    && self.listen(&mut connection).await
                {
                    backoff.reset();
                    searches = 0;
                }
            }
            searches += 1;
            if searches == SEARCHES {
                self.tell(HelperState::NoExtension);
            }
            TimeoutFuture::new(backoff.next_millis(0.0)).await;
        }
    }

    fn connect(&self, id: &str) -> Option<Connection> {
        let port: Port = connect_runtime(id)?.unchecked_into();
        let (sender, inbox) = mpsc::channel(INBOX);
        let mut from_message = sender.clone();
        let on_message = Closure::<dyn FnMut(JsValue)>::new(move |message| {
            // A page that lags by so many messages learns the rest with its next hello.
            let _ = from_message.try_send(FromPort::Message(message));
        });
        let mut from_disconnect = sender;
        let on_disconnect = Closure::<dyn FnMut()>::new(move || {
            read_last_error();
            let _ = from_disconnect.try_send(FromPort::Closed);
        });
        port.on_message().add_listener(on_message.as_ref().unchecked_ref());
        port.on_disconnect().add_listener(on_disconnect.as_ref().unchecked_ref());
        *self.0.port.borrow_mut() = Some(port);
        Some(Connection { owner: self.0.clone(), inbox, _on_message: on_message, _on_disconnect: on_disconnect })
    }

    /// Follows one port until it closes. Whether anybody answered on it.
    async fn listen(&self, connection: &mut Connection) -> bool {
        let mut extension: Option<String> = None;
        let mut there = false;
        self.say_hello();
        loop {
            let patience = if extension.is_some() { ASK_AGAIN_MILLIS } else { FIRST_ANSWER_MILLIS };
            select_biased! {
                message = connection.inbox.next() => match message {
                    Some(FromPort::Message(message)) => {
                        if let Some(message) = read_message(&message) {
                            self.take(message, &mut extension, &mut there);
                        }
                    }
                    Some(FromPort::Closed) | None => return extension.is_some(),
                },
                () = TimeoutFuture::new(patience).fuse() => {
                    if extension.is_none() {
                        return false;
                    }
                    if !there {
                        self.say_hello();
                    }
                }
            }
        }
    }

    fn take(&self, message: WorkerMessage, extension: &mut Option<String>, there: &mut bool) {
        let version = || extension.clone().unwrap_or_default();
        match message {
            WorkerMessage::Extension { version, .. } => *extension = Some(version),
            WorkerMessage::OriginRefused { origin, .. } => {
                *extension = Some(String::new());
                self.tell(HelperState::OriginRefused { origin });
            }
            WorkerMessage::HelperGone { cause, detail, .. } => {
                *there = false;
                self.0.waiting.borrow_mut().clear();
                self.tell(HelperState::Gone { extension_version: version(), cause, detail });
            }
            WorkerMessage::Event { event } => self.0.dispatch.emit(match event {
                HelperEvent::SessionChanged { session } => Action::LocalSession(session),
                HelperEvent::SessionEnded { session_id, .. } => Action::LocalSessionEnded(session_id),
            }),
            WorkerMessage::Reply { id, reply } => {
                let asker = self.0.waiting.borrow_mut().remove(&id);
                match (asker, reply) {
                    (Some(asker), reply) => {
                        // Whoever asked may no longer wait.
                        let _ = asker.send(reply);
                    }
                    (None, HelperReply::Hello { version: helper_version, os, sessions, .. }) => {
                        *there = true;
                        self.tell(HelperState::Found { extension_version: version(), helper_version, os });
                        self.0.dispatch.emit(Action::LocalSessions(sessions));
                    }
                    (None, HelperReply::Failed { error }) => {
                        *there = false;
                        self.tell(HelperState::Refused { extension_version: version(), error });
                    }
                    (None, HelperReply::Session { .. } | HelperReply::Done) => {}
                }
            }
        }
    }

    fn say_hello(&self) {
        self.post(&PageMessage::Hello { protocol: PROTOCOL, id: self.next_id() });
    }

    fn tell(&self, state: HelperState) {
        self.0.dispatch.emit(Action::Helper(state));
    }

    fn next_id(&self) -> u32 {
        let id = self.0.last_id.get().wrapping_add(1);
        self.0.last_id.set(id);
        id
    }

    fn post(&self, message: &PageMessage) -> bool {
        let Ok(text) = serde_json::to_string(message) else { return false };
        let Ok(value) = js_sys::JSON::parse(&text) else { return false };
        self.0.port.borrow().as_ref().is_some_and(|port| port.post_message(&value).is_ok())
    }
}

/// `chrome.runtime.connect(id, {name})`, where the browser has such a thing for this page.
fn connect_runtime(id: &str) -> Option<JsValue> {
    let runtime = runtime()?;
    let connect: js_sys::Function = member(&runtime, "connect")?.dyn_into().ok()?;
    let options = js_sys::Object::new();
    js_sys::Reflect::set(&options, &"name".into(), &PORT_NAME.into()).ok()?;
    connect.call2(&runtime, &id.into(), &options).ok()
}

fn runtime() -> Option<JsValue> {
    member(&member(&js_sys::global(), "chrome")?, "runtime")
}

fn member(object: &JsValue, name: &str) -> Option<JsValue> {
    js_sys::Reflect::get(object, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}

/// Reads why a port closed: the browser complains in its log about errors that nobody reads.
fn read_last_error() {
    if let Some(runtime) = runtime() {
        let _ = member(&runtime, "lastError");
    }
}

fn read_message(message: &JsValue) -> Option<WorkerMessage> {
    let text: String = js_sys::JSON::stringify(message).ok()?.into();
    serde_json::from_str(&text).ok()
}
