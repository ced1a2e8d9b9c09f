//! Recovery codes, shown once.

use wire::SecretText;
use yew::prelude::*;

use crate::components::alert::{Alert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::copy::CopyButton;
use crate::components::field::focus;

/// Properties of [`Codes`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct CodesProps {
    /// The codes.
    pub(super) codes: Vec<SecretText>,
    /// They were written down.
    pub(super) ondone: Callback<()>,
}

/// The codes, and a button that says they are kept.
#[component]
pub(super) fn Codes(props: &CodesProps) -> Html {
    use_effect_with((), |()| focus("recovery-codes-kept"));
    let all: Vec<&str> = props.codes.iter().map(SecretText::expose).collect();
    html! {
        <div class="sp-enrol" id="recovery-codes">
            <Alert severity={Severity::Info} title="Keep these recovery codes where you find them without your telephone">
                <p>{ "Each of them signs you in once instead of a code of the app. They are not shown again." }</p>
            </Alert>
            <ul class="sp-codes" aria-label="Recovery codes">
                { for all.iter().map(|code| html! { <li key={(*code).to_owned()} data-testid="recovery-code"><code>{ *code }</code></li> }) }
            </ul>
            <div class="sp-factor">
                <Button id="recovery-codes-kept" kind={Kind::Primary} label="I have kept them" onclick={props.ondone.reform(|_| ())} />
                <CopyButton id="copy-recovery-codes" text={all.join("\n")} what="the recovery codes" />
            </div>
        </div>
    }
}
