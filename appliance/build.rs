//! Puts the built console (`cargo www`) and the extension into the program, so that the appliance is one file.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

fn main() -> anyhow::Result<()> {
    let root = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?).join("../www").canonicalize()?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let dist = root.join("dist");
    println!("cargo:rerun-if-changed={}", root.join("extension").display());
    // A path that does not exist makes cargo look again at every build, which is right: it may appear.
    println!("cargo:rerun-if-changed={}", dist.join("manifest.json").display());

    let mut console = Vec::new();
    if dist.join("manifest.json").exists() {
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
