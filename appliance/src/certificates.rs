//! The appliance's certificate: its own local authority by default, or the administrator's files.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use aws_lc_rs::digest;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};

use crate::clock::now;
use crate::random;

/// What the appliance shows to everybody who connects.
pub struct Identity {
    /// Certificate and authorities, the leaf first.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    /// The certificate's private key.
    pub(crate) key: PrivateKeyDer<'static>,
    /// The authority that workstations and agents have to trust; none when it is a public one.
    pub authority: Option<Authority>,
}

/// A certificate authority that is not a public one.
#[derive(Clone, Debug)]
pub struct Authority {
    /// The certificate.
    pub pem: String,
    /// Where it lies.
    pub file: PathBuf,
    /// SHA-256 of its DER, hexadecimal.
    pub sha256: String,
}

/// The administrator's own files.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// PEM with the certificate and what lies between it and the authority.
    pub certificate: PathBuf,
    /// PEM with the private key.
    pub key: PathBuf,
    /// PEM with the authority, when it is not one that systems trust anyway.
    #[serde(default)]
    pub ca: Option<PathBuf>,
}

/// Days a local certificate is good for; browsers take at most 398 (CA/Browser Forum, ballot SC31).
const LEAF_DAYS: i64 = 397;
/// A local certificate is made anew when fewer days are left.
const RENEW_DAYS: i64 = 60;
/// Days the local authority is good for.
const CA_DAYS: i64 = 3650;
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// What a kept certificate was made for.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    names: Vec<String>,
    good_until: i64,
}

impl Identity {
    /// Reads the administrator's files.
    ///
    /// # Errors
    /// Which file cannot be used.
    pub fn from_files(files: &TlsFiles) -> anyhow::Result<Self> {
        let chain = read_chain(&files.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&files.key)
            .with_context(|| format!("no private key can be read from {}", files.key.display()))?;
        let authority = files.ca.as_deref().map(read_authority).transpose()?;
        Ok(Self { chain, key, authority })
    }

    /// Reads the local authority's certificate for these names, and makes what is missing or too old.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn local(folder: &Path, names: &[String]) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let (ca_file, ca_key_file) = (folder.join("ca.pem"), folder.join("ca-key.pem"));
        let (leaf_file, key_file, made_file) =
            (folder.join("certificate.pem"), folder.join("key.pem"), folder.join("certificate.json"));
        if !ca_file.exists() || !ca_key_file.exists() {
            forget(&made_file)?;
            make_authority(&ca_file, &ca_key_file)?;
        }
        let made: Option<Made> = std::fs::read_to_string(&made_file).ok().and_then(|it| serde_json::from_str(&it).ok());
        let is_good =
            made.is_some_and(|made| made.names == names && made.good_until > now().0 + RENEW_DAYS * DAY_MILLIS);
        if !is_good || !leaf_file.exists() || !key_file.exists() {
            // Without this file the others do not count: whatever interrupts this, they are made anew at the next start.
            forget(&made_file)?;
            let made = make_leaf(&ca_file, &ca_key_file, &leaf_file, &key_file, names)?;
            write(&made_file, &serde_json::to_string(&made)?, false)?;
        }
        let mut chain = read_chain(&leaf_file)?;
        chain.extend(read_chain(&ca_file)?);
        let key = PrivateKeyDer::from_pem_file(&key_file)
            .with_context(|| format!("no private key can be read from {}", key_file.display()))?;
        Ok(Self { chain, key, authority: Some(read_authority(&ca_file)?) })
    }
}

fn read_chain(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read = || format!("no certificate can be read from {}", file.display());
    let chain: Vec<_> =
        CertificateDer::pem_file_iter(file).with_context(read)?.collect::<Result<_, _>>().with_context(read)?;
    if chain.is_empty() {
        bail!(read());
    }
    Ok(chain)
}

pub(crate) fn read_authority(file: &Path) -> anyhow::Result<Authority> {
    let pem = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let chain = read_chain(file)?;
    let der = chain.first().context("no certificate")?;
    let sha256 = random::hex(digest::digest(&digest::SHA256, der).as_ref());
    Ok(Authority { pem, file: file.to_owned(), sha256 })
}

