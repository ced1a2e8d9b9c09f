//! Reports: what was used, what was not, and who may reach what.

pub(super) mod last_use;
pub(super) mod reach;
pub(super) mod usage;

use yew::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::icon::Icon;
use crate::components::spinner;
use crate::loaded::Loaded;

/// A report as a file.
fn files(report: &str, query: &str) -> Html {
    let link = |format: &'static str, words: &'static str| {
        html! {
            <a class="pf-v6-c-button pf-m-secondary pf-m-small" id={format!("{report}-{format}")} href={format!("/api/reports/{report}?{query}&format={format}")} download="">
                { Icon::Download.html() }{ format!(" {words}") }
            </a>
        }
    };
    html! { <div class="sp-card__actions">{ link("csv", "CSV") }{ link("jsonl", "JSON lines") }</div> }
}

/// A report's table, or why there is none.
fn table<T: 'static>(
    id: &'static str,
    headings: &[&'static str],
    loaded: &Loaded<Vec<T>>,
    empty: &'static str,
    row: impl Fn(&T) -> Html,
) -> Html {
    if let Some(error) = &*loaded.error {
        return html! { <ErrorAlert id={format!("{id}-error")} error={error.clone()} /> };
    }
    let Some(rows) = &*loaded.value else { return spinner("Loading the report") };
    if rows.is_empty() {
        return html! { <p id={format!("{id}-empty")}>{ empty }</p> };
    }
    html! {
        <div class="sp-table-scroll">
            <table class="pf-v6-c-table pf-m-compact sp-audit" {id} aria-labelledby={format!("{id}-title")}>
                <thead class="pf-v6-c-table__thead">
                    <tr class="pf-v6-c-table__tr">{ for headings.iter().map(|it| html! { <th class="pf-v6-c-table__th" scope="col">{ *it }</th> }) }</tr>
                </thead>
                <tbody class="pf-v6-c-table__tbody">{ for rows.iter().map(row) }</tbody>
            </table>
        </div>
    }
}
