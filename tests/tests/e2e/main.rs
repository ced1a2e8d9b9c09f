//! The main job in a real browser, against real servers. `cargo verify` runs it; it needs Chromium and Debian packages.
//!
//! | module | subject |
//! |---|---|
//! | `main_job` | from the setup link to bytes through a tunnel, all by hand |
//! | `real_clients` | psql, pgbench, redis-cli, ssh, scp, curl and nc through tunnels |
//! | `servers` | those servers, without a tunnel |
//! | `volume` | one GiB each way |
//! | `workstation` | a port in use, helper or extension missing, reload, other pages, the browser quits |
//! | `dialog` | what the Create dialog says to bad input |
//! | `appliance_away` | the appliance stops or restarts under an open console |
//! | `access` | teams, roles and members by hand, and what a user sees of it |
//! | `jump_table`, `jump_filters`, `jump_actions`, `jump_details` | the Jump interface: columns, selection, search, filters, groups, what is done with many items, the details pane |
//! | `jump_files` | items out of the table into a file, and from a file |
//! | `administration` | users, groups and nodes by hand |
//! | `users_in_full` | all that stands in a user's dialog; kept from a method, disabled, locked out, and let in again |
//! | `personal_group` | a group that is one user's own |
//! | `members_with_policy` | a membership that brings a jump policy along |
//! | `one_at_a_time` | one session at a time on an item, by a policy |
//! | `changed_meanwhile` | two administrators with the same dialog open |
//! | `audit` | the audit trail: filters, before and after, verifying in the browser |
//! | `policy_at_start` | what policies ask for and tell of at the start; policies and tags for several items |
//! | `joining` | two people in one session, and an administrator who watches one |
//! | `dashboard` | the dashboard while things happen |
//! | `approve_by_mail` | an approval by the link of a letter; how letters are written |
//! | `session_policies` | what sessions may do, by hand |
//! | `credentials` | a stored credential by hand: made, tied to an item, shown and copied |
//! | `review` | reviewing sessions by hand: found, looked at, noted, reported; an auditor |
//! | `review_figures` | how fast a long session opens for review: run alone, on demand |
//! | `recording` | a desktop that is recorded: agreed to or not, stopped, played |
//! | `keeping` | how long recordings are kept, legal holds, audit events to others, by hand |
//! | `captures` | traffic that is captured: switched on, told of, looked at |
//! | `settings` | mail server and ticket system by hand, with real ones |
//! | `password` | changing one's own password |
//! | `api_tokens` | a token by hand: made, shown once, revoked by its owner and by an administrator |
//! | `second_factor` | an authenticator app by hand: set up, asked for, lost, required of everybody |
//! | `passkeys` | passkeys by hand: added, asked for, removed |
//! | `single_sign_on` | a provider set up, tried out, and signed in with by its button |
//! | `sign_in_ends` | signed out after an hour of nobody there, and after a day's work |
//! | `pages` | a picture of every page, light and dark, small and large |
//! | `database` | the database is locked |
//! | `machine_wide` | what changes the whole machine: run alone, on demand |

mod access;
mod administration;
mod api_tokens;
mod appliance_away;
mod approve_by_mail;
mod audit;
mod captures;
mod changed_meanwhile;
mod credentials;
mod dashboard;
mod database;
mod dialog;
mod joining;
mod jump_actions;
mod jump_details;
mod jump_files;
mod jump_filters;
mod jump_table;
mod keeping;
mod machine_wide;
mod main_job;
mod members_with_policy;
mod one_at_a_time;
mod pages;
mod passkeys;
mod password;
mod personal_group;
mod policies;
mod policy_at_start;
mod real_clients;
mod recording;
mod review;
mod review_figures;
mod second_factor;
mod servers;
mod session_policies;
mod settings;
mod sign_in_ends;
mod single_sign_on;
mod users_in_full;
mod volume;
mod workstation;

use anyhow::Result;
use serde_json::json;
use tests::browser::{Browser, Options, Workstation};
use tests::console::Console;
use tests::site::{ADMIN, ADMIN_PASSWORD, Site, TECHNICIAN_PASSWORD};
use tests::wait::{self, SOON};

/// A console with a signed-in administrator, on a workstation with helper and extension.
fn ready_console(site: &Site) -> Result<(Workstation, Console)> {
    let workstation = Workstation::new(&site.appliance.ready)?;
    workstation.install_helper(&site.appliance.ready)?;
    let console = signed_in(site, &workstation, Options::default())?;
    console.wait_for_helper()?;
    Ok((workstation, console))
}

/// Pictures in both themes.
fn pictures(console: &mut Console, name: &str) -> Result<()> {
    for (dark, suffix) in [(true, "-dark"), (false, "")] {
        console.set_dark(dark)?;
        console.screenshot(&format!("{name}{suffix}"))?;
    }
    Ok(())
}

/// A console with a signed-in administrator.
fn signed_in(site: &Site, workstation: &Workstation, options: Options) -> Result<Console> {
    let console = Console::open(Browser::start(workstation, options)?, &site.appliance.ready.url)?;
    console.sign_in(ADMIN, ADMIN_PASSWORD)?;
    Ok(console)
}

/// A console with somebody whose password is a technician's, at a workstation of their own without a helper.
fn console_of(site: &Site, user_name: &str) -> Result<(Workstation, Console)> {
    let desk = Workstation::new(&site.appliance.ready)?;
    let theirs = Console::open(Browser::start(&desk, Options::default())?, &site.appliance.ready.url)?;
    theirs.sign_in(user_name, TECHNICIAN_PASSWORD)?;
    Ok((desk, theirs))
}

/// Signs out by the menu; whoever signs in there next begins on the Jump page.
fn sign_out(console: &Console) -> Result<()> {
    console.click("user-menu")?;
    console.click("sign-out")?;
    console.wait_for("user-name")?;
    console.visit("/")
}

/// What the first element that a CSS selector finds says; nothing when there is none.
fn words_of(console: &Console, css: &str) -> Result<String> {
    let script = "return document.querySelector(arguments[0])?.innerText ?? ''";
    Ok(console.script(script, vec![json!(css)])?.as_str().unwrap_or_default().to_owned())
}

/// Waits until it says these words.
fn wait_for_words(console: &Console, css: &str, wanted: &str) -> Result<()> {
    wait::until_true(&format!("{css} says {wanted}"), SOON, || Ok(words_of(console, css)?.contains(wanted)))
        .map_err(|error| error.context(format!("it says {:?}", words_of(console, css).ok())))
}

/// Opens a section of the administration.
fn open_section(console: &Console, section: &str) -> Result<()> {
    console.click("nav-administration")?;
    console.click_on(&format!("#section-{section} a"))
}
