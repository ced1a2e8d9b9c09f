//! The bytes of a captured connection, both sides as they went.

use wire::api::{CapturedPiece, TrafficSide};
use wire::{RecordingId, Timestamp};
use yew::prelude::*;

use super::pages::use_pages;
use crate::components::time::TimeText;
use crate::state::capture_view::{dump, text};

/// How bytes are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// As people would read them.
    Text,
    /// As numbers.
    Hex,
}

/// Properties of [`Bytes`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct BytesProps {
    /// The capture.
    pub(super) id: RecordingId,
    /// The connection.
    pub(super) stream: u32,
    /// How.
    pub(super) shown: Shown,
}

/// The bytes.
#[component]
pub(super) fn Bytes(props: &BytesProps) -> Html {
    let (id, stream) = (props.id, props.stream);
    let pages = use_pages((id, stream), move |api, from| async move {
        let page = api.captured_bytes(id, stream, from).await?;
        Ok((page.pieces, page.next))
    });
    if pages.is_empty() {
        return html! { <p class="sp-pale">{ "Nothing went through it." }</p> };
    }
    html! {
        <div class="sp-captured" id="captured-bytes" tabindex="0" role="log" aria-live="off" aria-label="Bytes of the connection">
            { for pages.all().iter().enumerate().map(|(number, piece)| html! { <Piece key={number} piece={piece.clone()} shown={props.shown} /> }) }
            { pages.below("more-captured-bytes") }
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct PieceProps {
    piece: CapturedPiece,
    shown: Shown,
}

#[component]
fn Piece(props: &PieceProps) -> Html {
    let it = &props.piece;
    let (who, class) = match it.side {
        TrafficSide::Client => ("workstation", "sp-captured__client"),
        TrafficSide::Target => ("target", "sp-captured__target"),
    };
    html! {
        <div class={classes!("sp-captured__piece", class)} data-testid="captured-piece" data-side={who}>
            <p class="sp-pale">{ format!("From the {who}, ") }<TimeText at={Timestamp(it.at_micros / 1_000)} /></p>
            { match props.shown {
                Shown::Text => html! { <pre>{ text(it) }</pre> },
                Shown::Hex => {
                    let lines = dump(it).into_iter().map(|it| format!("{}  {}  {}\n", it.offset, it.numbers, it.characters));
                    html! { <pre>{ lines.collect::<String>() }</pre> }
                }
            } }
        </div>
    }
}
