//! Everything the console knows, and how each thing that happens changes it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use wire::api::{
    ApiError, Approvals, ConsoleEvent, Installation, JumpGroup, JumpItem, Jumpoint, Me, Preferences, SavedFilter,
    Session, SessionDetails, SessionState,
};
use wire::helper_messages::LocalSession;
use wire::{JumpItemId, SessionId, Timestamp};

use super::approvals;
use super::helper_state::{HelperState, OUR_VERSION};
use super::session_view::SessionView;
use super::toasts::{ToastKind, Toasts};

/// Whether somebody is signed in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum SignIn {
    /// Not known yet.
    #[default]
    Unknown,
    /// Nobody; with a sentence when it happened unasked.
    Out(Option<String>),
    /// Somebody.
    In(Rc<Me>),
}

/// Something loaded from the appliance. A later failure does not take away what is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Load<T> {
    /// On its way.
    #[default]
    Waiting,
    /// Here.
    Ready(Rc<T>),
    /// It never came.
    Failed(Rc<ApiError>),
}

impl<T> Load<T> {
    /// What was loaded.
    pub(crate) fn ready(&self) -> Option<&Rc<T>> {
        match self {
            Self::Ready(value) => Some(value),
            Self::Waiting | Self::Failed(_) => None,
        }
    }

    fn put(&mut self, result: Result<T, ApiError>) {
        match result {
            Ok(value) => *self = Self::Ready(Rc::new(value)),
            Err(error) if self.ready().is_none() => *self = Self::Failed(Rc::new(error)),
            Err(_) => {}
        }
    }
}

impl<T> Load<Vec<T>> {
    /// What was loaded, or nothing.
    pub(crate) fn list(&self) -> &[T] {
        self.ready().map_or(&[], |list| list.as_slice())
    }
}

/// The event socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Socket {
    /// The first attempt.
    #[default]
    Connecting,
    /// It stands.
    Connected,
    /// It was lost; the next attempt comes at this moment.
    Lost {
        /// When.
        retry_at: Timestamp,
    },
}

