//! The folder that holds everything: one appliance at a time, and nobody else's eyes.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// The database's name in the folder.
pub const DATABASE: &str = "sallyport.db";
const CONFIGURATION: &str = "sallyport.toml";

/// The folder, taken by this appliance as long as this value lives.
#[derive(Debug)]
pub struct DataDir {
    folder: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Makes the folder if need be, closes it to other users, and takes it.
    ///
    /// # Errors
    /// When it cannot be made or written, or another appliance has it: two would write the same database and believe different
    /// things.
    pub fn take(folder: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("cannot make the data directory {}", folder.display());
        if let Some(parent) = folder.parent() {
            std::fs::create_dir_all(parent).with_context(cannot)?;
        }
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(error) if !folder.is_dir() => return Err(error).with_context(cannot),
            _ => close_to_others(folder),
        }
        let file = folder.join("lock");
        let lock = File::create(&file).with_context(|| format!("cannot write {}", file.display()))?;
        let taken =
            || format!("another appliance is running with the data directory {}; stop it first", folder.display());
        lock.try_lock().with_context(taken)?;
        Ok(Self { folder: folder.to_owned(), _lock: lock })
    }

    /// The database's file. SQLite gives the files beside it the same permissions.
    ///
    /// # Errors
    /// When it cannot be made, or not be closed to other users.
    pub fn database(&self) -> anyhow::Result<PathBuf> {
        let file = self.folder.join(DATABASE);
        let cannot = || format!("cannot open the database {}", file.display());
        let open = OpenOptions::new().append(true).create(true).mode(0o600).open(&file).with_context(cannot)?;
        if open.metadata()?.mode() & 0o077 != 0 {
            open.set_permissions(Permissions::from_mode(0o600)).with_context(cannot)?;
        }
        Ok(file)
    }
}

/// Takes the rights of others away from a folder that is an appliance's: of the same owner, and empty or with our files. Another
/// one, such as `/srv`, is not ours to close; the files in it that matter are closed one by one.
fn close_to_others(folder: &Path) {
    let Ok(is) = folder.metadata() else { return };
    if is.mode() & 0o077 == 0 {
        return;
    }
    let of_us = is.uid() == rustix::process::geteuid().as_raw();
    let is_empty = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    let has_ours = [DATABASE, CONFIGURATION].iter().any(|name| folder.join(name).exists());
    let is_ours = of_us && (is_empty || has_ours);
    if !is_ours {
        tracing::warn!(folder = %folder.display(), "the data directory is open to other users of this machine");
    } else if let Err(error) = std::fs::set_permissions(folder, Permissions::from_mode(0o700)) {
        tracing::warn!(folder = %folder.display(), error = %error, "the data directory cannot be closed to other users");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(file: &Path) -> u32 {
        file.metadata().unwrap().mode() & 0o777
    }

    fn with_mode(folder: &Path, mode: u32) -> &Path {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
        folder
    }

    #[test]
    fn a_new_one_and_one_of_ours_are_for_their_owner_only() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("a/b");
        drop(DataDir::take(&folder).unwrap());
        assert_eq!(mode(&folder), 0o700);
        std::fs::write(folder.join(DATABASE), "").unwrap();
        with_mode(&folder, 0o755);
        std::fs::set_permissions(folder.join(DATABASE), Permissions::from_mode(0o644)).unwrap();
        let taken = DataDir::take(&folder).unwrap();
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&taken.database().unwrap()), 0o600);
    }

    #[test]
    fn a_folder_of_others_stays_open_and_the_database_in_it_is_closed() {
        let base = tempfile::tempdir().unwrap();
        std::fs::write(base.path().join("something else"), "").unwrap();
        let taken = DataDir::take(with_mode(base.path(), 0o755)).unwrap();
        assert_eq!(mode(base.path()), 0o755);
        assert_eq!(mode(&taken.database().unwrap()), 0o600);
    }

    #[test]
    fn it_is_taken_once() {
        let base = tempfile::tempdir().unwrap();
        let first = DataDir::take(base.path()).unwrap();
        let refused = DataDir::take(base.path()).unwrap_err().to_string();
        assert!(refused.contains("another appliance"), "{refused}");
        drop(first);
        DataDir::take(base.path()).unwrap();
    }
}
