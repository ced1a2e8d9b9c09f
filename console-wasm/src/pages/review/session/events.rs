//! The session's events, of which those in sight are loaded; a press goes to the moment.

use wasm_bindgen_futures::spawn_local;
use wire::Timestamp;
use wire::api::SessionEvent;
use yew::prelude::*;

use super::PartProps;
use super::rows::{Came, use_rows};
use crate::components::alert::ErrorAlert;
use crate::components::field::target;
use crate::components::time::full;
use crate::components::virtual_list::VirtualList;
use crate::console::use_console;
use crate::state::audit::encoded;
use crate::state::timeline::{Axis, clock};

/// How high a row is, in pixels.
const ROW: u32 = 32;

/// The section.
#[component]
pub(super) fn Events(props: &PartProps) -> Html {
    let console = use_console();
    let text = use_state(String::new);
    let typed = use_state(String::new);
    let goal = use_state(|| None::<(usize, u32)>);
    let id = props.review.session.id;
    let known = if text.is_empty() { props.review.events } else { 0 };
    let rows = {
        let text = (*text).clone();
        use_rows((id, text.clone()), known, move |api, which| {
            let which = format!("{which}&text={}", encoded(&text));
            async move {
                let page = api.review_events(id, &which).await?;
                Ok(Came { first: page.first, total: page.total, rows: page.events })
            }
        })
    };
    {
        // Somebody went to a moment: the list shows what happened then.
        let (goal, text) = (goal.clone(), text.clone());
        use_effect_with(props.goal, move |moment| {
            let Some(moment) = *moment else { return };
            let which = format!("at={}&limit=1&text={}", moment.at.0, encoded(&text));
            spawn_local(async move {
                if let Ok(page) = console.api().review_events(id, &which).await {
                    let last = usize::try_from(page.up_to.unwrap_or(0)).unwrap_or(0).saturating_sub(1);
                    goal.set(Some((last, moment.number)));
                }
            });
        });
    }
    let search = {
        let (text, typed) = (text.clone(), typed.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            text.set(typed.trim().to_owned());
        })
    };
    let oninput = {
        let (text, typed) = (text.clone(), typed.clone());
        Callback::from(move |event: InputEvent| {
            let now = target::<web_sys::HtmlInputElement>(event.target()).map(|it| it.value()).unwrap_or_default();
            if now.is_empty() {
                text.set(String::new());
            }
            typed.set(now);
        })
    };
    let row = {
        let (read, axis, at, onseek) = (rows.reader(), props.axis, props.at, props.onseek.clone());
        Callback::from(move |number: usize| match read(number) {
            Some(event) => draw(&event, axis, at, &onseek),
            None => html! { <span class="sp-pale">{ "…" }</span> },
        })
    };
    html! {
        <section class="sp-card" id="review-events" aria-labelledby="review-events-title">
            <div class="sp-card__head">
                <h2 id="review-events-title">{ "Events" }<span class="sp-pale" id="review-event-count">{ format!(" {}", rows.total()) }</span></h2>
                <form class="sp-search" role="search" onsubmit={search}>
                    <input id="review-event-search" type="search" aria-label="Search events" placeholder="Search events" value={(*typed).clone()} {oninput} />
                </form>
            </div>
            if let Some(error) = &rows.error {
                <ErrorAlert id="review-events-error" error={error.clone()} />
            }
            <VirtualList id="review-event-list" label="Events" total={rows.total()} row_height={ROW} version={rows.version} {row} onsight={rows.onsight.clone()} goal={*goal} />
        </section>
    }
}

fn draw(event: &SessionEvent, axis: Axis, now: Timestamp, onseek: &Callback<Timestamp>) -> Html {
    let at = event.at;
    let who = event.user_name.as_ref().filter(|user| !event.message.contains(user.as_str()));
    let title = format!("{} – {}", full(at), event.message);
    html! {
        <button type="button" class={classes!("sp-moment", (at == now).then_some("sp-m-current"))} data-testid="review-event" data-kind={event.kind.clone()}
            {title} onclick={onseek.reform(move |_: MouseEvent| at)}>
            <time>{ clock(axis.seconds(at)) }</time>
            <span class="sp-moment__text">{ &event.message }
                if let Some(who) = who {
                    <span class="sp-pale">{ format!(" ({who})") }</span>
                }
            </span>
        </button>
    }
}
