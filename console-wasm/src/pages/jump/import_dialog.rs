//! Importing items from a CSV file: choose it, see what comes of it, make the items.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use web_sys::{DragEvent, File, HtmlInputElement};
use wire::api::{ApiError, CsvRemark, ItemsImport};
use yew::prelude::*;

use super::csv_files;
use crate::components::alert::{Alert, ErrorAlert, Severity};
use crate::components::button::{Button, Kind};
use crate::components::dialog::{Dialog, Width};
use crate::components::field::target;
use crate::components::icon::Icon;
use crate::components::{saved_file, spinner};
use crate::console::use_console;
use crate::state::toasts::ToastKind;
use crate::state::{format, items_import};
use crate::submission::use_submission;

/// Properties of [`ImportDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct ImportDialogProps {
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// A file that was chosen.
#[derive(Clone, PartialEq)]
struct Chosen {
    name: String,
    content: Rc<Vec<u8>>,
    state: State,
    /// Why it was not imported, although it was right when it was looked at.
    refused: Option<Box<ApiError>>,
}

/// How far the appliance is with it.
#[derive(Clone, PartialEq)]
enum State {
    LookedAt,
    Known(Rc<ItemsImport>),
    Refused(Box<ApiError>),
    /// It was not sent, for this reason.
    NotSent(String),
}

/// The dialog.
#[component]
pub(super) fn ImportDialog(props: &ImportDialogProps) -> Html {
    let console = use_console();
    let chosen = use_state(|| None::<Chosen>);
    let over = use_state(|| false);
    let sending = use_submission();
    let choose = {
        let (console, chosen) = (console.clone(), chosen.clone());
        Callback::from(move |file: File| {
            let (console, chosen) = (console.clone(), chosen.clone());
            spawn_local(async move {
                let name = file.name();
                let show = |content: &Rc<Vec<u8>>, state| {
                    chosen.set(Some(Chosen { name: name.clone(), content: content.clone(), state, refused: None }));
                };
                let nothing = Rc::default();
                if let Some(obstacle) = items_import::too_large(file.size()) {
                    return show(&nothing, State::NotSent(obstacle));
                }
                show(&nothing, State::LookedAt);
                // What was looked at is what is imported, whatever becomes of the file meanwhile.
                let Some(content) = saved_file::content(&file).await.map(Rc::new) else {
                    return show(
                        &nothing,
                        State::NotSent("The browser cannot read this file. Choose it again.".into()),
                    );
                };
                match console.api().import_items(&content, true).await {
                    Ok(known) => show(&content, State::Known(Rc::new(known))),
                    Err(error) => show(&content, State::Refused(Box::new(error))),
                }
            });
        })
    };
    let onchange = {
        let choose = choose.clone();
        Callback::from(move |event: Event| {
            let Some(input) = target::<HtmlInputElement>(event.target()) else { return };
            if let Some(file) = input.files().and_then(|files| files.get(0)) {
                choose.emit(file);
            }
            // So that the same file, corrected, is a change again.
            input.set_value("");
        })
    };
    // The browser tells so when somebody chose nothing; that leaves the dialog as it is.
    let oncancel = Callback::from(|event: Event| event.stop_propagation());
    let ondrag = |is_over: bool| {
        let over = over.clone();
        Callback::from(move |event: DragEvent| {
            event.prevent_default();
            over.set(is_over);
        })
    };
    let ondrop = {
        let over = over.clone();
        Callback::from(move |event: DragEvent| {
            event.prevent_default();
            over.set(false);
            if let Some(file) = event.data_transfer().and_then(|it| it.files()).and_then(|files| files.get(0)) {
                choose.emit(file);
            }
        })
    };
    let known = chosen.as_ref().and_then(|it| match &it.state {
        State::Known(known) => Some(known.clone()),
        _ => None,
    });
    let obstacle = items_import::obstacle(known.as_deref());
    let onsubmit = {
        let (console, chosen, sending, onclose) =
            (console.clone(), chosen.clone(), sending.clone(), props.onclose.clone());
        let is_right = obstacle.is_empty();
        Callback::from(move |()| {
            let Some(file) = (*chosen).clone() else { return };
            let (api, content) = (console.api().clone(), file.content.clone());
            let importing = async move { api.import_items(&content, false).await };
            let (console, onclose, chosen) = (console.clone(), onclose.clone(), chosen.clone());
            let done = move |made: ItemsImport| {
                console.load_items();
                let made = format!("{} imported", format::count(made.items().into(), "item"));
                console.tell(ToastKind::Success, made, "");
                onclose.emit(());
            };
            sending.send_or(is_right, importing, done, move |error| {
                chosen.set(Some(Chosen { refused: Some(Box::new(error)), ..file }));
            });
        })
    };
    let deed = match known.as_deref().filter(|_| obstacle.is_empty()) {
        Some(known) => format!("Import {}", format::count(known.items().into(), "item")),
        None => "Import".into(),
    };
    let footer = html! {
        <>
            <Button id="import-save" kind={Kind::Primary} label={deed} {obstacle} busy={sending.is_busy()} submit={true} />
            <Button id="import-cancel" kind={Kind::Link} label="Cancel" onclick={props.onclose.reform(|_| ())} />
        </>
    };
    let template = {
        let console = console.clone();
        Callback::from(move |_: MouseEvent| csv_files::template(&console))
    };
    html! {
        <Dialog id="import-dialog" title="Import items from a CSV file" width={Width::Medium} {footer} onclose={props.onclose.clone()} {onsubmit}>
            <div class="sp-import">
                <p>
                    { "The first line names the columns, each line below makes a Protocol Tunnel Jump. You see what will be made before it is. " }
                    <Button id="import-template" kind={Kind::Link} icon={Icon::Download} class="pf-m-inline" label="Load a template" onclick={template} />
                </p>
                <div class={classes!("sp-drop", over.then_some("sp-m-over"))} ondragenter={ondrag(true)} ondragover={ondrag(true)} ondragleave={ondrag(false)} {ondrop}>
                    <input id="import-file" class="pf-v6-screen-reader" type="file" accept=".csv,text/csv" {onchange} {oncancel} />
                    <label class="pf-v6-c-button pf-m-secondary" for="import-file">
                        <span class="pf-v6-c-button__text">{ if chosen.is_some() { "Choose a file again" } else { "Choose a file" } }</span>
                    </label>
                    <span class="sp-pale">{ "or drop it here" }</span>
                    if let Some(chosen) = &*chosen {
                        <strong id="import-file-name">{ &chosen.name }</strong>
                    }
                </div>
                <div class="sp-import__outcome" aria-live="polite">
                    if let Some(chosen) = &*chosen {
                        if let Some(error) = &chosen.refused {
                            <ErrorAlert id="import-error" error={(**error).clone()}>{ refused_fields(error) }</ErrorAlert>
                        } else {
                            { outcome(&chosen.state) }
                        }
                    }
                </div>
            </div>
        </Dialog>
    }
}

