//! Traffic that is captured: switched on by hand, told to whoever uses the item, looked at by whoever may.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::program::run;
use tests::servers::{Redis, find_program};
use tests::site::on_a_site_with_console;
use wire::api::{JumpPolicy, RecordingRule, TunnelJumpDraft, WhenFull};

use crate::{open_section, pictures, ready_console, wait_for_words, words_of};

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn traffic_is_captured_and_looked_at() -> Result<()> {
    on_a_site_with_console(|site| {
        let redis = Redis::start()?;
        let item = site.item("cache", "127.0.0.1", "127.39.1.1", &[(0, redis.port.into())])?;
        let (_workstation, mut console) = ready_console(site)?;
        open_section(&console, "policies")?;
        console.click("create-policy")?;
        console.type_into("policy-name", "Captured")?;
        console.choose("policy-traffic", "on")?;
        console.type_into("policy-traffic-size", "0")?;
        console.click("policy-save")?;
        console.wait_for("policy-traffic-size-error")?;
        console.type_into("policy-traffic-size", "20")?;
        console.choose("policy-traffic-full", "the session goes on, and no more is captured")?;
        pictures(&mut console, "policy-dialog-capture")?;
        console.click("policy-save")?;
        console.wait_until_gone("policy-dialog")?;
        let all: Vec<JumpPolicy> = site.admin.get("/api/jump-policies")?;
        let made = all.iter().find(|it| it.definition.name == "Captured").context("it was made")?;
        let capture = made.definition.traffic_capture;
        ensure!(made.definition.traffic == RecordingRule::On && capture.max_mebibytes == 20, "{made:?}");
        ensure!(capture.when_full == WhenFull::GoOn, "{made:?}");
        let draft = TunnelJumpDraft { jump_policy_id: Some(made.id), ..item.definition };
        site.admin.put(&format!("/api/jump-items/{}", item.id), &draft)?.success()?;

        console.visit("/")?;
        console.jump("cache")?;
        console.wait_for("start-captures")?;
        console.wait_for("session-captures")?;
        let address = console.tunnel(1)?[0];
        for words in [&["set", "key", "a captured value"][..], &["get", "key"], &["hget", "key", "field"]] {
            let mut command = Command::new(find_program("redis-cli", &[])?);
            run(command.args(["-h", &address.ip().to_string(), "-p", &address.port().to_string()]).args(words), LIMIT)?;
        }
        console.end_session()?;
        console.wait_for("capture-file")?;
        wait_for_words(&console, "[data-testid=captured-connection]", "Redis")?;
        console.click_on("[data-testid=captured-connection] .sp-look")?;
        console.wait_for("captured-statement")?;
        let said = words_of(&console, "#captured-statements")?;
        ensure!(said.contains("SET") && said.contains("\"a captured value\"") && said.contains("OK"), "{said}");
        pictures(&mut console, "captured-statements")?;
        console.click("look-text")?;
        wait_for_words(&console, "#captured-bytes", "a captured value")?;
        console.click("look-hex")?;
        wait_for_words(&console, "#captured-bytes", "00000000  2b 4f 4b 0d 0a")?;
        pictures(&mut console, "captured-bytes")
    })
}