/// Everything the console knows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Store {
    /// Who is signed in.
    pub(crate) sign_in: SignIn,
    /// The event socket.
    pub(crate) socket: Socket,
    /// When the appliance will have stopped, if it said so.
    pub(crate) stopping_at: Option<Timestamp>,
    /// Version of the appliance, when it is another than the page's.
    pub(crate) other_version: Option<String>,
    /// Items.
    pub(crate) items: Load<Vec<JumpItem>>,
    /// Groups.
    pub(crate) groups: Load<Vec<JumpGroup>>,
    /// Jumpoints.
    pub(crate) jumpoints: Load<Vec<Jumpoint>>,
    /// Requests for approval that concern the user.
    pub(crate) approvals: Load<Approvals>,
    /// Grows whenever requests for approval changed.
    pub(crate) approvals_changed: u32,
    /// The user's filter sets.
    pub(crate) filters: Load<Vec<SavedFilter>>,
    /// What the appliance remembers for the user.
    pub(crate) preferences: Rc<Preferences>,
    /// What a workstation needs.
    pub(crate) installation: Load<Installation>,
    /// Sessions with a tab, in the order of their tabs.
    pub(crate) tabs: Vec<SessionId>,
    /// Sessions that are shown somewhere, by id.
    pub(crate) views: BTreeMap<SessionId, Rc<SessionView>>,
    /// Everybody's sessions that run, once somebody wanted to see them; brought up to date by events.
    pub(crate) live_sessions: Option<Rc<BTreeMap<SessionId, Session>>>,
    /// Grows whenever the appliance stands otherwise: that loads again.
    pub(crate) health_changed: u32,
    /// Grows whenever a session changed: lists load again.
    pub(crate) sessions_changed: u32,
    /// Grows whenever users changed: lists load again.
    pub(crate) users_changed: u32,
    /// Grows whenever teams, roles or memberships changed: lists load again.
    pub(crate) access_changed: u32,
    /// Extension and helper.
    pub(crate) helper: HelperState,
    /// Sessions the helper has open for this appliance.
    pub(crate) local_sessions: BTreeMap<SessionId, LocalSession>,
    /// Sessions the helper had open when it died: they cannot go on, whatever the appliance hopes.
    pub(crate) died_with_helper: BTreeSet<SessionId>,
    /// Screens that this page shares, by the session that they are recorded for.
    pub(crate) screens: BTreeMap<SessionId, usize>,
    /// Grows whenever a recording was completed: lists load again.
    pub(crate) recordings_changed: u32,
    /// Notices.
    pub(crate) toasts: Toasts,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Somebody signed in, or is signed in already.
    SignedIn(Box<Me>),
    /// Nobody is signed in (any more).
    SignedOut(Option<String>),
    /// Items arrived.
    Items(Result<Vec<JumpItem>, ApiError>),
    /// Groups arrived.
    Groups(Result<Vec<JumpGroup>, ApiError>),
    /// Jumpoints arrived.
    Jumpoints(Result<Vec<Jumpoint>, ApiError>),
    /// Requests for approval arrived.
    Approvals(Result<Approvals, ApiError>),
    /// Filter sets arrived.
    Filters(Result<Vec<SavedFilter>, ApiError>),
    /// Items became favourites of the user, or are no longer.
    Favourites(Vec<JumpItemId>, bool),
    /// Preferences arrived or were changed.
    Preferences(Preferences),
    /// What a workstation needs arrived.
    Installation(Result<Installation, ApiError>),
    /// The user's own live sessions arrived.
    OwnSessions(Vec<Session>),
    /// Everybody's sessions that run arrived.
    LiveSessions(Vec<Session>),
    /// One session changed or was made.
    Session(Box<Session>),
    /// One session arrived with all its tab shows.
    SessionDetails(Box<SessionDetails>),
    /// A tab was closed.
    CloseTab(SessionId),
    /// The refusals of a session's connections were read.
    RefusalsRead(SessionId),
    /// The event socket was lost.
    SocketLost {
        /// When the next attempt comes.
        retry_at: Timestamp,
    },
    /// The event socket told something.
    Event(Box<ConsoleEvent>, Timestamp),
    /// Extension or helper came, went or changed.
    Helper(HelperState),
    /// All sessions the helper has.
    LocalSessions(Vec<LocalSession>),
    /// One session of the helper changed.
    LocalSession(LocalSession),
    /// One session of the helper ended.
    LocalSessionEnded(SessionId),
    /// This page shares so many screens for a session.
    ScreensShared(SessionId, usize),
    /// A notice.
    Toast(ToastKind, String, String),
    /// Items were removed, and can be brought back while their notice is there.
    Removed(Vec<JumpItemId>, String),
    /// A notice was closed, or its time is over.
    ToastRead(u32),
}

impl Store {
    /// Whether the signed-in user has a password to show.
    pub(crate) fn has_password(&self) -> bool {
        self.me().is_some_and(|me| me.user.has_password)
    }

    /// The signed-in user.
    pub(crate) fn me(&self) -> Option<&Rc<Me>> {
        match &self.sign_in {
            SignIn::In(me) => Some(me),
            SignIn::Unknown | SignIn::Out(_) => None,
        }
    }

    /// Whether somebody is signed in who has all that signing in asks for.
    pub(crate) fn may_go_on(&self) -> bool {
        self.me().is_some_and(|me| !me.must_enrol)
    }

    /// Whether the signed-in user is an administrator.
    pub(crate) fn is_administrator(&self) -> bool {
        self.me().is_some_and(|me| me.is_administrator())
    }

    /// Whether the signed-in user may look at everything and changes nothing.
    pub(crate) fn is_auditor(&self) -> bool {
        self.me().is_some_and(|me| me.is_auditor())
    }

    /// Whether there are sessions that the signed-in user may review.
    pub(crate) fn reviews(&self) -> bool {
        self.me().is_some_and(|me| me.reviews)
    }

    /// A session that is shown somewhere.
    pub(crate) fn view(&self, id: SessionId) -> Option<&Rc<SessionView>> {
        self.views.get(&id)
    }

