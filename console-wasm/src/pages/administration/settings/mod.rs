//! What holds for the whole appliance, and the systems outside that it works with: a form for each.

mod forwarding;
mod headers;
mod letters;
mod mail;
mod outbox;
mod retention;
mod sign_on;
mod sign_on_dialog;
mod sign_on_teams;
mod site;
mod ticket_system;

use std::future::Future;

use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, FieldError, TestOutcome};
use yew::prelude::*;

use crate::appliance_api::{Answer, Api};
use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::Button;
use crate::console::use_console;
use crate::submission::Submission;

/// The section.
#[component]
pub(super) fn Settings() -> Html {
    html! {
        <div class="sp-cards">
            <site::Site />
            <retention::RetentionCard />
            <mail::Mail />
            <letters::Letters />
            <ticket_system::TicketSystemCard />
            <sign_on::SignOnCard />
            <forwarding::ForwardingCards />
        </div>
    }
}

/// A form with what the appliance keeps.
#[derive(Clone, PartialEq)]
struct KeptForm<F: PartialEq + 'static> {
    /// What stands in it, once it was loaded.
    form: UseStateHandle<Option<F>>,
    /// What the appliance keeps.
    kept: UseStateHandle<Option<F>>,
    /// Why it could not be loaded.
    error: UseStateHandle<Option<ApiError>>,
    /// Loads it again; what was entered is lost.
    reload: Callback<()>,
}

impl<F: Clone + PartialEq> KeptForm<F> {
    /// A change of the form by what was typed or chosen.
    fn edit<T: 'static>(&self, change: impl Fn(&mut F, T) + 'static) -> Callback<T> {
        let form = self.form.clone();
        Callback::from(move |with: T| {
            let Some(mut changed) = (*form).clone() else { return };
            change(&mut changed, with);
            form.set(Some(changed));
        })
    }

    /// It was saved, and is this now.
    fn saved(&self) -> Callback<F> {
        let (form, kept) = (self.form.clone(), self.kept.clone());
        Callback::from(move |now: F| {
            form.set(Some(now.clone()));
            kept.set(Some(now));
        })
    }

    /// Whether something was entered that the appliance does not keep yet.
    fn is_changed(&self) -> bool {
        *self.form != *self.kept
    }
}

/// Loads a form.
#[hook]
fn use_kept_form<F, A, R>(ask: A) -> KeptForm<F>
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
fn refusal(id: &'static str, sending: &Submission, reload: &Callback<()>) -> Html {
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
fn wrong(errors: &[FieldError], field: &str) -> Option<String> {
    errors.iter().find(|error| error.field == field).map(|it| it.message.clone())
}

/// What came of trying something out.
fn outcome(id: &'static str, it: &TestOutcome, more: Html) -> Html {
    let severity = if it.worked { Severity::Success } else { Severity::Danger };
    html! {
        <Alert {id} {severity} title={it.message.clone()}>
            if !it.next_step.is_empty() {
                <p>{ &it.next_step }</p>
            }
            { more }
        </Alert>
    }
}
