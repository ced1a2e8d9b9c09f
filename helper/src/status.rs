//! `sallyport-helper status`: what is installed, and whether the appliances answer.

use std::fmt::Write as _;
use std::path::Path;

use wire::api::Installation;

use crate::config::{ApplianceEntry, Config, named_file, path_for, user_scope};
use crate::host_manifest::{Browser, Scope, System};

/// A page of plain text.
///
/// # Errors
/// When the configuration cannot be read.
pub(crate) async fn describe() -> anyhow::Result<String> {
    let config = Config::in_force()?;
    let mut text = format!("sallyport-helper {}\n\nConfiguration\n", env!("CARGO_PKG_VERSION"));
    let scopes: Vec<Scope> = user_scope().into_iter().chain([Scope::Machine]).collect();
    match named_file() {
        Some(path) => line(&mut text, &path.display().to_string(), presence(&path)),
        None => {
            for scope in &scopes {
                let path = path_for(System::here(), scope);
                line(&mut text, &path.display().to_string(), presence(&path));
            }
        }
    }
    text.push_str("\nBrowsers\n");
    for browser in Browser::ALL {
        let found = scopes.iter().map(|scope| browser.manifest_path(System::here(), scope)).find(|path| path.exists());
        let state = found.map_or_else(|| "not installed".into(), |path| manifest_state(&path));
        line(&mut text, browser.name(), &state);
    }
    text.push_str("\nAppliances\n");
    if config.appliances.is_empty() {
        text.push_str("  none; run: sallyport-helper install --appliance https://…\n");
    }
    for appliance in &config.appliances {
        line(&mut text, &appliance.url, &answer_of(appliance).await);
    }
    Ok(text)
}

fn presence(path: &Path) -> &'static str {
    if path.exists() { "present" } else { "not there" }
}

/// Whether the manifest leads to a program.
fn manifest_state(path: &Path) -> String {
    let program = std::fs::read(path)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok())
        .and_then(|manifest| manifest["path"].as_str().map(str::to_owned));
    match program {
        Some(program) if Path::new(&program).exists() => format!("starts {program}"),
        Some(program) => format!("would start {program}, which is gone: install again"),
        None => format!("{} is damaged: install again", path.display()),
    }
}

async fn answer_of(appliance: &ApplianceEntry) -> String {
    let dialer = match appliance.dialer() {
        Ok(dialer) => dialer,
        Err(error) => return format!("its entry is damaged: {error:#}"),
    };
    let way = match dialer.proxy() {
        Ok(Some(proxy)) => format!(", through the proxy {proxy}"),
        // What is wrong with it is told by the attempt.
        Ok(None) | Err(_) => String::new(),
    };
    match dialer.get_json::<Installation>("/api/installation").await {
        Ok(installation) => format!("answers, version {}{way}", installation.appliance_version),
        Err(error) => error.to_string(),
    }
}

fn line(text: &mut String, what: &str, state: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "  {what:<18} {state}");
}