    /// Whether a session belongs to the signed-in user.
    pub(crate) fn is_own(&self, session: &Session) -> bool {
        self.me().is_some_and(|me| me.id() == session.user_id)
    }

    /// Everything after something happened.
    #[must_use]
    pub(crate) fn reduce(mut self, action: Action) -> Self {
        match action {
            Action::SignedIn(me) => self.sign_in = SignIn::In(Rc::from(me)),
            // Requests still on their way may learn of it too; the first to tell knows best why.
            Action::SignedOut(Some(_)) if matches!(self.sign_in, SignIn::Out(_)) => {}
            Action::SignedOut(why) => self = self.signed_out(why),
            Action::Items(result) => self.items.put(result),
            Action::Groups(result) => self.groups.put(result),
            Action::Jumpoints(result) => self.jumpoints.put(result),
            Action::Approvals(result) => self.put_approvals(result),
            Action::Filters(result) => self.filters.put(result),
            Action::Favourites(ids, favourite) => self.put_favourites(&ids, favourite),
            Action::Preferences(preferences) => self.preferences = Rc::new(preferences),
            Action::Installation(result) => self.installation.put(result),
            Action::OwnSessions(sessions) => sessions.into_iter().for_each(|session| self.put_session(session)),
            Action::LiveSessions(sessions) => {
                self.live_sessions = Some(Rc::new(sessions.into_iter().map(|it| (it.id, it)).collect()));
            }
            Action::Session(session) => self.put_session(*session),
            Action::SessionDetails(details) => self.put_details(*details),
            Action::CloseTab(id) => self.close_tab(id),
            Action::RefusalsRead(id) => self.change_view(id, |view| view.refusals.clear()),
            Action::SocketLost { retry_at } => self.socket = Socket::Lost { retry_at },
            Action::Event(event, now) => self.put_event(*event, now),
            Action::Helper(state) => self.put_helper(state),
            Action::LocalSessions(sessions) => {
                self.died_with_helper.retain(|id| !sessions.iter().any(|session| session.session_id == *id));
                self.local_sessions = sessions.into_iter().map(|session| (session.session_id, session)).collect();
            }
            Action::LocalSession(session) => {
                self.local_sessions.insert(session.session_id, session);
            }
            Action::LocalSessionEnded(id) => {
                self.local_sessions.remove(&id);
            }
            Action::ScreensShared(id, 0) => drop(self.screens.remove(&id)),
            Action::ScreensShared(id, screens) => drop(self.screens.insert(id, screens)),
            Action::Toast(kind, title, text) => self.toasts.push(kind, title, text),
            Action::Removed(ids, title) => {
                if let Load::Ready(items) = &mut self.items {
                    // Gone at once; the list that is loaded next says the same.
                    Rc::make_mut(items).retain(|item| !ids.contains(&item.id));
                }
                self.toasts.push_undo(title, ids);
            }
            Action::ToastRead(number) => self.toasts.remove(number),
        }
        self
    }

    /// What stays when nobody is signed in: nothing of the user's.
    fn signed_out(self, why: Option<String>) -> Self {
        Self {
            sign_in: SignIn::Out(why),
            installation: self.installation,
            helper: self.helper,
            local_sessions: self.local_sessions,
            screens: self.screens,
            died_with_helper: self.died_with_helper,
            ..Self::default()
        }
    }

    fn put_favourites(&mut self, ids: &[JumpItemId], favourite: bool) {
        if let Load::Ready(items) = &mut self.items {
            for item in Rc::make_mut(items).iter_mut().filter(|item| ids.contains(&item.id)) {
                item.favourite = favourite;
            }
        }
    }

    fn put_approvals(&mut self, result: Result<Approvals, ApiError>) {
        if let (Ok(after), Some(me)) = (&result, self.me()) {
            let news = approvals::news(self.approvals.ready().map(Rc::as_ref), after, me.id());
            for (kind, title, text) in news {
                self.toasts.push(kind, title, text);
            }
        }
        self.approvals_changed = self.approvals_changed.wrapping_add(1);
        self.approvals.put(result);
    }

