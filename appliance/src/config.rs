//! The configuration, as written and as used.

mod stores;

use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use wire::SecretText;

pub use stores::{RecordingStores, RecordingsSection, S3Credentials, S3Section, S3Store};

use crate::certificates::TlsFiles;
use crate::network::Networks;
use crate::sign_in::browsers::Timeouts;

/// `sallyport.toml` as an administrator writes it. Unknown keys are refused, so that a slip of the pen is not silent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// Address and port to listen on.
    pub listen: Option<SocketAddr>,
    /// How browsers, helpers and agents reach the appliance, `https://host[:port]`.
    pub public_url: Option<String>,
    /// The administrator's own certificate.
    pub tls: Option<TlsFiles>,
    /// Sign-in.
    #[serde(default)]
    pub sign_in: SignInSection,
    /// Sessions.
    #[serde(default)]
    pub sessions: SessionsSection,
    /// A TLS-terminating proxy in front of the appliance.
    pub reverse_proxy: Option<ReverseProxySection>,
    /// The database, when it is not the embedded one.
    #[serde(default)]
    pub database: DatabaseSection,
    /// Where recordings are stored.
    #[serde(default)]
    pub recordings: RecordingsSection,
    /// What is counted.
    #[serde(default)]
    pub metrics: MetricsSection,
    /// The console.
    #[serde(default)]
    pub console: ConsoleSection,
    /// A folder with helper programs to offer for download, `sallyport-helper-PLATFORM[.exe]`.
    pub downloads: Option<PathBuf>,
}

/// `[sign_in]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInSection {
    /// Minutes without use after which a browser is signed out.
    pub idle_minutes: Option<u64>,
    /// Hours after which a browser is signed out whatever happens.
    pub absolute_hours: Option<u64>,
}

/// `[sessions]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionsSection {
    /// Seconds that a link of a session may be lost before the session ends; 0 = it ends with its link.
    pub resume_grace_seconds: Option<u64>,
}

/// `[reverse_proxy]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReverseProxySection {
    /// From where it connects: addresses, and networks such as `10.0.0.0/24`.
    pub addresses: Vec<String>,
    /// PEM with the authority of the certificate that it shows, when that is not one that systems trust anyway.
    pub ca: Option<PathBuf>,
}

/// `[database]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSection {
    /// `postgres://NAME:PASSWORD@HOST:PORT/DATABASE`.
    pub url: Option<SecretText>,
    /// File that holds it.
    pub url_file: Option<PathBuf>,
}

/// `[metrics]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsSection {
    /// File with the token that `/metrics` asks for; `metrics-token` in the data folder, made at the first start, by default.
    pub token_file: Option<PathBuf>,
}

/// `[console]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsoleSection {
    /// A folder to serve the console from instead of the built-in one.
    pub directory: Option<PathBuf>,
}

/// What the command line says; it goes before the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// The configuration file; `DATA_DIR/sallyport.toml` when it is there and none is named.
    pub config: Option<PathBuf>,
    /// See [`ConfigFile::listen`].
    pub listen: Option<SocketAddr>,
    /// See [`ConfigFile::public_url`].
    pub public_url: Option<String>,
    /// See [`ConsoleSection::directory`].
    pub console_dir: Option<PathBuf>,
    /// See [`DatabaseSection::url`].
    pub database_url: Option<SecretText>,
    /// The access key of the store of recordings.
    pub s3: S3Credentials,
}

/// The configuration as the program uses it.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// How everybody reaches the appliance; none = `https://localhost:PORT`.
    pub public_url: Option<String>,
    /// The administrator's own certificate.
    pub tls: Option<TlsFiles>,
    /// How long a sign-in lasts.
    pub sign_in: Timeouts,
    /// How long a link of a session may be lost.
    pub resume_grace: Duration,
    /// A TLS-terminating proxy in front of the appliance.
    pub reverse_proxy: Option<ReverseProxy>,
    /// Where the database is, when it is not the embedded one.
    pub database_url: Option<SecretText>,
    /// Where recordings are stored.
    pub recording_stores: RecordingStores,
    /// File with the token of `/metrics`, when it is not the one in the data folder.
    pub metrics_token_file: Option<PathBuf>,
    /// A folder to serve the console from.
    pub console_dir: Option<PathBuf>,
    /// A folder with helper programs.
    pub downloads: Option<PathBuf>,
}

