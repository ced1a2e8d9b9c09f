//! Helper programs for workstations: those of a configured folder, and the one that lies beside the appliance's program.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use bytes::Bytes;
use tokio::sync::OnceCell;

use crate::random;

/// The programs that are offered: read once, when somebody asks first, and shared by whoever loads them.
#[derive(Debug)]
pub struct Downloads {
    folder: Option<PathBuf>,
    programs: OnceCell<Vec<Program>>,
}

/// A program to load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its name in the address.
    pub file_name: String,
    /// `linux-x86_64` and so on.
    pub platform: String,
    /// The program itself.
    pub content: Bytes,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
}

const PREFIX: &str = "sallyport-helper-";

impl Downloads {
    /// Offers what lies in this folder.
    #[must_use]
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, programs: OnceCell::new() }
    }

    /// What is offered.
    pub async fn list(&self) -> &[Program] {
        let find = || async {
            let folder = self.folder.clone();
            tokio::task::spawn_blocking(move || find(folder.as_deref())).await.unwrap_or_default()
        };
        self.programs.get_or_init(find).await
    }

    /// A program by its name; only those that are offered.
    pub async fn program(&self, file_name: &str) -> Option<&Program> {
        self.list().await.iter().find(|it| it.file_name == file_name)
    }
}

fn find(folder: Option<&Path>) -> Vec<Program> {
    let mut programs = Vec::new();
    let entries = folder.map(|folder| (folder, std::fs::read_dir(folder)));
    match entries {
        Some((folder, Err(error))) => {
            tracing::error!(folder = %folder.display(), error = %error, "the folder of downloads cannot be read");
        }
        Some((_, Ok(entries))) => {
            for entry in entries.flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                if let Some(platform) = name.strip_prefix(PREFIX) {
                    programs.extend(program(&entry.path(), platform.trim_end_matches(".exe"), &name));
                }
            }
        }
        None => {}
    }
    let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
    let beside = std::env::current_exe().ok().map(|it| it.with_file_name("sallyport-helper"));
    if let Some(beside) = beside.filter(|it| it.exists()).filter(|_| !programs.iter().any(|it| it.platform == platform))
    {
        programs.extend(program(&beside, &platform, &format!("{PREFIX}{platform}")));
    }
    programs.sort_by(|a, b| a.platform.cmp(&b.platform));
    programs
}

fn program(file: &Path, platform: &str, file_name: &str) -> Option<Program> {
    let content: Bytes = match std::fs::read(file) {
        Ok(content) => content.into(),
        Err(error) => {
            tracing::error!(file = %file.display(), error = %error, "a program cannot be offered for download");
            return None;
        }
    };
    Some(Program {
        file_name: file_name.to_owned(),
        platform: platform.to_owned(),
        sha256: random::hex(digest::digest(&digest::SHA256, &content).as_ref()),
        content,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_helpers_are_offered() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("sallyport-helper-windows-x86_64.exe"), "MZ").unwrap();
        std::fs::write(folder.path().join("secret"), "no").unwrap();
        let downloads = Downloads::new(Some(folder.path().to_owned()));
        let windows = downloads.list().await.iter().find(|it| it.platform == "windows-x86_64").unwrap();
        assert_eq!(windows.content.as_ref(), b"MZ");
        assert_eq!(downloads.program("sallyport-helper-windows-x86_64.exe").await.unwrap(), windows);
        for name in ["secret", "../secret", ""] {
            assert!(downloads.program(name).await.is_none());
        }
    }
}
