//! A telephone with an authenticator app: Debian's `oathtool` makes the codes, `zbarimg` reads the QR code.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::clock::Clock;

/// An authenticator app that was told one secret.
#[derive(Clone, Debug)]
pub struct Authenticator {
    secret: String,
}

impl Authenticator {
    /// One that was told this secret, in base32.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        Self { secret: secret.to_owned() }
    }

    /// One that reads the secret off a picture with a QR code.
    ///
    /// # Errors
    /// When there is no QR code of the right kind in it.
    pub fn scan(picture: &Path) -> Result<Self> {
        let read = Command::new("zbarimg").args(["--quiet", "--raw"]).arg(picture).output().context("zbarimg")?;
        let text = String::from_utf8(read.stdout)?;
        ensure!(text.starts_with("otpauth://totp/"), "{} holds {text:?}", picture.display());
        let (_, secret) = text.split_once("secret=").context("the QR code holds no secret")?;
        Ok(Self::new(secret.split('&').next().unwrap_or_default().trim()))
    }

    /// The secret.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// The code of now by this clock.
    ///
    /// # Errors
    /// When `oathtool` fails.
    pub fn code(&self, clock: &Clock) -> Result<String> {
        let now = format!("now + {} seconds", clock.ahead().as_secs());
        let made = Command::new("oathtool").args(["--totp", "--base32", "--now", &now, &self.secret]).output();
        let made = made.context("oathtool")?;
        ensure!(made.status.success(), "oathtool: {}", String::from_utf8_lossy(&made.stderr));
        Ok(String::from_utf8(made.stdout)?.trim().to_owned())
    }
}
