//! Requests for approval: those to decide, one's own, and what became of them.

use wasm_bindgen_futures::spawn_local;
use wire::api::{Approval, ApprovalDecision, ApprovalScope, ApprovalState};
use yew::prelude::*;

use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::dialog::{ConfirmDialog, FormDialog};
use crate::components::field::TextArea;
use crate::components::icon::Icon;
use crate::components::spinner;
use crate::components::state_label::StateLabel;
use crate::components::time::{TimeText, full};
use crate::console::{use_console, use_now, use_store};
use crate::state::store::Load;
use crate::state::{approvals, format};
use crate::submission::use_submission;

/// What is open above the lists.
#[derive(Clone, PartialEq)]
enum Open {
    Decide(Approval, bool),
    Revoke(Approval),
}

/// The page.
#[component]
pub(crate) fn ApprovalsPage() -> Html {
    let store = use_store();
    html! {
        <div class="sp-page" id="approvals-page">
            <div class="sp-page__head"><h1 class="pf-v6-c-title pf-m-xl">{ "Approvals" }</h1></div>
            { match &store.approvals {
                Load::Waiting => spinner("Loading requests"),
                Load::Failed(error) => html! { <ErrorAlert id="approvals-error" error={(**error).clone()} /> },
                Load::Ready(all) => html! {
                    <>
                        <section class="sp-card" id="to-decide" aria-labelledby="to-decide-title">
                            <div class="sp-card__head"><h2 id="to-decide-title">{ "To decide" }</h2></div>
                            if all.to_decide.is_empty() {
                                <p class="sp-pale">{ "Nobody waits for you." }</p>
                            }
                            <Requests list={all.to_decide.clone()} />
                        </section>
                        <section class="sp-card" id="recent-approvals" aria-labelledby="recent-title">
                            <div class="sp-card__head"><h2 id="recent-title">{ "Requests and what became of them" }</h2></div>
                            if all.recent.is_empty() {
                                <p class="sp-pale">{ "When you press Jump on an item whose policy asks for approval, your request appears here." }</p>
                            }
                            <Requests list={all.recent.clone()} />
                        </section>
                    </>
                },
            } }
        </div>
    }
}

/// Properties of [`Requests`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct RequestsProps {
    /// The requests.
    pub(crate) list: Vec<Approval>,
}

