//! What the policies of items ask for before a session begins: an approval, a second factor.

use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, JumpItem, MissingApproval, NewApproval, ShownAtStart, ShownFactor, StartTerms};
use wire::{SecretText, Timestamp, validate};
use yew::prelude::*;
use yew_router::prelude::*;

use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::dialog::{Dialog, FormDialog};
use crate::components::field::{TextArea, TextField, kept_in};
use crate::components::passkey_button::{Asking, PasskeyButton};
use crate::components::spinner;
use crate::components::time::full;
use crate::console::{use_console, use_store};
use crate::passkeys;
use crate::routes::Route;
use crate::state::store::Action;
use crate::submission::use_submission;

/// Properties of [`StartDialogs`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct StartDialogsProps {
    /// The items.
    pub(super) items: Vec<JumpItem>,
    /// Called after the last one.
    pub(super) onclose: Callback<()>,
}

/// One dialog after the other. The session of the last one opens.
#[component]
pub(super) fn StartDialogs(props: &StartDialogsProps) -> Html {
    let at = use_state(|| 0);
    let Some(item) = props.items.get(*at) else { return Html::default() };
    let more = props.items.len() - *at - 1;
    let onclose = if more == 0 {
        props.onclose.clone()
    } else {
        let at = at.clone();
        Callback::from(move |()| at.set(*at + 1))
    };
    html! { <StartDialog key={item.id.to_string()} item={item.clone()} {more} {onclose} /> }
}

#[derive(Clone, PartialEq, Properties)]
struct StartDialogProps {
    item: JumpItem,
    /// How many items follow.
    more: usize,
    onclose: Callback<()>,
}

impl StartDialogProps {
    fn title(&self, verb: &str) -> String {
        let name = &self.item.definition.name;
        match self.more {
            0 => format!("{verb} {name}"),
            more => format!("{verb} {name} ({more} more to follow)"),
        }
    }
}

/// What one item asks for. It asks again what is missing whenever requests for approval changed.
#[component]
fn StartDialog(props: &StartDialogProps) -> Html {
    let console = use_console();
    let store = use_store();
    let terms = use_state(|| None::<Result<StartTerms, ApiError>>);
    {
        let (terms, id) = (terms.clone(), props.item.id);
        use_effect_with(store.approvals_changed, move |_| {
            spawn_local(async move { terms.set(Some(console.api().start_terms(id).await)) });
        });
    }
    let close = props.onclose.reform(|_: MouseEvent| ());
    let plain = |content: Html| {
        html! {
            <Dialog id="start-dialog" title={props.title("Start")} onclose={props.onclose.clone()}
                footer={html! { <Button id="start-close" kind={Kind::Secondary} label="Close" onclick={close.clone()} /> }}>
                { content }
            </Dialog>
        }
    };
    match &*terms {
        None => plain(spinner("Asking what it takes")),
        Some(Err(error)) => plain(html! { <ErrorAlert id="start-error" error={error.clone()} /> }),
        Some(Ok(StartTerms { refused: Some(why), .. })) => plain(html! {
            <Alert id="start-refused" severity={Severity::Warning} title="This item cannot be started now"><p>{ why }</p></Alert>
        }),
        Some(Ok(terms)) => match terms.approvals.as_slice() {
            [] => html! { <Show of={props.clone()} terms={terms.clone()} /> },
            missing if missing.iter().all(|it| it.waiting.is_some() || it.good_from.is_some()) => {
                plain(html! { <>{ for missing.iter().map(waits) }</> })
            }
            missing => {
                html! { <Ask of={props.clone()} missing={missing.to_vec()} /> }
            }
        },
    }
}

/// What is waited for.
fn waits(it: &MissingApproval) -> Html {
    let what = match it.good_from {
        Some(at) => format!("It was approved by the policy {}, from {}.", it.policy_name, full(at)),
        None => format!("Your request waits: {} can approve it (policy {}).", it.approvers.join(", "), it.policy_name),
    };
    html! { <p data-testid="start-waits">{ what }{ " You need not stay here: you will be told, and Approvals shows it." }</p> }
}

#[derive(Clone, PartialEq, Properties)]
struct AskProps {
    of: StartDialogProps,
    missing: Vec<MissingApproval>,
}

