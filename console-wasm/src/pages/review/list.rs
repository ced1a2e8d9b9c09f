//! The sessions that one may review.

use wasm_bindgen_futures::spawn_local;
use wire::Timestamp;
use wire::api::{ApiError, ReviewPage, ReviewSort, ReviewedSession};
use yew::prelude::*;
use yew_router::prelude::*;

use super::filter_bar::FilterBar;
use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::icon::Icon;
use crate::components::spinner;
use crate::components::state_label::StateLabel;
use crate::components::time::TimeText;
use crate::console::{use_console, use_now, use_store};
use crate::routes::Route;
use crate::state::review_filters::Sought;
use crate::state::words::Tone;
use crate::state::{format, words};

/// What is shown of the list.
#[derive(Clone, Default, PartialEq)]
struct Shown {
    sessions: Vec<ReviewedSession>,
    next: Option<String>,
    loaded: bool,
}

/// Sessions that come at once.
const PAGE: usize = 50;

/// Headings, from left to right, with what they sort by.
const HEADINGS: [(&str, Option<ReviewSort>); 10] = [
    ("Item", Some(ReviewSort::Item)),
    ("Who", Some(ReviewSort::User)),
    ("Group", None),
    ("Started", Some(ReviewSort::Started)),
    ("Lasted", Some(ReviewSort::Lasted)),
    ("Bytes", Some(ReviewSort::Bytes)),
    ("Address", None),
    ("State", None),
    ("Why it ended", None),
    ("Review", None),
];

/// The section.
#[component]
pub(super) fn SessionList() -> Html {
    let console = use_console();
    let store = use_store();
    let navigator = use_navigator();
    let pairs = use_location().and_then(|location| location.query::<Vec<(String, String)>>().ok());
    let sought = Sought::from_pairs(&pairs.unwrap_or_default());
    let shown = use_state(Shown::default);
    let error = use_state(|| None::<ApiError>);
    let busy = use_state(|| false);
    let now = use_now(15_000);
    // Answers that somebody did not wait for do not count any more.
    let asked = use_mut_ref(|| 0_u32);
    let looked_for = use_mut_ref(|| None::<Sought>);

    let load = {
        let (console, shown, error, busy) = (console.clone(), shown.clone(), error.clone(), busy.clone());
        move |sought: &Sought, before: Shown, person: bool| {
            let (shown, error, busy, asked) = (shown.clone(), error.clone(), busy.clone(), asked.clone());
            let api = console.api().by(person);
            let query = sought.query(now);
            let this = {
                let mut asked = asked.borrow_mut();
                *asked += 1;
                *asked
            };
            busy.set(true);
            spawn_local(async move {
                let answer = api.review_list(&query, before.next.as_deref()).await;
                if *asked.borrow() != this {
                    return;
                }
                busy.set(false);
                match answer {
                    Ok(ReviewPage { sessions, next }) => {
                        let sessions = before.sessions.into_iter().chain(sessions).collect();
                        shown.set(Shown { sessions, next, loaded: true });
                        error.set(None);
                    }
                    Err(refused) => error.set(Some(refused)),
                }
            });
        }
    };
    {
        let (load, seen) = (load.clone(), shown.sessions.len());
        use_effect_with((sought.clone(), store.sessions_changed), move |(sought, _)| {
            // The same once more is what an event asked for, not a person.
            let person = looked_for.borrow_mut().replace(sought.clone()).as_ref() != Some(sought);
            // Who looks further down keeps what they look at.
            if person || seen <= PAGE {
                load(sought, Shown::default(), person);
            }
        });
    }
    let more = {
        let (sought, shown) = (sought.clone(), shown.clone());
        Callback::from(move |_: MouseEvent| load(&sought, (*shown).clone(), true))
    };
    let show = Callback::from(move |sought: Sought| {
        if let Some(navigator) = &navigator {
            // Fails only for values that cannot stand in an address; these are all text.
            let _ = navigator.push_with_query(&Route::Review, sought.to_pairs());
        }
    });
    let heading = |(words, sort): (&'static str, Option<ReviewSort>)| match sort {
        None => html! { <th class="pf-v6-c-table__th" scope="col">{ words }</th> },
        Some(sort) => sortable(words, sort, &sought, &show),
    };
    html! {
        <section class="sp-card" id="review-list" aria-label="Sessions">
            <FilterBar sought={sought.clone()} {now} onshow={show.clone()} />
            if let Some(error) = &*error {
                <ErrorAlert id="review-error" error={error.clone()} />
            }
            if !shown.loaded {
                if error.is_none() {
                    { spinner("Loading sessions") }
                }
            } else if shown.sessions.is_empty() {
                <p id="review-empty">
                    { if sought.filters.is_empty() { "Nobody has used an item yet whose sessions you may review." } else { "No session fits these filters." } }
                </p>
            } else {
                <div class="sp-table-scroll">
                    <table class="pf-v6-c-table pf-m-compact sp-audit" aria-label="Sessions">
                        <thead class="pf-v6-c-table__thead">
                            <tr class="pf-v6-c-table__tr">{ for HEADINGS.map(heading) }</tr>
                        </thead>
                        <tbody class="pf-v6-c-table__tbody">{ for shown.sessions.iter().map(|it| row(it, now)) }</tbody>
                    </table>
                </div>
                if shown.next.is_some() {
                    <Button id="review-more" kind={Kind::Link} label="Show more sessions" busy={*busy} onclick={more} />
                }
            }
        </section>
    }
}

