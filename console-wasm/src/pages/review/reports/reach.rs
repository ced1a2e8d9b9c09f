//! Who may do what with the items of which group, and which rule says so.

use wire::api::ReachRow;
use yew::prelude::*;
use yew_router::prelude::Link;

use super::{files, table};
use crate::components::state_label::StateLabel;
use crate::console::use_store;
use crate::loaded::use_loaded;
use crate::routes::Route;
use crate::state::format;
use crate::state::words::Tone;

/// The section.
#[component]
pub(in crate::pages::review) fn Reach() -> Html {
    let store = use_store();
    let loaded = use_loaded((store.access_changed, store.users_changed), |api| async move {
        api.report::<ReachRow>("reach", "").await
    });
    // Whoever sees everything can ask further.
    let explains = store.is_administrator() || store.is_auditor();
    html! {
        <section class="sp-card" aria-labelledby="reach-title">
            <div class="sp-card__head">
                <h2 id="reach-title">{ "Who may reach what" }</h2>
                { files("reach", "") }
            </div>
            <p class="sp-pale">{ "Everybody who may do anything with the items of a group. Jump policies may still ask for more when a session begins." }</p>
            { table("reach", &["Who", "Group", "Items", "Starts sessions", "May", "Because"], &loaded, "Nobody may do anything in groups whose reports you may read.", |it| row(it, explains)) }
        </section>
    }
}

fn row(it: &ReachRow, explains: bool) -> Html {
    let starts = match (it.may_start, &it.barred) {
        (true, None) => ("yes", Tone::Good),
        (true, Some(_)) => ("not now", Tone::Warning),
        (false, _) => ("no", Tone::Over),
    };
    let name = format!("{} ({})", it.display_name, it.user_name);
    html! {
        <tr class="pf-v6-c-table__tr" key={format!("{} {}", it.user_id, it.group_id)} data-testid="reach-row" data-user={it.user_name.clone()} data-group={it.group_name.clone()} data-starts={starts.0}>
            <th class="pf-v6-c-table__th" scope="row">
                if explains {
                    <Link<Route> to={Route::UserAccess { id: it.user_id }}>{ name }</Link<Route>>
                } else {
                    { name }
                }
            </th>
            <td class="pf-v6-c-table__td">{ &it.group_name }</td>
            <td class="pf-v6-c-table__td">{ format::count(it.items, "item") }</td>
            <td class="pf-v6-c-table__td"><StateLabel word={starts} title={it.barred.clone()} /></td>
            <td class="pf-v6-c-table__td"><span class="sp-cut sp-m-wide" title={it.permissions.join(", ")}>{ it.permissions.join(", ") }</span>
                if !it.policies.is_empty() {
                    <span class="sp-pale">{ format!(" with {}", it.policies.join(", ")) }</span>
                }
            </td>
            <td class="pf-v6-c-table__td sp-reason">{ &it.because }
                if let Some(barred) = &it.barred {
                    <span class="sp-pale">{ format!(" {barred}") }</span>
                }
            </td>
        </tr>
    }
}
