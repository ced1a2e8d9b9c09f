//! Where the link of a letter leads that asks for an approval: what is asked for, and the two answers. Whoever got the letter needs no
//! account. The token stands in the address after `#`, which browsers do not send anywhere.

use wasm_bindgen_futures::spawn_local;
use wire::SecretText;
use wire::api::{ApiError, ApprovalLink, ApprovalLinkDecision, LinkedApproval};
use wire::validate;
use yew::prelude::*;

use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::field::{TextArea, kept_in};
use crate::components::frame::brand_mark;
use crate::components::icon::Icon;
use crate::components::spinner;
use crate::components::time::full;
use crate::console::use_console;
use crate::state::format::duration;
use crate::submission::use_submission;

/// The page.
#[component]
pub(crate) fn ApproveByMail() -> Html {
    let console = use_console();
    let token = use_memo((), |()| token_in_address());
    let request = use_state(|| None::<Result<LinkedApproval, ApiError>>);
    {
        let (request, token) = (request.clone(), token.clone());
        use_effect_with((), move |()| {
            spawn_local(async move {
                let link = ApprovalLink { token: SecretText::new((*token).clone()) };
                request.set(Some(console.api().look_at_approval_link(&link).await));
            });
        });
    }
    let decided = {
        let request = request.clone();
        Callback::from(move |it: LinkedApproval| request.set(Some(Ok(it))))
    };
    html! {
        <main class="sp-gate" id="approve-by-mail">
            <div class="sp-gate__card sp-m-wide">
                <div class="sp-gate__brand">{ brand_mark() }<span>{ "Sallyport" }</span></div>
                { match &*request {
                    None => spinner("Loading the request"),
                    Some(Err(error)) => html! {
                        <>
                            <h1 class="pf-v6-c-title pf-m-xl">{ "Nothing to decide" }</h1>
                            <ErrorAlert id="link-error" error={error.clone()} />
                        </>
                    },
                    Some(Ok(it)) => html! {
                        <>
                            <h1 class="pf-v6-c-title pf-m-xl">{ format!("{} asks to use {}", it.requester_name, it.item_name) }</h1>
                            { facts(it) }
                            { match it.granted {
                                Some(granted) => outcome(it, granted),
                                None => html! { <Answers token={(*token).clone()} ondecided={decided} /> },
                            } }
                        </>
                    },
                } }
            </div>
        </main>
    }
}

fn facts(it: &LinkedApproval) -> Html {
    let minutes = it.ends_at.millis_since(it.starts_at);
    let fact = |name: &'static str, value: String| {
        html! {
            <div class="pf-v6-c-description-list__group">
                <dt class="pf-v6-c-description-list__term">{ name }</dt>
                <dd class="pf-v6-c-description-list__description sp-lines">{ value }</dd>
            </div>
        }
    };
    html! {
        <dl class="pf-v6-c-description-list pf-m-horizontal sp-request-facts" id="request-facts">
            { fact("Reason", it.reason.clone()) }
            { fact("From", full(it.starts_at)) }
            { fact("Until", format!("{} ({})", full(it.ends_at), duration(minutes))) }
            { fact("Good for", if it.for_anyone { "everybody who may start the item".into() } else { it.requester_name.clone() }) }
            { fact("By the policy", it.policy_name.clone()) }
            { fact("You decide as", it.address.clone()) }
        </dl>
    }
}

fn outcome(it: &LinkedApproval, granted: bool) -> Html {
    let (severity, title) = if granted {
        (Severity::Success, format!("You approved the request of {}", it.requester_name))
    } else {
        (Severity::Info, format!("You refused the request of {}", it.requester_name))
    };
    html! {
        <Alert id="link-decided" {severity} {title}><p>{ "They are told. This link works no more; you can close the page." }</p></Alert>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct AnswersProps {
    token: String,
    ondecided: Callback<LinkedApproval>,
}

/// The note and the two answers. Nothing is decided before one of them is pressed.
#[component]
fn Answers(props: &AnswersProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let note = use_state(String::new);
    let wrong = validate::approval_note(&note);
    let is_right = wrong.is_none();
    let decide = |grant: bool| {
        let (console, sending, note) = (console.clone(), sending.clone(), note.clone());
        let (token, ondecided) = (props.token.clone(), props.ondecided.clone());
        Callback::from(move |_: MouseEvent| {
            let decision = ApprovalLinkDecision { token: SecretText::new(token.clone()), grant, note: (*note).clone() };
            let (api, ondecided) = (console.api().clone(), ondecided.clone());
            sending.send(is_right, async move { api.decide_by_link(&decision).await }, move |it| ondecided.emit(it));
        })
    };
    let busy = sending.is_busy();
    html! {
        <form class="pf-v6-c-form" novalidate={true} onsubmit={Callback::from(|event: SubmitEvent| event.prevent_default())} aria-label="Your answer">
            if let Some(error) = sending.error() {
                <ErrorAlert id="link-decide-error" error={error.clone()} />
            }
            <TextArea id="link-note" label="Note for whoever asks" value={(*note).clone()} help="May be empty." error={sending.said("note", wrong)} oninput={kept_in(&note)} />
            <div class="sp-request__answers">
                <Button id="link-approve" kind={Kind::Primary} icon={Icon::Check} label="Approve" {busy} onclick={decide(true)} />
                <Button id="link-refuse" kind={Kind::Secondary} icon={Icon::Ban} label="Refuse" {busy} onclick={decide(false)} />
            </div>
        </form>
    }
}

fn token_in_address() -> String {
    let fragment = gloo::utils::window().location().hash().unwrap_or_default();
    fragment.trim_start_matches('#').strip_prefix("token=").unwrap_or_default().to_owned()
}
