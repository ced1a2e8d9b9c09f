use yew::prelude::*;

use super::super::capture_fields::CaptureFields;
use super::super::quality_fields::QualityFields;
use super::kept_form::{KeptForm, refusal, use_kept_form, wrong};
use crate::components::alert::{Alert, Severity};
use crate::components::field::{Switch, TextArea, TextField};
use crate::console::use_console;
use crate::state::site_form::SiteForm;
use crate::submission::{Submission, use_submission};

/// Banner, limits, and how long sessions are kept.
#[component]
pub(super) fn Site() -> Html {
    let kept = use_kept_form(|api| async move { api.site_settings().await.map(|settings| SiteForm::new(&settings)) });
    let sending = use_submission();
    kept.card("site", "Banner, limits and recording", "", |form| {
        html! { <Fields form={form.clone()} kept={kept.clone()} sending={sending.clone()} /> }
    })
}

#[derive(Clone, PartialEq, Properties)]
struct FieldsProps {
    form: SiteForm,
    kept: KeptForm<SiteForm>,
    sending: Submission,
}

#[component]
fn Fields(props: &FieldsProps) -> Html {
    let console = use_console();
    let FieldsProps { form, kept, sending } = props;
    let errors = form.errors();
    let said = |field: &str| sending.said(field, wrong(&errors, field));
    let onsubmit = kept.saving(
        (&console, sending),
        (form.rules(), errors.is_empty()),
        |api, rules| async move { api.set_site_settings(&rules).await },
        |settings| ("Banner, limits and recording are set", SiteForm::new(&settings)),
    );
    let (minutes, hours) = form.configured();
    html! {
        <form class="pf-v6-c-form sp-fields" novalidate={true} {onsubmit} aria-label="Banner, limits and recording">
            { refusal("site-error", sending, &kept.reload) }
            <div class="sp-fields__all">
                <Switch id="site-has-banner" label="People read a text before they sign in" on={form.has_banner}
                    onchange={kept.edit(|form: &mut SiteForm, on| form.has_banner = on)} />
            </div>
            if form.has_banner {
                <div class="sp-fields__all">
                    <TextArea id="site-banner" label="Text" value={form.banner.clone()} error={said("banner")}
                        help="Line breaks stay. It is shown to everybody who opens the console, so nothing secret belongs into it."
                        oninput={kept.edit(|form: &mut SiteForm, text| form.banner = text)} />
                </div>
                <div class="sp-fields__all">
                    <Switch id="site-must-agree" label="They have to agree before the form for signing in comes" on={form.must_agree}
                        onchange={kept.edit(|form: &mut SiteForm, on| form.must_agree = on)} />
                </div>
            }
            <TextField id="site-idle-minutes" label="Sign-in ends after minutes of nobody there" inputmode="numeric" value={form.idle_minutes.clone()}
                help={format!("Empty: {minutes}, as the appliance is configured.")} error={said("sign_in_idle_minutes")}
                oninput={kept.edit(|form: &mut SiteForm, text| form.idle_minutes = text)} />
            <TextField id="site-hours" label="Sign-in ends after hours in any case" inputmode="numeric" value={form.hours.clone()}
                help={format!("Empty: {hours}, as the appliance is configured. For sign-ins from now on.")} error={said("sign_in_hours")}
                oninput={kept.edit(|form: &mut SiteForm, text| form.hours = text)} />
            <TextField id="site-sessions-per-user" label="Sessions of one user at a time" inputmode="numeric" value={form.sessions_per_user.clone()}
                error={said("sessions_per_user")} oninput={kept.edit(|form: &mut SiteForm, text| form.sessions_per_user = text)} />
            <TextField id="site-keep-days" label="Days for which sessions are kept" inputmode="numeric" value={form.keep_sessions_days.clone()}
                help="Empty: for ever. The audit trail stays whole." error={said("keep_sessions_days")}
                oninput={kept.edit(|form: &mut SiteForm, text| form.keep_sessions_days = text)} />
            if !form.keep_sessions_days.trim().is_empty() && kept.is_changed() {
                <div class="sp-fields__all">
                    <Alert id="site-keep-warning" severity={Severity::Warning} title="Sessions that ended longer ago are deleted with their connections and events, within ten minutes and for good" />
                </div>
            }
            <div class="sp-fields__all">
                <Switch id="site-record" label="Record the desktop while tunnels are open, where no jump policy says otherwise" on={form.records_desktops}
                    onchange={kept.edit(|form: &mut SiteForm, on| form.records_desktops = on)} />
            </div>
            if form.records_desktops {
                <QualityFields id="site-recording" quality={form.recording_quality}
                    onchange={kept.edit(|form: &mut SiteForm, quality| form.recording_quality = quality)} />
            }
            <div class="sp-fields__all">
                <Switch id="site-capture" label="Capture what goes through the tunnels, where no jump policy says otherwise" on={form.captures_traffic}
                    onchange={kept.edit(|form: &mut SiteForm, on| form.captures_traffic = on)} />
            </div>
            if form.captures_traffic {
                <CaptureFields id="site-capture" form={form.traffic_capture.clone()} error={said("capture_traffic")}
                    onchange={kept.edit(|form: &mut SiteForm, capture| form.traffic_capture = capture)} />
            }
            <div class="sp-fields__all">{ kept.save_button("site-save", sending) }</div>
        </form>
    }
}
