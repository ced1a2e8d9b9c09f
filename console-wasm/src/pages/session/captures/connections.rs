//! The connections of a capture; one of them is looked at.

use wire::RecordingId;
use wire::api::{CapturedConnection, Tunnel};
use yew::prelude::*;

use super::bytes::{Bytes, Shown};
use super::pages::use_pages;
use super::statements::Statements;
use crate::components::button::{Button, Kind};
use crate::components::time::TimeText;
use crate::state::{format, services};

/// Properties of [`CapturedConnections`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct CapturedConnectionsProps {
    /// The capture.
    pub(super) id: RecordingId,
    /// The session's tunnels.
    pub(super) tunnels: Vec<Tunnel>,
}

/// What is shown of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Statements,
    Text,
    Hex,
}

impl Look {
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Statements, "look-statements", "Statements"),
        (Self::Text, "look-text", "Text"),
        (Self::Hex, "look-hex", "Hexadecimal"),
    ];
}

/// The table, and below it what is looked at.
#[component]
pub(super) fn CapturedConnections(props: &CapturedConnectionsProps) -> Html {
    let id = props.id;
    let chosen = use_state(|| None::<(CapturedConnection, Look)>);
    let pages = use_pages(id, move |api, after| async move {
        let page = api.captured_connections(id, after).await?;
        Ok((page.connections, page.next.map(u64::from)))
    });
    let choose = {
        let chosen = chosen.clone();
        Callback::from(move |it: Option<(CapturedConnection, Look)>| chosen.set(it))
    };
    html! {
        <>
            <div class="sp-table-scroll">
                <table class="pf-v6-c-table pf-m-compact" aria-label="Captured connections">
                    <thead class="pf-v6-c-table__thead">
                        <tr class="pf-v6-c-table__tr">
                            { for ["Opened", "Tunnel", "Local program", "Protocol"].iter().map(|it| html! { <th class="pf-v6-c-table__th" scope="col">{ *it }</th> }) }
                            { for ["Sent", "Received"].iter().map(|it| html! { <th class="pf-v6-c-table__th sp-number" scope="col">{ *it }</th> }) }
                            <td class="pf-v6-c-table__td"></td>
                        </tr>
                    </thead>
                    <tbody class="pf-v6-c-table__tbody">
                        { for pages.all().iter().map(|it| row(it, &props.tunnels, chosen.as_ref(), &choose)) }
                    </tbody>
                </table>
                { pages.below("more-captured-connections") }
            </div>
            if let Some((connection, look)) = &*chosen {
                { looked_at(id, connection, *look, &choose) }
            }
        </>
    }
}

fn row(
    it: &CapturedConnection,
    tunnels: &[Tunnel],
    chosen: Option<&(CapturedConnection, Look)>,
    choose: &Callback<Option<(CapturedConnection, Look)>>,
) -> Html {
    let tunnel = tunnels.iter().find(|known| known.index == it.tunnel);
    let tunnel =
        tunnel.map_or_else(|| format!("Tunnel {}", it.tunnel), |it| services::tunnel_name(&it.label, it.remote_port));
    let is_chosen = chosen.is_some_and(|(known, _)| known.stream == it.stream);
    let onclick = {
        let (choose, it) = (choose.clone(), it.clone());
        let look = if it.protocol.has_statements() { Look::Statements } else { Look::Text };
        Callback::from(move |_: MouseEvent| choose.emit((!is_chosen).then(|| (it.clone(), look))))
    };
    html! {
        <tr class="pf-v6-c-table__tr" key={it.stream} data-testid="captured-connection" data-protocol={it.protocol.words()} aria-current={is_chosen.then_some("true")}>
            <td class="pf-v6-c-table__td"><TimeText at={it.opened_at} /></td>
            <td class="pf-v6-c-table__td">{ tunnel }</td>
            <td class="pf-v6-c-table__td sp-program">
                if let Some(program) = &it.client_program {
                    <span class="sp-cut" title={program.clone()}>{ program }</span>{ " " }
                }
                <span class="sp-pale">{ it.client_address.as_deref().unwrap_or_default() }</span>
            </td>
            <td class="pf-v6-c-table__td">{ it.protocol.words() }</td>
            <td class="pf-v6-c-table__td sp-number">{ format::bytes(it.bytes_sent) }</td>
            <td class="pf-v6-c-table__td sp-number">{ format::bytes(it.bytes_received) }</td>
            <td class="pf-v6-c-table__td">
                <Button class="sp-look" small={true} kind={Kind::Secondary} label={if is_chosen { "Close" } else { "Look at it" }} {onclick}
                    title={format!("Connection {} of {}", it.stream, it.client_address.as_deref().unwrap_or("an unknown program"))} />
            </td>
        </tr>
    }
}

fn looked_at(
    id: RecordingId,
    it: &CapturedConnection,
    look: Look,
    choose: &Callback<Option<(CapturedConnection, Look)>>,
) -> Html {
    let looks = Look::ALL.iter().filter(|(look, ..)| *look != Look::Statements || it.protocol.has_statements());
    let key = format!("{id} {}", it.stream);
    html! {
        <div class="sp-looked-at" id="captured-look" aria-label={format!("Connection {}", it.stream)} role="group">
            <div class="pf-v6-c-toggle-group" role="group" aria-label="What is shown of it">
                { for looks.map(|(other, button, words)| {
                    let (choose, connection, other) = (choose.clone(), it.clone(), *other);
                    let onclick = Callback::from(move |_: MouseEvent| choose.emit(Some((connection.clone(), other))));
                    let is_on = other == look;
                    html! {
                        <div class="pf-v6-c-toggle-group__item" key={*button}>
                            <button type="button" id={*button} class={classes!("pf-v6-c-toggle-group__button", is_on.then_some("pf-m-selected"))}
                                aria-pressed={if is_on { "true" } else { "false" }} {onclick}>
                                <span class="pf-v6-c-toggle-group__text">{ *words }</span>
                            </button>
                        </div>
                    }
                }) }
            </div>
            { match look {
                Look::Statements => html! { <Statements {key} {id} stream={it.stream} /> },
                Look::Text => html! { <Bytes {key} {id} stream={it.stream} shown={Shown::Text} /> },
                Look::Hex => html! { <Bytes {key} {id} stream={it.stream} shown={Shown::Hex} /> },
            } }
        </div>
    }
}