fn sortable(words: &'static str, sort: ReviewSort, sought: &Sought, show: &Callback<Sought>) -> Html {
    let current = sought.sort == sort;
    let direction = if sought.descends() { "descending" } else { "ascending" };
    let icon = match (current, sought.descends()) {
        (false, _) => Icon::ArrowsUpDown,
        (true, true) => Icon::ArrowDown,
        (true, false) => Icon::ArrowUp,
    };
    let onclick = {
        let sorted = sought.sorted(sort);
        show.reform(move |_: MouseEvent| sorted.clone())
    };
    html! {
        <th class={classes!("pf-v6-c-table__th", "pf-v6-c-table__sort", current.then_some("pf-m-selected"))} scope="col"
            aria-sort={if current { direction } else { "none" }}>
            <button type="button" class="pf-v6-c-table__button" data-testid={format!("review-sort-{}", words.to_lowercase())} {onclick}>
                <div class="pf-v6-c-table__button-content">
                    <span class="pf-v6-c-table__text">{ words }</span>
                    <span class="pf-v6-c-table__sort-indicator">{ icon.html() }</span>
                </div>
            </button>
        </th>
    }
}

fn row(it: &ReviewedSession, now: Timestamp) -> Html {
    let session = &it.session;
    let id = session.id;
    let until = session.ended_at.unwrap_or(now);
    html! {
        <tr class="pf-v6-c-table__tr" key={id.to_string()} data-testid="review-row" data-session-id={id.to_string()} data-item-name={session.item_name.clone()}>
            <th class="pf-v6-c-table__th" scope="row">
                <Link<Route> to={Route::ReviewSession { id }} classes="sp-cut">{ &session.item_name }</Link<Route>>
            </th>
            <td class="pf-v6-c-table__td">{ &session.user_name }</td>
            <td class="pf-v6-c-table__td">{ it.group_name.clone().unwrap_or_else(|| "–".into()) }</td>
            <td class="pf-v6-c-table__td"><TimeText at={session.created_at} {now} /></td>
            <td class="pf-v6-c-table__td">{ format::duration(until.millis_since(session.created_at)) }</td>
            <td class="pf-v6-c-table__td sp-number">{ format::bytes(session.bytes_sent.saturating_add(session.bytes_received)) }</td>
            <td class="pf-v6-c-table__td">{ &session.user_address }</td>
            <td class="pf-v6-c-table__td"><StateLabel word={words::session_state(session)} /></td>
            <td class="pf-v6-c-table__td sp-reason">{ session.end_message.clone().unwrap_or_default() }</td>
            <td class="pf-v6-c-table__td sp-marks">
                if it.recordings > 0 {
                    <StateLabel word={("recorded", Tone::Calm)} title={format::count(it.recordings, "recording")} />
                }
                if let Some(mark) = &it.reviewed {
                    <StateLabel word={("reviewed", Tone::Good)} title={format!("by {}", mark.user_name)} />
                }
                if it.notes > 0 {
                    <span class="sp-pale">{ format::count(it.notes, "note") }</span>
                }
            </td>
        </tr>
    }
}
