//! The connections of a session, newest first.

use wire::api::Connection;
use yew::prelude::*;

use super::{PartProps, tunnel_name};
use crate::components::button::{Button, Kind};
use crate::components::state_label::StateLabel;
use crate::components::time::TimeText;
use crate::state::session_view::SessionView;
use crate::state::{format, words};

/// Rows that are drawn at first, and with each press of *Show more*.
const ROWS: usize = 50;

/// The column that is there only where a session has several tunnels.
const TUNNEL: &str = "Tunnel";
/// Headings, from left to right.
const COLUMNS: [&str; 7] = ["Opened", TUNNEL, "Local program", "Sent", "Received", "State", "Why it ended"];

/// The section.
#[component]
pub(super) fn Connections(props: &PartProps) -> Html {
    let shown = use_state(|| ROWS);
    let view = &props.view;
    let session = &view.session;
    let several = session.tunnels.len() > 1;
    let hidden = view.connections.len().saturating_sub(*shown);
    let more = {
        let shown = shown.clone();
        Callback::from(move |_: MouseEvent| shown.set(*shown + ROWS * 4))
    };
    html! {
        <section class="sp-card" id="connections" aria-labelledby="connections-title">
            <h2 id="connections-title">
                { "Connections" }
                <span class="sp-pale" id="connection-count">
                    { format!(" {} open, {} in all", session.connections_open, session.connections_total) }
                </span>
            </h2>
            if view.connections.is_empty() {
                <p class="sp-pale">{ "None yet: each connection of a local program to an address above shows here." }</p>
            } else {
                <div class="sp-table-scroll">
                    <table class="pf-v6-c-table pf-m-compact" aria-label="Connections">
                        <thead class="pf-v6-c-table__thead">
                            <tr class="pf-v6-c-table__tr">
                                { for COLUMNS.iter().filter(|heading| several || **heading != TUNNEL).map(|heading| html! {
                                    <th class={classes!("pf-v6-c-table__th", matches!(*heading, "Sent" | "Received").then_some("sp-number"))} scope="col">{ *heading }</th>
                                }) }
                            </tr>
                        </thead>
                        <tbody class="pf-v6-c-table__tbody">
                            { for view.connections.iter().take(*shown).map(|connection| row(view, connection, several)) }
                        </tbody>
                    </table>
                    if hidden > 0 {
                        <Button id="show-more-connections" kind={Kind::Link} label={format!("Show more ({hidden})")} onclick={more} />
                    }
                </div>
            }
        </section>
    }
}

fn row(view: &SessionView, connection: &Connection, several: bool) -> Html {
    let state = words::connection_state(connection);
    let address = connection.client_address.as_deref().unwrap_or_default();
    html! {
        <tr class="pf-v6-c-table__tr" key={connection.id.to_string()} data-testid="connection-row" data-state={state.0}>
            <td class="pf-v6-c-table__td"><TimeText at={connection.opened_at} /></td>
            if several {
                <td class="pf-v6-c-table__td">{ tunnel_name(view, connection.tunnel) }</td>
            }
            <td class="pf-v6-c-table__td sp-program">
                if let Some(program) = &connection.client_program {
                    <span class="sp-cut" title={program.clone()}>{ program }</span>{ " " }
                }
                <span class="sp-pale">{ address }</span>
            </td>
            <td class="pf-v6-c-table__td sp-number">{ format::bytes(connection.bytes_sent) }</td>
            <td class="pf-v6-c-table__td sp-number">{ format::bytes(connection.bytes_received) }</td>
            <td class="pf-v6-c-table__td"><StateLabel word={state} /></td>
            <td class="pf-v6-c-table__td sp-reason">{ &connection.end_message }</td>
        </tr>
    }
}
