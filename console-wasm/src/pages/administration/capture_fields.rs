//! How much traffic is captured of a session, and what happens then.

use wire::api::WhenFull;
use yew::prelude::*;

use crate::components::field::{SelectField, TextField};
use crate::state::capture_view::CaptureForm;

const WHEN_FULL: [(WhenFull, &str, &str); 2] = [
    (WhenFull::EndSession, "end", "the session ends"),
    (WhenFull::GoOn, "go-on", "the session goes on, and no more is captured"),
];

/// Properties of [`CaptureFields`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct CaptureFieldsProps {
    /// What the ids of the fields begin with.
    pub(super) id: &'static str,
    /// What stands in them.
    pub(super) form: CaptureForm,
    /// What is wrong with the size.
    pub(super) error: Option<AttrValue>,
    /// Something was changed.
    pub(super) onchange: Callback<CaptureForm>,
}

/// The fields.
#[component]
pub(super) fn CaptureFields(props: &CaptureFieldsProps) -> Html {
    let form = &props.form;
    let options = WHEN_FULL.iter().map(|(_, key, words)| ((*key).to_owned(), (*words).to_owned())).collect::<Vec<_>>();
    let chosen = WHEN_FULL.iter().find(|(it, ..)| *it == form.when_full).map_or("", |(_, key, _)| *key);
    let size = {
        let form = form.clone();
        props.onchange.reform(move |max_mebibytes: String| CaptureForm { max_mebibytes, ..form.clone() })
    };
    let when_full = {
        let form = form.clone();
        props.onchange.reform(move |key: String| {
            let found = WHEN_FULL.iter().find(|(_, known, _)| *known == key).map(|(it, ..)| *it);
            CaptureForm { when_full: found.unwrap_or_default(), ..form.clone() }
        })
    };
    html! {
        <>
            <TextField id={format!("{}-size", props.id)} label="MiB that are captured of one session at most" inputmode="numeric" required={true}
                value={form.max_mebibytes.clone()} error={props.error.clone()} oninput={size} />
            <SelectField id={format!("{}-full", props.id)} label="When so much was captured" {options} value={chosen} onchange={when_full} />
        </>
    }
}
