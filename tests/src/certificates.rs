//! Certificates of an authority that exists for one test.

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

/// An authority and a certificate that it issued, all as PEM.
pub struct Certificates {
    /// The authority.
    pub authority: String,
    /// The certificate.
    pub leaf: String,
    /// Its private key.
    pub key: String,
}

impl Certificates {
    /// Makes an authority, and a certificate for this name and 127.0.0.1.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn for_name(name: &str) -> Result<Self> {
        let mut params = CertificateParams::new(vec![])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "Authority of a test");
        let key = KeyPair::generate()?;
        let authority = params.self_signed(&key)?.pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate()?;
        let leaf = CertificateParams::new(vec![name.to_owned(), "127.0.0.1".to_owned()])?.signed_by(&key, &issuer)?;
        Ok(Self { authority, leaf: leaf.pem(), key: key.serialize_pem() })
    }
}
