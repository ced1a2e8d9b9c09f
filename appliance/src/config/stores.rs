//! `[recordings]`: where recordings are stored.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde::Deserialize;
use wire::SecretText;

use super::closed_to_others;
use crate::outgoing::{Transport, address};
use crate::store::FOLDER_STORE;

/// `[recordings]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordingsSection {
    /// Name of the store that new recordings go to; `folder`, in the data directory, by default.
    pub store: Option<String>,
    /// Stores by their names. One that recordings lie in has to stay.
    #[serde(default)]
    pub stores: BTreeMap<String, S3Section>,
}

/// `[recordings.stores.NAME]`: S3-compatible storage.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Section {
    /// `https://host[:port]`.
    pub endpoint: String,
    /// The bucket; it has to be there.
    pub bucket: String,
    /// The region; `us-east-1` by default.
    pub region: Option<String>,
    /// What all names in the bucket begin with.
    pub prefix: Option<String>,
    /// The access key's id.
    pub access_key_id: Option<SecretText>,
    /// File that holds it.
    pub access_key_id_file: Option<PathBuf>,
    /// Its secret.
    pub secret_access_key: Option<SecretText>,
    /// File that holds it.
    pub secret_access_key_file: Option<PathBuf>,
    /// PEM with the authority of its certificate, when that is not one that systems trust anyway.
    pub ca: Option<PathBuf>,
    /// Whether the bucket stands in the path instead of in the host's name; yes by default.
    pub path_style: Option<bool>,
}

/// The access key as the environment has it.
#[derive(Clone, Debug, Default)]
pub struct S3Credentials {
    /// The access key's id.
    pub access_key_id: Option<SecretText>,
    /// Its secret.
    pub secret_access_key: Option<SecretText>,
}

/// Where recordings are stored, as the program uses it.
#[derive(Clone, Debug, Default)]
pub struct RecordingStores {
    /// Name of the store that new recordings go to; none: the folder.
    pub current: Option<String>,
    /// Stores by their names.
    pub stores: BTreeMap<String, S3Store>,
}

/// S3-compatible storage.
#[derive(Clone, Debug)]
pub struct S3Store {
    /// `https://host[:port]`; without TLS on this machine alone.
    pub endpoint: String,
    /// The bucket.
    pub bucket: String,
    /// The region.
    pub region: String,
    /// What all names in the bucket begin with; may be empty.
    pub prefix: String,
    /// The access key's id.
    pub access_key_id: SecretText,
    /// Its secret.
    pub secret_access_key: SecretText,
    /// PEM with the authority of its certificate.
    pub authority: Option<PathBuf>,
    /// Whether the bucket stands in the path.
    pub path_style: bool,
}

impl RecordingsSection {
    /// Whether a secret stands in the configuration file itself.
    pub(super) fn holds_secrets(&self) -> bool {
        self.stores.values().any(|it| it.secret_access_key.is_some() || it.access_key_id.is_some())
    }

    /// What is written, checked. The environment's access key is for the store in use, and goes before what stands here.
    pub(super) fn checked(self, environment: &S3Credentials) -> anyhow::Result<RecordingStores> {
        let current = self.store.filter(|it| it != FOLDER_STORE);
        if let Some(name) = &current
            && !self.stores.contains_key(name)
        {
            bail!("recordings.store is {name:?}, and there is no [recordings.stores.{name}]");
        }
        let mut stores = BTreeMap::new();
        for (name, section) in self.stores {
            let of_environment =
                if current.as_deref() == Some(&*name) { environment.clone() } else { S3Credentials::default() };
            let store = section.checked(of_environment).with_context(|| format!("recordings.stores.{name}"))?;
            if name == FOLDER_STORE || name.is_empty() {
                bail!("a store of recordings cannot be called {name:?}: that is the folder in the data directory");
            }
            stores.insert(name, store);
        }
        Ok(RecordingStores { current, stores })
    }
}

