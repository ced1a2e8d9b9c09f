//! Puts the built console (`cargo www`) and the extension into the program, so that the appliance is one file.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

fn main() -> anyhow::Result<()> {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../www").canonicalize()?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let dist = root.join("dist");
    println!("cargo:rerun-if-changed={}", root.join("extension").display());
    let manifest = dist.join("manifest.json");
    let is_built = manifest.exists();
    // A path that does not exist, or is newer than this, makes cargo build everything anew the next time: so an empty folder that
    // is as old as the sources waits for the console. Where that cannot be, cargo builds more often.
    if std::fs::create_dir(&dist).is_ok() {
        let _ = std::fs::metadata(root.join("Cargo.toml"))
            .and_then(|it| it.modified())
            .and_then(|at| std::fs::File::open(&dist)?.set_modified(at));
    }
    println!("cargo:rerun-if-changed={}", if is_built { &manifest } else { &dist }.display());

    let mut console = Vec::new();
    if is_built {
        collect(&dist, &dist, &["extension"], &mut console)?;
    }
    std::fs::write(out.join("console_files.rs"), table(&dist, &console)?)?;

    let extension = root.join("extension");
    let mut files = Vec::new();
    collect(&extension, &extension, &["test"], &mut files)?;
    std::fs::write(out.join("extension_files.rs"), table(&extension, &files)?)?;
    Ok(())
}

/// Files below `folder`, as paths below `root`, sorted.
fn collect(root: &Path, folder: &Path, without: &[&str], files: &mut Vec<String>) -> anyhow::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = path.strip_prefix(root)?.to_str().context("a file name is not UTF-8")?.replace('\\', "/");
        if without.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, without, files)?;
        } else {
            files.push(name);
        }
    }
    Ok(())
}

fn table(root: &Path, files: &[String]) -> anyhow::Result<String> {
    let mut text = String::from("&[\n");
    for name in files {
        let path = root.join(name);
        writeln!(text, "    ({name:?}, include_bytes!({:?})),", path.to_str().context("a path is not UTF-8")?)?;
    }
    text.push_str("]\n");
    Ok(text)
}
