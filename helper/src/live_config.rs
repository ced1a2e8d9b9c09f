//! The configuration while the helper works: kept, and read again when a file has changed, for `install` may run at any
//! time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::task::spawn_blocking;

use crate::config::{Config, ConfigError};

/// What tells that a file has changed; none = it is not there.
type Stamp = Option<(SystemTime, u64)>;

/// The configuration of some files.
pub(crate) struct LiveConfig {
    files: Arc<[PathBuf]>,
    kept: Option<(Vec<Stamp>, Arc<Config>)>,
}

impl LiveConfig {
    /// That of these files together.
    pub(crate) fn of(files: Vec<PathBuf>) -> Self {
        Self { files: files.into(), kept: None }
    }

    /// As it is now.
    ///
    /// # Errors
    /// When a file cannot be read or makes no sense; the next call tries again.
    pub(crate) async fn now(&mut self) -> Result<Arc<Config>, ConfigError> {
        let files = Arc::clone(&self.files);
        let known = self.kept.as_ref().map(|(stamps, _)| stamps.clone());
        let read = spawn_blocking(move || {
            // Before reading: what changes meanwhile is read with the next request.
            let stamps: Vec<Stamp> = files.iter().map(stamp).collect();
            if known.as_ref() == Some(&stamps) {
                return Ok(None);
            }
            Ok(Some((stamps, Arc::new(Config::read_all(&files)?))))
        });
        let read = read.await.unwrap_or(Ok(None)).inspect_err(|_| self.kept = None)?;
        if let Some(read) = read {
            self.kept = Some(read);
        }
        Ok(self.kept.as_ref().map(|(_, config)| Arc::clone(config)).unwrap_or_default())
    }
}

fn stamp(file: &PathBuf) -> Stamp {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ApplianceEntry;

    fn write(path: &std::path::Path, urls: &[&str]) {
        let mut config = Config::default();
        for url in urls {
            config.put(ApplianceEntry { url: (*url).into(), dial: None, proxy: None, ca_pem: None, extension: None });
        }
        config.write(path, &crate::host_manifest::Scope::Machine).unwrap();
    }

    #[tokio::test]
    async fn what_install_writes_meanwhile_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("helper.toml");
        let mut config = LiveConfig::of(vec![path.clone()]);
        assert_eq!(config.now().await.unwrap().served(), [""; 0]);
        write(&path, &["https://one"]);
        let first = config.now().await.unwrap();
        assert_eq!(first.served(), ["https://one"]);
        assert!(Arc::ptr_eq(&first, &config.now().await.unwrap()), "read again without need");
        write(&path, &["https://one", "https://two"]);
        assert_eq!(config.now().await.unwrap().served(), ["https://one", "https://two"]);
        std::fs::write(&path, "appliance = 5").unwrap();
        assert!(config.now().await.is_err());
        assert!(config.now().await.is_err());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(config.now().await.unwrap().served(), [""; 0]);
    }
}
