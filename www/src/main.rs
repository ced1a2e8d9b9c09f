//! `cargo www`: builds the site the appliance serves, into `www/dist`.
//!
//! | step | file | result |
//! |---|---|---|
//! | 1 npm packages | `npm.rs` | `www/node_modules`, when the lock file changed |
//! | 2 WASM target | `console.rs` | `rustup target add` where it is missing |
//! | 3 console | `console.rs` | the console as WASM, optimised for size |
//! | 4 bindings | `console.rs` | the JavaScript that loads it, when the WASM changed |
//! | 5 assets | `site.rs`, `styles.rs`, `assets.rs` | every file named by its hash and compressed, when it changed |
//! | 6 extension | `site.rs` | `www/extension` as it is |
//!
//! A second call without a change takes a second or two.

mod assets;
mod console;
mod npm;
mod site;
mod steps;
mod styles;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::steps::Steps;

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo www failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<()> {
    if let Some(argument) = std::env::args().nth(1) {
        bail!("cargo www takes no arguments, but was given {argument:?}");
    }
    let www = www_folder()?;
    let root = www.parent().context("the folder www has no parent")?.to_path_buf();
    let mut steps = Steps::new(6);

    npm::install(&www, &mut steps)?;
    console::ensure_target(&mut steps)?;
    let wasm = console::compile(&root, &mut steps)?;
    let bindings = console::bind(&wasm, &mut steps)?;
    let summary = site::write_assets(&www, &bindings, &mut steps)?;
    site::copy_extension(&www, &mut steps)?;

    steps.finish(&format!("{} written to www/dist; {summary}", site::MANIFEST));
    Ok(())
}

/// The folder of this package: where cargo says it is now, which may differ from where it was compiled.
fn www_folder() -> Result<PathBuf> {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf(), PathBuf::from);
    if folder.join("console").join("index.html").is_file() {
        Ok(folder)
    } else {
        bail!("{} holds no console/index.html: call it as `cargo www` inside the project", folder.display())
    }
}
