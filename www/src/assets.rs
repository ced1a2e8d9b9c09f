//! Files of the site, named by what they hold and compressed ahead of time.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use aws_lc_rs::digest::{SHA256, digest};
use serde::Serialize;

/// Compressed forms that stand beside a file, with the ending each has.
const ENCODINGS: [(&str, &str); 2] = [("br", "br"), ("gzip", "gz")];

/// One file of the site as the manifest tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SiteFile {
    /// Below `www/dist`, with `/`.
    pub(crate) path: String,
    /// SHA-256 of the uncompressed file, hexadecimal.
    pub(crate) sha256: String,
    /// For the header of that name.
    pub(crate) content_type: &'static str,
    /// Bytes, uncompressed.
    pub(crate) bytes: usize,
    /// Whether the name changes with the contents, so that a browser may keep it for ever.
    pub(crate) immutable: bool,
    /// Which compressed forms stand beside it: `br` as `.br`, `gzip` as `.gz`.
    pub(crate) encodings: Vec<&'static str>,
}

/// Writes files into a folder, leaves alone what is there already, and removes what no longer belongs.
pub(crate) struct Writer {
    dist: PathBuf,
    files: BTreeMap<String, SiteFile>,
    written: usize,
}

impl Writer {
    /// A writer into this folder.
    pub(crate) fn new(dist: PathBuf) -> Self {
        Self { dist, files: BTreeMap::new(), written: 0 }
    }

    /// Writes an asset as `assets/NAME-HASH.ext` and returns that path.
    pub(crate) fn asset(&mut self, name: &str, contents: &[u8]) -> Result<String> {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "bin"));
        let path = format!("assets/{stem}-{}.{extension}", &hash(contents)[..16]);
        self.write(path, contents, true)
    }

    /// Writes a file under a name of its own.
    pub(crate) fn file(&mut self, path: &str, contents: &[u8], immutable: bool) -> Result<String> {
        self.write(path.to_owned(), contents, immutable)
    }

    fn write(&mut self, path: String, contents: &[u8], immutable: bool) -> Result<String> {
        let content_type = content_type(&path);
        let file = SiteFile {
            sha256: hash(contents),
            content_type,
            bytes: contents.len(),
            immutable,
            encodings: if compressible(content_type) {
                ENCODINGS.iter().map(|(encoding, _)| *encoding).collect()
            } else {
                Vec::new()
            },
            path: path.clone(),
        };
        let target = self.dist.join(&path);
        if !self.is_there(&target, &file, contents) {
            if let Some(folder) = target.parent() {
                std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
            }
            // The plain file comes last: where it stands with the right contents, the others do too.
            if !file.encodings.is_empty() {
                replace(&beside(&target, "br"), &brotli(contents)?)?;
                replace(&beside(&target, "gz"), &gzip(contents)?)?;
            }
            replace(&target, contents)?;
            self.written += 1;
        }
        self.files.insert(path.clone(), file);
        Ok(path)
    }

    fn is_there(&self, target: &Path, file: &SiteFile, contents: &[u8]) -> bool {
        let compressed = file.encodings.is_empty() || ENCODINGS.iter().all(|(_, end)| beside(target, end).is_file());
        compressed && std::fs::read(target).is_ok_and(|present| present == contents)
    }

    /// Bytes of a file as a browser loads it: with brotli where there is one.
    pub(crate) fn transfer_bytes(&self, path: &str) -> Result<u64> {
        let target = self.dist.join(path);
        let compressed = beside(&target, "br");
        let loaded = if compressed.is_file() { compressed } else { target };
        Ok(std::fs::metadata(&loaded).with_context(|| format!("cannot read {}", loaded.display()))?.len())
    }

    /// Writes the manifest and removes every file of `assets` that is not in it. Returns how many files there are and
    /// how many had to be written.
    pub(crate) fn finish(self, manifest: &str) -> Result<(usize, usize)> {
        #[derive(Serialize)]
        struct Manifest<'a> {
            files: Vec<&'a SiteFile>,
        }
        let text = serde_json::to_vec_pretty(&Manifest { files: self.files.values().collect() })
            .context("cannot write the manifest")?;
        replace(&self.dist.join(manifest), &text)?;
        self.remove_stale(&self.dist.join("assets"), "assets")?;
        Ok((self.files.len(), self.written))
    }

    fn remove_stale(&self, folder: &Path, name: &str) -> Result<()> {
        for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
            let entry = entry?;
            let path = format!("{name}/{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                self.remove_stale(&entry.path(), &path)?;
                continue;
            }
            let plain = path.strip_suffix(".br").or_else(|| path.strip_suffix(".gz")).unwrap_or(&path);
            if !self.files.contains_key(plain) {
                std::fs::remove_file(entry.path()).with_context(|| format!("cannot remove {path}"))?;
            }
        }
        Ok(())
    }
}