fn make_authority(ca_file: &Path, ca_key_file: &Path) -> anyhow::Result<()> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::OrganizationName, "Sallyport");
    let mark = random::hex(&random::bytes::<4>()?);
    params.distinguished_name.push(DnType::CommonName, format!("Sallyport local authority {mark}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_days(&mut params, CA_DAYS)?;
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    write(ca_key_file, &key.serialize_pem(), true)?;
    write(ca_file, &certificate.pem(), false)
}

fn make_leaf(
    ca_file: &Path,
    ca_key_file: &Path,
    leaf: &Path,
    key_file: &Path,
    names: &[String],
) -> anyhow::Result<Made> {
    let ca_key =
        KeyPair::from_pem(&std::fs::read_to_string(ca_key_file)?).context("the local authority's key is broken")?;
    let issuer = Issuer::from_ca_cert_pem(&std::fs::read_to_string(ca_file)?, ca_key)?;
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name.push(DnType::OrganizationName, "Sallyport");
    params.distinguished_name.push(DnType::CommonName, names.first().map_or("sallyport", String::as_str));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    set_days(&mut params, LEAF_DAYS)?;
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, &issuer)?;
    write(key_file, &key.serialize_pem(), true)?;
    write(leaf, &certificate.pem(), false)?;
    Ok(Made { names: names.to_vec(), good_until: now().0 + LEAF_DAYS * DAY_MILLIS })
}

/// From yesterday, because clocks differ.
fn set_days(params: &mut CertificateParams, days: i64) -> anyhow::Result<()> {
    let day = |offset: i64| -> anyhow::Result<_> {
        let at = jiff::Timestamp::from_millisecond(now().0 + offset * DAY_MILLIS)?.to_zoned(jiff::tz::TimeZone::UTC);
        Ok(rcgen::date_time_ymd(i32::from(at.year()), u8::try_from(at.month())?, u8::try_from(at.day())?))
    };
    params.not_before = day(-1)?;
    params.not_after = day(days)?;
    Ok(())
}

fn forget(file: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", file.display()))
        }
        _ => Ok(()),
    }
}

/// Writes a whole file or none, for its owner only.
///
/// # Errors
/// When the folder cannot be written.
pub fn write_secret(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write_bytes(file, bytes, true)
}

fn write(file: &Path, text: &str, is_secret: bool) -> anyhow::Result<()> {
    write_bytes(file, text.as_bytes(), is_secret)
}

fn write_bytes(file: &Path, bytes: &[u8], is_secret: bool) -> anyhow::Result<()> {
    use std::io::Write;
    let beside = file.with_extension("new");
    // What an earlier start left unfinished may have other permissions.
    forget(&beside)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, if is_secret { 0o600 } else { 0o644 });
    #[cfg(not(unix))]
    let _ = is_secret;
    let cannot = || format!("cannot write {}", file.display());
    let mut out = options.open(&beside).with_context(cannot)?;
    out.write_all(bytes).and_then(|()| out.sync_all()).with_context(cannot)?;
    std::fs::rename(&beside, file).with_context(cannot)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_authority_stays_and_a_new_name_makes_a_new_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let first = Identity::local(folder.path(), &names).unwrap();
        let again = Identity::local(folder.path(), &names).unwrap();
        assert_eq!(first.chain, again.chain);
        let other = Identity::local(folder.path(), &["example.org".to_owned()]).unwrap();
        assert_ne!(first.chain[0], other.chain[0]);
        assert_eq!(first.chain[1], other.chain[1], "the authority is the same");
        let authority = first.authority.unwrap();
        assert_eq!(authority.sha256.len(), 64);
    }

    #[test]
    fn whatever_interrupts_a_renewal_the_next_start_works() {
        let folder = tempfile::tempdir().unwrap();
        let (file, names) = (|name: &str| folder.path().join(name), ["localhost".to_owned()]);
        let first = Identity::local(folder.path(), &names).unwrap();
        let parts = ["key.pem", "certificate.pem", "certificate.json"];
        let before = parts.map(|name| std::fs::read(file(name)).unwrap());
        let renewed = Identity::local(folder.path(), &["example.org".to_owned()]).unwrap();
        assert_ne!(first.chain[0], renewed.chain[0]);
        // The key is written, the certificate is not yet.
        std::fs::write(file("certificate.pem"), &before[1]).unwrap();
        std::fs::remove_file(file("certificate.json")).unwrap();
        std::fs::write(file("key.new"), "half").unwrap();
        let again = Identity::local(folder.path(), &names).unwrap();
        assert_ne!(again.chain[0], first.chain[0]);
        // Another authority: what the old one signed is worth nothing.
        std::fs::remove_file(file("ca-key.pem")).unwrap();
        let other = Identity::local(folder.path(), &names).unwrap();
        assert!(other.chain[0] != again.chain[0] && other.chain[1] != again.chain[1]);
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_for_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        for left_over in ["ca-key.new", "key.new"] {
            std::fs::write(folder.path().join(left_over), "").unwrap();
        }
        Identity::local(folder.path(), &["localhost".to_owned()]).unwrap();
        for key in ["ca-key.pem", "key.pem"] {
            let mode = std::fs::metadata(folder.path().join(key)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{key}");
        }
    }

    #[test]
    fn files_that_cannot_be_used_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let files =
            TlsFiles { certificate: folder.path().join("none.pem"), key: folder.path().join("k.pem"), ca: None };
        let error = Identity::from_files(&files).err().unwrap().to_string();
        assert!(error.contains("none.pem"), "{error}");
    }
}
