//! The statements or requests of a captured connection.

use wire::api::CapturedStatement;
use wire::{RecordingId, Timestamp};
use yew::prelude::*;

use super::pages::use_pages;
use crate::components::icon::Icon;
use crate::components::time::TimeText;
use crate::state::capture_view::took;
use crate::state::format;

/// Properties of [`Statements`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct StatementsProps {
    /// The capture.
    pub(super) id: RecordingId,
    /// The connection.
    pub(super) stream: u32,
}

/// The list.
#[component]
pub(super) fn Statements(props: &StatementsProps) -> Html {
    let (id, stream) = (props.id, props.stream);
    let stopped = use_state(String::new);
    let said = stopped.clone();
    let pages = use_pages((id, stream), move |api, from| {
        let said = said.clone();
        async move {
            let page = api.captured_statements(id, stream, from).await?;
            said.set(page.stopped);
            Ok((page.statements, page.next))
        }
    });
    html! {
        <div id="captured-statements">
            if pages.is_empty() {
                <p class="sp-pale">{ "Nothing was asked." }</p>
            } else {
                <div class="sp-table-scroll">
                    <table class="pf-v6-c-table pf-m-compact" aria-label="Statements and requests">
                        <thead class="pf-v6-c-table__thead">
                            <tr class="pf-v6-c-table__tr">
                                { for ["When", "What", "Answer"].iter().map(|it| html! { <th class="pf-v6-c-table__th" scope="col">{ *it }</th> }) }
                                { for ["Took", "Size", "Answer's size"].iter().map(|it| html! { <th class="pf-v6-c-table__th sp-number" scope="col">{ *it }</th> }) }
                            </tr>
                        </thead>
                        <tbody class="pf-v6-c-table__tbody">{ for pages.all().iter().enumerate().map(|(number, it)| row(number, it)) }</tbody>
                    </table>
                    { pages.below("more-captured-statements") }
                </div>
            }
            if !stopped.is_empty() {
                <p class="sp-pale">{ format!("No more is listed: {}", *stopped) }</p>
            }
        </div>
    }
}

fn row(number: usize, it: &CapturedStatement) -> Html {
    html! {
        <tr class="pf-v6-c-table__tr" key={number} data-testid="captured-statement">
            <td class="pf-v6-c-table__td"><TimeText at={Timestamp(it.at_micros / 1_000)} /></td>
            <td class="pf-v6-c-table__td sp-statement">
                <span class="sp-pale">{ &it.verb }</span>{ " " }<code>{ &it.text }{ if it.is_cut { "…" } else { "" } }</code>
            </td>
            <td class="pf-v6-c-table__td sp-reason">
                if it.is_error {
                    <span title="An error">{ Icon::Failure.html() }<span class="pf-v6-screen-reader">{ "Error: " }</span></span>{ " " }
                }
                { &it.outcome }
            </td>
            <td class="pf-v6-c-table__td sp-number">{ took(it.took_micros) }</td>
            <td class="pf-v6-c-table__td sp-number">{ format::bytes(it.bytes) }</td>
            <td class="pf-v6-c-table__td sp-number">{ format::bytes(it.answer_bytes) }</td>
        </tr>
    }
}
