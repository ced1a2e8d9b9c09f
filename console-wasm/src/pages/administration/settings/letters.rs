use wire::api::{LetterKind, LetterTemplate, LetterTemplates, Placeholder};
use wire::{letter_text, validate};
use yew::prelude::*;

use super::kept_form::{KeptForm, refusal, use_kept_form, wrong};
use crate::components::button::{Button, Kind};
use crate::components::field::{SelectField, TextArea, TextField};
use crate::components::icon::Icon;
use crate::console::use_console;
use crate::submission::{Submission, use_submission};

/// How letters are written, with a look at each.
#[component]
pub(super) fn Letters() -> Html {
    let kept = use_kept_form(|api| async move { api.letters().await });
    let sending = use_submission();
    let shown = use_state(|| LetterKind::SessionStarted);
    let choose = {
        let shown = shown.clone();
        Callback::from(move |key: String| {
            if let Some((kind, ..)) = LetterKind::ALL.iter().find(|(_, it, _)| *it == key) {
                shown.set(*kind);
            }
        })
    };
    let kinds: Vec<_> =
        LetterKind::ALL.iter().map(|(_, key, words)| ((*key).to_owned(), (*words).to_owned())).collect();
    let about = "How letters are written: plain text, with words in braces for what changes. Which policies send them, and to whom, stands in the policies.";
    kept.card("letter", "Letters", about, |form| {
        html! {
            <>
                <SelectField id="letter-kind" label="Letter" options={kinds} value={key_of(*shown)} onchange={choose} />
                <LetterFields key={key_of(*shown)} kind={*shown} all={form.clone()} kept={kept.clone()} sending={sending.clone()} />
            </>
        }
    })
}

fn key_of(kind: LetterKind) -> &'static str {
    LetterKind::ALL.iter().find(|(it, ..)| *it == kind).map_or("", |(_, key, _)| key)
}

#[derive(Clone, PartialEq, Properties)]
struct LetterFieldsProps {
    kind: LetterKind,
    all: LetterTemplates,
    kept: KeptForm<LetterTemplates>,
    sending: Submission,
}

#[component]
fn LetterFields(props: &LetterFieldsProps) -> Html {
    let console = use_console();
    let LetterFieldsProps { kind, all, kept, sending } = props;
    let kind = *kind;
    let template = all.of(kind);
    let errors = validate::letter_templates(all);
    // What stands in the fields is looked at while it is typed: what is wrong with it also shows in what it would look like.
    let said = |field: &str| {
        let named = format!("{}.{field}", key_of(kind));
        wrong(&errors, &named).map(AttrValue::from).or_else(|| sending.said(&named, None))
    };
    let edit = |set: fn(&mut LetterTemplate, String)| {
        kept.edit(move |all: &mut LetterTemplates, text: String| set(all.of_mut(kind), text))
    };
    let reset = kept.edit(move |all: &mut LetterTemplates, _: MouseEvent| *all.of_mut(kind) = kind.default_template());
    let onsubmit = kept.saving(
        (&console, sending),
        (all.clone(), errors.is_empty()),
        |api, all| async move { api.set_letters(&all).await },
        |all| ("The letters are set", all),
    );
    let as_it_comes =
        if *template == kind.default_template() { "It is written as it comes with the appliance." } else { "" };
    html! {
        <form class="pf-v6-c-form sp-letter" novalidate={true} {onsubmit} aria-label="How the letter is written">
            { refusal("letters-error", sending, &kept.reload) }
            <TextField id="letter-subject" label="Subject" required={true} value={template.subject.clone()} error={said("subject")}
                oninput={edit(|it, text| it.subject = text)} />
            <div class="sp-letter__text">
                <TextArea id="letter-text" label="Text" value={template.text.clone()} error={said("text")}
                    help="A line in which no word in braces has a value is left out." oninput={edit(|it, text| it.text = text)} />
            </div>
            { words(kind.placeholders()) }
            { preview(kind, template) }
            <div class="sp-letter__actions">
                { kept.save_button("letters-save", sending) }
                <Button id="letter-reset" kind={Kind::Link} icon={Icon::Redo} label="As it comes with the appliance" obstacle={as_it_comes} onclick={reset} />
            </div>
        </form>
    }
}

fn words(all: &'static [Placeholder]) -> Html {
    html! {
        <details class="sp-letter__words" id="letter-words">
            <summary>{ "Words in braces" }</summary>
            <dl>
                { for all.iter().map(|it| html! {
                    <div key={it.name}><dt><code>{ format!("{{{}}}", it.name) }</code></dt><dd>{ it.meaning }</dd></div>
                }) }
            </dl>
        </details>
    }
}

/// What a letter would look like.
fn preview(kind: LetterKind, template: &LetterTemplate) -> Html {
    let example = |word: &str| {
        let known = kind.placeholders().iter().find(|it| it.name == word);
        known.map_or_else(|| format!("{{{word}}}"), |it| it.example.to_owned())
    };
    let letter = letter_text::filled(template, example);
    html! {
        <figure class="sp-letter__preview" id="letter-preview">
            <figcaption>{ "For example" }</figcaption>
            <p class="sp-letter__subject" data-testid="preview-subject">{ letter.subject }</p>
            <pre data-testid="preview-text">{ letter.text }</pre>
        </figure>
    }
}
