//! An S3-compatible server (`tests/s3-server`) over TLS, with a certificate of its own authority. It refuses
//! access keys that it does not know; it does not check signatures.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Result;
use serde_json::json;
use tempfile::TempDir;

use super::debian::{temporary_folder, wait_for_port};
use super::{find_program, free_port, npm_packages, write};
use crate::certificates::Certificates;
use crate::program::Program;

/// The server's folder in `tests`.
const NAME: &str = "s3-server";
/// Its one access key; the secret is the same.
pub const S3_KEY: &str = "S3RVER";
/// The bucket that it has.
pub const S3_BUCKET: &str = "recordings";

/// A server.
pub struct S3Server {
    /// The port it listens on, on 127.0.0.1.
    pub port: u16,
    program: Program,
    folder: TempDir,
}

/// Brings its packages.
///
/// # Errors
/// When npm fails.
pub fn install_s3_server() -> Result<()> {
    npm_packages::install(NAME)
}

impl S3Server {
    /// Starts one.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start() -> Result<Self> {
        install_s3_server()?;
        let folder = temporary_folder(NAME)?;
        let (certificates, port) = (Certificates::for_name("localhost")?, free_port()?);
        let at = |name: &str| folder.path().join(name);
        write(&at("ca.pem"), &certificates.authority)?;
        write(&at("key.pem"), &certificates.key)?;
        write(&at("chain.pem"), &(certificates.leaf + &certificates.authority))?;
        std::fs::create_dir(at("objects"))?;
        let settings = json!({
            "port": port, "key": at("key.pem"), "certificate": at("chain.pem"), "folder": at("objects"), "bucket": S3_BUCKET,
        });
        write(&at("settings.json"), &settings.to_string())?;
        let program = launch(&folder, port)?;
        Ok(Self { port, program, folder })
    }

    /// Ends it at once, as a power failure does.
    ///
    /// # Errors
    /// When it does not end.
    pub fn kill(&mut self) -> Result<()> {
        self.program.kill()
    }

    /// Starts it again after [`S3Server::kill`], with what it had.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_again(&mut self) -> Result<()> {
        self.program = launch(&self.folder, self.port)?;
        Ok(())
    }

    /// PEM with the authority of its certificate.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Where its objects lie.
    #[must_use]
    pub fn objects(&self) -> PathBuf {
        self.folder.path().join("objects").join(S3_BUCKET)
    }

    /// What `sallyport.toml` says of it as the store `name`, with this access key.
    #[must_use]
    pub fn configuration(&self, name: &str, key: &str) -> String {
        format!(
            "[recordings.stores.{name}]\nendpoint = 'https://localhost:{}'\nbucket = '{S3_BUCKET}'\nprefix = 'gate'\n\
             access_key_id = '{key}'\nsecret_access_key = '{S3_KEY}'\nca = '{}'\n",
            self.port,
            self.authority().display()
        )
    }
}

fn launch(folder: &TempDir, port: u16) -> Result<Program> {
    let mut command = Command::new(find_program("node", &[])?);
    command.arg(npm_packages::home(NAME).join("server.mjs")).arg(folder.path().join("settings.json"));
    let mut program = Program::start(NAME, command.stdin(Stdio::null()), folder.path())?;
    wait_for_port(&mut program, port)?;
    Ok(program)
}
