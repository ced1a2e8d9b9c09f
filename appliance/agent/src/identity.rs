//! Who the agent is, on disk: `agent.json` with what may be shown, `agent.key` with the private key, readable by its owner
//! alone.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use link::{ApplianceUrl, Trust};
use serde::{Deserialize, Serialize};
use wire::AgentId;

/// An agent's private key.
pub struct AgentKey {
    pair: Ed25519KeyPair,
}

/// An enrolled agent.
#[derive(Debug)]
pub struct Identity {
    /// Its id.
    pub agent_id: AgentId,
    /// Which appliance it belongs to.
    pub appliance: ApplianceUrl,
    /// PEM of the certificate authority to trust; none = the system's authorities.
    pub ca_pem: Option<String>,
    /// Name of its jumpoint when it enrolled, for people.
    pub jumpoint_name: String,
    /// Its key.
    pub key: AgentKey,
}

/// Why an identity cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// There is none.
    #[error(
        "there is no identity in {}. Enrol first: make a key in the console under Agents, then run the command it shows",
        .0.display()
    )]
    NotEnrolled(PathBuf),
    /// There is one already.
    #[error(
        "this agent is already enrolled at {appliance} for {jumpoint_name}. To enrol it anew, add --replace, and remove the old node in the console"
    )]
    AlreadyEnrolled {
        /// Where.
        appliance: String,
        /// For which jumpoint.
        jumpoint_name: String,
    },
    /// A file cannot be read or written.
    #[error("{} cannot be {what}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{} is damaged: {detail}. Restore it from a backup, or enrol again with --replace", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The proxy that was named makes no sense.
    #[error("{} makes no sense: {detail}. Name the proxy again with --proxy", .path.display())]
    Proxy {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// No key could be made.
    #[error("this machine could not make a key")]
    NoKey,
}

/// What `agent.json` holds.
#[derive(Serialize, Deserialize)]
struct IdentityFile {
    agent_id: AgentId,
    appliance: String,
    ca_pem: Option<String>,
    jumpoint_name: String,
}

const IDENTITY_FILE: &str = "agent.json";
const KEY_FILE: &str = "agent.key";

impl AgentKey {
    /// A new one.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn generate() -> Result<Self, IdentityError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| IdentityError::NoKey)?;
        Ok(Self { pair })
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// Signs.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl fmt::Debug for AgentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgentKey([redacted])")
    }
}

impl Identity {
    /// Reads the identity in `state_dir`.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn load(state_dir: &Path) -> Result<Self, IdentityError> {
        let path = state_dir.join(IDENTITY_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(IdentityError::NotEnrolled(state_dir.into()));
            }
            Err(source) => return Err(IdentityError::File { path, what: "read", source }),
        };
        let damaged = |path: &Path, detail: String| IdentityError::Damaged { path: path.into(), detail };
        let file: IdentityFile = serde_json::from_str(&text).map_err(|error| damaged(&path, error.to_string()))?;
        let appliance =
            file.appliance.parse().map_err(|error: link::appliance_url::UrlError| damaged(&path, error.to_string()))?;
        let path = state_dir.join(KEY_FILE);
        let key = match fs::read(&path) {
            Ok(key) => key,
            Err(source) => return Err(IdentityError::File { path, what: "read", source }),
        };
        let pair = Ed25519KeyPair::from_pkcs8(&key).map_err(|error| damaged(&path, error.to_string()))?;
        Ok(Self {
            agent_id: file.agent_id,
            appliance,
            ca_pem: file.ca_pem,
            jumpoint_name: file.jumpoint_name,
            key: AgentKey { pair },
        })
    }

    /// Writes the identity into `state_dir`. Whatever interrupts that leaves the identity that was there, the new one, or
    /// none: never the name of one agent with the key of another.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn save(&self, state_dir: &Path) -> Result<(), IdentityError> {
        let document = self.key.pair.to_pkcs8().map_err(|_| IdentityError::NoKey)?;
        let file = IdentityFile {
            agent_id: self.agent_id,
            appliance: self.appliance.to_string(),
            ca_pem: self.ca_pem.clone(),
            jumpoint_name: self.jumpoint_name.clone(),
        };
        let path = state_dir.join(IDENTITY_FILE);
        let text = serde_json::to_string_pretty(&file)
            .map_err(|error| IdentityError::Damaged { path: path.clone(), detail: error.to_string() })?;
        let key = NewFile::write(state_dir, KEY_FILE, document.as_ref())?;
        let identity = NewFile::write(state_dir, IDENTITY_FILE, text.as_bytes())?;
        // From here on nothing needs room on the disk. Without the one file the other counts for nothing.
        remove_if_there(&path).map_err(|source| IdentityError::File { path, what: "replaced", source })?;
        key.put_in_place()?;
        identity.put_in_place()
    }

    /// Whose certificate is believed.
    ///
    /// # Errors
    /// When the stored authority is damaged.
    pub fn trust(&self) -> Result<Trust, link::trust::TrustError> {
        match &self.ca_pem {
            Some(pem) => Trust::from_pem(pem.as_bytes()),
            None => Ok(Trust::System),
        }
    }
}

