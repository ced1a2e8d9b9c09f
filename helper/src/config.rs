//! The helper's configuration: which appliances it serves and whose certificates it believes. Written by `install`.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use link::metrics::port::MetricsAddress;
use link::proxy::ProxyUrlError;
use link::{ApplianceUrl, Dialer, ProxyChoice, Trust, tcp};
use serde::{Deserialize, Serialize};
use wire::SecretText;

use crate::host_manifest::{Scope, System, program_files};

/// Names the file in place of the usual ones.
pub(crate) const FILE_VARIABLE: &str = "SALLYPORT_HELPER_CONFIG";

/// What a configuration file holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Extensions that may start the helper, besides the fixed one and those the appliances pack.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) extension_ids: Vec<String>,
    /// Where it serves figures for Prometheus; none = nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) metrics: Option<MetricsAddress>,
    /// The appliances it serves.
    #[serde(default, rename = "appliance")]
    pub(crate) appliances: Vec<ApplianceEntry>,
}

/// One appliance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApplianceEntry {
    /// `https://host:port`, as browsers write it.
    pub(crate) url: String,
    /// `host:port` to connect to instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dial: Option<String>,
    /// The HTTP proxy to go through, or `direct`; none = as environment and system say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proxy: Option<SecretText>,
    /// PEM of the certificate authority to trust; none = the system's authorities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ca_pem: Option<String>,
    /// The extension it packs, once it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) extension: Option<PackedExtension>,
}

/// The extension as an appliance packs and serves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PackedExtension {
    /// Its id.
    pub(crate) id: String,
    /// Where browsers look for its updates.
    pub(crate) update_url: String,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The system does not let it be read.
    #[error("{} cannot be read: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not what `install` writes.
    #[error("{}{} makes no sense: {detail}. Mend or remove it, and install the helper again", .path.display(), at(*.line))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where in it.
        line: Option<usize>,
        /// What is wrong with it.
        detail: String,
    },
}

fn at(line: Option<usize>) -> String {
    line.map(|line| format!(", line {line},")).unwrap_or_default()
}

impl Config {
    /// The configuration in force, from [`files_in_force`] together.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(crate) fn in_force() -> Result<Self, ConfigError> {
        Self::read_all(&files_in_force())
    }

    /// Several files as one; of two entries for one appliance, or two addresses for the metrics, the first counts.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub(crate) fn read_all(paths: &[PathBuf]) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        for path in paths {
            let Self { extension_ids, metrics, appliances } = Self::read(path)?;
            config.extension_ids.extend(extension_ids);
            config.metrics = config.metrics.or(metrics);
            for appliance in appliances {
                if config.appliance_of(&appliance.url).is_none() {
                    config.appliances.push(appliance);
                }
            }
        }
        Ok(config)
    }

    /// Reads one file; a missing one is empty.
    ///
    /// # Errors
    /// When it cannot be read or makes no sense.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(ConfigError::Unreadable { path: path.into(), source }),
        };
        toml::from_str(&text).map_err(|error| ConfigError::Damaged {
            path: path.into(),
            line: error
                .span()
                .map(|span| text.as_bytes().iter().take(span.start).filter(|it| **it == b'\n').count() + 1),
            detail: error.message().into(),
        })
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, path: &Path, scope: &Scope) -> anyhow::Result<()> {
        let text = toml::to_string_pretty(self).context("the configuration cannot be written as TOML")?;
        if !self.holds_a_password() {
            return crate::install::write_file(path, &text, scope);
        }
        if *scope == Scope::Machine {
            bail!(
                "everybody on this machine reads {}, so no proxy's password can stand in it. Name the proxy without one, and let those \
                 who need one install the helper for themselves, without --system",
                path.display()
            );
        }
        crate::install::write_private_file(path, &text, scope)
    }

    fn holds_a_password(&self) -> bool {
        self.appliances.iter().any(|it| it.proxy_choice().is_ok_and(|choice| choice.is_secret()))
    }

    /// Adds an appliance, or replaces the entry it has.
    pub(crate) fn put(&mut self, entry: ApplianceEntry) {
        match self.appliances.iter_mut().find(|it| it.url == entry.url) {
            Some(it) => *it = entry,
            None => self.appliances.push(entry),
        }
    }

    /// Every extension that may start the helper, besides the fixed one.
    pub(crate) fn all_extension_ids(&self) -> Vec<String> {
        let packed = self.appliances.iter().filter_map(|it| it.extension.as_ref()).map(|it| it.id.clone());
        packed.chain(self.extension_ids.iter().cloned()).collect()
    }

    /// The entry for a page's origin.
    pub(crate) fn appliance_of(&self, origin: &str) -> Option<&ApplianceEntry> {
        self.appliances.iter().find(|it| it.url == origin)
    }

    /// Every appliance's address.
    pub(crate) fn served(&self) -> Vec<String> {
        self.appliances.iter().map(|it| it.url.clone()).collect()
    }
}