impl S3Section {
    fn checked(self, environment: S3Credentials) -> anyhow::Result<S3Store> {
        let url = address(&self.endpoint, Transport::UnsecuredOnThisMachine);
        url.map_err(|error| anyhow::anyhow!("endpoint {:?}: {error}", self.endpoint))?;
        if self.bucket.trim().is_empty() {
            bail!("bucket has to name the bucket");
        }
        let prefix = self.prefix.unwrap_or_default().trim_matches('/').to_owned();
        let key =
            one_of("access_key_id", environment.access_key_id, self.access_key_id, self.access_key_id_file.as_deref())?;
        let secret = one_of(
            "secret_access_key",
            environment.secret_access_key,
            self.secret_access_key,
            self.secret_access_key_file.as_deref(),
        )?;
        Ok(S3Store {
            endpoint: self.endpoint.trim_end_matches('/').to_owned(),
            bucket: self.bucket,
            region: self.region.unwrap_or_else(|| "us-east-1".to_owned()),
            prefix,
            access_key_id: key,
            secret_access_key: secret,
            authority: self.ca,
            path_style: self.path_style.unwrap_or(true),
        })
    }
}

fn one_of(
    name: &str,
    environment: Option<SecretText>,
    written: Option<SecretText>,
    file: Option<&Path>,
) -> anyhow::Result<SecretText> {
    match (environment, written, file) {
        (Some(it), _, _) | (None, Some(it), None) => Ok(it),
        (None, None, Some(file)) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("{name}_file: cannot read {}", file.display()))?;
            closed_to_others(file, "an access key")?;
            Ok(SecretText::new(text.trim().to_owned()))
        }
        (None, Some(_), Some(_)) => bail!("{name} and {name}_file say the same; keep one of them"),
        (None, None, None) => bail!("{name}, {name}_file or the environment has to give the access key"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str, environment: &S3Credentials) -> anyhow::Result<RecordingStores> {
        toml::from_str::<RecordingsSection>(text)?.checked(environment)
    }

    const STORE: &str = "store = 'a'\n[stores.a]\nendpoint = 'https://s3.example'\nbucket = 'b'\n";

    #[test]
    fn without_a_word_it_is_the_folder() {
        for text in ["", "store = 'folder'"] {
            let it = checked(text, &S3Credentials::default()).unwrap();
            assert!(it.current.is_none() && it.stores.is_empty());
        }
    }

    #[test]
    fn keys_come_from_text_file_or_environment_and_never_print() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "geheim\n").unwrap();
        let secret = |it: &RecordingStores| it.stores["a"].secret_access_key.expose().to_owned();
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let of_file = format!("{STORE}access_key_id = 'k'\nsecret_access_key_file = '{}'", file.display());
        let it = checked(&of_file, &S3Credentials::default()).unwrap();
        assert_eq!((secret(&it).as_str(), it.stores["a"].path_style), ("geheim", true));
        assert!(!format!("{it:?}").contains("geheim"));
        let environment =
            S3Credentials { access_key_id: None, secret_access_key: Some(SecretText::new("other".into())) };
        assert_eq!(secret(&checked(&of_file, &environment).unwrap()), "other");
        std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        let refused = format!("{:#}", checked(&of_file, &S3Credentials::default()).unwrap_err());
        assert!(refused.contains("chmod") && !refused.contains("geheim"), "{refused}");
    }

    #[test]
    fn mistakes_are_named() {
        let keys = "access_key_id = 'k'\nsecret_access_key = 's'";
        for (text, named) in [
            ("store = 'x'".to_owned(), "recordings.stores.x"),
            (STORE.to_owned(), "access_key_id"),
            (format!("{STORE}{keys}\nsecret_access_key_file = '/x'"), "keep one of them"),
            (format!("{STORE}{keys}\nbuket = 'x'"), "buket"),
            (format!("{}{keys}", STORE.replace("https", "http")), "https://"),
            (format!("[stores.folder]\nendpoint = 'https://s3.example'\nbucket = 'b'\n{keys}"), "folder"),
        ] {
            let error = format!("{:#}", checked(&text, &S3Credentials::default()).unwrap_err());
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}
