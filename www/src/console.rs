//! Compiles the console to WASM and makes the JavaScript that loads it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

use crate::assets::hash;
use crate::steps::Steps;

const TARGET: &str = "wasm32-unknown-unknown";
const PACKAGE: &str = "console-wasm";
/// What the files of the bindings are called: `console.js` and `console_bg.wasm`.
const OUT_NAME: &str = "console";

/// The JavaScript and the WASM it loads.
pub(crate) struct Bindings {
    /// The folder they are in, with a folder `snippets` where a crate brings JavaScript of its own.
    pub(crate) folder: PathBuf,
    /// The script.
    pub(crate) script: PathBuf,
    /// The program.
    pub(crate) wasm: PathBuf,
}

/// Adds the WASM target to the toolchain where it is missing.
pub(crate) fn ensure_target(steps: &mut Steps) -> Result<()> {
    steps.next("Rust target for WebAssembly");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .context("cannot start rustc")?;
    let folder = String::from_utf8(output.stdout).context("rustc printed a path that is not UTF-8")?;
    if output.status.success() && has_standard_library(Path::new(folder.trim())) {
        steps.note("installed");
        return Ok(());
    }
    steps.note(&format!("rustup target add {TARGET} …"));
    let status = Command::new("rustup")
        .args(["target", "add", TARGET])
        .status()
        .with_context(|| format!("the Rust target {TARGET} is missing and rustup cannot be started to add it"))?;
    if !status.success() {
        bail!("rustup target add {TARGET} failed ({status})");
    }
    Ok(())
}

fn has_standard_library(folder: &Path) -> bool {
    std::fs::read_dir(folder)
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-")))
}

/// Compiles the console; cargo decides what has to be done again. Returns the program.
pub(crate) fn compile(root: &Path, steps: &mut Steps) -> Result<PathBuf> {
    steps.next("console to WebAssembly (minutes the first time)");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut child = Command::new(cargo)
        .args(["build", "--package", PACKAGE, "--profile", "console", "--target", TARGET])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(root)
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo")?;
    let messages = child.stdout.take().context("cargo has no output")?;
    let mut program = None;
    for line in BufReader::new(messages).lines() {
        if let Some(path) = wasm_in_message(&line.context("cannot read what cargo says")?) {
            program = Some(path);
        }
    }
    let status = child.wait().context("cargo did not end")?;
    if !status.success() {
        bail!("the console does not compile; the compiler's message stands above");
    }
    program.context("cargo built the console but named no .wasm file")
}

/// The program, if this message of cargo's tells of the console's.
fn wasm_in_message(line: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    if message["reason"] != "compiler-artifact" || message["target"]["name"] != PACKAGE {
        return None;
    }
    let names = message["filenames"].as_array()?;
    names.iter().filter_map(|name| name.as_str()).find(|name| name.ends_with(".wasm")).map(PathBuf::from)
}

/// Makes the bindings beside the program, unless it is the one they were made from.
pub(crate) fn bind(program: &Path, steps: &mut Steps) -> Result<Bindings> {
    steps.next("JavaScript bindings");
    let folder = program.with_file_name("console-bindings");
    let bindings = Bindings {
        script: folder.join(format!("{OUT_NAME}.js")),
        wasm: folder.join(format!("{OUT_NAME}_bg.wasm")),
        folder,
    };
    let stamp = bindings.folder.join("made-from");
    let made_from = hash(&std::fs::read(program).with_context(|| format!("cannot read {}", program.display()))?);
    let same = std::fs::read_to_string(&stamp).is_ok_and(|before| before == made_from);
    if same && bindings.script.is_file() && bindings.wasm.is_file() {
        steps.note("up to date");
        return Ok(bindings);
    }
    if bindings.folder.exists() {
        std::fs::remove_dir_all(&bindings.folder).context("cannot remove the bindings of the last build")?;
    }
    Bindgen::new()
        .input_path(program)
        .out_name(OUT_NAME)
        .remove_name_section(true)
        .remove_producers_section(true)
        .web(true)
        .and_then(|bindgen| bindgen.typescript(false).generate(&bindings.folder))
        .context("wasm-bindgen failed")?;
    std::fs::write(&stamp, made_from).context("cannot write the bindings")?;
    Ok(bindings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_in_what_cargo_says() {
        let artifact = r#"{"reason":"compiler-artifact","target":{"name":"console-wasm"},"filenames":["/t/console-wasm.d","/t/console-wasm.wasm"]}"#;
        assert_eq!(wasm_in_message(artifact), Some(PathBuf::from("/t/console-wasm.wasm")));
        assert_eq!(wasm_in_message(&artifact.replace("console-wasm", "wire")), None);
        assert_eq!(wasm_in_message(r#"{"reason":"build-finished","success":true}"#), None);
        assert_eq!(wasm_in_message("warning: text"), None);
    }
}
