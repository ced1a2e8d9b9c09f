//! Whose certificates are believed. There is no way to believe every certificate.

use std::fmt::Write as _;
use std::sync::Arc;

use aws_lc_rs::digest;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs as provider};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    SupportedProtocolVersion, version,
};

use crate::hex;

/// SHA-256 of a certificate's DER.
pub type Fingerprint = [u8; 32];

/// Whose certificates are believed.
#[derive(Clone, Debug)]
pub enum Trust {
    /// Those of these certificate authorities alone.
    Authorities(Vec<CertificateDer<'static>>),
    /// Those of the certificate authority with this fingerprint, which the appliance has to present with its own
    /// certificate. For enrolment, before the authority itself is known.
    AuthorityFingerprint(Fingerprint),
    /// Those that the operating system believes.
    System,
}

/// Why a trust cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file is not PEM certificates.
    #[error("this is not a certificate authority in PEM: {0}")]
    NotPem(String),
    /// The file has no certificate.
    #[error("there is no certificate in it; it has to begin with -----BEGIN CERTIFICATE-----")]
    NoCertificate,
    /// The fingerprint is not one.
    #[error("a fingerprint is 64 hexadecimal digits (SHA-256)")]
    NotAFingerprint,
    /// The system's authorities cannot be read.
    #[error("the certificate authorities of this system cannot be read: {0}")]
    System(String),
    /// rustls refuses the result.
    #[error("{0}")]
    Tls(#[from] Error),
    /// The verifier cannot be made of these authorities.
    #[error("{0}")]
    Verifier(#[from] rustls::client::VerifierBuilderError),
}

impl Trust {
    /// Takes the certificate authorities of a PEM file.
    ///
    /// # Errors
    /// When there is none in it.
    pub fn from_pem(pem: &[u8]) -> Result<Self, TrustError> {
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|error| TrustError::NotPem(error.to_string()))?;
        if certificates.is_empty() { Err(TrustError::NoCertificate) } else { Ok(Self::Authorities(certificates)) }
    }

    /// Takes a fingerprint in hexadecimal; colons between the digits are allowed.
    ///
    /// # Errors
    /// When it is not 64 digits.
    pub fn from_fingerprint(text: &str) -> Result<Self, TrustError> {
        let bytes = hex::decode(&text.replace(':', "")).ok_or(TrustError::NotAFingerprint)?;
        Ok(Self::AuthorityFingerprint(bytes))
    }

    /// How to dial with this trust: TLS 1.3, HTTP/1.1.
    ///
    /// # Errors
    /// When the trust is of no use.
    pub(crate) fn client_config(&self) -> Result<ClientConfig, TrustError> {
        let mut config = self.config(&[&version::TLS13])?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// How to dial systems that are not ours with this trust: TLS 1.2 or 1.3, no protocol named.
    ///
    /// # Errors
    /// When the trust is of no use.
    pub fn config_for_others(&self) -> Result<ClientConfig, TrustError> {
        self.config(&[&version::TLS13, &version::TLS12])
    }

    fn config(&self, versions: &[&'static SupportedProtocolVersion]) -> Result<ClientConfig, TrustError> {
        let provider = Arc::new(provider::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions)?;
        let builder = match self {
            Self::Authorities(certificates) => {
                let roots = Arc::new(roots_of(certificates)?);
                let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider).build()?;
                builder.with_webpki_verifier(verifier)
            }
            Self::System => builder.with_root_certificates(system_roots()?),
            Self::AuthorityFingerprint(fingerprint) => {
                builder.dangerous().with_custom_certificate_verifier(Arc::new(FingerprintVerifier {
                    fingerprint: *fingerprint,
                    provider,
                }))
            }
        };
        Ok(builder.with_no_client_auth())
    }
}

/// SHA-256 of a certificate.
#[must_use]
pub fn fingerprint_of(certificate: &CertificateDer<'_>) -> Fingerprint {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, certificate).as_ref());
    bytes
}

/// In plain words why rustls refused a certificate, when that is what it did.
#[must_use]
pub fn certificate_refused(error: &Error) -> Option<String> {
    let Error::InvalidCertificate(why) = error else { return None };
    Some(match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired, or this machine's clock is wrong".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet, or this machine's clock is wrong".into()
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "it was not issued by the certificate authority that is trusted here".into()
        }
        CertificateError::NotValidForName => "it was issued for another host name".into(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let mut text = format!("it was issued for another host name than {}", expected.to_str());
            if !presented.is_empty() {
                let _ = write!(text, ": {}", presented.join(", "));
            }
            text
        }
        CertificateError::Other(OtherError(why)) => why.to_string(),
        other => other.to_string(),
    })
}

fn roots_of(certificates: &[CertificateDer<'static>]) -> Result<RootCertStore, TrustError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate.clone())?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, TrustError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let detail = found.errors.first().map_or_else(|| "there are none".into(), ToString::to_string);
        return Err(TrustError::System(detail));
    }
    Ok(roots)
}

/// Believes what an authority with a known fingerprint has issued, once the authority is shown.
#[derive(Debug)]
struct FingerprintVerifier {
    fingerprint: Fingerprint,
    provider: Arc<CryptoProvider>,
}

/// The appliance did not show the authority that was expected.
#[derive(Debug, thiserror::Error)]
#[error("the appliance does not show the certificate authority that the key names")]
struct AuthorityNotShown;

impl ServerCertVerifier for FingerprintVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let authority = intermediates
            .iter()
            .find(|certificate| fingerprint_of(certificate) == self.fingerprint)
            .ok_or_else(|| CertificateError::Other(OtherError(Arc::new(AuthorityNotShown))))?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider))
            .build()
            .map_err(|error| Error::General(error.to_string()))?
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_read_with_and_without_colons() {
        let plain = "ab".repeat(32);
        let colons = vec!["AB"; 32].join(":");
        for text in [plain, colons] {
            let Ok(Trust::AuthorityFingerprint(bytes)) = Trust::from_fingerprint(&text) else { panic!("{text}") };
            assert_eq!(bytes, [0xab; 32]);
        }
        for bad in ["", "ab", &"zz".repeat(32), &"ä".repeat(32), &"ab".repeat(33)] {
            assert!(Trust::from_fingerprint(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        assert!(matches!(Trust::from_pem(b"hello"), Err(TrustError::NoCertificate)));
        assert!(matches!(Trust::from_pem(b""), Err(TrustError::NoCertificate)));
        let broken = b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n";
        assert!(matches!(Trust::from_pem(broken), Err(TrustError::NotPem(_))));
    }
}
