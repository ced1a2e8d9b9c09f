//! Passkeys by hand, with an authenticator of the browser's own: added, asked for at sign-in and before a session, removed.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::audit_trail::events_after;
use tests::browser::{Options, Workstation};
use tests::console::Console;
use tests::site::{ADMIN, ADMIN_PASSWORD, on_a_site_with_console};
use tests::wait::{self, SOON};
use wire::api::{JumpPolicy, JumpPolicyDraft, Notices, Simultaneous, TunnelJumpDraft};
use wire::audit::Action;

use crate::{pictures, signed_in};

fn sign_out(console: &Console) -> Result<()> {
    console.click("user-menu")?;
    console.click("sign-out")?;
    console.wait_for("user-name")
}

fn rows(console: &Console) -> Result<usize> {
    let script = "return document.querySelectorAll('[data-testid=\"passkey-row\"]').length";
    Ok(console.script(script, vec![])?.as_u64().and_then(|it| usize::try_from(it).ok()).unwrap_or_default())
}

fn wait_for_rows(console: &Console, count: usize) -> Result<()> {
    wait::until_true(&format!("there are {count} passkeys"), SOON, || Ok(rows(console)? == count))
}

#[test]
fn a_passkey_is_added_asked_for_and_removed() -> Result<()> {
    on_a_site_with_console(|site| {
        let item = site.item("db-prod-1", "10.0.0.5", "127.38.1.1", &[(0, 5432)])?;
        let draft = JumpPolicyDraft {
            name: "Both hands".into(),
            description: String::new(),
            schedule: None,
            approval: None,
            ticket: false,
            second_factor: true,
            notices: Notices::default(),
            simultaneous: Simultaneous::StartNew,
            covers_copies: false,
            link_grace_seconds: None,
            recording: wire::api::RecordingRule::AsSettings,
            recording_quality: wire::api::RecordingQuality::default(),
            traffic: wire::api::RecordingRule::AsSettings,
            traffic_capture: wire::api::TrafficCapture::default(),
            revision: 0,
        };
        let policy: JumpPolicy = site.admin.post("/api/jump-policies", &draft)?.ok()?;
        let guarded = TunnelJumpDraft { jump_policy_id: Some(policy.id), ..item.definition.clone() };
        site.admin.put(&format!("/api/jump-items/{}", item.id), &guarded)?.success()?;

        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        let authenticator = console.browser().add_authenticator()?;
        console.visit("/account")?;
        console.click("add-passkey")?;
        console.type_into("passkey-name", "")?;
        console.type_into("passkey-password", "not my password")?;
        console.click("passkey-save")?;
        console.wait_for("passkey-name-error")?;
        console.type_into("passkey-name", "Laptop")?;
        console.click("passkey-save")?;
        console.wait_for("passkey-password-error")?;
        pictures(&mut console, "passkey-dialog")?;
        console.type_into("passkey-password", ADMIN_PASSWORD)?;
        // Somebody whom the device does not recognise.
        authenticator.recognises(false)?;
        console.click("passkey-save")?;
        console.wait_for_text("passkey-error", |text| text.contains("cancelled"))?;
        authenticator.recognises(true)?;
        console.type_into("passkey-password", ADMIN_PASSWORD)?;
        console.click("passkey-save")?;
        // With the first second factor come recovery codes.
        console.wait_for("recovery-codes")?;
        console.click("recovery-codes-kept")?;
        wait_for_rows(&console, 1)?;
        pictures(&mut console, "passkey-added")?;

        // The same device is not added twice.
        console.click("add-passkey")?;
        console.type_into("passkey-password", ADMIN_PASSWORD)?;
        console.click("passkey-save")?;
        console.wait_for_text("passkey-error", |text| text.contains("already"))?;
        console.click("passkey-cancel")?;

        sign_out(&console)?;
        console.type_sign_in(ADMIN, ADMIN_PASSWORD)?;
        console.wait_for("use-passkey")?;
        pictures(&mut console, "second-step-passkey")?;
        authenticator.recognises(false)?;
        console.click("use-passkey")?;
        console.wait_for("use-passkey-error")?;
        authenticator.recognises(true)?;
        console.click("use-passkey")?;
        console.wait_for("account-page")?;
        wait_for_rows(&console, 1)?;
        let text =
            console.script("return document.querySelector('[data-testid=\"passkey-row\"]').innerText", vec![])?;
        ensure!(text.as_str().is_some_and(|it| it.contains("used")), "{text}");

        console.click("nav-jump")?;
        console.select("db-prod-1")?;
        console.click("jump")?;
        console.wait_for("start-passkey")?;
        pictures(&mut console, "start-passkey")?;
        console.click("start-passkey")?;
        console.wait_for("protocol-tunneling")?;

        console.visit("/account")?;
        console.click_on(".sp-remove-passkey")?;
        console.type_into("both-password", ADMIN_PASSWORD)?;
        console.click("both-passkey")?;
        wait_for_rows(&console, 0)?;
        let told = events_after(&site.admin, 0)?;
        for action in [Action::UserSecondFactorSetUp, Action::UserSecondFactorRemoved] {
            ensure!(told.iter().any(|it| it.action == action && it.after["passkey"] == json!("Laptop")), "{action:?}");
        }
        sign_out(&console)?;
        console.type_sign_in(ADMIN, ADMIN_PASSWORD)?;
        console.wait_for("account-page")
    })
}

#[test]
fn a_signature_of_another_page_signs_nobody_in() -> Result<()> {
    on_a_site_with_console(|site| {
        let workstation = Workstation::new(&site.appliance.ready)?;
        let mut console = signed_in(site, &workstation, Options::default())?;
        let _authenticator = console.browser().add_authenticator()?;
        console.visit("/account")?;
        console.click("add-passkey")?;
        console.type_into("passkey-password", ADMIN_PASSWORD)?;
        console.click("passkey-save")?;
        console.click("recovery-codes-kept")?;
        wait_for_rows(&console, 1)?;
        sign_out(&console)?;
        // What was signed for one challenge is worth nothing for another, nor twice, nor with other words.
        let attack = r"
            const post = async (path, body) => {
                const answer = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
                return { status: answer.status, body: await answer.json() };
            };
            const [user_name, password, done] = arguments;
            const begin = async () => (await post('/api/sign-in', { user_name, password })).body;
            const sign = async step => (await navigator.credentials.get({
                publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(step.passkey.options).publicKey),
            })).toJSON();
            const show = (step, ceremony, credential) => post('/api/sign-in/second-factor', {
                challenge: step.challenge, passkey: { ceremony, credential: JSON.stringify(credential) },
            });
            const run = async () => {
                const [one, other] = [await begin(), await begin()];
                const signed = await sign(one);
                const ofOther = await show(other, other.passkey.ceremony, signed);
                const forged = structuredClone(signed);
                forged.response.signature = forged.response.signature.slice(0, -4) + 'AAAA';
                const third = await begin();
                const bent = await sign(third);
                bent.response.signature = bent.response.signature.slice(0, -4) + 'AAAA';
                const ofForged = await show(third, third.passkey.ceremony, bent);
                const crossed = await show(one, third.passkey.ceremony, signed);
                return [ofOther.status, ofForged.status, crossed.status];
            };
            return run();
        ";
        let statuses = console.script(attack, vec![json!(ADMIN), json!(ADMIN_PASSWORD)])?;
        ensure!(statuses == json!([401, 401, 401]), "{statuses}");
        console.reload()?;
        console.wait_for("user-name")
    })
}
