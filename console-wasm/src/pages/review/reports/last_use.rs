//! When items were last used; those that never were come first.

use wire::Timestamp;
use wire::api::LastUseRow;
use yew::prelude::*;
use yew_router::prelude::Link;

use super::{files, table};
use crate::components::time::TimeText;
use crate::console::use_now;
use crate::loaded::use_loaded;
use crate::routes::Route;
use crate::state::review_filters::{By, Filter, Sought};

/// The section.
#[component]
pub(in crate::pages::review) fn LastUse() -> Html {
    let now = use_now(60_000);
    let loaded = use_loaded((), |api| async move { api.report::<LastUseRow>("last-use", "").await });
    html! {
        <section class="sp-card" aria-labelledby="last-use-title">
            <div class="sp-card__head">
                <h2 id="last-use-title">{ "Last use of items" }</h2>
                { files("last-use", "") }
            </div>
            { table("last-use", &["Item", "Group", "Remote system", "Made", "Last used", "By"], &loaded, "There are no items in groups whose reports you may read.", |it| row(it, now)) }
        </section>
    }
}

fn row(it: &LastUseRow, now: Timestamp) -> Html {
    let query = Sought::default().with(Filter::named(By::Item, &it.item_id.to_string(), &it.item_name)).to_pairs();
    html! {
        <tr class="pf-v6-c-table__tr" key={it.item_id.to_string()} data-testid="last-use-row" data-name={it.item_name.clone()}>
            <th class="pf-v6-c-table__th" scope="row"><Link<Route, Vec<(String, String)>> to={Route::Review} {query}>{ &it.item_name }</Link<Route, Vec<(String, String)>>></th>
            <td class="pf-v6-c-table__td">{ &it.group_name }</td>
            <td class="pf-v6-c-table__td">{ &it.hostname }</td>
            <td class="pf-v6-c-table__td"><TimeText at={it.created_at} {now} /></td>
            <td class="pf-v6-c-table__td">
                { match it.last_used_at {
                    Some(at) => html! { <TimeText {at} {now} /> },
                    None => html! { <b>{ "never" }</b> },
                } }
            </td>
            <td class="pf-v6-c-table__td">{ it.last_used_by.clone().unwrap_or_default() }</td>
        </tr>
    }
}