/// SHA-256, hexadecimal.
pub(crate) fn hash(contents: &[u8]) -> String {
    digest(&SHA256, contents).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Puts contents under a name in one step, so that an appliance that serves the folder never sees half a file.
fn replace(target: &Path, contents: &[u8]) -> Result<()> {
    let fresh = beside(target, "new");
    std::fs::write(&fresh, contents).with_context(|| format!("cannot write {}", fresh.display()))?;
    std::fs::rename(&fresh, target).with_context(|| format!("cannot write {}", target.display()))
}

fn beside(target: &Path, ending: &str) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some("png") => "image/png",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

/// Fonts and pictures are compressed already.
fn compressible(content_type: &str) -> bool {
    !matches!(content_type, "font/woff2" | "image/png")
}

fn brotli(contents: &[u8]) -> Result<Vec<u8>> {
    let mut compressed = Vec::new();
    brotli::CompressorWriter::new(&mut compressed, 1 << 16, 11, 22).write_all(contents).context("brotli failed")?;
    Ok(compressed)
}

fn gzip(contents: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(contents).context("gzip failed")?;
    encoder.finish().context("gzip failed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_is_named_by_its_contents_compressed_and_written_once() {
        let dist = tempfile::tempdir().unwrap();
        let mut writer = Writer::new(dist.path().to_path_buf());
        let path = writer.asset("a.css", b"body{}").unwrap();
        assert!(path.starts_with("assets/a-") && path.ends_with(".css"), "{path}");
        for ending in ["", ".br", ".gz"] {
            assert!(dist.path().join(format!("{path}{ending}")).is_file(), "{ending}");
        }
        assert_eq!(writer.asset("a.css", b"body{}").unwrap(), path);
        assert_ne!(writer.asset("a.css", b"html{}").unwrap(), path);
        assert_eq!(writer.finish("manifest.json").unwrap(), (2, 2));
    }

    #[test]
    fn files_of_an_earlier_build_are_removed() {
        let dist = tempfile::tempdir().unwrap();
        let mut first = Writer::new(dist.path().to_path_buf());
        let old = first.asset("a.css", b"old").unwrap();
        first.finish("manifest.json").unwrap();
        let mut second = Writer::new(dist.path().to_path_buf());
        let new = second.asset("a.css", b"new").unwrap();
        second.finish("manifest.json").unwrap();
        assert!(!dist.path().join(format!("{old}.br")).exists());
        assert!(!dist.path().join(old).exists());
        assert!(dist.path().join(new).exists());
    }

    #[test]
    fn fonts_are_not_compressed_again() {
        let dist = tempfile::tempdir().unwrap();
        let mut writer = Writer::new(dist.path().to_path_buf());
        let path = writer.asset("f.woff2", b"font").unwrap();
        assert!(!dist.path().join(format!("{path}.br")).exists());
        assert_eq!(writer.files[&path].content_type, "font/woff2");
    }
}
