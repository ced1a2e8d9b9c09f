//! The built console: inside the program, or in a folder while somebody works on it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;

use bytes::Bytes;
use serde::Deserialize;

/// Every file of the console that was built in, by its path.
static BUILT_IN: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/console_files.rs"));

/// Where the console's files come from.
#[derive(Debug)]
pub enum ConsoleFiles {
    /// From the program.
    BuiltIn(HashMap<String, Entry>),
    /// From a folder, read again at each request.
    Folder(PathBuf),
}

/// What the build says of a file.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    path: String,
    content_type: String,
    /// The name holds the content's hash: it never changes.
    immutable: bool,
    /// Which compressed forms lie beside it: `br`, `gz`.
    encodings: Vec<String>,
}

#[derive(Deserialize)]
struct Manifest {
    files: Vec<Entry>,
}

/// A file on its way to the browser.
#[derive(Clone, Debug)]
pub struct File {
    /// Its bytes, compressed when `encoding` says so.
    pub bytes: Bytes,
    /// `Content-Type`.
    pub content_type: String,
    /// `Content-Encoding`.
    pub encoding: Option<&'static str>,
    /// Whether browsers may keep it for ever.
    pub immutable: bool,
}

/// The page every path of the console leads to.
pub const INDEX: &str = "index.html";

impl ConsoleFiles {
    /// The files of this folder, or those built in.
    #[must_use]
    pub fn new(folder: Option<PathBuf>) -> Self {
        match folder {
            Some(folder) => Self::Folder(folder),
            None => Self::BuiltIn(built_in("manifest.json").map(entries).unwrap_or_default()),
        }
    }

    /// A file, in the smallest form the browser accepts.
    pub async fn get(&self, path: &str, accept_encoding: &str) -> Option<File> {
        let entry = match self {
            Self::BuiltIn(entries) => Cow::Borrowed(entries.get(path)?),
            Self::Folder(folder) => {
                let manifest = tokio::fs::read(folder.join("manifest.json")).await.ok()?;
                Cow::Owned(entries(&manifest).remove(path)?)
            }
        };
        let encoding = choose(&entry.encodings, accept_encoding);
        let name = match encoding {
            Some("br") => format!("{path}.br"),
            Some("gzip") => format!("{path}.gz"),
            _ => path.to_owned(),
        };
        let bytes = match self {
            Self::BuiltIn(_) => Bytes::from_static(built_in(&name)?),
            // The path is one of the manifest's, so it cannot lead out of the folder.
            Self::Folder(folder) => tokio::fs::read(folder.join(name)).await.ok()?.into(),
        };
        let (content_type, immutable) = (entry.content_type.clone(), entry.immutable);
        Some(File { bytes, content_type, encoding, immutable })
    }
}

fn entries(manifest: &[u8]) -> HashMap<String, Entry> {
    let manifest: Option<Manifest> = serde_json::from_slice(manifest).ok();
    let files = manifest.map(|it| it.files).unwrap_or_default();
    files.into_iter().map(|entry| (entry.path.clone(), entry)).collect()
}

fn built_in(path: &str) -> Option<&'static [u8]> {
    BUILT_IN.iter().find(|(name, _)| *name == path).map(|(_, bytes)| *bytes)
}

/// Brotli before gzip; quality values only matter when they say no.
fn choose(available: &[String], accept: &str) -> Option<&'static str> {
    let accepts = |name: &str| {
        accept.split(',').map(str::trim).any(|it| {
            let (coding, quality) = it.split_once(';').unwrap_or((it, ""));
            coding.trim() == name && !matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
        })
    };
    let has = |name: &str| available.iter().any(|it| it == name);
    if has("br") && accepts("br") {
        Some("br")
    } else if has("gz") && accepts("gzip") {
        Some("gzip")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_accepted_form_is_chosen() {
        let both = ["br".to_owned(), "gz".to_owned()];
        assert_eq!(choose(&both, "gzip, deflate, br, zstd"), Some("br"));
        assert_eq!(choose(&both, "gzip;q=0.5"), Some("gzip"));
        assert_eq!(choose(&both, "br;q=0, gzip"), Some("gzip"));
        assert_eq!(choose(&both, ""), None);
        assert_eq!(choose(&[], "br"), None);
    }

    #[tokio::test]
    async fn a_folder_gives_only_what_its_manifest_names() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "no").unwrap();
        std::fs::write(folder.path().join("index.html"), "yes").unwrap();
        let manifest =
            r#"{"files":[{"path":"index.html","content_type":"text/html","immutable":false,"encodings":[]}]}"#;
        std::fs::write(folder.path().join("manifest.json"), manifest).unwrap();
        let files = ConsoleFiles::new(Some(folder.path().to_owned()));
        assert_eq!(&files.get(INDEX, "br").await.unwrap().bytes[..], b"yes");
        for path in ["secret", "../secret", "/etc/passwd", ""] {
            assert!(files.get(path, "").await.is_none(), "{path}");
        }
    }
}