/// A TLS-terminating proxy in front of the appliance. It is believed what it says about who connects to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReverseProxy {
    /// From where it connects.
    pub addresses: Networks,
    /// PEM with the authority of the certificate that it shows.
    pub ca: Option<PathBuf>,
}

const RESUME_GRACE_SECONDS: u64 = 120;
const DEFAULT_PORT: u16 = 8443;
const IDLE_MINUTES: u64 = 60;
const ABSOLUTE_HOURS: u64 = 12;

impl Config {
    /// Reads the file, if there is one, and lays the command line over it.
    ///
    /// # Errors
    /// Which file or value cannot be used.
    pub fn load(overrides: Overrides) -> anyhow::Result<Self> {
        let beside = overrides.data_dir.join("sallyport.toml");
        let file = match overrides.config.as_deref() {
            Some(named) => read(named)?,
            None if beside.exists() => read(&beside)?,
            None => ConfigFile::default(),
        };
        Self::from_parts(file, overrides)
    }

    fn from_parts(file: ConfigFile, overrides: Overrides) -> anyhow::Result<Self> {
        let database_url = database_url(overrides.database_url, file.database)?;
        let public_url = overrides.public_url.or(file.public_url).map(|url| tidy_url(&url)).transpose()?;
        let idle = file.sign_in.idle_minutes.unwrap_or(IDLE_MINUTES);
        let absolute = file.sign_in.absolute_hours.unwrap_or(ABSOLUTE_HOURS);
        if !(1..=24 * 60).contains(&idle) || !(1..=24 * 30).contains(&absolute) {
            bail!("sign_in.idle_minutes has to be 1 to 1440 and sign_in.absolute_hours 1 to 720");
        }
        let grace = file.sessions.resume_grace_seconds.unwrap_or(RESUME_GRACE_SECONDS);
        if grace > 3600 {
            bail!("sessions.resume_grace_seconds has to be 0 to 3600");
        }
        let reverse_proxy = file.reverse_proxy.map(|it| reverse_proxy(it, public_url.is_some())).transpose()?;
        Ok(Self {
            reverse_proxy,
            database_url,
            recording_stores: file.recordings.checked(&overrides.s3)?,
            resume_grace: Duration::from_secs(grace),
            data_dir: overrides.data_dir,
            listen: overrides.listen.or(file.listen).unwrap_or_else(|| SocketAddr::from(([0, 0, 0, 0], DEFAULT_PORT))),
            public_url,
            tls: file.tls,
            sign_in: Timeouts { idle: Duration::from_secs(idle * 60), absolute: Duration::from_secs(absolute * 3600) },
            metrics_token_file: file.metrics.token_file,
            console_dir: overrides.console_dir.or(file.console.directory),
            downloads: file.downloads,
        })
    }
}

fn reverse_proxy(section: ReverseProxySection, has_public_url: bool) -> anyhow::Result<ReverseProxy> {
    if !has_public_url {
        bail!("with a [reverse_proxy], public_url has to say by which address browsers, helpers and agents reach it");
    }
    if section.addresses.is_empty() {
        bail!("reverse_proxy.addresses has to name the addresses from which the proxy connects");
    }
    match Networks::parse(&section.addresses) {
        Ok(addresses) => Ok(ReverseProxy { addresses, ca: section.ca }),
        Err(bad) => {
            bail!("reverse_proxy.addresses: {bad:?} is neither an address nor a network of less than everybody")
        }
    }
}

fn read(file: &Path) -> anyhow::Result<ConfigFile> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let config: ConfigFile = toml::from_str(&text).map_err(|error| {
        // Without the line itself: it may hold a password.
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.lines().count().max(1);
        anyhow!("{} is not a valid configuration: line {line}: {}", file.display(), error.message())
    })?;
    if config.database.url.is_some() {
        closed_to_others(file, "the database's password")?;
    }
    if config.recordings.holds_secrets() {
        closed_to_others(file, "an access key")?;
    }
    Ok(config)
}

/// What the command line or the environment says goes before the file.
fn database_url(named: Option<SecretText>, section: DatabaseSection) -> anyhow::Result<Option<SecretText>> {
    let is_said = |url: &SecretText| !url.expose().trim().is_empty();
    match (named.filter(is_said), section) {
        (Some(url), _) | (None, DatabaseSection { url: Some(url), url_file: None }) => Ok(Some(url)),
        (None, DatabaseSection { url: None, url_file: Some(file) }) => {
            let text = std::fs::read_to_string(&file)
                .with_context(|| format!("database.url_file: cannot read {}", file.display()))?;
            closed_to_others(&file, "the database's password")?;
            Ok(Some(SecretText::new(text.trim().to_owned())))
        }
        (None, DatabaseSection { url: None, url_file: None }) => Ok(None),
        (None, _) => bail!("database.url and database.url_file say the same; keep one of them"),
    }
}

