//! The certificate that the listener shows, changed while it serves: the local one is renewed in time, the administrator's own
//! files are read again, since whoever renews them seldom restarts the appliance.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Context;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use wire::Timestamp;

use crate::certificates::{Authority, Identity, TlsFiles};

/// How often it is looked for a newer certificate.
const EVERY: Duration = Duration::from_secs(60 * 60);

/// Where the certificate comes from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The administrator's files.
    Files(TlsFiles),
    /// The local authority, for these names.
    Local {
        /// Where authority and certificate lie.
        folder: PathBuf,
        /// What the appliance is reached by.
        names: Vec<String>,
    },
}

/// The certificate that is shown now, and where a newer one comes from.
#[derive(Debug)]
pub struct ServingCertificate {
    source: Source,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Source {
    fn load(&self) -> anyhow::Result<Identity> {
        match self {
            Self::Files(files) => Identity::from_files(files),
            Self::Local { folder, names } => Identity::local(folder, names),
        }
    }
}

impl ServingCertificate {
    /// Loads it, with the authority that others have to trust.
    ///
    /// # Errors
    /// Which file cannot be used, or that certificate and key do not belong together.
    pub fn load(source: Source) -> anyhow::Result<(Arc<Self>, Option<Authority>)> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let identity = source.load()?;
        let current = RwLock::new(Arc::new(certified(&identity, &provider)?));
        Ok((Arc::new(Self { source, provider, current }), identity.authority))
    }

    /// What the TLS listener needs: TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// When TLS cannot be configured.
    pub fn server_config(self: &Arc<Self>) -> anyhow::Result<Arc<ServerConfig>> {
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Reads the certificate again, and shows it from now on if it is another one. True when it is.
    ///
    /// # Errors
    /// What is wrong with it; the one that is shown stays.
    pub fn reload(&self) -> anyhow::Result<bool> {
        let newer = certified(&self.source.load()?, &self.provider)?;
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let is_other = newer.cert != current.cert;
        if is_other {
            *current = Arc::new(newer);
        }
        Ok(is_other)
    }

    /// Looks for a newer one every hour. Runs until it is dropped.
    pub async fn keep_fresh(self: Arc<Self>) {
        loop {
            tokio::time::sleep(EVERY).await;
            let it = self.clone();
            match tokio::task::spawn_blocking(move || it.reload()).await {
                Ok(Ok(true)) => tracing::info!("a newer certificate is shown from now on"),
                Ok(Ok(false)) => {}
                Ok(Err(error)) => {
                    let error = format!("{error:#}");
                    tracing::error!(error, "the certificate cannot be read again; the one that is shown stays");
                }
                Err(error) => tracing::error!(error = %error, "the certificate was not read again"),
            }
        }
    }

    /// Until when the certificate that is shown is good; none when it does not say.
    #[must_use]
    pub fn good_until(&self) -> Option<Timestamp> {
        let current = self.current();
        let (_, certificate) = x509_parser::parse_x509_certificate(current.cert.first()?).ok()?;
        Some(Timestamp(certificate.validity().not_after.timestamp().saturating_mul(1000)))
    }

    fn current(&self) -> Arc<CertifiedKey> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for ServingCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

fn certified(identity: &Identity, provider: &CryptoProvider) -> anyhow::Result<CertifiedKey> {
    CertifiedKey::from_der(identity.chain.clone(), identity.key.clone_key(), provider)
        .context("certificate and private key cannot be used together")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renewed_files_are_shown_and_broken_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificate: folder.path().join("certificate.pem"),
            key: folder.path().join("key.pem"),
            ca: None,
        };
        let renew = |name: &str| drop(Identity::local(folder.path(), &[name.to_owned()]).unwrap());
        renew("a.example");
        let (shown, authority) = ServingCertificate::load(Source::Files(files.clone())).unwrap();
        shown.server_config().unwrap();
        assert!(authority.is_none());
        let days = shown.good_until().unwrap().millis_since(crate::clock::now()) / (24 * 60 * 60 * 1000);
        assert!(days > 30, "{days} days");
        let first = shown.current();
        assert!(!shown.reload().unwrap());
        assert!(Arc::ptr_eq(&first, &shown.current()));

        renew("b.example");
        assert!(shown.reload().unwrap());
        let second = shown.current();
        assert_ne!(first.cert[0], second.cert[0]);

        let key = std::fs::read(&files.key).unwrap();
        renew("c.example");
        std::fs::write(&files.key, key).unwrap();
        let error = format!("{:#}", shown.reload().unwrap_err());
        assert!(error.contains("together"), "{error}");
        std::fs::remove_file(&files.certificate).unwrap();
        let error = format!("{:#}", shown.reload().unwrap_err());
        assert!(error.contains("certificate.pem"), "{error}");
        assert!(Arc::ptr_eq(&second, &shown.current()));
    }
}
