//! A picture of every page, light and dark, at the sizes it has to work at and at 200 %; and what must be true of each.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tests::api_client::ApiClient;
use tests::appliance::{Appliance, Options as ApplianceOptions};
use tests::browser::{Browser, Options, Workstation};
use tests::console::Console;
use tests::servers::Echo;
use tests::site::{ADMIN, ADMIN_PASSWORD, Site, on_a_site_with_console};
use tests::wait::{self, SOON};
use wire::api::{JumpGroup, JumpGroupDraft, Me, TunnelDefinition};

use crate::ready_console;

/// Width, height and zoom, and whether the look is dark.
#[derive(Clone, Copy)]
struct View {
    width: u32,
    height: u32,
    zoom: u32,
    dark: bool,
}

/// The two sizes in both looks; a smaller window; and both sizes at 200 %.
const VIEWS: [View; 7] = [
    View { width: 1280, height: 800, zoom: 1, dark: false },
    View { width: 1280, height: 800, zoom: 1, dark: true },
    View { width: 1920, height: 1080, zoom: 1, dark: false },
    View { width: 1920, height: 1080, zoom: 1, dark: true },
    View { width: 1100, height: 760, zoom: 1, dark: false },
    View { width: 1280, height: 800, zoom: 2, dark: false },
    View { width: 1920, height: 1080, zoom: 2, dark: true },
];

impl View {
    fn apply(self, console: &Console) -> Result<()> {
        console.set_size_and_zoom(self.width, self.height, self.zoom)?;
        console.set_dark(self.dark)
    }

    fn name(self, page: &str) -> String {
        let look = if self.dark { "dark" } else { "light" };
        let zoom = if self.zoom == 1 { String::new() } else { format!("-{}00%", self.zoom) };
        format!("{page}-{}x{}{zoom}-{look}", self.width, self.height)
    }
}

/// Takes a picture of the page as it is, and says what is wrong with it.
fn look_at(console: &Console, page: &str, view: View) -> Result<()> {
    let name = view.name(page);
    if view.zoom > 1 {
        // Such a page is longer than the window: the picture shows all of it.
        let script = "const all = [document.documentElement, ...document.querySelectorAll('main')]; \
            return Math.ceil(Math.max(...all.map(it => it.scrollHeight + it.getBoundingClientRect().top + scrollY)))";
        let height = console.script(script, vec![])?.as_u64().unwrap_or_default();
        let height = u32::try_from(height)?.max(view.height / view.zoom) * view.zoom;
        console.set_size_and_zoom(view.width, height, view.zoom)?;
    }
    look_at_window(console, &name)?;
    let script = "return getComputedStyle(document.body).backgroundColor";
    let background = console.script(script, vec![])?.as_str().unwrap_or_default().to_owned();
    ensure!(is_dark(&background) == view.dark, "{name} has the background {background}");
    Ok(())
}

/// The same for what the window shows now.
fn look_at_window(console: &Console, name: &str) -> Result<()> {
    console.screenshot(name)?;
    let wrong = console.script(OUT_OF_PLACE, vec![])?;
    ensure!(wrong == json!([]), "{name} cuts something off: {wrong}");
    Ok(())
}

/// What a person cannot get to: beyond the page's edge without a scroll bar, or cut without the whole in a tooltip.
const OUT_OF_PLACE: &str = r"
    const all = [], page = document.documentElement;
    for (const it of [page, ...document.querySelectorAll('main, dialog, form')]) {
        if (it.scrollWidth > it.clientWidth) all.push(`${it.tagName} scrolls sideways`);
    }
    for (const it of [page, ...document.querySelectorAll('main')]) it.scrollTop = 0;
    for (const it of document.querySelectorAll('main')) {
        const first = it.firstElementChild?.getBoundingClientRect();
        if (first && first.top < it.getBoundingClientRect().top - 1) all.push('the top cannot be reached');
    }
    const scrolls = it => ['auto', 'scroll'].includes(getComputedStyle(it).overflowX);
    for (const it of document.body.querySelectorAll('*')) {
        const box = it.getBoundingClientRect();
        if (!box.width || !box.height) continue;
        if (it.closest('svg, option, .pf-v6-screen-reader, .pf-v6-c-skip-to-content')) continue;
        let reachable = false;
        for (let up = it; up; up = up.parentElement) {
            if (['MAIN', 'DIALOG', 'BODY'].includes(up.tagName)) break;
            reachable ||= scrolls(up);
        }
        const name = `${it.tagName} ${it.id || it.className}: ${it.innerText ?? ''}`.slice(0, 120);
        const outside = box.right > page.clientWidth + 1 || box.left < -1 || box.top + scrollY < -1;
        if (!reachable && outside) all.push(`beyond the edge: ${name}`);
        const style = getComputedStyle(it);
        const cut = style.overflowX == 'hidden' && it.scrollWidth > it.clientWidth + 1
            || style.overflowY == 'hidden' && it.scrollHeight > it.clientHeight + 1;
        if (cut && !it.closest('[title]')) all.push(`cut: ${name}`);
    }
    return all;";

