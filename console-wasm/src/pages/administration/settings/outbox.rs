use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, Outbox};
use yew::prelude::*;

use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::time::TimeText;
use crate::console::{use_console, use_now};

/// How often it is looked at.
const EVERY_MILLIS: u32 = 5_000;

/// Letters that wait, and letters that were given up.
#[component]
pub(super) fn OutboxView() -> Html {
    let console = use_console();
    let outbox = use_state(|| None::<Outbox>);
    let error = use_state(|| None::<ApiError>);
    let now = use_now(EVERY_MILLIS);
    {
        let (outbox, error) = (outbox.clone(), error.clone());
        use_effect_with(now, move |_| {
            let api = console.api().in_background();
            spawn_local(async move {
                match api.outbox().await {
                    Ok(it) => {
                        outbox.set(Some(it));
                        error.set(None);
                    }
                    Err(failed) => error.set(Some(failed)),
                }
            });
        });
    }
    let waiting = outbox.as_ref().map(|it| {
        let words = match it.waiting {
            0 => "No letter waits.".to_owned(),
            1 => "One letter waits".to_owned(),
            many => format!("{many} letters wait"),
        };
        html! {
            <p id="outbox-waiting" data-waiting={it.waiting.to_string()}>
                { words }
                if let Some(at) = it.waiting_since {
                    { ", the oldest since " }<TimeText {at} {now} />{ "." }
                }
            </p>
        }
    });
    html! {
        <div class="sp-outbox" id="outbox" aria-live="polite">
            <h3>{ "Outbox" }</h3>
            if let Some(error) = &*error {
                <ErrorAlert id="outbox-error" error={error.clone()} />
            }
            { waiting.unwrap_or_default() }
            if let Some(obstacle) = outbox.as_ref().and_then(|it| it.obstacle.clone()) {
                <Alert id="outbox-obstacle" severity={Severity::Warning} title={obstacle}>
                    <p>{ "The appliance tries again by itself." }</p>
                </Alert>
            }
            { outbox.as_ref().filter(|it| !it.failures.is_empty()).map(|it| failures(it, now)).unwrap_or_default() }
        </div>
    }
}

fn failures(outbox: &Outbox, now: wire::Timestamp) -> Html {
    html! {
        <div class="sp-table-scroll">
        <table class="pf-v6-c-table pf-m-compact" aria-label="Letters that were given up">
            <thead class="pf-v6-c-table__thead">
                <tr class="pf-v6-c-table__tr">
                    { for ["Given up", "To", "Subject", "Why"].map(|heading| html! { <th class="pf-v6-c-table__th" scope="col">{ heading }</th> }) }
                </tr>
            </thead>
            <tbody class="pf-v6-c-table__tbody">
                { for outbox.failures.iter().enumerate().map(|(at, letter)| html! {
                    <tr class="pf-v6-c-table__tr" key={at} data-testid="failed-letter" data-name={letter.to.clone()}>
                        <td class="pf-v6-c-table__td"><TimeText at={letter.failed_at} {now} /></td>
                        <td class="pf-v6-c-table__td">{ &letter.to }</td>
                        <td class="pf-v6-c-table__td">{ &letter.subject }</td>
                        <td class="pf-v6-c-table__td">{ &letter.reason }</td>
                    </tr>
                }) }
            </tbody>
        </table>
        </div>
    }
}
