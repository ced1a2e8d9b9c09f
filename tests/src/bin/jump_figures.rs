//! How fast the Jump interface is with ten thousand items, in headless Chromium: the first view, typing in the search, sorting,
//! scrolling. Prints what it measured; nothing fails for being slow.
//!
//! ```text
//! cargo www && cargo run --release -p tests --bin jump_figures [-- ITEMS]
//! ```

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::browser::{Browser, Options, Workstation};
use tests::console::Console;
use tests::site::{ADMIN, ADMIN_PASSWORD, Site};
use tests::wait::{self, SOON};
use wire::api::{CopyJumpItems, JumpGroup, JumpGroupDraft, JumpItem};
use wire::limits::ITEMS_PER_CHANGE;

/// Items, unless told otherwise.
const ITEMS: usize = 10_000;
/// Times that the page is loaded.
const LOADS: usize = 7;
/// What is typed, and taken back again, sign by sign.
const TYPED: [&str; 4] = ["db-1 4242", "production", "10.0.77.", "nothing like it"];

/// Notes when the first row of the table was painted, in milliseconds since the page was asked for.
const WATCH: &str = r"
    new MutationObserver((_, it) => {
        if (!document.querySelector('[data-testid=item-row]')) return;
        it.disconnect();
        requestAnimationFrame(() => setTimeout(() => { window.firstView = performance.now(); }));
    }).observe(document, { childList: true, subtree: true });";

/// Notes for each change of the search field how long it took until the answer was painted.
const LISTEN: &str = r"
    window.typed = [];
    document.addEventListener('input', event => {
        const from = event.timeStamp;
        requestAnimationFrame(() => setTimeout(() => window.typed.push(performance.now() - from)));
    }, true);";

/// Does something to the page and gives the milliseconds until the next frame was painted.
const TIMED: &str = r"
    const [act, done] = [new Function(arguments[0]), arguments[arguments.length - 1]];
    const from = performance.now();
    act();
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - from)));";

fn main() -> Result<()> {
    let items = match std::env::args().nth(1) {
        Some(number) => number.parse().context("the only argument is a number of items")?,
        None => ITEMS,
    };
    let site = Site::start(true)?;
    eprintln!("making {items} items …");
    furnish(&site, items)?;
    let workstation = Workstation::new(&site.appliance.ready)?;
    let options = Options { extension: false, ..Options::default() };
    let console = Console::open(Browser::start(&workstation, options)?, &site.appliance.ready.url)?;
    console.sign_in(ADMIN, ADMIN_PASSWORD)?;
    console.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WATCH }))?;

    let mut report = Report { rows: Vec::new() };
    let mut first = Vec::new();
    for _ in 0..LOADS {
        console.visit("/")?;
        first.push(number_when_there(&console, "window.firstView")?);
    }
    report.add("first view after loading the page", &first);

    console.script(LISTEN, vec![])?;
    for text in TYPED {
        console.press("/")?;
        for sign in text.chars() {
            console.press(&sign.to_string())?;
        }
        for _ in text.chars() {
            console.press(&char::from(fantoccini::key::Key::Backspace).to_string())?;
        }
        console.press(&char::from(fantoccini::key::Key::Escape).to_string())?;
    }
    let typed: Vec<f64> = serde_json::from_value(console.script("return window.typed", vec![])?)?;
    ensure!(typed.len() > 50, "only {} keys arrived", typed.len());
    report.add("a key in the search until painted", &typed);

    let timed = |act: &str| -> Result<f64> {
        let answer = console.script_with_answer(TIMED, vec![json!(act)])?;
        answer.as_f64().context("no number came back")
    };
    let click = |column: &str| format!("document.querySelector('[data-testid=sort-{column}]').click()");
    let sorts: Result<Vec<f64>> =
        ["host", "host", "local", "used", "status", "name"].map(click).iter().map(|act| timed(act)).collect();
    report.add("sorting by another column", &sorts?);
    let scrolls: Result<Vec<f64>> = (1..=60)
        .map(|step| {
            timed(&format!(
                "const it = document.querySelector('#items-scroll'); it.scrollTop = it.scrollHeight * {step} / 61"
            ))
        })
        .collect();
    report.add("a jump of the scroll bar", &scrolls?);
    let drawn = console.script("return document.querySelectorAll('[data-testid=item-row]').length", vec![])?;
    report.print(items, &drawn);
    Ok(())
}

fn number_when_there(console: &Console, what: &str) -> Result<f64> {
    let script = format!("return {what} ?? null");
    wait::until("the first rows are there", SOON, || Ok(console.script(&script, vec![])?.as_f64()))
}

/// Items with names, hosts, groups and tags of some variety: a thousand by hand, the rest as copies of them.
fn furnish(site: &Site, items: usize) -> Result<()> {
    const GROUPS: usize = 10;
    let kinds = ["db", "web", "cache", "plc", "mail"];
    let mut groups = vec![site.group];
    for number in 1..GROUPS {
        let draft = JumpGroupDraft { name: format!("Site {number}"), comments: String::new(), revision: 0 };
        let group: JumpGroup = site.admin.post("/api/jump-groups", &draft)?.ok()?;
        groups.push(group.id);
    }
    let by_hand = items.div_ceil(GROUPS);
    let mut made = Vec::new();
    for number in 0..by_hand {
        let kind = kinds[number % kinds.len()];
        let host = format!("10.{}.{}.{}", number % 7, number / 250 % 250, number % 250);
        let mut draft =
            site.draft(&format!("{kind}-{} {number}", number % 90), &host, "127.40.0.1", &[(0, 5432), (0, 22)]);
        draft.tag = Some(format!("tag {}", number % 20));
        draft.comments = format!("Rack {} in the room of {kind}, ask before maintenance.", number % 40);
        let item: JumpItem = site.admin.post("/api/jump-items", &draft)?.ok()?;
        made.push(item.id);
    }
    for group in &groups[1..] {
        for ids in made.chunks(ITEMS_PER_CHANGE) {
            let copy = CopyJumpItems { item_ids: ids.to_vec(), group_ids: vec![*group], ..CopyJumpItems::default() };
            site.admin.post("/api/jump-items/copy", &copy)?.success()?;
        }
    }
    Ok(())
}

struct Report {
    rows: Vec<(&'static str, Vec<f64>)>,
}

impl Report {
    fn add(&mut self, what: &'static str, millis: &[f64]) {
        let mut sorted = millis.to_vec();
        sorted.sort_by(f64::total_cmp);
        self.rows.push((what, sorted));
    }

    fn print(&self, items: usize, drawn: &Value) {
        let mut text = format!("{items} items, {drawn} rows in the page; milliseconds\n");
        text.push_str(&format!("{:<36} {:>5} {:>8} {:>8} {:>8}\n", "", "n", "median", "p95", "most"));
        for (what, sorted) in &self.rows {
            let at = |share: f64| {
                sorted.get(((sorted.len() - 1) as f64 * share).round() as usize).copied().unwrap_or_default()
            };
            text.push_str(&format!(
                "{what:<36} {:>5} {:>8.1} {:>8.1} {:>8.1}\n",
                sorted.len(),
                at(0.5),
                at(0.95),
                at(1.0)
            ));
        }
        eprint!("{text}");
    }
}