/// A file that holds a password is for its owner, and at most for a group.
fn closed_to_others(file: &Path, what: &str) -> anyhow::Result<()> {
    let mode = file.metadata().with_context(|| format!("cannot look at {}", file.display()))?.mode();
    if mode & 0o007 != 0 {
        bail!("{0} holds {what} and is open to every user of this machine: chmod o= {0}", file.display());
    }
    Ok(())
}

/// `https://host[:port]` without anything behind it.
fn tidy_url(url: &str) -> anyhow::Result<String> {
    let url = url.trim_end_matches('/');
    let uri: http::Uri = url.parse().with_context(|| format!("public_url {url} is not a URL"))?;
    match (uri.scheme_str(), uri.host(), uri.path()) {
        // As browsers write it.
        (Some("https"), Some(_), "" | "/") => Ok(url.strip_suffix(":443").unwrap_or(url).to_lowercase()),
        _ => bail!("public_url {url} has to be https://host or https://host:port"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> anyhow::Result<Config> {
        Config::from_parts(toml::from_str(text)?, Overrides::default())
    }

    #[test]
    fn an_empty_file_is_a_good_one() {
        let config = parse("").unwrap();
        assert_eq!(config.listen.port(), 8443);
        assert_eq!(config.sign_in.idle, Duration::from_secs(3600));
    }

    #[test]
    fn the_command_line_goes_before_the_file() {
        let file = toml::from_str("listen = '127.0.0.1:1'\npublic_url = 'https://a.example'").unwrap();
        let listen = Some("127.0.0.1:2".parse().unwrap());
        let config = Config::from_parts(file, Overrides { listen, ..Overrides::default() }).unwrap();
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.public_url.as_deref(), Some("https://a.example"));
    }

    #[test]
    fn the_url_of_a_database_is_read_from_a_closed_file_and_never_printed() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sallyport.toml");
        let url_file = folder.path().join("url");
        std::fs::write(&url_file, "postgres://a:geheim@localhost/b\n").unwrap();
        let load = |text: &str, mode: u32| {
            std::fs::write(&file, text).unwrap();
            for it in [&file, &url_file] {
                std::fs::set_permissions(it, PermissionsExt::from_mode(mode)).unwrap();
            }
            Config::load(Overrides { data_dir: folder.path().into(), ..Overrides::default() })
        };
        let of_file = format!("[database]\nurl_file = '{}'", url_file.display());
        let of_text = "[database]\nurl = 'postgres://a:geheim@localhost/b'";
        for text in [of_file.as_str(), of_text] {
            let config = load(text, 0o640).unwrap();
            assert_eq!(config.database_url.as_ref().unwrap().expose(), "postgres://a:geheim@localhost/b");
            assert!(!format!("{config:?}").contains("geheim"));
            let refused = format!("{:#}", load(text, 0o644).unwrap_err());
            assert!(refused.contains("chmod") && !refused.contains("geheim"), "{refused}");
        }
        assert!(load("listen = '127.0.0.1:1'", 0o644).unwrap().database_url.is_none());
        let both = format!("{of_file}\nurl = 'postgres://localhost/b'");
        assert!(load(&both, 0o600).unwrap_err().to_string().contains("url_file"));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, named) in [
            ("lisen = '127.0.0.1:1'", "lisen"),
            ("public_url = 'http://a.example'", "http://a.example"),
            ("public_url = 'https://a.example/x'", "https://a.example/x"),
            ("[sign_in]\nidle_minutes = 0", "idle_minutes"),
            ("[tls]\ncertificate = 'a'", "key"),
            ("[reverse_proxy]\naddresses = ['10.0.0.1']", "public_url"),
            ("public_url = 'https://a.example'\n[reverse_proxy]\naddresses = []", "addresses"),
            ("public_url = 'https://a.example'\n[reverse_proxy]\naddresses = ['0.0.0.0/0']", "0.0.0.0/0"),
            ("public_url = 'https://a.example'\n[reverse_proxy]\naddresses = ['nginx']", "nginx"),
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.contains(named), "{error}");
        }
    }
}
