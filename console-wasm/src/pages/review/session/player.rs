//! Recordings on the session's axis. Which player plays one follows from what it is: another kind is another arm in [`Player`], with
//! the same properties as [`desktop`].

mod desktop;

use wire::Timestamp;
use wire::api::{Recording, RecordingKind, RecordingState};
use yew::prelude::*;

use super::{Goal, PartProps};
use crate::components::time::clock;
use crate::state::format;
use crate::state::timeline::showing;

/// Properties of [`Player`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct PlayerProps {
    /// The page.
    pub(super) part: PartProps,
    /// A moment is played.
    pub(super) onplayed: Callback<Timestamp>,
}

/// What every kind of player takes.
#[derive(Clone, PartialEq, Properties)]
struct KindProps {
    recording: Recording,
    /// Where to go, whenever its number is another one.
    goal: Option<Goal>,
    /// A moment is played.
    onplayed: Callback<Timestamp>,
}

/// The section. Nothing where nothing was recorded.
#[component]
pub(super) fn Player(props: &PlayerProps) -> Html {
    let chosen = use_state(|| None::<usize>);
    let part = &props.part;
    let all = &part.review.recordings;
    let playable = |it: &Recording| !matches!(it.state, RecordingState::Empty | RecordingState::Deleted);
    if !all.iter().any(playable) {
        return Html::default();
    }
    // What somebody chose stays, as long as it shows the moment they went to.
    let shown = showing(all, *chosen, part.goal.map_or(part.at, |it| it.at), part.axis);
    let shown = shown.or(*chosen).or_else(|| all.iter().position(playable)).unwrap_or(0);
    let choose = |at: usize| {
        let (chosen, onseek, begins) = (chosen.clone(), part.onseek.clone(), all[at].started_at);
        Callback::from(move |_: MouseEvent| {
            chosen.set(Some(at));
            onseek.emit(begins);
        })
    };
    let several = all.iter().filter(|it| playable(it)).count() > 1;
    html! {
        <section class="sp-card" id="review-player" aria-labelledby="review-player-title">
            <h2 id="review-player-title">{ "Recording" }
                if let Some(it) = all.get(shown).filter(|it| playable(it)) {
                    <span class="sp-pale">{ told(it) }</span>
                }
            </h2>
            if several {
                <div class="pf-v6-c-toggle-group" role="group" aria-label="Which recording">
                    { for all.iter().enumerate().filter(|(_, it)| playable(it)).map(|(at, it)| html! {
                        <div class="pf-v6-c-toggle-group__item" key={it.id.to_string()}>
                            <button type="button" class={classes!("pf-v6-c-toggle-group__button", (at == shown).then_some("pf-m-selected"))}
                                data-testid="choose-recording" aria-pressed={(at == shown).to_string()} onclick={choose(at)}>
                                <span class="pf-v6-c-toggle-group__text">{ format!("{} ({})", at + 1, clock(it.started_at)) }</span>
                            </button>
                        </div>
                    }) }
                </div>
            }
            if let Some(it) = all.get(shown) {
                { match it.kind {
                    RecordingKind::Desktop => html! {
                        <desktop::Desktop key={format!("{} {}", it.id, it.state == RecordingState::Running)} recording={it.clone()} goal={part.goal} onplayed={props.onplayed.clone()} />
                    },
                    // It is no picture; it has a section of its own.
                    RecordingKind::Traffic => Html::default(),
                } }
            }
        </section>
    }
}

fn told(it: &Recording) -> String {
    match it.state {
        RecordingState::Finished => format!(
            " {}, {} × {}, {}",
            format::duration(it.duration_millis),
            it.width,
            it.height,
            format::bytes(it.bytes)
        ),
        RecordingState::Deleted => " deleted".to_owned(),
        RecordingState::Running | RecordingState::Empty => " as far as it has come".to_owned(),
    }
}
