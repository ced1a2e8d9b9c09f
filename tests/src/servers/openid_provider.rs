//! A certified OpenID provider (`tests/openid-provider`), with a certificate of its own authority.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::debian::temporary_folder;
use super::{find_program, free_port, npm_packages, write};
use crate::certificates::Certificates;
use crate::program::Program;
use crate::wait;

/// By what it knows the appliance.
pub const OPENID_CLIENT: &str = "sallyport";
/// The secret for that.
pub const OPENID_SECRET: &str = "what the provider gave to the appliance";
/// Its folder in `tests`.
const NAME: &str = "openid-provider";
/// How long it may take to serve.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Redirects that a browser would follow within one sign-in.
const MOST_REDIRECTS: usize = 10;

/// A provider.
pub struct OpenIdProvider {
    /// PEM with the authority of its certificate, which is for `localhost`.
    pub authority: String,
    /// Its issuer.
    pub issuer: String,
    program: Program,
    folder: TempDir,
}

/// Brings its packages.
///
/// # Errors
/// When npm fails.
pub fn install_openid_provider() -> Result<()> {
    npm_packages::install(NAME)
}

impl OpenIdProvider {
    /// Starts one that sends people back to this address of an appliance.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(redirect_url: &str) -> Result<Self> {
        install_openid_provider()?;
        let folder = temporary_folder("openid-provider")?;
        let (certificates, port) = (Certificates::for_name("localhost")?, free_port()?);
        let at = |name: &str| folder.path().join(name);
        write(&at("key.pem"), &certificates.key)?;
        write(&at("chain.pem"), &(certificates.leaf + &certificates.authority))?;
        let settings = json!({
            "port": port, "key": at("key.pem"), "certificate": at("chain.pem"), "people": at("people.json"),
            "ready": at("ready"), "client_id": OPENID_CLIENT, "client_secret": OPENID_SECRET,
            "redirect_url": redirect_url,
        });
        write(&at("settings.json"), &settings.to_string())?;
        let mut command = Command::new(find_program("node", &[])?);
        command.arg(npm_packages::home(NAME).join("server.mjs")).arg(at("settings.json")).stdin(Stdio::null());
        let ready = at("ready");
        let program = Program::start("openid-provider", &mut command, folder.path())?;
        let issuer = format!("https://localhost:{port}");
        let mut it = Self { authority: certificates.authority, issuer, program, folder };
        it.knows(&json!({}))?;
        wait::until("the OpenID provider serves", START_LIMIT, || {
            it.program.check_alive()?;
            Ok(ready.exists().then_some(()))
        })?;
        Ok(it)
    }

    /// Whom it knows from now on: claims by name.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn knows(&self, people: &Value) -> Result<()> {
        self.lets_in(None, people)
    }

    /// The same, and it asks nobody for a name: it takes everybody for this one.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn lets_in(&self, automatic: Option<&str>, people: &Value) -> Result<()> {
        self.says(&json!({ "people": people, "automatic": automatic }))
    }

    /// It lets nobody in, with these words.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn refuses(&self, words: &str) -> Result<()> {
        self.says(&json!({ "people": {}, "refuses": words }))
    }

    fn says(&self, what: &Value) -> Result<()> {
        // Read while it is written it would be half of it.
        let (new, file) = (self.folder.path().join("people.new"), self.folder.path().join("people.json"));
        write(&new, &what.to_string())?;
        std::fs::rename(new, file).context("replacing the provider's people")
    }

    /// Goes to its page as a browser does, and on until it sends the browser away; gives where to.
    ///
    /// # Errors
    /// When it shows a page instead.
    pub fn visit(&self, address: &str) -> Result<String> {
        let authority = Certificate::from_pem(self.authority.as_bytes())?;
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(vec![authority])))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let config = ureq::Agent::config_builder().tls_config(tls).http_status_as_error(false).max_redirects(0).build();
        let agent: ureq::Agent = config.into();
        let (mut cookies, mut address) = (BTreeMap::<String, String>::new(), address.to_owned());
        for _ in 0..MOST_REDIRECTS {
            if !address.starts_with(&self.issuer) {
                return Ok(address);
            }
            let held: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let mut answer = agent.get(&address).header("cookie", held.join("; ")).call()?;
            for set in answer.headers().get_all("set-cookie") {
                let pair = set.to_str()?.split(';').next().unwrap_or_default();
                let (name, value) = pair.split_once('=').context("a cookie without a value")?;
                match value {
                    "" => cookies.remove(name),
                    value => cookies.insert(name.into(), value.into()),
                };
            }
            let Some(location) = answer.headers().get("location") else {
                bail!("the provider shows a page: {}", answer.body_mut().read_to_string()?);
            };
            let location = location.to_str()?.to_owned();
            address = if location.starts_with('/') { format!("{}{location}", self.issuer) } else { location };
        }
        bail!("the provider sends in circles")
    }

    /// Stops it.
    ///
    /// # Errors
    /// When it had to be killed.
    pub fn stop(&mut self) -> Result<()> {
        ensure!(self.program.ended()?.is_none(), "the provider had ended: {}", self.program.log());
        self.program.stop().map(|_| ())
    }
}
