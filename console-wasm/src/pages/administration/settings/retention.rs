use wire::api::RecordingKind;
use yew::prelude::*;

use super::kept_form::{KeptForm, refusal, use_kept_form};
use crate::components::alert::{Alert, Severity};
use crate::components::button::Button;
use crate::components::dialog::ConfirmDialog;
use crate::components::field::TextField;
use crate::components::time::TimeText;
use crate::console::use_console;
use crate::loaded::use_loaded;
use crate::state::retention_form::RetentionForm;
use crate::state::toasts::ToastKind;
use crate::submission::{Submission, use_submission};

/// How long recordings are kept.
#[component]
pub(super) fn RetentionCard() -> Html {
    let kept =
        use_kept_form(
            |api| async move { api.retention_settings().await.map(|settings| RetentionForm::new(&settings)) },
        );
    let sending = use_submission();
    let about = "What is older, or more than may be stored, is deleted, the oldest first; its hash stays in the audit trail. Nothing of a session under a legal hold is deleted.";
    kept.card("retention", "How long recordings are kept", about, |form| {
        html! {
            <>
                <Fields form={form.clone()} kept={kept.clone()} sending={sending.clone()} />
                <RecordingKey />
            </>
        }
    })
}

#[derive(Clone, PartialEq, Properties)]
struct FieldsProps {
    form: RetentionForm,
    kept: KeptForm<RetentionForm>,
    sending: Submission,
}

#[component]
fn Fields(props: &FieldsProps) -> Html {
    let console = use_console();
    let FieldsProps { form, kept, sending } = props;
    let errors = form.errors();
    let onsubmit = kept.saving(
        (&console, sending),
        (form.retention(), errors.is_empty()),
        |api, retention| async move { api.set_retention(&retention).await },
        |settings| ("How long recordings are kept is set", RetentionForm::new(&settings)),
    );
    let said = |kind: RecordingKind, field: &str| {
        let own = errors.iter().find(|(of, error)| *of == kind && error.field == field);
        sending.said(field, own.map(|(_, error)| error.message.clone()))
    };
    let deletes = kept.kept.as_ref().is_some_and(|before| form.is_stricter_than(before));
    html! {
        <form class="pf-v6-c-form sp-fields" novalidate={true} {onsubmit} aria-label="How long recordings are kept">
            { refusal("retention-error", sending, &kept.reload) }
            { for form.kinds.iter().enumerate().map(|(index, it)| html! {
                <>
                    <div class="sp-fields__all"><h3>{ it.kind.words() }</h3><p class="sp-pale">{ &it.stored }</p></div>
                    <TextField id={format!("retention-{index}-days")} label="Deleted after days" inputmode="numeric" value={it.days.clone()}
                        help="Empty: whatever their age." error={said(it.kind, "days")}
                        oninput={kept.edit(move |form: &mut RetentionForm, text: String| if let Some(it) = form.kinds.get_mut(index) { it.days = text })} />
                    <TextField id={format!("retention-{index}-gib")} label="GiB that all of them may take" inputmode="numeric" value={it.gib.clone()}
                        help="Beyond that the oldest are deleted. Empty: without a bound." error={said(it.kind, "gib")}
                        oninput={kept.edit(move |form: &mut RetentionForm, text: String| if let Some(it) = form.kinds.get_mut(index) { it.gib = text })} />
                </>
            }) }
            if deletes {
                <div class="sp-fields__all">
                    <Alert id="retention-warning" severity={Severity::Warning} title="What is beyond these bounds is deleted at once and for good" />
                </div>
            }
            <div class="sp-fields__all">{ kept.save_button("retention-save", sending) }</div>
        </form>
    }
}

/// Since when recordings take the key that they take, and another one on demand.
#[component]
fn RecordingKey() -> Html {
    let console = use_console();
    let asking = use_state(|| false);
    let sending = use_submission();
    let loaded = use_loaded((), |api| async move { api.retention_settings().await });
    let Some(settings) = &*loaded.value else { return Html::default() };
    let show = |to: bool| {
        let asking = asking.clone();
        move || asking.set(to)
    };
    let (open, close) = (show(true), show(false));
    let onconfirm = {
        let (sending, asking, reload) = (sending.clone(), asking.clone(), loaded.reload.clone());
        Callback::from(move |()| {
            let (api, console) = (console.api().clone(), console.clone());
            let (asking, reload) = (asking.clone(), reload.clone());
            sending.send(true, async move { api.change_recording_key().await }, move |_| {
                console.tell(ToastKind::Success, "New recordings take another key", "");
                asking.set(false);
                reload.emit(());
            });
        })
    };
    html! {
        <div class="sp-fields__all">
            <h3>{ "Key" }</h3>
            <p class="sp-pale" id="recording-key">
                if let Some(since) = settings.key_since {
                    { "New recordings take a key that was made " }<TimeText at={since} />{ "." }
                } else {
                    { "All recordings take the key that the appliance began with." }
                }
            </p>
            <Button id="recording-key-change" small={true} label="Change the key" onclick={move |_| open()} />
            if *asking {
                <ConfirmDialog id="recording-key-dialog" title="Change the key of recordings" deed="Change the key" busy={sending.is_busy()}
                    error={sending.error().cloned()} {onconfirm} onclose={move |()| close()}>
                    <p>{ "Recordings that begin from now on take another key. Those that are there stay readable with theirs, which stays sealed in the database." }</p>
                </ConfirmDialog>
            }
        </div>
    }
}
