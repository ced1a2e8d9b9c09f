//! One session for those who review it. Everything on the page shares one axis of time: what is pressed anywhere says a moment, and
//! the player, the axis and the lists go there.
//!
//! | file | holds |
//! |---|---|
//! | `head` | who, why, what holds, what became of it, and the mark |
//! | `player` | recordings: one player for each kind, chosen by the recording |
//! | `axis` | the session's time: activity, recordings, notes, and the moment |
//! | `rows` | long lists page by page |
//! | `events`, `connections` | what happened, row by row |
//! | `notes` | what reviewers note |
//!
//! What else is kept of a session, such as its traffic, is a section of its own below the connections: it takes [`PartProps`], says
//! moments by [`PartProps::onseek`], follows [`PartProps::at`], and may add a lane to the axis.

mod axis;
mod connections;
mod events;
mod head;
mod notes;
mod player;
mod rows;

use std::rc::Rc;

use serde::{Deserialize, Serialize};
use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, SessionReview, SessionState};
use wire::{SessionId, Timestamp};
use yew::prelude::*;
use yew_router::prelude::*;

use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::spinner;
use crate::console::{Same, use_console, use_store};
use crate::pages::session::captures::Captures;
use crate::routes::Route;
use crate::state::timeline::Axis;

/// How often a session that runs is looked at again, in milliseconds.
const AGAIN_MILLIS: u32 = 4_000;

/// What stands in the address: the moment, in seconds from the session's beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Moment {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<u64>,
}

/// Properties of [`ReviewSessionPage`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct ReviewSessionPageProps {
    /// Which session.
    pub(crate) id: SessionId,
}

/// A moment that somebody went to. The number tells it from the same moment before.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Goal {
    at: Timestamp,
    number: u32,
}

/// Properties of the page's parts.
#[derive(Clone, PartialEq, Properties)]
struct PartProps {
    review: Same<SessionReview>,
    axis: Axis,
    /// The moment that is looked at.
    at: Timestamp,
    /// The moment that somebody went to last; none: nobody did yet.
    goal: Option<Goal>,
    /// Somebody goes to a moment.
    onseek: Callback<Timestamp>,
    /// Something of the session was changed here.
    onchanged: Callback<()>,
}

/// The page.
#[component]
pub(crate) fn ReviewSessionPage(props: &ReviewSessionPageProps) -> Html {
    let id = props.id;
    let console = use_console();
    let store = use_store();
    let wanted = use_location().and_then(|it| it.query::<Moment>().ok()).and_then(|it| it.at);
    let review = use_state(|| None::<Same<SessionReview>>);
    let error = use_state(|| None::<ApiError>);
    let goal = use_state(|| None::<Goal>);
    let at = use_state(|| Timestamp(0));
    let load = {
        let (review, error) = (review.clone(), error.clone());
        Callback::from(move |person: bool| {
            let (api, review, error) = (console.api().by(person), review.clone(), error.clone());
            spawn_local(async move {
                match api.review(id).await {
                    Ok(it) => {
                        review.set(Some(Same(Rc::new(it))));
                        error.set(None);
                    }
                    Err(failed) => error.set(Some(failed)),
                }
            });
        })
    };
    {
        let (load, first) = (load.clone(), use_mut_ref(|| true));
        use_effect_with((id, store.recordings_changed), move |_| load.emit(first.replace(false)));
    }
    let runs = review.as_ref().is_some_and(|it| it.session.state != SessionState::Ended);
    {
        let load = load.clone();
        use_effect_with(runs, move |runs| {
            let again = runs.then(|| gloo::timers::callback::Interval::new(AGAIN_MILLIS, move || load.emit(false)));
            move || drop(again)
        });
    }
    {
        // Where the link leads, once it is known when the session began.
        let (goal, at) = (goal.clone(), at.clone());
        let begun = review.as_ref().map(|it| Axis::of(it));
        use_effect_with((begun.is_some(), wanted), move |_| {
            if let Some(axis) = begun {
                let moment = axis.after(wanted.unwrap_or(0) as f64);
                at.set(moment);
                if wanted.is_some() {
                    goal.set(Some(Goal { at: moment, number: (*goal).map_or(0, |it| it.number + 1) }));
                }
            }
        });
    }
    let onseek = {
        let (goal, at) = (goal.clone(), at.clone());
        Callback::from(move |moment: Timestamp| {
            at.set(moment);
            goal.set(Some(Goal { at: moment, number: (*goal).map_or(0, |it| it.number + 1) }));
        })
    };
    let onplayed = {
        let at = at.clone();
        Callback::from(move |moment: Timestamp| at.set(moment))
    };
    let Some(it) = (*review).clone() else {
        return match &*error {
            Some(error) => {
                html! { <div class="sp-page"><ErrorAlert id="review-session-error" error={error.clone()} /></div> }
            }
            None => html! { <div class="sp-waiting">{ spinner("Loading the session") }</div> },
        };
    };
    let session = it.session.clone();
    let part = PartProps {
        axis: Axis::of(&it),
        review: it.clone(),
        at: *at,
        goal: *goal,
        onseek,
        onchanged: load.reform(|()| true),
    };
    html! {
        <div class="sp-page sp-review" id="review-session" data-runs={runs.to_string()}>
            <nav id="back-to-review" aria-label="Path"><Link<Route> to={Route::Review}>{ "← Sessions" }</Link<Route>></nav>
            if let Some(error) = &*error {
                <ErrorAlert id="review-session-error" error={error.clone()} />
            }
            <head::Head ..part.clone() />
            if runs {
                <Alert id="review-runs" severity={Severity::Info} title="This session runs now">
                    <p>{ "What follows is brought up to date by itself. That you look at it stands in its events, which its user sees." }</p>
                </Alert>
            }
            <player::Player part={part.clone()} {onplayed} />
            <axis::TimeAxis ..part.clone() />
            <div class="sp-review__lists">
                <events::Events ..part.clone() />
                <notes::Notes ..part.clone() />
            </div>
            <connections::Connections ..part />
            <Captures session={session} />
        </div>
    }
}
