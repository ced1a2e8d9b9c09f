//! A picture of every page, light and dark, at the two sizes it has to work at; and what must be true of each.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::servers::Echo;
use tests::site::{Site, on_a_site_with_console};
use wire::api::{JumpGroup, JumpGroupDraft, TunnelDefinition};

use crate::ready_console;

const SIZES: [(u32, u32); 2] = [(1280, 800), (1920, 1080)];

#[test]
fn every_page_light_and_dark_small_and_large() -> Result<()> {
    on_a_site_with_console(|site| {
        let echo = Echo::start()?;
        furnish(site, &echo)?;
        let (_workstation, console) = ready_console(site)?;
        console.jump("db-prod-1")?;
        console.tunnel(2)?;
        let session = console.url()?;
        let session = session.trim_start_matches(&site.appliance.ready.url).to_owned();
        let pages = [
            ("jump", "/"),
            ("session", session.as_str()),
            ("sessions", "/sessions"),
            ("agents", "/agents"),
            ("administration", "/administration"),
            ("account", "/account"),
            ("get-the-helper", "/helper"),
            ("not-found", "/nowhere"),
        ];
        for (width, height) in SIZES {
            console.set_size(width, height)?;
            for dark in [false, true] {
                console.set_dark(dark)?;
                let look = if dark { "dark" } else { "light" };
                for (name, path) in pages {
                    console.visit(path)?;
                    console.wait_for("main")?;
                    console.wait_for_helper()?;
                    if name == "jump" {
                        console.select("db-prod-1")?;
                    }
                    // Lists load after the frame stands.
                    std::thread::sleep(std::time::Duration::from_millis(600));
                    console.screenshot(&format!("{name}-{width}x{height}-{look}"))?;
                    let wide = console.script(
                        "return document.documentElement.scrollWidth > document.documentElement.clientWidth",
                        vec![],
                    )?;
                    ensure!(wide == json!(false), "{name} at {width}x{height} scrolls sideways");
                    let background = console
                        .script("return getComputedStyle(document.body).backgroundColor", vec![])?
                        .as_str()
                        .unwrap_or_default()
                        .to_owned();
                    ensure!(is_dark(&background) == dark, "{name} in {look} has the background {background}");
                }
            }
        }
        console.visit("/")?;
        console.open_create_dialog()?;
        console.screenshot("create-dialog-dark")?;
        console.set_dark(false)?;
        console.screenshot("create-dialog-light")?;
        Ok(())
    })
}

#[test]
fn nothing_is_loaded_from_elsewhere() -> Result<()> {
    on_a_site_with_console(|site| {
        let (_workstation, console) = ready_console(site)?;
        for path in ["/", "/sessions", "/agents", "/administration", "/account", "/helper"] {
            console.visit(path)?;
            console.wait_for("main")?;
            let loaded =
                console.script("return performance.getEntriesByType('resource').map(it => it.name)", vec![])?;
            for address in loaded.as_array().into_iter().flatten().filter_map(|it| it.as_str()) {
                let own = address.starts_with(&site.appliance.ready.url) || address.starts_with("data:");
                ensure!(own || address.starts_with("chrome-extension:"), "{path} loads {address}");
            }
        }
        Ok(())
    })
}

/// Group, tag, name, host, local address, and pairs of ports with what speaks there.
type Sample =
    (&'static str, &'static str, &'static str, &'static str, &'static str, &'static [(u32, u32, &'static str)]);

/// What a small company might have. The ports 0 stand for the test's own server.
const SAMPLES: [Sample; 10] = [
    ("Production", "billing", "db-prod-1", "127.0.0.1", "127.4.0.9", &[(5432, 0, "PostgreSQL"), (2022, 0, "SSH")]),
    ("Production", "billing", "ledger-db", "10.20.0.11", "127.4.0.11", &[(5432, 5432, "PostgreSQL")]),
    ("Production", "shop", "cart-cache", "10.20.0.21", "127.4.0.21", &[(6379, 6379, "Redis")]),
    ("Production", "shop", "web-7", "web-7.corp.example", "127.4.0.10", &[(8080, 80, "HTTP"), (8443, 443, "HTTPS")]),
    ("Production", "", "mail-1", "mail-1.corp.example", "127.4.0.25", &[(2022, 22, "SSH")]),
    ("Production", "", "erp", "10.20.0.40", "127.4.0.40", &[(3306, 3306, "MySQL")]),
    ("Lab", "", "ci-runner-1", "10.30.0.7", "127.4.1.7", &[(2022, 22, "SSH")]),
    ("Lab", "", "ci-runner-2", "10.30.0.8", "127.4.1.8", &[(2022, 22, "SSH")]),
    ("Lab", "", "test-db", "10.30.0.20", "127.4.1.20", &[(5432, 5432, "PostgreSQL")]),
    ("Lab", "", "plc-bench", "10.30.9.2", "127.4.1.50", &[(5020, 502, "")]),
];

fn furnish(site: &Site, echo: &Echo) -> Result<()> {
    let lab = JumpGroupDraft { name: "Lab".into(), comments: String::new() };
    let lab: JumpGroup = site.admin.post("/api/jump-groups", &lab)?.ok()?;
    for (group, tag, name, hostname, local_address, pairs) in SAMPLES {
        let mut draft = site.draft(name, hostname, local_address, &[]);
        draft.group_id = if group == "Lab" { lab.id } else { site.group };
        draft.tag = Some(tag.into());
        draft.comments = "Ask the database team before maintenance.".into();
        draft.tunnels = pairs
            .iter()
            .map(|&(local_port, remote_port, label)| TunnelDefinition {
                local_port,
                remote_port: if remote_port == 0 { echo.port().into() } else { remote_port },
                label: label.into(),
            })
            .collect();
        site.admin.post("/api/jump-items", &draft)?.success()?;
    }
    site.technician("tom")?;
    Ok(())
}

/// Whether a colour as `rgb(r, g, b)` is dark.
fn is_dark(colour: &str) -> bool {
    let numbers = colour.split(|sign: char| !sign.is_ascii_digit()).filter_map(|number| number.parse::<u32>().ok());
    numbers.take(3).sum::<u32>() < 3 * 128
}