#[component]
fn Ask(props: &AskProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let most = props.missing.iter().map(|it| it.max_minutes).min().unwrap_or_default();
    let (reason, starts, minutes) =
        (use_state(String::new), use_state(String::new), use_state(|| most.min(60).to_string()));
    let wrong_minutes = match minutes.trim().parse::<u32>() {
        Ok(number) if (1..=most).contains(&number) => None,
        _ => Some(format!("A number of minutes from 1 to {most}.")),
    };
    let wrong_reason = validate::approval_reason(&reason);
    let onsubmit = {
        let (reason, starts, minutes, sending, onclose) =
            (reason.clone(), starts.clone(), minutes.clone(), sending.clone(), props.of.onclose.clone());
        let (item_id, right) = (props.of.item.id, wrong_minutes.is_none() && wrong_reason.is_none());
        Callback::from(move |()| {
            let new = NewApproval {
                item_id,
                reason: (*reason).clone(),
                starts_at: local_time(&starts),
                minutes: minutes.trim().parse().unwrap_or_default(),
            };
            let (console, onclose) = (console.clone(), onclose.clone());
            let api = console.api().clone();
            sending.send(right, async move { api.ask_for_approval(&new).await }, move |_| {
                console.load_approvals();
                let text = "You will be told when somebody decides.";
                console.tell(crate::state::toasts::ToastKind::Success, "The request was sent", text);
                onclose.emit(());
            });
        })
    };
    html! {
        <FormDialog name="ask" title={props.of.title("Ask to use")} deed="Ask" sending={sending.clone()} {onsubmit} onclose={props.of.onclose.clone()}>
            { for props.missing.iter().map(|it| html! {
                <p>{ format!("By the policy {} it has to be approved by {}.", it.policy_name, it.approvers.join(" or ")) }</p>
            }) }
            <TextArea id="ask-reason" label="What you need it for" value={(*reason).clone()} error={sending.said("reason", wrong_reason)} oninput={kept_in(&reason)} />
            <TextField id="ask-starts" label="From" kind="datetime-local" value={(*starts).clone()} help={html! { "Leave it empty to begin at once." }}
                error={sending.said("starts_at", None)} oninput={kept_in(&starts)} />
            <TextField id="ask-minutes" label="For how many minutes" required={true} inputmode="numeric" value={(*minutes).clone()}
                help={html! { { format!("At most {most}.") } }} error={sending.said("minutes", wrong_minutes)} oninput={kept_in(&minutes)} />
        </FormDialog>
    }
}

/// The moment that a field for date and time shows, by the clock of this workstation.
fn local_time(text: &str) -> Option<Timestamp> {
    let millis = js_sys::Date::parse(text);
    millis.is_finite().then_some(Timestamp(millis as i64))
}

#[derive(Clone, PartialEq, Properties)]
struct ShowProps {
    of: StartDialogProps,
    terms: StartTerms,
}

/// Nothing is missing that others have to give: what the person shows, and the session begins.
#[component]
fn Show(props: &ShowProps) -> Html {
    let console = use_console();
    let navigator = use_navigator();
    let sending = use_submission();
    let (ticket, code) = (use_state(String::new), use_state(String::new));
    let (asks_ticket, asks_code) = (props.terms.ticket, props.terms.second_factor);
    let wrong_ticket = if asks_ticket { validate::ticket(&ticket) } else { None };
    let wrong_code = (asks_code && code.trim().is_empty()).then(|| "Enter the code.".to_owned());
    let start = {
        let (ticket, sending) = (ticket.clone(), sending.clone());
        let (onclose, id, has_ticket) = (props.of.onclose.clone(), props.of.item.id, wrong_ticket.is_none());
        let is_last = props.of.more == 0;
        Callback::from(move |second_factor: Option<ShownFactor>| {
            let ticket = asks_ticket.then(|| ticket.trim().to_owned());
            let is_blank = |it: &ShownFactor| it.code.as_ref().is_some_and(|it| it.expose().trim().is_empty());
            let right = has_ticket && !second_factor.as_ref().is_some_and(is_blank);
            let (console, onclose, navigator) = (console.clone(), onclose.clone(), navigator.clone());
            let api = console.api().clone();
            let starting = async move { api.jump_showing(id, ShownAtStart { ticket, second_factor }).await };
            sending.send(right, starting, move |session| {
                let id = session.id;
                console.dispatch(Action::Session(Box::new(session)));
                console.load_items();
                onclose.emit(());
                if let Some(navigator) = navigator.filter(|_| is_last) {
                    navigator.push(&Route::Session { id });
                }
            });
        })
    };
    let onsubmit = {
        let (code, start) = (code.clone(), start.clone());
        Callback::from(move |()| start.emit(asks_code.then(|| ShownFactor::code(SecretText::new((*code).clone())))))
    };
    let asking = use_memo((), |()| Asking::appliance());
    html! {
        <FormDialog name="start" title={props.of.title("Start")} deed="Jump" sending={sending.clone()} {onsubmit} onclose={props.of.onclose.clone()}>
            if asks_ticket {
                <p>{ "A policy of this item asks for a ticket before each session." }</p>
                <TextField id="start-ticket" label="Ticket" required={true} value={(*ticket).clone()} error={sending.said("ticket", wrong_ticket)} oninput={kept_in(&ticket)} />
            }
            if asks_code {
                <p>{ "A policy of this item asks for your second factor before each session." }</p>
                if props.terms.passkey && passkeys::are_known() {
                    <PasskeyButton id="start-passkey" label="Jump with a passkey" asking={(*asking).clone()} onshown={start.reform(|shown| Some(ShownFactor::passkey(shown)))} />
                }
                <TextField id="start-code" label="Code of your authenticator app, or a recovery code" required={true} value={(*code).clone()}
                    autocomplete="one-time-code" inputmode="numeric" error={sending.said("code", wrong_code)} oninput={kept_in(&code)} />
            }
            if !asks_ticket && !asks_code {
                <p>{ "Nothing is missing any more." }</p>
            }
            if let Some(owner) = &props.terms.joins {
                <p data-testid="start-joins">{ format!("{owner} uses it now: you join that session.") }</p>
            }
            if props.terms.capture.is_some() {
                <p data-testid="start-captures">{ "What goes through its tunnels is captured." }</p>
            }
            if props.terms.recording.is_some() {
                <p data-testid="start-records">{ "Your desktop is recorded while its tunnels are open; you are asked before." }</p>
            }
            if let (Some(at), Some(because)) = (props.terms.ends_at, &props.terms.ends_because) {
                <p class="sp-pale">{ format!("The session will end on {}: {because}.", full(at)) }</p>
            }
        </FormDialog>
    }
}