fn has_focus(console: &Console, name: &str) -> Result<()> {
    let script = "return document.activeElement?.id ?? ''";
    wait::until_true(&format!("the cursor is in {name}"), SOON, || Ok(console.script(script, vec![])? == json!(name)))
}

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
        let me: Me = site.admin.get("/api/me")?;
        let access = format!("/administration/users/{}/access", me.user.id);
        let review = format!("/review{session}");
        let more = [
            ("session", session.as_str()),
            ("review-session", review.as_str()),
            ("administration-access", access.as_str()),
        ];
        let pages = PAGES.into_iter().chain(more);
        for (name, path) in pages {
            VIEWS[0].apply(&console)?;
            console.visit(path)?;
            console.wait_for("main")?;
            console.wait_for_helper()?;
            if name == "jump" {
                console.select("db-prod-1")?;
            }
            // Lists load after the frame stands.
            std::thread::sleep(Duration::from_millis(600));
            for view in VIEWS {
                view.apply(&console)?;
                look_at(&console, name, view)?;
            }
        }
        VIEWS[0].apply(&console)?;
        console.visit("/")?;
        console.open_create_dialog()?;
        for view in VIEWS {
            view.apply(&console)?;
            look_at_window(&console, &view.name("create-dialog"))?;
        }
        Ok(())
    })
}

/// Pages by the name of their picture, with their address.
const PAGES: [(&str, &str); 22] = [
    ("jump", "/"),
    ("sessions", "/sessions"),
    ("review", "/review"),
    ("review-usage", "/review/reports/usage"),
    ("review-last-use", "/review/reports/last-use"),
    ("review-reach", "/review/reports/reach"),
    ("approvals", "/approvals"),
    ("agents", "/agents"),
    ("dashboard", "/administration"),
    ("administration", "/administration/users"),
    ("administration-teams", "/administration/teams"),
    ("administration-groups", "/administration/groups"),
    ("administration-roles", "/administration/roles"),
    ("administration-policies", "/administration/policies"),
    ("administration-session-policies", "/administration/session-policies"),
    ("administration-credentials", "/administration/credentials"),
    ("administration-sign-in", "/administration/sign-in"),
    ("administration-settings", "/administration/settings"),
    ("administration-audit", "/administration/audit"),
    ("account", "/account"),
    ("get-the-helper", "/helper"),
    ("not-found", "/nowhere"),
];

#[test]
fn setup_and_sign_in() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let options = ApplianceOptions { console: true, ..ApplianceOptions::new(&folder.path().join("appliance")) };
    let appliance = Appliance::start(options, folder.path())?;
    let workstation = Workstation::new(&appliance.ready)?;
    let console = Console::open(Browser::start(&workstation, Options::default())?, &appliance.ready.url)?;
    let in_every_view = |page: &str| -> Result<()> {
        for view in VIEWS {
            view.apply(&console)?;
            look_at(&console, page, view)?;
        }
        VIEWS[0].apply(&console)
    };
    console.wait_for("setup-needed")?;
    in_every_view("sign-in-not-set-up")?;
    console.visit("/setup")?;
    console.wait_for("setup-no-token")?;
    in_every_view("setup-no-token")?;
    let setup = appliance.ready.setup_url.as_deref().context("a fresh appliance gives a setup link")?;
    // Only what stands after # differs, which loads nothing anew.
    console.go_to("about:blank")?;
    console.go_to(setup)?;
    has_focus(&console, "setup-user-name")?;
    in_every_view("setup")?;
    console.click("setup-submit")?;
    console.wait_for("setup-password-error")?;
    in_every_view("setup-refused")?;
    console.set_up(setup, ADMIN, ADMIN_PASSWORD)?;
    console.click("user-menu")?;
    console.click("sign-out")?;
    has_focus(&console, "user-name")?;
    in_every_view("sign-in")?;
    console.type_sign_in(ADMIN, "not the password")?;
    console.wait_for("sign-in-error")?;
    has_focus(&console, "password")?;
    in_every_view("sign-in-refused")?;
    console.sign_in(ADMIN, ADMIN_PASSWORD)?;
    let elsewhere = ApiClient::new(&appliance.ready.url, &appliance.ready.ca)?;
    elsewhere.sign_in(ADMIN, ADMIN_PASSWORD)?;
    let all: Vec<wire::api::Browser> = elsewhere.get("/api/me/browsers")?;
    for other in all.iter().filter(|it| !it.current) {
        elsewhere.delete(&format!("/api/me/browsers/{}", other.id))?.success()?;
    }
    console.wait_for("signed-out")?;
    has_focus(&console, "user-name")?;
    in_every_view("signed-out")
}

#[test]
fn nothing_is_loaded_from_elsewhere() -> Result<()> {
    on_a_site_with_console(|site| {
        let (_workstation, console) = ready_console(site)?;
        for (_, path) in PAGES {
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
    let lab = JumpGroupDraft { name: "Lab".into(), comments: String::new(), revision: 0 };
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