/// Makes sure, before an enrolment key is spent, that an identity can be written into `state_dir` and may be.
///
/// # Errors
/// When it cannot, or there is one and `replace` is not set.
pub fn prepare(state_dir: &Path, replace: bool) -> Result<(), IdentityError> {
    create_state_dir(state_dir)?;
    if !replace {
        match Identity::load(state_dir) {
            Ok(identity) => {
                return Err(IdentityError::AlreadyEnrolled {
                    appliance: identity.appliance.to_string(),
                    jumpoint_name: identity.jumpoint_name,
                });
            }
            Err(IdentityError::NotEnrolled(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let NewFile { new: path, .. } = NewFile::write(state_dir, "enrolling", b"")?;
    fs::remove_file(&path).map_err(|source| IdentityError::File { path, what: "removed", source })
}

pub(crate) fn create_state_dir(path: &Path) -> Result<(), IdentityError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| IdentityError::File { path: path.into(), what: "created", source })
}

/// A file beside the one that it is going to replace.
pub(crate) struct NewFile {
    new: PathBuf,
    path: PathBuf,
}

impl NewFile {
    /// Writes it, for its owner alone. It belongs to whom the folder belongs to: the service may run as another user than
    /// the one who enrols.
    pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<Self, IdentityError> {
        let it = Self { new: folder.join(format!("{name}.new")), path: folder.join(name) };
        let write = || {
            // A leftover could have other rights.
            remove_if_there(&it.new)?;
            let mut file = create_private(&it.new)?;
            file.write_all(bytes)?;
            #[cfg(unix)]
            give_to_owner_of(folder, &file)?;
            file.sync_all()
        };
        match write() {
            Ok(()) => Ok(it),
            Err(source) => Err(IdentityError::File { path: it.path, what: "written", source }),
        }
    }

    pub(crate) fn put_in_place(self) -> Result<(), IdentityError> {
        let put = || {
            fs::rename(&self.new, &self.path)?;
            // The rename itself is on the disk once the folder is. Only Unix lets a folder be opened for that.
            #[cfg(unix)]
            fs::File::open(self.path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
            Ok(())
        };
        put().map_err(|source| IdentityError::File { path: self.path.clone(), what: "put in place", source })
    }
}

/// A new file for its owner alone. Whatever stands under the name is an error: in a folder of the service's own user it
/// could be a link to a file of whoever enrols, as a rule root's.
fn create_private(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(unix)]
fn give_to_owner_of(folder: &Path, file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let (folder, own) = (fs::metadata(folder)?, file.metadata()?);
    if (folder.uid(), folder.gid()) == (own.uid(), own.gid()) {
        return Ok(());
    }
    std::os::unix::fs::fchown(file, Some(folder.uid()), Some(folder.gid()))
}

pub(crate) fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            agent_id: AgentId(wire_uuid(7)),
            appliance: "https://gate.example:8443".parse().unwrap(),
            ca_pem: None,
            jumpoint_name: "ams".into(),
            key: AgentKey::generate().unwrap(),
        }
    }

    fn wire_uuid(number: u128) -> uuid::Uuid {
        uuid::Uuid::from_u128(number)
    }

    #[test]
    fn what_is_saved_is_loaded_and_the_key_is_the_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let saved = identity();
        saved.save(folder.path()).unwrap();
        let loaded = Identity::load(folder.path()).unwrap();
        assert_eq!(loaded.agent_id, saved.agent_id);
        assert_eq!(loaded.appliance, saved.appliance);
        assert_eq!(loaded.key.public_key(), saved.key.public_key());
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let mode = fs::metadata(folder.path().join(KEY_FILE)).unwrap().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn an_empty_folder_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let error = Identity::load(folder.path()).unwrap_err();
        assert!(matches!(error, IdentityError::NotEnrolled(_)));
        assert!(error.to_string().contains("Enrol first"));
    }

    #[test]
    fn damaged_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        identity().save(folder.path()).unwrap();
        fs::write(folder.path().join(KEY_FILE), b"rubbish").unwrap();
        assert!(Identity::load(folder.path()).unwrap_err().to_string().contains(KEY_FILE));
        fs::write(folder.path().join(IDENTITY_FILE), b"{}").unwrap();
        assert!(Identity::load(folder.path()).unwrap_err().to_string().contains(IDENTITY_FILE));
    }

    #[test]
    fn enrolling_twice_needs_the_word() {
        let folder = tempfile::tempdir().unwrap();
        let state_dir = folder.path().join("new");
        prepare(&state_dir, false).unwrap();
        identity().save(&state_dir).unwrap();
        assert!(matches!(prepare(&state_dir, false), Err(IdentityError::AlreadyEnrolled { .. })));
        prepare(&state_dir, true).unwrap();
    }

    #[test]
    fn an_interrupted_replacement_is_no_identity_of_two_halves() {
        let folder = tempfile::tempdir().unwrap();
        identity().save(folder.path()).unwrap();
        // As far as a replacement gets before it puts its key in place, and right after.
        fs::remove_file(folder.path().join(IDENTITY_FILE)).unwrap();
        assert!(matches!(Identity::load(folder.path()), Err(IdentityError::NotEnrolled(_))));
        NewFile::write(folder.path(), KEY_FILE, b"another").unwrap().put_in_place().unwrap();
        assert!(matches!(Identity::load(folder.path()), Err(IdentityError::NotEnrolled(_))));
        prepare(folder.path(), false).unwrap();
        identity().save(folder.path()).unwrap();
        Identity::load(folder.path()).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn links_planted_in_the_folder_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, b"precious").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&victim, &link).unwrap();
        assert_eq!(create_private(&link).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        for name in [KEY_FILE, IDENTITY_FILE] {
            std::os::unix::fs::symlink(&victim, folder.path().join(name)).unwrap();
            std::os::unix::fs::symlink(&victim, folder.path().join(format!("{name}.new"))).unwrap();
        }
        identity().save(folder.path()).unwrap();
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
        Identity::load(folder.path()).unwrap();
    }

    #[test]
    fn a_key_does_not_print() {
        assert_eq!(format!("{:?}", AgentKey::generate().unwrap()), "AgentKey([redacted])");
    }
}
