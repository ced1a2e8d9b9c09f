//! The session's connections, of which those in sight are loaded; a press goes to the moment at which one was opened.

use wasm_bindgen_futures::spawn_local;
use wire::Timestamp;
use wire::api::{Connection, Session};
use yew::prelude::*;

use super::PartProps;
use super::rows::{Came, use_rows};
use crate::components::alert::ErrorAlert;
use crate::components::state_label::StateLabel;
use crate::components::time::full;
use crate::components::virtual_list::VirtualList;
use crate::console::use_console;
use crate::state::timeline::{Axis, clock};
use crate::state::{format, services, words};

/// How high a row is, in pixels.
const ROW: u32 = 32;

/// The section. Nothing where there were none.
#[component]
pub(super) fn Connections(props: &PartProps) -> Html {
    let console = use_console();
    let goal = use_state(|| None::<(usize, u32)>);
    let id = props.review.session.id;
    let rows = use_rows(id, props.review.connections, move |api, which| async move {
        let page = api.review_connections(id, &which).await?;
        Ok(Came { first: page.first, total: page.total, rows: page.connections })
    });
    {
        let goal = goal.clone();
        use_effect_with(props.goal, move |moment| {
            let Some(moment) = *moment else { return };
            let which = format!("at={}&limit=1", moment.at.0);
            spawn_local(async move {
                if let Ok(page) = console.api().in_background().review_connections(id, &which).await {
                    let last = usize::try_from(page.up_to.unwrap_or(0)).unwrap_or(0).saturating_sub(1);
                    goal.set(Some((last, moment.number)));
                }
            });
        });
    }
    if props.review.connections == 0 {
        return Html::default();
    }
    let row = {
        let (read, axis, onseek) = (rows.reader(), props.axis, props.onseek.clone());
        let review = props.review.clone();
        Callback::from(move |number: usize| match read(number) {
            Some(connection) => draw(&connection, &review.session, axis, &onseek),
            None => html! { <span class="sp-pale">{ "…" }</span> },
        })
    };
    html! {
        <section class="sp-card" id="review-connections" aria-labelledby="review-connections-title">
            <h2 id="review-connections-title">{ "Connections" }<span class="sp-pale">{ format!(" {}", rows.total()) }</span></h2>
            if let Some(error) = &rows.error {
                <ErrorAlert id="review-connections-error" error={error.clone()} />
            }
            <VirtualList id="review-connection-list" label="Connections" total={rows.total()} row_height={ROW} version={rows.version} {row} onsight={rows.onsight.clone()} goal={*goal} />
        </section>
    }
}

fn draw(it: &Connection, session: &Session, axis: Axis, onseek: &Callback<Timestamp>) -> Html {
    let at = it.opened_at;
    let tunnel = session.tunnels.iter().find(|tunnel| tunnel.index == it.tunnel);
    let tunnel = tunnel.map_or_else(
        || format!("Tunnel {}", it.tunnel),
        |tunnel| services::tunnel_name(&tunnel.label, tunnel.remote_port),
    );
    let program = it.client_program.clone().or_else(|| it.client_address.clone()).unwrap_or_else(|| "–".into());
    let lasted = it.closed_at.map_or_else(|| "open".to_owned(), |closed| format::duration(closed.millis_since(at)));
    html! {
        <button type="button" class="sp-moment sp-m-connection" data-testid="review-connection" title={format!("{} {}", full(at), it.end_message)}
            onclick={onseek.reform(move |_: MouseEvent| at)}>
            <time>{ clock(axis.seconds(at)) }</time>
            <span class="sp-moment__text">{ tunnel }</span>
            <span class="sp-moment__text">{ program }</span>
            <span>{ lasted }</span>
            <span class="sp-number">{ format!("{} ↑", format::bytes(it.bytes_sent)) }</span>
            <span class="sp-number">{ format!("{} ↓", format::bytes(it.bytes_received)) }</span>
            <span><StateLabel word={words::connection_state(it)} /></span>
            <span class="sp-moment__text sp-pale">{ &it.end_message }</span>
        </button>
    }
}
