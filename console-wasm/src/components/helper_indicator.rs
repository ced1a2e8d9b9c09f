//! The helper in the header: a shape and words; a click says what is missing.

use yew::prelude::*;
use yew_router::prelude::*;

use super::state_label::dot;
use crate::console::use_store;
use crate::routes::Route;
use crate::state::helper_state::HelperStatus;
use crate::state::words::Tone;

/// The indicator.
#[component]
pub(crate) fn HelperIndicator() -> Html {
    let store = use_store();
    let status = store.helper.status();
    let words = store.helper.words();
    let title = store
        .helper
        .advice()
        .map_or_else(|| "Extension and helper are ready on this workstation".to_owned(), |advice| advice.headline);
    html! {
        <span id="helper-status" class="sp-helper" data-state={status.key()} role="status" {title}>
            <Link<Route> to={Route::GetHelper} classes="sp-helper__link">
                { dot(tone(status), "") }
                <span class="sp-helper__words">{ words }</span>
            </Link<Route>>
        </span>
    }
}

/// How serious it is.
pub(crate) fn tone(status: HelperStatus) -> Tone {
    match status {
        HelperStatus::Ready => Tone::Good,
        HelperStatus::Update => Tone::Warning,
        HelperStatus::Searching => Tone::Busy,
        HelperStatus::Missing | HelperStatus::Broken => Tone::Bad,
    }
}
