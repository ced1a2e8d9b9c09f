//! The proxy that was named for this agent, on disk: `proxy`, readable by its owner alone, for there may be a password in it.

use std::fs;
use std::io;
use std::path::Path;

use link::ProxyChoice;
use link::proxy::ProxyUrlError;

use crate::identity::{IdentityError, NewFile, create_state_dir, remove_if_there};

const FILE: &str = "proxy";

/// What was kept in `state_dir`; [`ProxyChoice::Automatic`] when nothing was.
///
/// # Errors
/// When it cannot be read or makes no sense.
pub fn load(state_dir: &Path) -> Result<ProxyChoice, IdentityError> {
    let path = state_dir.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) => {
            text.parse().map_err(|error: ProxyUrlError| IdentityError::Proxy { path, detail: error.to_string() })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(ProxyChoice::Automatic),
        Err(source) => Err(IdentityError::File { path, what: "read", source }),
    }
}

/// Keeps a choice in `state_dir` for the next starts.
///
/// # Errors
/// When it cannot be written.
pub fn save(state_dir: &Path, choice: &ProxyChoice) -> Result<(), IdentityError> {
    create_state_dir(state_dir)?;
    match choice.written() {
        Some(text) => NewFile::write(state_dir, FILE, text.expose().as_bytes())?.put_in_place(),
        None => {
            let path = state_dir.join(FILE);
            remove_if_there(&path).map_err(|source| IdentityError::File { path, what: "removed", source })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_kept_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("new");
        assert_eq!(load(&state).unwrap(), ProxyChoice::Automatic);
        for text in ["http://ana:geheim@proxy:3128", "direct", "auto", "auto"] {
            let choice: ProxyChoice = text.parse().unwrap();
            save(&state, &choice).unwrap();
            assert_eq!(load(&state).unwrap(), choice);
            #[cfg(unix)]
            if text != "auto" {
                use std::os::unix::fs::MetadataExt as _;
                assert_eq!(fs::metadata(state.join(FILE)).unwrap().mode() & 0o777, 0o600);
            }
        }
        assert!(!state.join(FILE).exists());
    }

    #[test]
    fn a_damaged_one_is_named_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "ftp://ana:geheim@proxy").unwrap();
        let said = load(folder.path()).unwrap_err().to_string();
        assert!(said.contains("--proxy") && !said.contains("geheim"), "{said}");
    }
}
