//! The audit trail: what happened, who did it, and whether anything of it was altered.

mod details;
mod filters;
mod verification;

use wasm_bindgen_futures::spawn_local;
use wire::Timestamp;
use wire::api::{ApiError, AuditPage};
use wire::audit::{ActorKind, AuditEvent, LinkedEvent};
use yew::prelude::*;
use yew_router::prelude::*;

use self::details::Details;
use self::filters::FilterBar;
use self::verification::Verification;
use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::spinner;
use crate::components::state_label::StateLabel;
use crate::components::time::TimeText;
use crate::console::{use_console, use_now};
use crate::routes::{Route, Section};
use crate::state::audit::{By, Filter, Filters, outcome};

/// What is shown of the trail.
#[derive(Clone, Default, PartialEq)]
struct Shown {
    events: Vec<LinkedEvent>,
    next: Option<u64>,
    loaded: bool,
}

/// The section.
#[component]
pub(super) fn Audit() -> Html {
    let console = use_console();
    let navigator = use_navigator();
    let pairs = use_location().and_then(|location| location.query::<Vec<(String, String)>>().ok());
    let filters = Filters::from_pairs(&pairs.unwrap_or_default());
    let shown = use_state(Shown::default);
    let error = use_state(|| None::<ApiError>);
    let open = use_state(|| None::<LinkedEvent>);
    let now = use_now(15_000);

    let load = {
        let (console, shown, error) = (console.clone(), shown.clone(), error.clone());
        move |filters: &Filters, before: Shown, at: Timestamp| {
            let (console, shown, error) = (console.clone(), shown.clone(), error.clone());
            let query = filters.query(at, before.next);
            spawn_local(async move {
                match console.api().audit(&query).await {
                    Ok(AuditPage { events, next }) => {
                        let events = before.events.into_iter().chain(events).collect();
                        shown.set(Shown { events, next, loaded: true });
                        error.set(None);
                    }
                    Err(refused) => error.set(Some(refused)),
                }
            });
        }
    };
    {
        let load = load.clone();
        use_effect_with(filters.clone(), move |filters| load(filters, Shown::default(), now));
    }
    let older = {
        let (load, filters, shown) = (load.clone(), filters.clone(), shown.clone());
        Callback::from(move |_: MouseEvent| load(&filters, (*shown).clone(), now))
    };
    let again = {
        let (load, filters) = (load, filters.clone());
        Callback::from(move |()| load(&filters, Shown::default(), now))
    };
    let show = {
        let navigator = navigator.clone();
        Callback::from(move |filters: Filters| {
            if let Some(navigator) = &navigator {
                let route = Route::AdministrationSection { section: Section::Audit };
                // Fails only for values that cannot stand in an address; these are all text.
                let _ = navigator.push_with_query(&route, filters.to_pairs());
            }
        })
    };
    let add = {
        let (show, filters) = (show.clone(), filters.clone());
        Callback::from(move |filter: Filter| show.emit(filters.with(filter)))
    };
    let details = {
        let open = open.clone();
        Callback::from(move |it: LinkedEvent| open.set(Some(it)))
    };
    let close = {
        let open = open.clone();
        Callback::from(move |()| open.set(None))
    };
    html! {
        <>
            <Verification onverified={again} />
            <section class="sp-card" id="audit" aria-labelledby="audit-title">
                <div class="sp-card__head"><h2 id="audit-title">{ "Audit trail" }</h2></div>
                <FilterBar filters={filters.clone()} onshow={show} />
                if let Some(error) = &*error {
                    <ErrorAlert id="audit-error" error={error.clone()} />
                }
                if !shown.loaded {
                    { spinner("Loading events") }
                } else if shown.events.is_empty() {
                    <p id="audit-empty">{ "No event fits these filters." }</p>
                } else {
                    <div class="sp-table-scroll">
                    <table class="pf-v6-c-table pf-m-compact sp-audit" aria-label="Audit trail">
                        <thead class="pf-v6-c-table__thead">
                            <tr class="pf-v6-c-table__tr">
                                { for ["Time", "Who", "What", "Object", "From"].map(|heading| html! { <th class="pf-v6-c-table__th" scope="col">{ heading }</th> }) }
                            </tr>
                        </thead>
                        <tbody class="pf-v6-c-table__tbody">
                            { for shown.events.iter().map(|it| row(it, now, &add, &details)) }
                        </tbody>
                    </table>
                    </div>
                    if shown.next.is_some() {
                        <Button id="audit-older" kind={Kind::Link} label="Show older events" onclick={older} />
                    }
                }
                if let Some(it) = &*open {
                    <Details it={it.clone()} onclose={close} />
                }
            </section>
        </>
    }
}

/// Who acted, for people.
pub(super) fn who(event: &AuditEvent) -> String {
    match (event.actor.kind, &event.actor.token) {
        (ActorKind::Nobody, _) => "not signed in".into(),
        (_, Some(token)) => format!("{} (token {token})", event.actor.name),
        _ => event.actor.name.clone(),
    }
}

fn row(it: &LinkedEvent, now: Timestamp, add: &Callback<Filter>, details: &Callback<LinkedEvent>) -> Html {
    let event = &it.event;
    let narrowed = |by: By, id: Option<uuid::Uuid>, words: String, name: &str| match id {
        Some(id) if !name.is_empty() => {
            let filter = Filter::named(by, id, name);
            let onclick = add.reform(move |_: MouseEvent| filter.clone());
            html! { <Button kind={Kind::Link} class="pf-m-inline" label={words} title={format!("Only events of {name}")} {onclick} /> }
        }
        _ => html! { words },
    };
    let open = {
        let it = it.clone();
        details.reform(move |_: MouseEvent| it.clone())
    };
    html! {
        <tr class="pf-v6-c-table__tr" key={event.sequence.to_string()} data-testid="audit-row" data-action={event.action.name()}>
            <td class="pf-v6-c-table__td sp-waiting"><TimeText at={event.at} {now} /></td>
            <td class="pf-v6-c-table__td">{ narrowed(By::Actor, event.actor.id, who(event), &event.actor.name) }</td>
            <td class="pf-v6-c-table__td">
                <Button class="pf-m-inline sp-audit__what" kind={Kind::Link} label={event.action.words()} title={format!("Event {}: details", event.sequence)} onclick={open} />
                if let Some(word) = outcome(event) {
                    { " " }<StateLabel {word} />
                }
                if !event.message.is_empty() {
                    <div class="sp-pale sp-cut sp-m-wide" title={event.message.clone()}>{ &event.message }</div>
                }
            </td>
            <td class="pf-v6-c-table__td">
                if let Some(object) = &event.object {
                    <span class="sp-pale">{ format!("{} ", object.kind.words()) }</span>
                    { narrowed(By::Object, object.id, object.name.clone(), &object.name) }
                }
            </td>
            <td class="pf-v6-c-table__td">{ event.address.clone().unwrap_or_default() }</td>
        </tr>
    }
}
