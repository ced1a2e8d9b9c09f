//! A recorded desktop: a video. One that runs is played as far as it has come, and goes on with what came meanwhile.

use web_sys::HtmlVideoElement;
use wire::api::RecordingState;
use yew::prelude::*;

use super::KindProps;
use crate::components::icon::Icon;
use crate::console::now;
use crate::state::timeline::{position, shown_at};

/// Further from its place than this, and it is brought there, in seconds.
const NEAR: f64 = 0.25;

/// The player.
#[component]
pub(super) fn Desktop(props: &KindProps) -> Html {
    let it = &props.recording;
    let video = use_node_ref();
    // Where to go as soon as the browser knows how long it is, in seconds; whether it plays from there.
    let pending = use_mut_ref(|| None::<(f64, bool)>);
    // Of one that runs, each look is what had come by then.
    let look = use_state(fresh);
    {
        let (video, pending, recording) = (video.clone(), pending.clone(), it.clone());
        use_effect_with(props.goal, move |goal| {
            let Some(goal) = goal else { return };
            let wanted = position(&recording, goal.at);
            *pending.borrow_mut() = Some((wanted, false));
            if let Some(video) = video.cast::<HtmlVideoElement>()
                && video.ready_state() > 0
            {
                pending.borrow_mut().take();
                go(&video, wanted);
            }
        });
    }
    let onloadedmetadata = {
        let (video, pending) = (video.clone(), pending.clone());
        Callback::from(move |_: Event| {
            let Some(video) = video.cast::<HtmlVideoElement>() else { return };
            if let Some((wanted, plays)) = pending.borrow_mut().take() {
                go(&video, wanted);
                if plays {
                    // A browser that does not play by itself waits for a press.
                    drop(video.play());
                }
            }
        })
    };
    let ontimeupdate = {
        let (video, recording, onplayed) = (video.clone(), it.clone(), props.onplayed.clone());
        Callback::from(move |_: Event| {
            if let Some(video) = video.cast::<HtmlVideoElement>()
                && !video.seeking()
            {
                onplayed.emit(shown_at(&recording, video.current_time()));
            }
        })
    };
    let runs = it.state == RecordingState::Running;
    let further = {
        let (video, pending, look) = (video.clone(), pending.clone(), look.clone());
        move |to_end: bool| {
            let Some(video) = video.cast::<HtmlVideoElement>() else { return };
            let wanted = if to_end { f64::MAX } else { video.current_time() };
            *pending.borrow_mut() = Some((wanted, true));
            look.set(fresh().max(*look + 1));
        }
    };
    let newest = {
        let further = further.clone();
        Callback::from(move |_: MouseEvent| further(true))
    };
    let onended = Callback::from(move |_: Event| {
        if runs {
            further(false);
        }
    });
    let address = if runs {
        format!("/api/recordings/{}/so-far?look={}", it.id, *look)
    } else {
        format!("/api/recordings/{}/video", it.id)
    };
    html! {
        <>
            <video ref={video} class="sp-recorded__video" id="review-video" controls={true} preload="auto" src={address} aria-label="Recording of the desktop"
                data-recording-id={it.id.to_string()} {onloadedmetadata} {ontimeupdate} {onended}></video>
            <p class="sp-recorded__more">
                if runs {
                    <crate::components::button::Button id="review-newest" small={true} icon={Icon::Redo} label="Show the newest" onclick={newest} />
                    <span class="sp-pale">{ "It is still being recorded: at the end it goes on with what came meanwhile." }</span>
                } else {
                    <a class="pf-v6-c-button pf-m-secondary pf-m-small" id="review-file" href={format!("/api/recordings/{}/file", it.id)} download="">
                        { Icon::Download.html() }{ " Download" }
                    </a>
                }
                if let Some(hash) = &it.sha256 {
                    <span class="sp-pale" title="As it stands in the audit trail">{ "SHA-256 " }<code class="sp-hash">{ hash }</code></span>
                }
            </p>
        </>
    }
}

/// A number for a look that nobody had before.
fn fresh() -> u32 {
    u32::try_from(now().0 / 1_000).unwrap_or(0)
}

/// Brings a video to a place in it; what lies behind its end is a little before that.
fn go(video: &HtmlVideoElement, wanted: f64) {
    let length = video.duration();
    let wanted = if length.is_finite() { wanted.min((length - 1.0).max(0.0)) } else { wanted };
    if wanted.is_finite() && (video.current_time() - wanted).abs() > NEAR {
        video.set_current_time(wanted.max(0.0));
    }
}
