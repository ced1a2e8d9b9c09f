//! Brings the npm packages of the lock file.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::assets::hash;
use crate::steps::Steps;

/// Remembers the lock file whose packages are installed.
const STAMP: &str = "node_modules/.installed-lock-file";

/// Runs `npm ci` unless the packages of this very lock file are there. No package's script is run.
pub(crate) fn install(www: &Path, steps: &mut Steps) -> Result<()> {
    steps.next("npm packages (styles and fonts)");
    let lock = std::fs::read(www.join("package-lock.json")).context("cannot read www/package-lock.json")?;
    let wanted = hash(&lock);
    if std::fs::read_to_string(www.join(STAMP)).is_ok_and(|installed| installed == wanted) {
        steps.note("up to date");
        return Ok(());
    }
    steps.note("npm ci …");
    let program = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let status = Command::new(program)
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(www)
        .status()
        .context("cannot start npm: install Node.js with npm (Debian: apt-get install npm)")?;
    if !status.success() {
        bail!("npm ci failed ({status}); its own message stands above");
    }
    std::fs::write(www.join(STAMP), wanted).context("cannot write into www/node_modules")
}
