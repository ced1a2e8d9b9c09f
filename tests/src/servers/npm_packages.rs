//! Servers from npm packages: each has a folder in `tests` with its lock file.

use std::fs::File;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::find_program;
use crate::program::run;
use crate::workspace;

/// Remembers the lock file whose packages are installed.
const STAMP: &str = "node_modules/.installed-lock-file";
/// How long installing may take.
const INSTALL_LIMIT: Duration = Duration::from_secs(300);

/// The folder of a server, `tests/NAME`.
pub(super) fn home(name: &str) -> PathBuf {
    workspace::root().join("tests").join(name)
}

/// Brings a server's packages, unless those of this very lock file are there. No package's script is run.
pub(super) fn install(name: &str) -> Result<()> {
    let folder = home(name);
    let lock =
        std::fs::read(folder.join("package-lock.json")).with_context(|| format!("reading {name}'s lock file"))?;
    // Several tests may want it at the same time.
    let turn = File::open(folder.join("package.json"))?;
    turn.lock().with_context(|| format!("waiting for another test that installs {name}"))?;
    let stamp = folder.join(STAMP);
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let mut npm = Command::new(find_program("npm", &[])?);
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder);
    run(&mut npm, INSTALL_LIMIT)?;
    std::fs::write(stamp, lock).context("remembering what was installed")
}