/// Requests with what may be done with them, in place.
#[component]
pub(crate) fn Requests(props: &RequestsProps) -> Html {
    let open = use_state(|| None::<Open>);
    let show = {
        let open = open.clone();
        Callback::from(move |what: Open| open.set(Some(what)))
    };
    let close = {
        let open = open.clone();
        Callback::from(move |()| open.set(None))
    };
    html! {
        <div>
            { for props.list.iter().map(|it| html! { <Request key={it.id.to_string()} it={it.clone()} show={show.clone()} /> }) }
            { match &*open {
                None => Html::default(),
                Some(Open::Decide(it, grant)) => html! { <Decision it={it.clone()} grant={*grant} onclose={close} /> },
                Some(Open::Revoke(it)) => html! { <Revocation it={it.clone()} onclose={close} /> },
            } }
        </div>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct RequestProps {
    it: Approval,
    show: Callback<Open>,
}

#[component]
fn Request(props: &RequestProps) -> Html {
    let console = use_console();
    let store = use_store();
    let now = use_now(15_000);
    let it = &props.it;
    let own = store.me().is_some_and(|me| me.id() == it.requester_id);
    let decide = |grant: bool| {
        let it = it.clone();
        props.show.reform(move |_: MouseEvent| Open::Decide(it.clone(), grant))
    };
    let revoke = {
        let it = it.clone();
        props.show.reform(move |_: MouseEvent| Open::Revoke(it.clone()))
    };
    let withdraw = {
        let id = it.id;
        Callback::from(move |_: MouseEvent| {
            let console = console.clone();
            spawn_local(async move {
                if let Err(error) = console.api().withdraw_approval(id).await {
                    console.tell_error("The request could not be withdrawn", &error);
                }
                console.load_approvals();
            });
        })
    };
    let waits = it.state == ApprovalState::Waiting;
    html! {
        <article class="sp-request" data-testid="request" data-item={it.item_name.clone()}>
            <div class="sp-request__head">
                <h3>{ &it.item_name }</h3>
                <StateLabel word={approvals::state(it)} />
                <span class="sp-pale">{ format!("{}, policy {}", it.requester_name, it.policy_name) }</span>
                <div class="sp-request__actions">
                    if waits && it.may_decide {
                        <Button class="sp-grant" kind={Kind::Primary} small={true} icon={Icon::Check} label="Approve…" onclick={decide(true)} />
                        <Button class="sp-refuse" kind={Kind::Secondary} small={true} label="Refuse…" onclick={decide(false)} />
                    }
                    if waits && own {
                        <Button class="sp-withdraw" kind={Kind::Secondary} small={true} label="Withdraw" onclick={withdraw} />
                    }
                    if it.state == ApprovalState::Granted && it.may_decide {
                        <Button class="sp-revoke" kind={Kind::DangerSecondary} small={true} label="Take back…" onclick={revoke} />
                    }
                </div>
            </div>
            <p class="sp-lines">{ &it.reason }</p>
            <p class="sp-pale">
                { "from " }<TimeText at={it.starts_at} />{ " until " }<TimeText at={it.ends_at} />
                { format!(" ({})", format::duration(it.ends_at.millis_since(it.starts_at))) }
                if it.scope == ApprovalScope::Anyone {
                    { ", good for everybody who may start the item" }
                }
                { ", asked for " }<TimeText at={it.requested_at} {now} />
                if let (Some(by), Some(at)) = (&it.decided_by, it.decided_at) {
                    { format!(", {} by {by} ", approvals::state(it).0) }<TimeText {at} {now} />
                }
            </p>
            if !it.note.is_empty() {
                <p class="sp-lines">{ &it.note }</p>
            }
        </article>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct DecisionProps {
    it: Approval,
    grant: bool,
    onclose: Callback<()>,
}

#[component]
fn Decision(props: &DecisionProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let note = use_state(String::new);
    let it = &props.it;
    let onsubmit = {
        let (id, grant, onclose, sending, note) =
            (it.id, props.grant, props.onclose.clone(), sending.clone(), note.clone());
        Callback::from(move |()| {
            let (console, onclose, decision) =
                (console.clone(), onclose.clone(), ApprovalDecision { grant, note: (*note).clone() });
            let api = console.api().clone();
            let deciding = async move { api.decide_approval(id, &decision).await };
            sending.send(true, deciding, move |_| {
                console.load_approvals();
                onclose.emit(());
            });
        })
    };
    let (title, deed) = if props.grant {
        (format!("Let {} use {}?", it.requester_name, it.item_name), "Approve")
    } else {
        (format!("Refuse {} the use of {}?", it.requester_name, it.item_name), "Refuse")
    };
    html! {
        <FormDialog name="decision" {title} {deed} sending={sending.clone()} {onsubmit} onclose={props.onclose.clone()}>
            <p>{ format!("From {} until {}.", full(it.starts_at), full(it.ends_at)) }</p>
            <p class="sp-lines">{ &it.reason }</p>
            <TextArea id="decision-note" label={format!("Note for {}", it.requester_name)} value={(*note).clone()} error={sending.said("note", None)}
                oninput={crate::components::field::kept_in(&note)} />
        </FormDialog>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct RevocationProps {
    it: Approval,
    onclose: Callback<()>,
}

#[component]
fn Revocation(props: &RevocationProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let it = &props.it;
    let onconfirm = {
        let (id, onclose, sending) = (it.id, props.onclose.clone(), sending.clone());
        Callback::from(move |()| {
            let (console, onclose) = (console.clone(), onclose.clone());
            let api = console.api().clone();
            sending.send(true, async move { api.revoke_approval(id).await }, move |_| {
                console.load_approvals();
                onclose.emit(());
            });
        })
    };
    html! {
        <ConfirmDialog id="revoke-approval" title={format!("Take back the approval of {}?", it.item_name)} deed="Take back" busy={sending.is_busy()}
            error={sending.error().cloned()} {onconfirm} onclose={props.onclose.clone()}>
            <p>{ format!("Sessions of {} that rest on it end at once, with every connection in them.", it.requester_name) }</p>
        </ConfirmDialog>
    }
}
