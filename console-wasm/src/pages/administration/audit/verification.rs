//! Verifying the trail in the page: everything is loaded, and gone through with the code that the appliance and the command line use.

use wasm_bindgen_futures::spawn_local;
use wire::api::{ApiError, AuditHeads};
use wire::audit::{AuditKey, Broken, ExportReader, NotAKey, Verified};
use yew::prelude::*;

use crate::appliance_api::{Answer, Api};
use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::copy::CopyButton;
use crate::components::field::{TextField, kept_in};
use crate::components::icon::Icon;
use crate::console::use_console;
use crate::loaded::use_loaded;
use crate::state::audit::verdict;

/// How far verifying is.
#[derive(Clone, PartialEq)]
enum Stage {
    Idle,
    Running(u64, u64),
    Done(Result<Verified, Broken>),
    Refused(ApiError),
}

/// Properties of [`Verification`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct VerificationProps {
    /// It was verified, which is an event too.
    pub(super) onverified: Callback<()>,
}

/// The card.
#[component]
pub(super) fn Verification(props: &VerificationProps) -> Html {
    let console = use_console();
    let heads = use_loaded((), |api| async move { api.audit_heads().await });
    let stage = use_state(|| Stage::Idle);
    let noted = use_state(String::new);
    let noted_key = noted_key(&noted);
    let wrong = noted_key.is_err().then_some(AttrValue::Static("A key is 64 digits from 0 to 9 and a to f."));
    let verify = {
        let (console, stage, onverified) = (console.clone(), stage.clone(), props.onverified.clone());
        Callback::from(move |_: MouseEvent| {
            let (console, stage, onverified) = (console.clone(), stage.clone(), onverified.clone());
            let Ok(key) = noted_key else { return };
            stage.set(Stage::Running(0, 0));
            spawn_local(async move {
                let progress = {
                    let stage = stage.clone();
                    move |(done, all)| stage.set(Stage::Running(done, all))
                };
                stage.set(match verified(console.api(), key, progress).await {
                    Ok(outcome) => Stage::Done(outcome),
                    Err(refused) => Stage::Refused(refused),
                });
                onverified.emit(());
            });
        })
    };
    let is_running = matches!(*stage, Stage::Running(..));
    html! {
        <section class="sp-card" id="audit-integrity" aria-labelledby="audit-integrity-title">
            <div class="sp-card__head">
                <h2 id="audit-integrity-title">{ "Integrity" }</h2>
                <div class="sp-card__actions">
                    <a id="audit-export" class="pf-v6-c-button pf-m-secondary pf-m-small" href="/api/audit/export" download="audit-trail.jsonl">
                        <span class="pf-v6-c-button__icon pf-m-start">{ Icon::Download.html() }</span>
                        <span class="pf-v6-c-button__text">{ "Export" }</span>
                    </a>
                    <Button id="audit-verify" kind={Kind::Primary} small={true} icon={Icon::Check} label="Verify" busy={is_running} onclick={verify} />
                </div>
            </div>
            <p class="sp-pale">{ "Every event holds on to the one before by its hash, and the appliance signs the newest hash with a key outside its database. Verify loads the whole trail and goes through it in this browser; an export can be verified anywhere with “sallyport audit verify”." }</p>
            <TextField id="audit-noted-key" label="Public key that you noted earlier" value={(*noted).clone()} error={wrong}
                placeholder="Empty: the one that the appliance shows now" oninput={kept_in(&noted)} />
            { findings(heads.value.as_ref()) }
            if let Some(error) = &*heads.error {
                <ErrorAlert id="audit-heads-error" error={error.clone()} />
            }
            { match &*stage {
                Stage::Idle => Html::default(),
                Stage::Running(done, all) => progress(*done, *all),
                Stage::Refused(error) => html! { <ErrorAlert id="audit-verify-error" error={error.clone()} /> },
                Stage::Done(outcome) => {
                    let (title, next) = verdict(outcome);
                    let severity = if outcome.is_ok() { Severity::Success } else { Severity::Danger };
                    html! { <Alert id="audit-verdict" {severity} {title}><p>{ next }</p></Alert> }
                }
            } }
            if let Some(heads) = &*heads.value {
                <p class="sp-request-id">{ "Public key " }<code id="audit-key">{ &heads.public_key }</code><CopyButton text={heads.public_key.clone()} what="the public key" /></p>
            }
        </section>
    }
}

/// The key that somebody entered; none while the field is empty.
fn noted_key(text: &str) -> Result<Option<AuditKey>, NotAKey> {
    let text = text.trim();
    if text.is_empty() { Ok(None) } else { text.parse().map(Some) }
}

/// Loads the trail and verifies it with this key, or the one that the appliance shows.
async fn verified(
    api: &Api,
    noted: Option<AuditKey>,
    progress: impl Fn((u64, u64)),
) -> Answer<Result<Verified, Broken>> {
    let key = match noted {
        Some(noted) => Some(noted),
        None => api.audit_heads().await?.public_key.parse().ok(),
    };
    let mut reader = ExportReader::new(key);
    let pieces = api.audit_export().await?;
    while let Some(piece) = pieces.next().await? {
        if let Err(broken) = reader.push(&piece) {
            return Ok(Err(broken));
        }
        progress(reader.progress());
    }
    Ok(reader.finish())
}

fn findings(heads: Option<&AuditHeads>) -> Html {
    let found = heads.map(|it| it.findings.as_slice()).unwrap_or_default();
    if found.is_empty() {
        return Html::default();
    }
    html! {
        <Alert id="audit-findings" severity={Severity::Danger} title="The appliance found its audit trail tampered with">
            <ul>{ for found.iter().map(|it| html! { <li>{ format!("{}: {}.", crate::components::time::full(it.at), it.what) }</li> }) }</ul>
            <p>{ "It goes on to write; what was found stays on record. Compare with an earlier export." }</p>
        </Alert>
    }
}

fn progress(done: u64, all: u64) -> Html {
    html! {
        <div class="sp-progress" role="status" id="audit-progress">
            <progress max={all.max(1).to_string()} value={done.to_string()} aria-label="Events verified"></progress>
            <span>{ format!("{done} of {all} events") }</span>
        </div>
    }
}
