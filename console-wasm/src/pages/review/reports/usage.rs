//! Sessions, time and bytes by user, item or group.

use serde::{Deserialize, Serialize};
use wire::Timestamp;
use wire::api::UsageRow;
use yew::prelude::*;
use yew_router::prelude::*;

use super::{files, table};
use crate::components::field::SelectField;
use crate::components::time::TimeText;
use crate::console::use_now;
use crate::loaded::use_loaded;
use crate::routes::{Report, Route};
use crate::state::format;
use crate::state::review_filters::{By, Filter, Sought};

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// What stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    by: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    days: String,
}

/// By what there are rows, with its name for the appliance.
const BYS: [(&str, &str); 3] = [("user", "User"), ("item", "Item"), ("group", "Group")];

/// The section.
#[component]
pub(in crate::pages::review) fn Usage() -> Html {
    let navigator = use_navigator();
    let asked = use_location().and_then(|it| it.query::<Asked>().ok()).unwrap_or_default();
    let now = use_now(60_000);
    let began = *use_memo((), |()| now);
    let by = BYS.iter().find(|(key, _)| *key == asked.by).map_or("user", |(key, _)| *key);
    let from = asked.days.parse::<i64>().ok().map(|days| began.plus_millis(-days * DAY_MILLIS));
    let query = match from {
        Some(from) => format!("by={by}&from={}", from.0),
        None => format!("by={by}"),
    };
    let loaded = {
        let query = query.clone();
        use_loaded(query.clone(), move |api| {
            let query = query.clone();
            async move { api.report::<UsageRow>("usage", &query).await }
        })
    };
    let go = move |asked: Asked| {
        if let Some(navigator) = &navigator {
            // Fails only for values that cannot stand in an address; these are text.
            let _ = navigator.push_with_query(&Route::Report { report: Report::Usage }, &asked);
        }
    };
    let choose_by = {
        let (asked, go) = (asked.clone(), go.clone());
        Callback::from(move |by: String| go(Asked { by, ..asked.clone() }))
    };
    let choose_days = {
        let asked = asked.clone();
        Callback::from(move |days: String| go(Asked { days, ..asked.clone() }))
    };
    let words = BYS.iter().find(|(key, _)| *key == by).map_or("", |(_, words)| *words);
    let options = BYS.map(|(key, words)| (key.to_owned(), words.to_owned())).to_vec();
    let periods = By::Days.choices().into_iter().map(|(key, words)| (key.to_owned(), words.to_owned()));
    let periods: Vec<_> = periods.collect();
    html! {
        <section class="sp-card" aria-labelledby="usage-title">
            <div class="sp-card__head">
                <h2 id="usage-title">{ "Usage" }</h2>
                { files("usage", &query) }
            </div>
            <div class="sp-filters">
                <SelectField id="usage-by" label="By" {options} value={by} onchange={choose_by} />
                <SelectField id="usage-days" label="When" options={periods} none="since ever" value={asked.days.clone()} onchange={choose_days} />
            </div>
            { table("usage", &[words, "Sessions", "Time", "Sent", "Received", "Last"], &loaded, "There are no sessions that you may review in this time.", |it| row(it, by, now)) }
        </section>
    }
}

fn row(it: &UsageRow, by: &str, now: Timestamp) -> Html {
    let filter = match (by, &it.id) {
        ("user", Some(id)) => Some(Filter::named(By::User, id, &it.name)),
        ("item", Some(id)) => Some(Filter::named(By::Item, id, &it.name)),
        ("group", Some(id)) => Some(Filter::named(By::Group, id, &it.name)),
        _ => None,
    };
    let name = match filter {
        Some(filter) => {
            let query = Sought::default().with(filter).to_pairs();
            html! { <Link<Route, Vec<(String, String)>> to={Route::Review} {query}>{ &it.name }</Link<Route, Vec<(String, String)>>> }
        }
        None => html! { &it.name },
    };
    html! {
        <tr class="pf-v6-c-table__tr" key={format!("{:?} {}", it.id, it.name)} data-testid="usage-row" data-name={it.name.clone()}>
            <th class="pf-v6-c-table__th" scope="row">{ name }</th>
            <td class="pf-v6-c-table__td">{ it.sessions }</td>
            <td class="pf-v6-c-table__td">{ format::duration(it.millis) }</td>
            <td class="pf-v6-c-table__td">{ format::bytes(it.bytes_sent) }</td>
            <td class="pf-v6-c-table__td">{ format::bytes(it.bytes_received) }</td>
            <td class="pf-v6-c-table__td"><TimeText at={it.last_at} {now} /></td>
        </tr>
    }
}