impl ConfigError {
    /// What a page may know of it: not the folder, which names the user, nor anything that stands in the file.
    pub(crate) fn for_a_page(&self) -> String {
        match self {
            Self::Unreadable { source, .. } => {
                format!("the system does not let the helper read it ({})", source.kind())
            }
            Self::Damaged { line: Some(line), .. } => format!("it makes no sense in line {line}"),
            Self::Damaged { line: None, .. } => "it makes no sense".into(),
        }
    }
}

impl ApplianceEntry {
    /// How to dial it.
    ///
    /// # Errors
    /// When the entry makes no sense.
    pub(crate) fn dialer(&self) -> anyhow::Result<Dialer> {
        let url: ApplianceUrl = self.url.parse()?;
        let trust = match &self.ca_pem {
            Some(pem) => Trust::from_pem(pem.as_bytes())?,
            None => Trust::System,
        };
        let through = match &self.dial {
            Some(text) => match tcp::host_and_port(text) {
                Some(address) => Some(address),
                None => bail!("{text:?} is not host:port"),
            },
            None => None,
        };
        Ok(Dialer::new(url, &trust)?.through(through).by_proxy(self.proxy_choice()?))
    }

    fn proxy_choice(&self) -> Result<ProxyChoice, ProxyUrlError> {
        self.proxy.as_ref().map_or(Ok(ProxyChoice::Automatic), |it| it.expose().parse())
    }
}

/// The files that count: the one the environment names, or the user's and the machine's.
pub(crate) fn files_in_force() -> Vec<PathBuf> {
    if let Some(path) = named_file() {
        return vec![path];
    }
    let scopes = user_scope().into_iter().chain([Scope::Machine]);
    scopes.map(|scope| path_for(System::here(), &scope)).collect()
}

