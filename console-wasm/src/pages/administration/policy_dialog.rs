//! A jump policy: a new one, or one that exists.

use wire::api::{JumpPolicy, Principal, RecordingRule, Simultaneous, Weekday};
use yew::prelude::*;

use super::capture_fields::CaptureFields;
use super::members_dialog::{key, parsed, team_words, user_words};
use super::quality_fields::QualityFields;
use crate::components::button::{Button, Kind};
use crate::components::dialog::{FormDialog, Width};
use crate::components::field::{SelectField, Switch, TextArea, TextField};
use crate::components::icon::Icon;
use crate::console::use_console;
use crate::loaded::use_loaded;
use crate::state::policy_form::{EntryFields, PolicyForm, RECORDING, SIMULTANEOUS, When};
use crate::submission::{Submission, use_submission};

/// Properties of [`PolicyDialog`].
#[derive(Clone, PartialEq, Properties)]
pub(super) struct PolicyDialogProps {
    /// The policy; none for a new one.
    pub(super) policy: Option<JumpPolicy>,
    /// Closes it.
    pub(super) onclose: Callback<()>,
}

/// Changes the form.
type Edit = Callback<Box<dyn FnOnce(&mut PolicyForm)>>;

/// The dialog.
#[component]
pub(super) fn PolicyDialog(props: &PolicyDialogProps) -> Html {
    let console = use_console();
    let sending = use_submission();
    let form = {
        let policy = props.policy.clone();
        use_state(move || {
            let zone = own_time_zone();
            policy.map_or_else(|| PolicyForm::new(&zone), |policy| PolicyForm::of(&policy, &zone))
        })
    };
    let edit: Edit = {
        let form = form.clone();
        Callback::from(move |change: Box<dyn FnOnce(&mut PolicyForm)>| {
            let mut changed = (*form).clone();
            change(&mut changed);
            form.set(changed);
        })
    };
    let onsubmit = {
        let (form, sending, onclose) = (form.clone(), sending.clone(), props.onclose.clone());
        let console = console.clone();
        Callback::from(move |()| {
            let (api, onclose, id) = (console.api().clone(), onclose.clone(), form.id);
            let Ok(draft) = form.draft() else { return sending.hold() };
            sending.send(true, async move { api.save_policy(id, &draft).await }, move |_| onclose.emit(()));
        })
    };
    let onreload = form.id.map(|id| {
        let form = form.clone();
        let load = move || console.with_api(|api| async move { api.policies().await });
        sending.reload(load, move |policies| {
            if let Some(newest) = policies.iter().find(|it| it.id == id) {
                form.set(PolicyForm::of(newest, &own_time_zone()));
            }
        })
    });
    let said = |field: &str| sending.said(field, form.wrong(field));
    let (title, deed) = match &props.policy {
        None => ("Create a jump policy".to_owned(), "Create"),
        Some(policy) => (format!("Properties of {}", policy.definition.name), "Save"),
    };
    let options: Vec<_> = When::ALL.iter().map(|(_, key, words)| ((*key).to_owned(), (*words).to_owned())).collect();
    let chosen = When::ALL.iter().find(|(it, ..)| *it == form.when).map_or("", |(_, key, _)| key);
    let help = match form.when {
        When::Always => "No schedule and no approval.",
        When::Schedule => "A policy has a schedule or asks for approval, not both.",
        When::Approval => "A policy asks for approval or has a schedule, not both.",
    };
    let text = |edit: &Edit, set: fn(&mut PolicyForm, String)| {
        edit.reform(move |text: String| change(move |form| set(form, text)))
    };
    let switch =
        |edit: &Edit, set: fn(&mut PolicyForm, bool)| edit.reform(move |on: bool| change(move |form| set(form, on)));
    html! {
        <FormDialog name="policy" {title} width={Width::Medium} {deed} sending={sending.clone()} {onsubmit} {onreload} onclose={props.onclose.clone()}>
            <TextField id="policy-name" label="Name" required={true} value={form.name.clone()} error={said("name")}
                oninput={text(&edit, |form, text| form.name = text)} />
            <SelectField id="policy-when" label="When items may be used" {options} value={chosen} {help} error={said("approval")}
                onchange={text(&edit, |form, key| if let Some((when, ..)) = When::ALL.iter().find(|(_, it, _)| *it == key) { form.when = *when })} />
            { match form.when {
                When::Always => Html::default(),
                When::Schedule => html! { <ScheduleFields form={(*form).clone()} edit={edit.clone()} sending={sending.clone()} /> },
                When::Approval => html! { <ApprovalFields form={(*form).clone()} edit={edit.clone()} sending={sending.clone()} /> },
            } }
            <Switch id="policy-ticket" label="Ask for a ticket that the ticket system says is good" on={form.ticket}
                onchange={switch(&edit, |form, on| form.ticket = on)} />
            <Switch id="policy-second-factor" label="Ask for the second factor at the start of each session" on={form.second_factor}
                onchange={switch(&edit, |form, on| form.second_factor = on)} />
            <SelectField id="policy-simultaneous" label="While a session on an item runs" options={simultaneous_options()} value={simultaneous_key(form.simultaneous)}
                onchange={text(&edit, |form, key| form.simultaneous = simultaneous_of(&key))} />
            if form.simultaneous != Simultaneous::StartNew {
                <Switch id="policy-covers-copies" label="Sessions on copies of an item count as well" on={form.covers_copies}
                    onchange={switch(&edit, |form, on| form.covers_copies = on)} />
            }
            <SelectField id="policy-recording" label="Recording of the desktop" options={recording_options()} value={recording_key(form.recording)}
                help="While tunnels are open. One policy that records outweighs others that do not."
                onchange={text(&edit, |form, key| form.recording = recording_of(&key))} />
            if form.recording == RecordingRule::On {
                <QualityFields id="policy-recording" quality={form.recording_quality}
                    onchange={edit.reform(|quality| change(move |form| form.recording_quality = quality))} />
            }
            <SelectField id="policy-traffic" label="Capture of traffic" options={recording_options()} value={recording_key(form.traffic)}
                help="What goes through the tunnels, as a file for network analysers. One policy that captures outweighs others that do not."
                onchange={text(&edit, |form, key| form.traffic = recording_of(&key))} />
            if form.traffic == RecordingRule::On {
                <CaptureFields id="policy-traffic" form={form.traffic_capture.clone()} error={said("traffic_capture")}
                    onchange={edit.reform(|capture| change(move |form| form.traffic_capture = capture))} />
            }
            <Switch id="policy-tell-start" label="Send a letter when a session starts" on={form.tell_start}
                onchange={switch(&edit, |form, on| form.tell_start = on)} />
            <Switch id="policy-tell-end" label="Send a letter when a session ends" on={form.tell_end}
                onchange={switch(&edit, |form, on| form.tell_end = on)} />
            if form.tell_start || form.tell_end {
                <TextArea id="policy-addresses" label="Mail addresses" value={form.addresses.clone()} error={said("notices.addresses")}
                    oninput={text(&edit, |form, text| form.addresses = text)} />
            }
            <TextField id="policy-link-grace" label="Seconds a session waits for a lost link" value={form.link_grace.clone()} inputmode="numeric"
                placeholder="as the appliance is configured" error={said("link_grace_seconds")}
                oninput={text(&edit, |form, text| form.link_grace = text)} />
            <TextArea id="policy-description" label="Description" value={form.description.clone()} error={said("description")}
                oninput={text(&edit, |form, text| form.description = text)} />
        </FormDialog>
    }
}

