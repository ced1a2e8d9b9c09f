//! Which sessions are listed: a search, a menu of filters, the chips of those that hold, filter sets, and files.

use js_sys::Date;
use wire::Timestamp;
use wire::api::{FilteredPage, ReviewChoice};
use yew::prelude::*;

use crate::components::button::{Button, Kind};
use crate::components::field::{TextField, kept_in};
use crate::components::filter_chips::{Chip, TextSearch, filter_chips};
use crate::components::icon::Icon;
use crate::components::popover::Popover;
use crate::components::saved_sets::SavedSets;
use crate::components::time::clock;
use crate::loaded::use_loaded;
use crate::state::review_filters::{By, Filter, Sought};

/// Properties of [`FilterBar`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct FilterBarProps {
    /// What is sought.
    pub(super) sought: Sought,
    /// The present.
    pub(super) now: Timestamp,
    /// Something else is to be.
    pub(super) onshow: Callback<Sought>,
}

/// The bar.
#[component]
pub(super) fn FilterBar(props: &FilterBarProps) -> Html {
    let add = {
        let (sought, onshow) = (props.sought.clone(), props.onshow.clone());
        Callback::from(move |filter: Filter| onshow.emit(sought.with(filter)))
    };
    let onsearch = {
        let add = add.clone();
        Callback::from(move |text: String| {
            if let Some(filter) = Filter::new(By::Text, &text) {
                add.emit(filter);
            }
        })
    };
    let chip = |filter: &Filter| {
        let left = props.sought.without(filter);
        Chip {
            testid: "review-chip",
            key: filter.key(),
            by: filter.by.words(),
            words: filter.moment().map_or_else(|| filter.words.clone(), clock),
            onremove: props.onshow.reform(move |_: MouseEvent| left.clone()),
        }
    };
    let clear = {
        let cleared = props.sought.cleared();
        props.onshow.reform(move |_: MouseEvent| cleared.clone())
    };
    let is_shown = {
        let sought = props.sought.clone();
        Callback::from(move |query: String| sought_of(&query) == sought)
    };
    let show_set = props.onshow.reform(|query: String| sought_of(&query));
    html! {
        <div class="sp-filters" id="review-filters">
            <TextSearch id="review-search" label="Search sessions" placeholder="Search names, hosts, tickets" {onsearch} />
            <AddFilter sought={props.sought.clone()} onadd={add} />
            <SavedSets page={FilteredPage::Review} path="/review" now={query_of(&props.sought)} {is_shown} onshow={show_set} />
            <Files query={props.sought.query(props.now)} />
            { filter_chips(props.sought.filters.iter().map(chip)) }
            if !props.sought.filters.is_empty() {
                <Button id="review-clear" kind={Kind::Link} class="pf-m-inline" label="Clear" onclick={clear} />
            }
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct AddFilterProps {
    sought: Sought,
    onadd: Callback<Filter>,
}

/// What one chooses first.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Panel {
    One(By),
    When,
    Length,
}

const PANELS: [(Panel, &str, &str); 10] = [
    (Panel::One(By::User), "user", "Who"),
    (Panel::One(By::Item), "item", "Item"),
    (Panel::One(By::Group), "group", "Group"),
    (Panel::When, "when", "When"),
    (Panel::Length, "length", "How long"),
    (Panel::One(By::Ended), "ended", "Why it ended"),
    (Panel::One(By::Live), "live", "State"),
    (Panel::One(By::Recorded), "recorded", "Recording"),
    (Panel::One(By::Reviewed), "reviewed", "Review"),
    (Panel::One(By::Address), "address", "Address"),
];

/// A menu of what to filter by, and then of what to choose, or a field to type into.
#[component]
fn AddFilter(props: &AddFilterProps) -> Html {
    let open = use_state(|| false);
    let panel = use_state(|| None::<Panel>);
    let onopen = {
        let (open, panel) = (open.clone(), panel.clone());
        Callback::from(move |to| {
            open.set(to);
            panel.set(None);
        })
    };
    let add = {
        let (onadd, onopen) = (props.onadd.clone(), onopen.clone());
        Callback::from(move |filter: Filter| {
            onopen.emit(false);
            onadd.emit(filter);
        })
    };
    let content = match *panel {
        None => html! {
            <ul class="sp-choices" aria-label="Filter by">
                { for PANELS.into_iter().map(|(it, key, words)| {
                    let panel = panel.clone();
                    let onclick = Callback::from(move |_: MouseEvent| panel.set(Some(it)));
                    html! { <li key={key}><button type="button" id={format!("review-by-{key}")} class="pf-v6-c-menu__item" {onclick}>{ words }</button></li> }
                }) }
            </ul>
        },
        Some(Panel::When) => html! {
            <div class="sp-choices">
                { choices(By::Days, &props.sought, &add) }
                <Day by={By::From} onadd={add.clone()} />
                <Day by={By::Until} onadd={add.clone()} />
            </div>
        },
        Some(Panel::Length) => html! {
            <div class="sp-choices">
                { choices(By::Longer, &props.sought, &add) }
                { choices(By::Shorter, &props.sought, &add) }
            </div>
        },
        Some(Panel::One(By::Address)) => html! { <Address onadd={add} /> },
        Some(Panel::One(by @ (By::User | By::Item | By::Group))) => {
            html! { <Occurring {by} sought={props.sought.clone()} onadd={add} /> }
        }
        Some(Panel::One(by)) => html! { <div class="sp-choices">{ choices(by, &props.sought, &add) }</div> },
    };
    html! {
        <Popover id="review-filter" label="Filter" title="Add a filter" icon={Icon::Filter} open={*open} {onopen}>{ content }</Popover>
    }
}

fn choices(by: By, sought: &Sought, add: &Callback<Filter>) -> Html {
    let all = by.choices().into_iter().filter_map(|(value, _)| Filter::new(by, value));
    html! {
        <>
            <span class="sp-choices__head">{ by.words() }</span>
            <ul class="sp-choices__list">{ for all.map(|filter| choice(filter, sought, add)) }</ul>
        </>
    }
}

fn choice(filter: Filter, sought: &Sought, add: &Callback<Filter>) -> Html {
    let (key, words, there) = (filter.key(), filter.words.clone(), sought.filters.contains(&filter));
    let onclick = add.reform(move |_: MouseEvent| filter.clone());
    html! {
        <li key={key.clone()}>
            <button type="button" class="pf-v6-c-menu__item" data-testid="review-choice" data-value={key} disabled={there} {onclick}>{ words }</button>
        </li>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct OccurringProps {
    by: By,
    sought: Sought,
    onadd: Callback<Filter>,
}

/// People, items or groups that occur in the sessions.
#[component]
fn Occurring(props: &OccurringProps) -> Html {
    let typed = use_state(String::new);
    let all = use_loaded((), |api| async move { api.review_choices().await });
    let by = props.by;
    let list: &[ReviewChoice] = match (&*all.value, by) {
        (Some(all), By::User) => &all.users,
        (Some(all), By::Item) => &all.items,
        (Some(all), _) => &all.groups,
        (None, _) => &[],
    };
    let wanted = typed.trim().to_lowercase();
    let fitting = list.iter().filter(|it| it.name.to_lowercase().contains(&wanted));
    html! {
        <div class="sp-choices">
            <TextField id="review-typed" label={by.words()} value={(*typed).clone()} placeholder="Type to narrow down" oninput={kept_in(&typed)} />
            if list.is_empty() && all.value.is_some() {
                <span class="sp-pale">{ "There is nothing to choose yet." }</span>
            }
            <ul class="sp-choices__list">
                { for fitting.take(200).map(|it| choice(Filter::named(by, &it.id, &it.name), &props.sought, &props.onadd)) }
            </ul>
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct DayProps {
    by: By,
    onadd: Callback<Filter>,
}

/// A day of the calendar, from whose beginning or until whose end sessions count.
#[component]
fn Day(props: &DayProps) -> Html {
    let by = props.by;
    let day = use_state(String::new);
    let onsubmit = {
        let (day, onadd) = (day.clone(), props.onadd.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let moment = midnight(&day, if by == By::Until { 1 } else { 0 });
            if let Some(filter) = moment.and_then(|it| Filter::new(by, &it.0.to_string())) {
                onadd.emit(filter);
            }
        })
    };
    let label = if by == By::From { "From this day" } else { "To this day" };
    let id = format!("review-{}", by.key());
    html! {
        <form class="sp-choices" {onsubmit}>
            <TextField id={id.clone()} {label} kind="date" value={(*day).clone()} oninput={kept_in(&day)} />
            <Button id={format!("{id}-add")} kind={Kind::Secondary} small={true} submit={true} label="Add" />
        </form>
    }
}

/// When a day begins here, `2026-11-30`, or so many days later.
fn midnight(day: &str, later: i32) -> Option<Timestamp> {
    let mut parts = day.split('-');
    let year: u32 = parts.next()?.parse().ok()?;
    let month: i32 = parts.next()?.parse().ok()?;
    let day: i32 = parts.next()?.parse().ok()?;
    let millis = Date::new_with_year_month_day(year, month - 1, day + later).get_time();
    millis.is_finite().then_some(Timestamp(millis as i64))
}

#[derive(Clone, PartialEq, Properties)]
struct AddressProps {
    onadd: Callback<Filter>,
}

#[component]
fn Address(props: &AddressProps) -> Html {
    let text = use_state(String::new);
    let onsubmit = {
        let (text, onadd) = (text.clone(), props.onadd.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(filter) = Filter::new(By::Address, &text) {
                onadd.emit(filter);
            }
        })
    };
    html! {
        <form class="sp-choices" {onsubmit}>
            <TextField id="review-address" label="Address of the workstation" value={(*text).clone()} placeholder="10.0.7." oninput={kept_in(&text)} />
            <Button id="review-address-add" kind={Kind::Secondary} small={true} submit={true} label="Add" />
        </form>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct FilesProps {
    query: String,
}

/// The list as a file.
#[component]
fn Files(props: &FilesProps) -> Html {
    let open = use_state(|| false);
    let onopen = {
        let open = open.clone();
        Callback::from(move |to| open.set(to))
    };
    let file = |id: &'static str, format: &'static str, words: &'static str| {
        let close = onopen.reform(|_: MouseEvent| false);
        let href = format!("/api/review/sessions/export?{}&format={format}", props.query);
        html! { <li><a {id} class="pf-v6-c-menu__item" {href} download="" onclick={close}>{ words }</a></li> }
    };
    html! {
        <Popover id="review-files" label="Export" title="Everything that fits, as a file" icon={Icon::Download} open={*open} onopen={onopen.clone()}>
            <ul class="sp-choices" aria-label="As a file">
                { file("review-csv", "csv", "CSV, for spreadsheets") }
                { file("review-jsonl", "jsonl", "JSON lines, for programs") }
            </ul>
        </Popover>
    }
}

/// As it stands in an address after the `?`; nothing for everything in the usual order.
fn query_of(sought: &Sought) -> String {
    yew_router::query::ToQuery::to_query(&sought.to_pairs()).map(std::borrow::Cow::into_owned).unwrap_or_default()
}

/// What such a text says.
fn sought_of(query: &str) -> Sought {
    let pairs = <Vec<(String, String)> as yew_router::query::FromQuery>::from_query(query);
    Sought::from_pairs(&pairs.unwrap_or_default())
}