/// The file that the environment names.
pub(crate) fn named_file() -> Option<PathBuf> {
    std::env::var_os(FILE_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Where the configuration of a scope is.
pub(crate) fn path_for(system: System, scope: &Scope) -> PathBuf {
    match (system, scope) {
        (System::Linux, Scope::User { config, .. }) => config.join("sallyport/helper.toml"),
        (System::MacOs | System::Windows, Scope::User { config, .. }) => config.join("Sallyport").join("helper.toml"),
        (System::Linux, Scope::Machine) => "/etc/sallyport/helper.toml".into(),
        (System::MacOs, Scope::Machine) => "/Library/Application Support/Sallyport/helper.toml".into(),
        // Any user may make folders in ProgramData.
        (System::Windows, Scope::Machine) => program_files().join(r"Sallyport\helper.toml"),
    }
}

/// The folders of the user who runs this program.
///
/// # Errors
/// When there is no home folder.
pub(crate) fn user_scope() -> anyhow::Result<Scope> {
    let home = std::env::home_dir().filter(|home| home.is_absolute()).context("this user has no home folder")?;
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = match System::here() {
        System::Linux => set("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
        System::MacOs => home.join("Library/Application Support"),
        System::Windows => set("LOCALAPPDATA").unwrap_or_else(|| home.join(r"AppData\Local")),
    };
    Ok(Scope::User { home, config })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(url: &str) -> ApplianceEntry {
        ApplianceEntry {
            url: url.into(),
            ca_pem: None,
            dial: Some("127.0.0.1:9".into()),
            proxy: None,
            extension: Some(PackedExtension { id: "x".into(), update_url: "y".into() }),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/helper.toml");
        let metrics = "127.0.0.1:9466".parse().ok();
        let mut config = Config { extension_ids: vec!["abc".into()], metrics, appliances: vec![entry("https://one")] };
        config.appliances[0].ca_pem = Some("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n".into());
        config.write(&path, &Scope::Machine).unwrap();
        assert_eq!(Config::read(&path).unwrap(), config);
        assert_eq!(Config::read(&folder.path().join("missing")).unwrap(), Config::default());
    }

    #[test]
    fn a_proxys_password_is_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("helper.toml");
        let user = Scope::User { home: folder.path().into(), config: folder.path().into() };
        let mut config = Config::default();
        let with = |proxy: &str| ApplianceEntry { proxy: Some(SecretText::new(proxy.into())), ..entry("https://one") };
        let mode = || {
            #[cfg(unix)]
            return std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions()) & 0o777;
            #[cfg(not(unix))]
            0o600
        };
        config.put(with("http://proxy:3128"));
        config.write(&path, &Scope::Machine).unwrap();
        #[cfg(unix)]
        assert_eq!(mode(), 0o644);
        config.put(with("http://ana:geheim@proxy:3128"));
        assert!(config.write(&path, &Scope::Machine).unwrap_err().to_string().contains("everybody"));
        config.write(&path, &user).unwrap();
        assert_eq!(mode(), 0o600);
        assert_eq!(Config::read(&path).unwrap(), config);
        assert!(!format!("{config:?}").contains("geheim"));
    }

    #[test]
    fn a_damaged_file_is_named_to_people_and_not_shown_to_pages() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("helper.toml");
        for text in [
            "appliance = 5",
            "\n[[appliance]]\nurl = \"https://secret.example\"\nca = \"x\"\n",
            "[[appliance]]\nurl = https://secret.example\n",
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Config::read(&path).unwrap_err();
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
            let shown = error.for_a_page();
            assert!(shown.contains("line") && !shown.contains("secret") && !shown.contains('/'), "{shown}");
        }
    }

    #[test]
    fn metrics_for_other_machines_are_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("helper.toml");
        std::fs::write(&path, "metrics = \"0.0.0.0:9466\"\n").unwrap();
        let said = Config::read(&path).unwrap_err().to_string();
        assert!(said.contains("line 1") && said.contains("no password") && said.contains("127.0.0.1:9466"), "{said}");
    }

    #[test]
    fn of_two_files_the_first_counts() {
        let folder = tempfile::tempdir().unwrap();
        let [own, machine] = ["own.toml", "machine.toml"].map(|name| folder.path().join(name));
        let mut config = Config::default();
        config.put(entry("https://one"));
        config.metrics = "127.0.0.1:1".parse().ok();
        config.write(&own, &Scope::Machine).unwrap();
        config.metrics = "127.0.0.1:2".parse().ok();
        config.put(ApplianceEntry { dial: None, ..entry("https://one") });
        config.put(entry("https://two"));
        config.write(&machine, &Scope::Machine).unwrap();
        let both = Config::read_all(&[own, folder.path().join("missing"), machine]).unwrap();
        assert_eq!(both.served(), ["https://one", "https://two"]);
        assert_eq!(both.metrics, "127.0.0.1:1".parse().ok());
        assert_eq!(both.appliances[0], entry("https://one"));
    }

    #[test]
    fn an_appliance_stands_in_it_once() {
        let mut config = Config::default();
        config.put(entry("https://one"));
        config.put(entry("https://two"));
        config.put(ApplianceEntry { dial: None, ..entry("https://one") });
        assert_eq!(config.served(), ["https://one", "https://two"]);
        assert_eq!(config.appliance_of("https://one").unwrap().dial, None);
    }

    #[test]
    fn an_origin_is_served_exactly_or_not_at_all() {
        let mut config = Config::default();
        config.put(entry("https://gate.example:8443"));
        assert!(config.appliance_of("https://gate.example:8443").is_some());
        for other in ["https://gate.example", "http://gate.example:8443", "https://gate.example:8443/", "null", ""] {
            assert!(config.appliance_of(other).is_none(), "{other}");
        }
    }
}