fn change(what: impl FnOnce(&mut PolicyForm) + 'static) -> Box<dyn FnOnce(&mut PolicyForm)> {
    Box::new(what)
}

#[derive(Clone, PartialEq, Properties)]
struct PartProps {
    form: PolicyForm,
    edit: Edit,
    sending: Submission,
}

#[component]
fn ScheduleFields(props: &PartProps) -> Html {
    let PartProps { form, edit, sending } = props;
    let zones = use_loaded((), |api| async move { api.time_zones().await });
    let said = |field: &str| sending.said(field, form.wrong(field));
    let add = edit.reform(|_: MouseEvent| {
        change(|form| {
            let last = form.entries.last().cloned();
            let (from, to) = last.map_or(("08:00".into(), "18:00".into()), |it| (it.from, it.to));
            form.entries.push(EntryFields { from_day: Weekday::Monday, from, to_day: Weekday::Monday, to });
        })
    });
    html! {
        <>
            <TextField id="policy-zone" label="Time zone" required={true} value={form.time_zone.clone()} list="time-zones" error={said("schedule.time_zone")}
                oninput={edit.reform(|text: String| change(move |form| form.time_zone = text))} />
            <datalist id="time-zones">
                { for zones.list().iter().map(|zone| html! { <option key={zone.clone()} value={zone.clone()} /> }) }
            </datalist>
            <fieldset class="pf-v6-c-form__group sp-schedule" id="policy-schedule">
                <legend class="pf-v6-c-form__label"><span class="pf-v6-c-form__label-text">{ "Open" }</span></legend>
                { for form.entries.iter().enumerate().map(|(at, entry)| html! {
                    <Entry key={at} {at} entry={entry.clone()} edit={edit.clone()} error={said(&format!("schedule.entries[{at}]"))} />
                }) }
                if let Some(error) = said("schedule.entries") {
                    <div class="pf-v6-c-helper-text__item pf-m-error" data-testid="policy-entries-error">{ error }</div>
                }
                <Button id="add-entry" kind={Kind::Link} icon={Icon::Plus} label="Add a time" onclick={add} />
            </fieldset>
            <Switch id="policy-strict" label="End sessions when it closes (their users are warned from 15 minutes before)" on={form.strict}
                onchange={edit.reform(|on: bool| change(move |form| form.strict = on))} />
        </>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct EntryProps {
    at: usize,
    entry: EntryFields,
    edit: Edit,
    error: Option<AttrValue>,
}

#[component]
fn Entry(props: &EntryProps) -> Html {
    let EntryProps { at, entry, edit, error } = props;
    let at = *at;
    let days: Vec<_> = Weekday::ALL.iter().map(|(_, name)| ((*name).to_owned(), (*name).to_owned())).collect();
    let on_entry = |set: fn(&mut EntryFields, String)| {
        edit.reform(move |text: String| {
            change(move |form| {
                if let Some(entry) = form.entries.get_mut(at) {
                    set(entry, text);
                }
            })
        })
    };
    let remove = edit.reform(move |_: MouseEvent| {
        change(move |form| {
            if at < form.entries.len() {
                form.entries.remove(at);
            }
        })
    });
    html! {
        <div class="sp-schedule__entry" data-testid="schedule-entry">
            <SelectField id={format!("entry-{at}-from-day")} label="From" options={days.clone()} value={entry.from_day.name()}
                onchange={on_entry(|entry, name| if let Some(day) = day_named(&name) { entry.from_day = day })} />
            <TextField id={format!("entry-{at}-from")} label="Time" value={entry.from.clone()} placeholder="08:00" {error}
                oninput={on_entry(|entry, text| entry.from = text)} />
            <SelectField id={format!("entry-{at}-to-day")} label="To" options={days} value={entry.to_day.name()}
                onchange={on_entry(|entry, name| if let Some(day) = day_named(&name) { entry.to_day = day })} />
            <TextField id={format!("entry-{at}-to")} label="Time" value={entry.to.clone()} placeholder="18:00"
                oninput={on_entry(|entry, text| entry.to = text)} />
            <Button class="sp-remove-entry" kind={Kind::Plain} small={true} icon={Icon::Trash} title={format!("Remove the time {}", at + 1)} onclick={remove} />
        </div>
    }
}

fn day_named(name: &str) -> Option<Weekday> {
    Weekday::ALL.iter().find(|(_, it)| *it == name).map(|(day, _)| *day)
}

#[component]
fn ApprovalFields(props: &PartProps) -> Html {
    let PartProps { form, edit, sending } = props;
    let users = use_loaded((), |api| async move { api.users().await });
    let teams = use_loaded((), |api| async move { api.teams().await });
    let said = |field: &str| sending.said(field, form.wrong(field));
    let everybody = teams.list().iter().map(|it| (Principal::Team(it.id), team_words(it)));
    let everybody: Vec<_> =
        everybody.chain(users.list().iter().map(|it| (Principal::User(it.id), user_words(it)))).collect();
    let to_add: Vec<_> = everybody
        .iter()
        .filter(|(who, _)| !form.approvers.contains(who))
        .map(|(who, words)| (key(*who), words.clone()))
        .collect();
    let add = edit.reform(|text: String| change(move |form| form.approvers.extend(parsed(&text))));
    let row = |who: &Principal| {
        let words = everybody.iter().find(|(it, _)| it == who).map_or("removed meanwhile", |(_, words)| words.as_str());
        let who = *who;
        let remove = edit.reform(move |_: MouseEvent| change(move |form| form.approvers.retain(|it| *it != who)));
        html! {
            <li key={key(who)} data-testid="approver">
                { words }
                <Button class="sp-remove-approver" kind={Kind::Plain} small={true} icon={Icon::Trash} title={format!("Take {words} out")} onclick={remove} />
            </li>
        }
    };
    html! {
        <>
            if !form.approvers.is_empty() {
                <ul class="sp-approvers" aria-label="Who may approve">{ for form.approvers.iter().map(row) }</ul>
            }
            <SelectField id="policy-approver" label="Add who may approve" options={to_add} value="" none="Choose…" onchange={add} error={said("approval.approvers")} />
            <TextArea id="policy-approver-emails" label="Mail addresses that may approve" value={form.approver_emails.clone()} error={said("approval.emails")}
                help="One in a line. Each gets a letter with a link of its own, and needs no account."
                oninput={edit.reform(|text: String| change(move |form| form.approver_emails = text))} />
            <TextField id="policy-max-minutes" label="Longest time of one approval, in minutes" required={true} value={form.max_minutes.clone()} inputmode="numeric"
                help={html! { "480 minutes are 8 hours, 10080 a week." }} error={said("approval.max_minutes")}
                oninput={edit.reform(|text: String| change(move |form| form.max_minutes = text))} />
            <Switch id="policy-anyone" label="An approval is good for everybody who may start the item" on={form.anyone}
                onchange={edit.reform(|on: bool| change(move |form| form.anyone = on))} />
            <Switch id="policy-own-requests" label="Who may approve may approve their own requests" on={form.own_requests}
                onchange={edit.reform(|on: bool| change(move |form| form.own_requests = on))} />
        </>
    }
}

fn simultaneous_options() -> Vec<(String, String)> {
    SIMULTANEOUS.iter().map(|(_, key, words)| ((*key).to_owned(), (*words).to_owned())).collect()
}

fn simultaneous_key(it: Simultaneous) -> &'static str {
    SIMULTANEOUS.iter().find(|(known, ..)| *known == it).map_or("", |(_, key, _)| key)
}

fn simultaneous_of(key: &str) -> Simultaneous {
    SIMULTANEOUS.iter().find(|(_, known, _)| *known == key).map_or_else(Simultaneous::default, |(it, ..)| *it)
}

fn recording_options() -> Vec<(String, String)> {
    RECORDING.iter().map(|(_, key, words)| ((*key).to_owned(), (*words).to_owned())).collect()
}

fn recording_key(it: RecordingRule) -> &'static str {
    RECORDING.iter().find(|(known, ..)| *known == it).map_or("", |(_, key, _)| key)
}

fn recording_of(key: &str) -> RecordingRule {
    RECORDING.iter().find(|(_, known, _)| *known == key).map_or_else(RecordingRule::default, |(it, ..)| *it)
}

/// Name of the time zone of this browser.
fn own_time_zone() -> String {
    let options = js_sys::Intl::DateTimeFormat::default().resolved_options();
    let zone = js_sys::Reflect::get(&options, &"timeZone".into()).ok().and_then(|it| it.as_string());
    zone.unwrap_or_else(|| "UTC".into())
}
