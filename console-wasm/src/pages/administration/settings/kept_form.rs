//! A form with what the appliance keeps: loaded, changed, saved, and the card that it stands on.

use std::future::Future;

use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, FieldError};
use yew::prelude::*;

use crate::appliance_api::{Answer, Api};
use crate::components::alert::ErrorAlert;
use crate::components::button::{Button, Kind};
use crate::components::field::TextArea;
use crate::components::spinner;
use crate::console::{Console, use_console};
use crate::state::toasts::ToastKind;
use crate::submission::Submission;

/// A form with what the appliance keeps.
#[derive(Clone, PartialEq)]
pub(super) struct KeptForm<F: PartialEq + 'static> {
    /// What stands in it, once it was loaded.
    pub(super) form: UseStateHandle<Option<F>>,
    /// What the appliance keeps.
    pub(super) kept: UseStateHandle<Option<F>>,
    /// Why it could not be loaded.
    error: UseStateHandle<Option<ApiError>>,
    /// Loads it again; what was entered is lost.
    pub(super) reload: Callback<()>,
}

impl<F: Clone + PartialEq> KeptForm<F> {
    /// A change of the form by what was typed or chosen.
    pub(super) fn edit<T: 'static>(&self, change: impl Fn(&mut F, T) + 'static) -> Callback<T> {
        let form = self.form.clone();
        Callback::from(move |with: T| {
            let Some(mut changed) = (*form).clone() else { return };
            change(&mut changed, with);
            form.set(Some(changed));
        })
    }

    /// What sends the form: `save` hands `draft` to the appliance, and of its answer `take` makes words for whoever saved, and what
    /// the form is now.
    pub(super) fn saving<D, T, R>(
        &self,
        (console, sending): (&Console, &Submission),
        (draft, is_right): (D, bool),
        save: impl Fn(Api, D) -> R + 'static,
        take: fn(T) -> (&'static str, F),
    ) -> Callback<SubmitEvent>
    where
        D: Clone + 'static,
        T: 'static,
        R: Future<Output = Answer<T>> + 'static,
    {
        let (console, sending, it) = (console.clone(), sending.clone(), self.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let (told, it) = (console.clone(), it.clone());
            sending.send(is_right, save(console.api().clone(), draft.clone()), move |answer| {
                let (words, now) = take(answer);
                told.tell(ToastKind::Success, words, "");
                it.form.set(Some(now.clone()));
                it.kept.set(Some(now));
            });
        })
    }

    /// Whether something was entered that the appliance does not keep yet.
    pub(super) fn is_changed(&self) -> bool {
        *self.form != *self.kept
    }

    /// Why what the appliance keeps cannot be tried out, if so: something entered was not saved, or nothing is set.
    pub(super) fn untried(&self, is_unset: bool, unset: &'static str) -> &'static str {
        match (self.is_changed(), is_unset) {
            (true, _) => "Save what you entered first.",
            (false, true) => unset,
            (false, false) => "",
        }
    }

    /// The button that saves it.
    pub(super) fn save_button(&self, id: &'static str, sending: &Submission) -> Html {
        let unchanged = if self.is_changed() { "" } else { "Nothing was changed." };
        html! {
            <Button {id} kind={Kind::Primary} label="Save" busy={sending.is_busy()} submit={true} obstacle={unchanged} />
        }
    }

    /// A card with the form, once it is there. `name` is what its ids begin with.
    pub(super) fn card(&self, name: &str, title: &str, about: &str, body: impl FnOnce(&F) -> Html) -> Html {
        let heading = format!("{name}-settings-title");
        html! {
            <section class="sp-card" id={format!("{name}-settings")} aria-labelledby={heading.clone()}>
                <h2 id={heading}>{ title }</h2>
                if !about.is_empty() {
                    <p class="sp-pale">{ about }</p>
                }
                if let Some(error) = &*self.error {
                    <ErrorAlert id={format!("{name}-load-error")} error={error.clone()} />
                }
                { match &*self.form {
                    None if self.error.is_some() => Html::default(),
                    None => spinner(&format!("Loading: {title}")),
                    Some(form) => body(form),
                } }
            </section>
        }
    }
}

/// Loads a form.
#[hook]
pub(super) fn use_kept_form<F, A, R>(ask: A) -> KeptForm<F>
where
    F: Clone + PartialEq + 'static,
    A: Fn(Api) -> R + 'static,
    R: Future<Output = Answer<F>> + 'static,
{
    let console = use_console();
    let (form, kept) = (use_state(|| None::<F>), use_state(|| None::<F>));
    let error = use_state(|| None::<ApiError>);
    let reload = {
        let (form, kept, error) = (form.clone(), kept.clone(), error.clone());
        Callback::from(move |()| {
            let asked = ask(console.api().clone());
            let (form, kept, error) = (form.clone(), kept.clone(), error.clone());
            spawn_local(async move {
                match asked.await {
                    Ok(it) => {
                        form.set(Some(it.clone()));
                        kept.set(Some(it));
                        error.set(None);
                    }
                    Err(failed) => error.set(Some(failed)),
                }
            });
        })
    };
    {
        let reload = reload.clone();
        use_effect_with((), move |()| reload.emit(()));
    }
    KeptForm { form, kept, error, reload }
}

/// Why the appliance did not keep what was entered; after somebody else's change, with a way on.
pub(in super::super) fn refusal(id: &'static str, sending: &Submission, reload: &Callback<()>) -> Html {
    let Some(error) = sending.error() else { return Html::default() };
    html! {
        <ErrorAlert {id} error={error.clone()}>
            if error.code == "changed_meanwhile" {
                <Button id={format!("{id}-reload")} small={true} label="Load it again" onclick={reload.reform(|_: MouseEvent| ())} />
            }
        </ErrorAlert>
    }
}

/// What the form itself found wrong with a field.
pub(super) fn wrong(errors: &[FieldError], field: &str) -> Option<String> {
    errors.iter().find(|error| error.field == field).map(|it| it.message.clone())
}

/// Whose certificate is good, for a server with one of an authority of its own.
pub(super) fn authority_field(
    id: &'static str,
    value: &str,
    error: Option<AttrValue>,
    oninput: Callback<String>,
) -> Html {
    html! {
        <div class="sp-fields__all">
            <TextArea {id} label="Certificate authority" value={value.to_owned()} {error} {oninput}
                help="In PEM, when its certificate is of an authority of your own. Empty: those that the appliance's machine knows." />
        </div>
    }
}
