//! Records this workstation's screens for sessions that have to be recorded: shares them, and brings what they show to the
//! appliance. It belongs to the page, not to a component: a session is recorded while people look at other pages.

mod capture;
mod screen;

use std::cell::RefCell;
use std::rc::Rc;

use futures_channel::oneshot;
use wasm_bindgen_futures::spawn_local;
use wire::SessionId;
use wire::api::{ApiError, RecordingQuality, RecordingStop, SessionState};
use yew::Callback;

use self::capture::Capture;
use self::screen::{Handle, Screen};
use crate::appliance_api::Api;
use crate::state::store::{Action, Store};

pub(crate) use capture::has_several_screens;

/// Why no screen is recorded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ShareError {
    /// Somebody pressed *Cancel* in the browser's picker, or the browser forbids it.
    Cancelled,
    /// Not a whole screen was chosen.
    NotAScreen,
    /// This browser cannot record screens.
    NotPossible,
    /// The screen is shared, but no picture of it came.
    NoPicture,
    /// The appliance refused.
    Appliance(ApiError),
}

/// The recorder. Clones share it.
#[derive(Clone)]
pub(crate) struct Recorder(Rc<Inner>);

struct Inner {
    dispatch: Callback<Action>,
    api: Api,
    screens: RefCell<Vec<Handle>>,
}

impl Recorder {
    /// One that records nothing.
    pub(crate) fn new(dispatch: Callback<Action>, api: &Api) -> Self {
        // These requests keep a sign-in alive: whoever works in a program beside the page would lose both otherwise. When a session
        // is idle is seen from what goes through it.
        Self(Rc::new(Inner { dispatch, api: api.clone(), screens: RefCell::default() }))
    }

    /// Lets the person choose a screen, and records it for a session. Comes back once its first picture is at the appliance. To be
    /// called while a press of a button is handled: browsers ask for one.
    pub(crate) async fn share(&self, session: SessionId, quality: RecordingQuality) -> Result<(), ShareError> {
        let capture = Capture::ask(quality).await?;
        let (arrived, first) = oneshot::channel();
        let screen = Screen::begin(self.0.api.clone(), session, capture, arrived).await?;
        self.0.screens.borrow_mut().push(screen.handle());
        self.tell(session);
        let recorder = self.clone();
        spawn_local(async move {
            let id = screen.id();
            screen.run().await;
            recorder.0.screens.borrow_mut().retain(|it| it.id != id);
            recorder.tell(session);
        });
        first.await.unwrap_or(Err(ShareError::NoPicture))
    }

    /// Stops recording for sessions that are over by now.
    pub(crate) fn keep(&self, store: &Store) {
        for handle in self.0.screens.borrow().iter() {
            let is_over = store.view(handle.session).is_none_or(|it| it.session.state == SessionState::Ended);
            if is_over && store.me().is_some() {
                handle.stop(RecordingStop::SessionOver);
            }
        }
    }

    /// Whether this page records a screen for any session.
    pub(crate) fn is_recording(&self) -> bool {
        !self.0.screens.borrow().is_empty()
    }

    /// The page goes away: the appliance is told at once.
    pub(crate) fn leave(&self) {
        for handle in self.0.screens.borrow().iter() {
            self.0.api.stop_recording_while_leaving(handle.id);
        }
    }

    fn tell(&self, session: SessionId) {
        let screens = self.0.screens.borrow().iter().filter(|it| it.session == session).count();
        self.0.dispatch.emit(Action::ScreensShared(session, screens));
    }
}
