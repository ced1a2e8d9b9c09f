//! The browser extension, packed and signed (CRX3) with a key that this appliance made at its first start.
//!
//! Layout: `Cr24`, version 3, length of the header, header, ZIP. The header is a protocol buffer, described in Chromium's
//! `components/crx_file/crx3.proto`: field 2 is a proof with RSA and SHA-256 (1 public key, 2 signature), field 10000 the
//! signed data (1 the id's 16 bytes).

use std::io::{Cursor, Write};
use std::path::Path;

use anyhow::Context;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use aws_lc_rs::{digest, rand};
use bytes::Bytes;
use wire::helper_messages::EXTENSION_ID;
use zip::write::SimpleFileOptions;

/// The extension's files, as they lie in the source tree.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/extension_files.rs"));

/// The packed extension.
pub struct PackedExtension {
    /// Its id, made from the key.
    pub id: String,
    /// Its version.
    pub version: String,
    /// The file browsers load.
    pub crx: Bytes,
}

impl PackedExtension {
    /// Packs the extension, with a new key if there is none in `key_file` yet.
    ///
    /// # Errors
    /// When the key cannot be read or written.
    pub fn pack(key_file: &Path, update_url: &str) -> anyhow::Result<Self> {
        let key = load_or_make(key_file)?;
        let public: PublicKeyX509Der<'_> = key.public_key().as_der().context("the extension's public key")?;
        let hash = digest::digest(&digest::SHA256, public.as_ref());
        let id_bytes = hash.as_ref().get(..16).context("a hash is longer than an id")?;
        let (zip, version) = zip(update_url)?;
        let signed_data = field(1, id_bytes);
        let length = u32::try_from(signed_data.len())?.to_le_bytes();
        let message = [b"CRX3 SignedData\0".as_slice(), &length, &signed_data, &zip].concat();
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &rand::SystemRandom::new(), &message, &mut signature)
            .map_err(|_| anyhow::anyhow!("the extension could not be signed"))?;
        let proof = [field(1, public.as_ref()), field(2, &signature)].concat();
        let header = [field(2, &proof), field(10_000, &signed_data)].concat();
        let header_length = u32::try_from(header.len())?.to_le_bytes();
        let crx = [b"Cr24".as_slice(), &3u32.to_le_bytes(), &header_length, &header, &zip].concat();
        Ok(Self { id: id_text(id_bytes), version, crx: crx.into() })
    }

    /// The ids a page tries: ours, and that of the unpacked extension.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        vec![self.id.clone(), EXTENSION_ID.to_owned()]
    }

    /// What browsers ask for to learn of new versions (`gupdate` protocol 2.0).
    #[must_use]
    pub fn update_manifest(&self, crx_url: &str) -> String {
        let Self { id, version, .. } = self;
        format!(
            "<?xml version='1.0' encoding='UTF-8'?>\n<gupdate xmlns='http://www.google.com/update2/response' protocol='2.0'>\n  \
             <app appid='{id}'>\n    <updatecheck codebase='{crx_url}' version='{version}'/>\n  </app>\n</gupdate>\n"
        )
    }
}

fn load_or_make(key_file: &Path) -> anyhow::Result<KeyPair> {
    if key_file.exists() {
        let der = std::fs::read(key_file).with_context(|| format!("cannot read {}", key_file.display()))?;
        return KeyPair::from_pkcs8(&der).map_err(|_| anyhow::anyhow!("{} holds no RSA key", key_file.display()));
    }
    let key = KeyPair::generate(KeySize::Rsa2048).context("no key for the extension could be made")?;
    let der: Pkcs8V1Der<'_> = key.as_der().context("the extension's key")?;
    crate::certificates::write_secret(key_file, der.as_ref())?;
    Ok(key)
}

/// The ZIP inside, and the version in its manifest. The fixed `key` of the unpacked extension goes, the address for updates comes.
fn zip(update_url: &str) -> anyhow::Result<(Vec<u8>, String)> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut version = String::new();
    for (name, bytes) in FILES {
        zip.start_file(*name, options)?;
        if *name == "manifest.json" {
            let mut manifest: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(bytes)?;
            manifest.remove("key");
            manifest.insert("update_url".into(), update_url.into());
            version =
                manifest.get("version").and_then(|it| it.as_str()).context("the extension has no version")?.into();
            zip.write_all(&serde_json::to_vec_pretty(&manifest)?)?;
        } else {
            zip.write_all(bytes)?;
        }
    }
    Ok((zip.finish()?.into_inner(), version))
}

/// A length-delimited field of a protocol buffer.
fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 6);
    varint(number << 3 | 2, &mut out);
    varint(bytes.len() as u64, &mut out);
    out.extend_from_slice(bytes);
    out
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// An id as browsers write it: hexadecimal with the letters a to p.
fn id_text(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(b'a' + digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_stays_with_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("extension-key.der");
        let first = PackedExtension::pack(&file, "https://a.example/updates.xml").unwrap();
        let again = PackedExtension::pack(&file, "https://a.example/updates.xml").unwrap();
        assert_eq!((&first.id, first.id.len()), (&again.id, 32));
        assert!(first.id.bytes().all(|letter| (b'a'..=b'p').contains(&letter)));
        assert_eq!(&first.crx[..8], b"Cr24\x03\0\0\0");
        assert!(first.update_manifest("https://a.example/x.crx").contains(&first.id));
        std::fs::write(&file, "garbage").unwrap();
        assert!(PackedExtension::pack(&file, "").is_err());
    }

    #[test]
    fn fields_are_those_of_a_protocol_buffer() {
        assert_eq!(field(1, b"ab"), [0x0a, 2, b'a', b'b']);
        assert_eq!(field(10_000, &[7; 200])[..5], [0x82, 0xf1, 0x04, 0xc8, 0x01]);
    }
}