fn outcome(state: &State) -> Html {
    match state {
        State::LookedAt => html! { <div class="sp-waiting">{ spinner("Looking at the file") }</div> },
        State::NotSent(why) => html! { <Alert id="import-error" severity={Severity::Danger} title={why.clone()} /> },
        State::Refused(error) => html! { <ErrorAlert id="import-error" error={(**error).clone()} /> },
        State::Known(known) if known.problem_count > 0 => html! {
            <>
                <Alert id="import-problems" severity={Severity::Danger} title={items_import::headline(known)}>
                    <p>{ "Correct these places, save the file, and choose it again." }</p>
                </Alert>
                { remarks("What is wrong in the file", &known.problems, known.problem_count) }
            </>
        },
        State::Known(known) => html! {
            <>
                <Alert id="import-ready" severity={Severity::Success} title={items_import::headline(known)}>
                    <p>{ items_import::by_group(known) }</p>
                </Alert>
                if known.warning_count > 0 {
                    <Alert id="import-warnings" severity={Severity::Warning} title="Have a look at these first; they can be imported all the same" />
                    { remarks("What is worth a look in the file", &known.warnings, known.warning_count) }
                }
            </>
        },
    }
}

/// What was right when it was looked at and is not any more.
fn refused_fields(error: &ApiError) -> Html {
    html! {
        <ul>{ for error.fields.iter().take(10).map(|it| html! { <li>{ format!("{}: {}", it.field, it.message) }</li> }) }</ul>
    }
}

fn remarks(label: &'static str, listed: &[CsvRemark], count: u32) -> Html {
    html! {
        <div class="sp-import__remarks" tabindex="0" role="group" aria-label={label}>
            <table class="pf-v6-c-table pf-m-compact" aria-label={label}>
                <thead class="pf-v6-c-table__thead">
                    <tr class="pf-v6-c-table__tr">
                        { for ["Line", "Column", "Reason and next step"].map(|heading| html! { <th class="pf-v6-c-table__th" scope="col">{ heading }</th> }) }
                    </tr>
                </thead>
                <tbody class="pf-v6-c-table__tbody">
                    { for listed.iter().map(|it| html! {
                        <tr class="pf-v6-c-table__tr" data-testid="import-remark" data-line={it.line.to_string()} data-column={it.column.clone()}>
                            <th class="pf-v6-c-table__th" scope="row">{ it.line }</th>
                            <td class="pf-v6-c-table__td">
                                if it.column.is_empty() { <span class="sp-pale">{ "whole line" }</span> } else { <code>{ &it.column }</code> }
                            </td>
                            <td class="pf-v6-c-table__td">{ &it.message }</td>
                        </tr>
                    }) }
                    if let Some(more) = items_import::not_listed(listed, count) {
                        <tr class="pf-v6-c-table__tr"><td class="pf-v6-c-table__td sp-pale" colspan="3">{ more }</td></tr>
                    }
                </tbody>
            </table>
        </div>
    }
}
