//! Brings what is shown from the appliance into the store: by itself, after what a person did was answered or an event
//! told of a change.

use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, Preferences, SessionState};
use wire::{JumpItemId, SessionId};

use crate::console::Console;
use crate::state::store::Action;
use crate::state::toasts::ToastKind;

impl Console {
    /// Everything that is shown, after signing in and after the event socket was away.
    pub(crate) fn load_everything(&self) {
        self.load_items();
        self.load_jumpoints();
        self.load_filters();
        self.load_approvals();
        let console = self.clone();
        spawn_local(async move {
            if let Ok(preferences) = console.api().in_background().preferences().await {
                console.dispatch(Action::Preferences(preferences));
            }
        });
        let console = self.clone();
        spawn_local(async move { console.load_sessions().await });
        if self.current().live_sessions.is_some() {
            let console = self.clone();
            spawn_local(async move { console.load_live_sessions().await });
        }
    }

    /// Everybody's sessions that run; events bring them up to date from then on.
    pub(crate) async fn load_live_sessions(&self) {
        let mut all = Vec::new();
        let mut before = None;
        loop {
            let Ok(page) = self.api().in_background().sessions(Some(true), before).await else { return };
            all.extend(page.sessions);
            before = page.next;
            if before.is_none() {
                return self.dispatch(Action::LiveSessions(all));
            }
        }
    }

    /// Items and groups.
    pub(crate) fn load_items(&self) {
        let console = self.clone();
        spawn_local(async move { console.dispatch(Action::Groups(console.api().in_background().groups().await)) });
        let console = self.clone();
        spawn_local(async move { console.dispatch(Action::Items(console.api().in_background().items().await)) });
    }

    /// Requests for approval that concern the user.
    pub(crate) fn load_approvals(&self) {
        let console = self.clone();
        spawn_local(
            async move { console.dispatch(Action::Approvals(console.api().in_background().approvals().await)) },
        );
    }

    /// The user's filter sets.
    pub(crate) fn load_filters(&self) {
        let console = self.clone();
        spawn_local(async move { console.dispatch(Action::Filters(console.api().in_background().filters().await)) });
    }

    /// Makes items favourites of the user, or no longer.
    pub(crate) fn set_favourites(&self, ids: Vec<JumpItemId>, favourite: bool) {
        self.dispatch(Action::Favourites(ids.clone(), favourite));
        let console = self.clone();
        spawn_local(async move {
            for id in ids {
                if let Err(error) = console.api().set_favourite(id, favourite).await {
                    console.tell_error("A favourite could not be kept", &error);
                    console.load_items();
                    return;
                }
            }
        });
    }

    /// Brings items back that this user removed a moment ago.
    pub(crate) fn restore_items(&self, ids: Vec<JumpItemId>) {
        let console = self.clone();
        spawn_local(async move {
            match console.api().restore_items(ids).await {
                Ok(items) => {
                    console.load_items();
                    let what = match items.as_slice() {
                        [item] => format!("{} is back", item.definition.name),
                        several => format!("{} items are back", several.len()),
                    };
                    console.tell(ToastKind::Success, what, "");
                }
                Err(error) => console.tell_error("Nothing was brought back", &error),
            }
        });
    }

    /// Jumpoints.
    pub(crate) fn load_jumpoints(&self) {
        let console = self.clone();
        spawn_local(
            async move { console.dispatch(Action::Jumpoints(console.api().in_background().jumpoints().await)) },
        );
    }

    /// What a workstation needs.
    pub(crate) fn load_installation(&self) {
        let console = self.clone();
        spawn_local(async move { console.dispatch(Action::Installation(console.api().installation().await)) });
    }

    /// The user's own live sessions with all their tabs show, and whatever else is shown of sessions.
    async fn load_sessions(&self) {
        let Ok(page) = self.api().in_background().sessions(Some(true), None).await else { return };
        let me = self.current().me().map(|me| me.id());
        let own: Vec<_> = page
            .sessions
            .into_iter()
            .filter(|session| Some(session.user_id) == me && session.state != SessionState::Ended)
            .collect();
        self.dispatch(Action::OwnSessions(own.clone()));
        let shown = self.current();
        let mut ids: Vec<SessionId> = shown.views.keys().copied().collect();
        ids.extend(own.iter().map(|session| session.id).filter(|id| !shown.views.contains_key(id)));
        for id in ids {
            if let Err(error) = self.load_session(id, false).await
                && error.code == "not_found"
            {
                self.dispatch(Action::CloseTab(id));
            }
        }
    }

    /// One session with all its tab shows; `person` says whether somebody asked for it.
    pub(crate) async fn load_session(&self, id: SessionId, person: bool) -> Result<(), ApiError> {
        let details = self.api().by(person).session(id).await?;
        self.dispatch(Action::SessionDetails(Box::new(details)));
        Ok(())
    }

    /// Remembers something for the user on every workstation. Nothing is said when that fails: it is a convenience.
    pub(crate) fn change_preferences(&self, change: impl FnOnce(&mut Preferences)) {
        let before = self.current().preferences.clone();
        let mut preferences = (*before).clone();
        change(&mut preferences);
        if preferences == *before {
            return;
        }
        self.dispatch(Action::Preferences(preferences.clone()));
        let console = self.clone();
        spawn_local(async move {
            let _ = console.api().save_preferences(&preferences).await;
        });
    }
}
