//! How finely desktops are recorded, and what that takes.

use wire::api::RecordingQuality;
use yew::prelude::*;

use crate::components::field::SelectField;
use crate::state::format;

/// Frames in a second that forms offer.
const FRAMES: [u32; 6] = [1, 2, 5, 10, 15, 30];
/// Lines of the picture that forms offer.
const LINES: [u32; 5] = [480, 720, 1080, 1440, 2160];

/// Properties of [`QualityFields`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct QualityFieldsProps {
    /// What the ids of the fields begin with.
    pub(super) id: &'static str,
    /// What is chosen.
    pub(super) quality: RecordingQuality,
    /// Something else was chosen.
    pub(super) onchange: Callback<RecordingQuality>,
}

/// The fields.
#[component]
pub(super) fn QualityFields(props: &QualityFieldsProps) -> Html {
    let quality = props.quality;
    let options = |known: &[u32], now: u32, words: fn(u32) -> String| {
        let mut all = known.to_vec();
        // What a program set stays as it is.
        if !all.contains(&now) {
            all.push(now);
            all.sort_unstable();
        }
        all.into_iter().map(|it| (it.to_string(), words(it))).collect::<Vec<_>>()
    };
    let frames = props.onchange.reform(move |text: String| RecordingQuality {
        frames_per_second: text.parse().unwrap_or(quality.frames_per_second),
        ..quality
    });
    let lines = props.onchange.reform(move |text: String| RecordingQuality {
        max_lines: text.parse().unwrap_or(quality.max_lines),
        ..quality
    });
    let takes = format!(
        "About {} an hour and screen at most. A desktop on which little moves takes far less.",
        format::bytes(quality.bytes_per_hour())
    );
    html! {
        <>
            <SelectField id={format!("{}-frames", props.id)} label="Pictures a second" options={options(&FRAMES, quality.frames_per_second, |it| it.to_string())}
                value={quality.frames_per_second.to_string()} onchange={frames} />
            <SelectField id={format!("{}-lines", props.id)} label="Lines of the picture" options={options(&LINES, quality.max_lines, |it| format!("at most {it}"))}
                value={quality.max_lines.to_string()} help={takes} onchange={lines} />
        </>
    }
}
