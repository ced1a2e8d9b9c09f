//! A picture of every page, light and dark, at the two sizes it has to work at; and what must be true of each.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::servers::Echo;
use tests::site::{Site, on_a_site_with_console};
use wire::api::JumpGroup;

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

fn furnish(site: &Site, echo: &Echo) -> Result<()> {
    let echo = u32::from(echo.port());
    site.item("db-prod-1", "127.0.0.1", "127.4.0.9", &[(5432, echo), (2022, echo)])?;
    site.item("web-7", "web-7.corp.example", "127.4.0.10", &[(8080, 80)])?;
    let groups: Vec<JumpGroup> = site.admin.get("/api/jump-groups")?;
    for (number, group) in groups.iter().enumerate() {
        for name in ["billing", "mail", "cache", "ci"] {
            let local = format!("127.5.{number}.1");
            let mut draft =
                site.draft(&format!("{name}-{number}"), &format!("10.0.{number}.5"), &local, &[(6379, 6379)]);
            draft.group_id = group.id;
            draft.tag = Some("billing".into());
            draft.comments = "Ask the database team before maintenance.".into();
            site.admin.post("/api/jump-items", &draft)?.success()?;
        }
    }
    site.technician("tom")?;
    Ok(())
}

/// Whether a colour as `rgb(r, g, b)` is dark.
fn is_dark(colour: &str) -> bool {
    let numbers = colour.split(|sign: char| !sign.is_ascii_digit()).filter_map(|number| number.parse::<u32>().ok());
    numbers.take(3).sum::<u32>() < 3 * 128
}
