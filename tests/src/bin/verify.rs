//! `cargo verify`: every check and every test, in order, with what each took. Nothing can be left out by accident: a step runs
//! unless `--only` names others.
#![expect(clippy::print_stdout, reason = "stdout is where this program reports")]

use std::process::{Command, ExitCode};
use std::time::Instant;

use anyhow::{Result, bail};
use clap::Parser;
use tests::servers::find_program;
use tests::steps::{Outcome, Step, Steps, Tally, duration};
use tests::workspace::{cargo, in_checkout, root, screenshot_folder};
use tests::{database, prerequisites};

/// Runs all checks and all tests.
#[derive(Parser)]
struct Arguments {
    /// Runs only these steps; what they need from earlier steps has to be there. May be given several times.
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// Lists the steps and ends.
    #[arg(long)]
    list: bool,
}

struct Check {
    name: &'static str,
    about: &'static str,
    /// Whether the later ones make no sense without it.
    ground: bool,
    work: fn(&mut Step) -> Result<()>,
}

/// Unit and system tests that run at a time.
const TESTS_PER_CORE: usize = 3;

const CHECKS: [Check; 13] = [
    Check { name: "prerequisites", about: "what the machine has to have", ground: true, work: prerequisites },
    Check { name: "format", about: "cargo fmt --check", ground: false, work: format },
    Check { name: "site", about: "console to WebAssembly, styles, extension (cargo www)", ground: true, work: site },
    Check { name: "build", about: "all programs and tests", ground: true, work: build },
    Check { name: "clippy", about: "lints of everything that runs on a host", ground: false, work: clippy },
    Check {
        name: "clippy-console",
        about: "lints of the console, for WebAssembly",
        ground: false,
        work: clippy_console,
    },
    Check {
        name: "documentation",
        about: "rustdoc without warnings, private items too",
        ground: false,
        work: documentation,
    },
    Check { name: "guards", about: "dependencies, rooms, file lengths, paths", ground: false, work: guards },
    Check {
        name: "advisories",
        about: "known holes and licences of dependencies (cargo-deny)",
        ground: false,
        work: advisories,
    },
    Check { name: "extension", about: "the extension's own tests, in node", ground: false, work: extension },
    Check { name: "tests", about: "unit and system tests, all packages", ground: false, work: unit_and_system_tests },
    Check {
        name: "postgresql",
        about: "unit and system tests, on a PostgreSQL server",
        ground: false,
        work: on_postgresql,
    },
    Check { name: "end-to-end", about: "headless Chromium, real servers and clients", ground: false, work: end_to_end },
];

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if arguments.list {
        for check in &CHECKS {
            println!("{:16} {}", check.name, check.about);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let chosen = chosen(&arguments.only)?;
    let started = Instant::now();
    let mut steps = Steps::new(chosen.len(), root().join("target/verify"), |line| println!("{line}"))?;
    let mut outcomes = Vec::new();
    for check in &chosen {
        let outcome = steps.step(check.name, check.about, check.work);
        let broken = outcome.problem.is_some();
        outcomes.push(outcome);
        if broken && check.ground {
            println!("The steps after this one need it; they were not run.");
            break;
        }
    }
    let not_run: Vec<&str> = chosen.iter().skip(outcomes.len()).map(|check| check.name).collect();
    let total = summary(&outcomes, &not_run);
    println!("took {}", duration(started.elapsed()));
    println!("{} passed, {} failed", total.passed, total.failed);
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn chosen(only: &[String]) -> Result<Vec<&'static Check>> {
    if let Some(unknown) = only.iter().find(|name| !CHECKS.iter().any(|check| check.name == **name)) {
        bail!("there is no step {unknown}; `cargo verify --list` shows them");
    }
    Ok(CHECKS.iter().filter(|check| only.is_empty() || only.iter().any(|name| name == check.name)).collect())
}

/// Prints a row per step. A step that failed without a failed test counts as one failure.
fn summary(outcomes: &[Outcome], not_run: &[&str]) -> Tally {
    println!("\nstep              time         result");
    let mut total = Tally::default();
    for outcome in outcomes {
        let mut tests = outcome.tests;
        if outcome.problem.is_some() && tests.failed == 0 {
            tests.failed = 1;
        }
        total = total.plus(tests);
        let result = match (outcome, outcome.tests) {
            (Outcome { problem: Some(_), .. }, _) => "FAILED".to_owned(),
            (Outcome { not_run: Some(why), .. }, _) => format!("not run: {why}"),
            (_, Tally { passed: 0, .. }) => "ok".to_owned(),
            (_, Tally { passed, ignored, .. }) => format!("ok, {passed} tests, {ignored} ignored"),
        };
        println!("{:16}  {:11}  {result}", outcome.name, duration(outcome.took));
    }
    for name in not_run {
        println!("{name:16}  {:11}  not run", "-");
    }
    total
}

fn prerequisites(step: &mut Step) -> Result<()> {
    prerequisites::for_building(step)?;
    prerequisites::for_tests(step)
}

fn format(step: &mut Step) -> Result<()> {
    step.run(cargo().args(["fmt", "--all", "--check"]))
}

// No command names a package: dependencies then have the features of the whole workspace in each of them, and nothing is
// built twice.

fn build(step: &mut Step) -> Result<()> {
    step.run(cargo().args(["test", "--locked", "--workspace", "--no-run"]))?;
    // No target of a plain `cargo test`.
    step.run(cargo().args(["test", "--locked", "--workspace", "--test", "e2e", "--no-run"]))
}

fn site(step: &mut Step) -> Result<()> {
    step.run(cargo().args(["run", "--locked", "--bin", "www"]))
}

fn clippy(step: &mut Step) -> Result<()> {
    let mut command = cargo();
    command.args(["clippy", "--locked", "--workspace", "--all-targets"]);
    step.run(command.args(["--", "-D", "warnings"]))?;
    // The end-to-end tests are no target of "all", because a plain `cargo test` must not run them.
    step.run(cargo().args(["clippy", "--locked", "--workspace", "--test", "e2e", "--", "-D", "warnings"]))
}

fn clippy_console(step: &mut Step) -> Result<()> {
    let mut command = cargo();
    command.args(["clippy", "--locked", "-p", "console-wasm", "--target", "wasm32-unknown-unknown"]);
    step.run(command.args(["--", "-D", "warnings"]))
}

fn documentation(step: &mut Step) -> Result<()> {
    let mut command = cargo();
    command.args([
        "doc",
        "--locked",
        "--no-deps",
        "--document-private-items",
        "--workspace",
        "--exclude",
        "console-wasm",
    ]);
    step.run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

fn guards(_: &mut Step) -> Result<()> {
    tests::guards::check()
}

fn advisories(step: &mut Step) -> Result<()> {
    if find_program("cargo-deny", &[]).is_err() {
        step.not_run("there is no cargo-deny on this machine (cargo install cargo-deny)");
        return Ok(());
    }
    step.run(cargo().args(["deny", "--locked", "check"]))
}

fn extension(step: &mut Step) -> Result<()> {
    let mut files: Vec<_> = std::fs::read_dir(root().join("www/extension/test"))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.to_string_lossy().contains(".test."))
        .collect();
    files.sort();
    step.run(in_checkout("node").args(["--test", "--test-reporter=tap"]).args(files))
}

/// `cargo test`, with more tests at a time than there are cores: most of them wait most of the time.
fn cargo_test(arguments: &[&str]) -> Command {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut command = cargo();
    command.args(["test", "--locked", "--workspace", "--no-fail-fast"]).args(arguments);
    command.env("RUST_TEST_THREADS", (TESTS_PER_CORE * cores).to_string());
    command
}

fn unit_and_system_tests(step: &mut Step) -> Result<()> {
    step.run(&mut cargo_test(&[]))
}

fn on_postgresql(step: &mut Step) -> Result<()> {
    let mut on_a_server = |tests: &[&str]| step.run(cargo_test(tests).env(database::CHOICE, database::POSTGRES));
    // A unit test that fails keeps no system test from running.
    let both = [on_a_server(&["--lib"]), on_a_server(&["--test", "system"])];
    let failed: Vec<String> = both.into_iter().filter_map(Result::err).map(|error| format!("{error:#}")).collect();
    if failed.is_empty() { Ok(()) } else { bail!("{}", failed.join("\n")) }
}

fn end_to_end(step: &mut Step) -> Result<()> {
    // One browser at a time: two cores are enough for that, and pictures and figures stay comparable.
    step.run(cargo().args(["test", "--locked", "--workspace", "--test", "e2e", "--", "--test-threads=1"]))?;
    step.say(&format!("screenshots of every page are in {}", screenshot_folder().display()));
    // A managed policy holds for the whole machine, so nothing else may run beside it.
    let mut policy: Command = cargo();
    policy.args(["test", "--locked", "--workspace", "--test", "e2e", "--", "--test-threads=1", "--ignored"]);
    step.run(&mut policy)
}
