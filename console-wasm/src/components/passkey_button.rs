//! A button that asks for a passkey and hands on what it said.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use wasm_bindgen_futures::spawn_local;
use wire::api::{PasskeyCeremony, ShownPasskey};
use yew::prelude::*;

use super::button::{Button, Kind};
use crate::appliance_api::{Answer, Api};
use crate::console::use_console;
use crate::passkeys;

/// Where it comes from what is asked.
#[derive(Clone)]
pub(crate) struct Asking(Rc<dyn Fn(Api) -> LocalBoxFuture<'static, Answer<PasskeyCeremony>>>);

impl Asking {
    /// It is here already; good once.
    pub(crate) fn known(ceremony: PasskeyCeremony) -> Self {
        Self(Rc::new(move |_| {
            let ceremony = ceremony.clone();
            Box::pin(async move { Ok(ceremony) })
        }))
    }

    /// The appliance gives it to who is signed in.
    pub(crate) fn appliance() -> Self {
        Self(Rc::new(|api| Box::pin(async move { api.ask_for_passkey().await })))
    }
}

impl PartialEq for Asking {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// Properties of [`PasskeyButton`].
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct PasskeyButtonProps {
    /// Its id in the page.
    pub(crate) id: AttrValue,
    /// What it says.
    #[prop_or(AttrValue::Static("Use a passkey"))]
    pub(crate) label: AttrValue,
    /// How it looks.
    #[prop_or(Kind::Secondary)]
    pub(crate) kind: Kind,
    /// What is asked.
    pub(crate) asking: Asking,
    /// Whether it is as wide as what it stands in.
    #[prop_or_default]
    pub(crate) block: bool,
    /// What the passkey said.
    pub(crate) onshown: Callback<ShownPasskey>,
}

/// The button, with what went wrong below it.
#[component]
pub(crate) fn PasskeyButton(props: &PasskeyButtonProps) -> Html {
    let console = use_console();
    let busy = use_state(|| false);
    let failed = use_state(|| None::<String>);
    let onclick = {
        let (asking, onshown) = (props.asking.clone(), props.onshown.clone());
        let (busy, failed) = (busy.clone(), failed.clone());
        Callback::from(move |_: MouseEvent| {
            busy.set(true);
            failed.set(None);
            let (asked, onshown) = (asking.0(console.api().clone()), onshown.clone());
            let (busy, failed) = (busy.clone(), failed.clone());
            spawn_local(async move {
                let shown = match asked.await {
                    Ok(ceremony) => passkeys::show(&ceremony).await,
                    Err(error) => Err(format!("{} {}", error.message, error.next_step)),
                };
                busy.set(false);
                match shown {
                    Ok(shown) => onshown.emit(shown),
                    Err(words) => failed.set(Some(words)),
                }
            });
        })
    };
    html! {
        <>
            <Button id={props.id.clone()} kind={props.kind} label={props.label.clone()} busy={*busy} block={props.block} {onclick} />
            if let Some(words) = &*failed {
                <div class="pf-v6-c-helper-text__item pf-m-error" data-testid={format!("{}-error", props.id)} aria-live="polite">{ words }</div>
            }
        </>
    }
}
