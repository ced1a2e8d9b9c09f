//! Puts the site together from the console, the styles and the pages beside this package.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::assets::Writer;
use crate::console::Bindings;
use crate::steps::Steps;
use crate::styles;

/// Name of the list of all files, below `www/dist`.
pub(crate) const MANIFEST: &str = "manifest.json";

/// Writes every asset, then the page that names them, then the manifest. Returns a sentence about sizes.
pub(crate) fn write_assets(www: &Path, bindings: &Bindings, steps: &mut Steps) -> Result<String> {
    steps.next("assets (compressing takes a few seconds)");
    let source = www.join("console");
    let mut writer = Writer::new(www.join("dist"));
    let mut names = Names::default();

    let mut sheet = styles::patternfly(www)?;
    for (name, path) in &sheet.files {
        let asset = writer.asset(name, &read(path)?)?;
        sheet.text = sheet.text.replace(&format!("url(\"{name}\")"), &format!("url(\"/{asset}\")"));
    }
    names.add("patternfly.css", writer.asset("patternfly.css", sheet.text.as_bytes())?);
    for name in ["console.css", "icon.svg", "theme.js"] {
        names.add(name, writer.asset(name, &read(&source.join(name))?)?);
    }

    let wasm = writer.asset("console.wasm", &read(&bindings.wasm)?)?;
    names.add("console.wasm", wasm.clone());
    names.add("console.js", writer.asset("console.js", &read(&bindings.script)?)?);
    write_snippets(&mut writer, &bindings.folder.join("snippets"), "assets/snippets")?;

    let boot = names.put_into(&text(&source.join("boot.js"))?)?;
    names.add("boot.js", writer.asset("boot.js", boot.as_bytes())?);
    let index = names.put_into(&text(&source.join("index.html"))?)?;
    writer.file("index.html", index.as_bytes(), false)?;

    let wasm_bytes = writer.transfer_bytes(&wasm)?;
    let (files, written) = writer.finish(MANIFEST)?;
    steps.note(&format!("{files} files, {written} of them new or changed"));
    Ok(format!("the console is {} KiB compressed", wasm_bytes.div_ceil(1024)))
}

/// JavaScript that crates bring along: the bindings import it by this very path, which holds a hash of its own.
fn write_snippets(writer: &mut Writer, folder: &Path, path: &str) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder).context("cannot read the bindings")? {
        let entry = entry?;
        let path = format!("{path}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            write_snippets(writer, &entry.path(), &path)?;
        } else {
            writer.file(&path, &read(&entry.path())?, true)?;
        }
    }
    Ok(())
}

/// Copies the extension, unpacked, and removes what is no longer part of it.
pub(crate) fn copy_extension(www: &Path, steps: &mut Steps) -> Result<()> {
    steps.next("extension");
    let source = www.join("extension");
    if !source.is_dir() {
        steps.note("there is none");
        return Ok(());
    }
    let target = www.join("dist").join("extension");
    if target.exists() {
        std::fs::remove_dir_all(&target).context("cannot remove the extension of the last build")?;
    }
    copy_folder(&source, &target)
}

fn copy_folder(source: &Path, target: &Path) -> Result<()> {
    std::fs::create_dir_all(target).with_context(|| format!("cannot make {}", target.display()))?;
    for entry in std::fs::read_dir(source).with_context(|| format!("cannot read {}", source.display()))? {
        let entry = entry?;
        let to = target.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            if entry.file_name() != "test" {
                copy_folder(&entry.path(), &to)?;
            }
        } else {
            std::fs::copy(entry.path(), &to).with_context(|| format!("cannot write {}", to.display()))?;
        }
    }
    Ok(())
}

/// What each `{{name}}` of a page stands for.
#[derive(Default)]
struct Names(Vec<(String, String)>);

impl Names {
    fn add(&mut self, name: &str, path: String) {
        self.0.push((format!("{{{{{name}}}}}"), path));
    }

    fn put_into(&self, page: &str) -> Result<String> {
        let filled = self.0.iter().fold(page.to_owned(), |page, (name, path)| page.replace(name, path));
        if let Some(start) = filled.find("{{") {
            let name: String = filled[start..].chars().take(40).collect();
            bail!("a page names a file that is not built: {name}");
        }
        Ok(filled)
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_put_into_pages_and_unknown_ones_are_refused() {
        let mut names = Names::default();
        names.add("a.js", "assets/a-1.js".into());
        assert_eq!(names.put_into("<script src=\"/{{a.js}}\">").unwrap(), "<script src=\"/assets/a-1.js\">");
        assert!(names.put_into("{{b.js}}").unwrap_err().to_string().contains("{{b.js}}"));
    }
}
