//! Folders of this checkout, and the programs built from it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};

use crate::stop;

/// What is shipped: packages with their programs.
pub const PROGRAMS: [(&str, &str); 3] =
    [("appliance", "sallyport"), ("jumpoint", "sallyport-jumpoint"), ("helper", "sallyport-helper")];

/// The top folder of the checkout.
#[must_use]
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_path_buf()
}

/// The site that `cargo www` built.
#[must_use]
pub fn site_folder() -> PathBuf {
    root().join("www/dist")
}

/// The extension as a browser loads it unpacked.
#[must_use]
pub fn extension_folder() -> PathBuf {
    site_folder().join("extension")
}

/// Where screenshots go; git ignores it.
#[must_use]
pub fn screenshot_folder() -> PathBuf {
    root().join("tests/screenshots")
}

/// A cargo command that runs in the checkout, with the cargo that runs this program.
#[must_use]
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// A command that runs in the checkout, so that rustup chooses the toolchain named there.
#[must_use]
pub fn in_checkout(program: &str) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}

/// The folder with the programs that belong to the running one: `target/debug` for a test or a debug build,
/// `target/release` for a release build.
///
/// # Errors
/// When the running program does not lie where cargo puts programs.
pub fn program_folder() -> Result<PathBuf> {
    let exe = std::env::current_exe().context("asking where this program lies")?;
    let mut folder = exe.parent().context("this program lies in no folder")?;
    if folder.ends_with("deps") {
        folder = folder.parent().context("the folder deps has no parent")?;
    }
    Ok(folder.to_path_buf())
}

/// Builds the shipped programs in the running program's profile, once a process, so that no test ever runs a stale one.
///
/// # Errors
/// When the build fails; cargo has said why on stderr.
pub fn build_programs() -> Result<&'static Path> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let built = BUILT.get_or_init(|| build().map_err(|error| format!("{error:#}")));
    match built {
        Ok(folder) => Ok(folder),
        Err(error) => bail!("the programs under test could not be built: {error}"),
    }
}

fn build() -> Result<PathBuf> {
    let folder = program_folder()?;
    let target = folder.parent().context("the program folder has no parent")?;
    let mut command = cargo();
    command.args(["build", "--quiet"]).arg("--target-dir").arg(target);
    match folder.file_name().and_then(|name| name.to_str()) {
        // With the features of the whole workspace, so that nothing is built twice.
        Some("debug") => command.args(PROGRAMS.iter().flat_map(|(_, program)| ["--bin", program])),
        // As they are shipped.
        Some(profile) => {
            command.args(["--profile", profile]).args(PROGRAMS.iter().flat_map(|(package, _)| ["-p", package]))
        }
        None => bail!("{} is no folder of cargo's", folder.display()),
    };
    // The protocol of some callers owns stdout.
    command.stdout(std::process::Stdio::null());
    let mut child = command.spawn().context("starting cargo")?;
    let status = loop {
        if let Some(status) = child.try_wait().context("waiting for cargo")? {
            break status;
        }
        if let Err(asked) = stop::check() {
            // Where it has ended meanwhile there is nothing to do.
            let _ = child.kill();
            let _ = child.wait();
            return Err(asked);
        }
        std::thread::sleep(stop::LOOK);
    };
    if !status.success() {
        bail!("cargo build ended with {status}");
    }
    Ok(folder)
}

/// The path of a shipped program, freshly built.
///
/// # Errors
/// When it cannot be built.
pub fn program(name: &str) -> Result<PathBuf> {
    let path = build_programs()?.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !path.is_file() {
        bail!("cargo built no {}", path.display());
    }
    Ok(path)
}