    fn put_session(&mut self, session: Session) {
        let id = session.id;
        let live = session.state != SessionState::Ended;
        self.sessions_changed = self.sessions_changed.wrapping_add(1);
        if let Some(all) = &mut self.live_sessions {
            let all = Rc::make_mut(all);
            if live {
                all.insert(id, session.clone())
            } else {
                all.remove(&id)
            };
        }
        if live && self.is_own(&session) && !self.tabs.contains(&id) {
            self.tabs.push(id);
        }
        if self.views.contains_key(&id) {
            self.change_view(id, |view| view.change(session));
        } else if self.tabs.contains(&id) {
            self.views.insert(id, Rc::new(SessionView::new(session)));
        }
    }

    fn put_details(&mut self, details: SessionDetails) {
        let id = details.session.id;
        self.views.entry(id).or_insert_with(|| Rc::new(SessionView::new(details.session.clone())));
        self.put_session(details.session.clone());
        self.change_view(id, |view| view.load(details));
    }

    fn close_tab(&mut self, id: SessionId) {
        self.tabs.retain(|tab| *tab != id);
        self.views.remove(&id);
        self.died_with_helper.remove(&id);
    }

    fn put_helper(&mut self, state: HelperState) {
        if !matches!(state, HelperState::Found { .. }) {
            let had = std::mem::take(&mut self.local_sessions);
            // One that the browser let go ends its sessions itself.
            if matches!(state, HelperState::Gone { .. }) {
                self.died_with_helper.extend(had.into_keys());
            }
        }
        self.helper = state;
    }

    fn put_event(&mut self, event: ConsoleEvent, now: Timestamp) {
        match event {
            ConsoleEvent::Hello { appliance_version, .. } => {
                self.socket = Socket::Connected;
                self.health_changed = self.health_changed.wrapping_add(1);
                self.stopping_at = None;
                self.other_version = (appliance_version != OUR_VERSION).then_some(appliance_version);
            }
            ConsoleEvent::SessionChanged { session } => self.put_session(*session),
            ConsoleEvent::SessionLive { session_id, statistics, tunnels, connections } => {
                if let Some(session) =
                    self.live_sessions.as_mut().and_then(|all| Rc::make_mut(all).get_mut(&session_id))
                {
                    session.connections_open = tunnels.iter().map(|(_, open, ..)| open).sum();
                }
                self.change_view(session_id, |view| view.live(statistics, &tunnels, connections));
            }
            ConsoleEvent::SessionEvent { session_id, event } => {
                self.change_view(session_id, |view| view.event(event));
            }
            ConsoleEvent::ConnectionRefused { session_id, tunnel, message, .. } => {
                self.change_view(session_id, |view| view.refused(tunnel, message));
            }
            ConsoleEvent::RecordingsChanged { .. } => {
                self.recordings_changed = self.recordings_changed.wrapping_add(1);
            }
            ConsoleEvent::HealthChanged => self.health_changed = self.health_changed.wrapping_add(1),
            ConsoleEvent::UsersChanged => self.users_changed = self.users_changed.wrapping_add(1),
            ConsoleEvent::AccessChanged => self.access_changed = self.access_changed.wrapping_add(1),
            ConsoleEvent::Lagged => {
                self.health_changed = self.health_changed.wrapping_add(1);
                self.recordings_changed = self.recordings_changed.wrapping_add(1);
                self.access_changed = self.access_changed.wrapping_add(1);
                self.users_changed = self.users_changed.wrapping_add(1);
                self.sessions_changed = self.sessions_changed.wrapping_add(1);
            }
            ConsoleEvent::Stopping { in_seconds } => {
                self.stopping_at = Some(now.plus_millis(i64::from(in_seconds) * 1000));
            }
            ConsoleEvent::SignedOut { .. }
            | ConsoleEvent::ItemsChanged
            | ConsoleEvent::JumpointsChanged
            | ConsoleEvent::ApprovalsChanged => {}
        }
    }

    fn change_view(&mut self, id: SessionId, change: impl FnOnce(&mut SessionView)) {
        if let Some(view) = self.views.get_mut(&id) {
            change(Rc::make_mut(view));
        }
    }
}
