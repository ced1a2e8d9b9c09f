//! Codes that change every half minute (RFC 6238, with HMAC-SHA-1, 30 seconds and six digits, which every authenticator app has).
//! Pure: the time is handed in.

use aws_lc_rs::hmac;
use subtle::ConstantTimeEq;
use wire::Timestamp;

/// Bytes of a secret; RFC 4226, section 4, recommends 20.
pub const SECRET_BYTES: usize = 20;
/// Digits of a code.
const DIGITS: u32 = 6;
const STEP_MILLIS: i64 = 30_000;
/// Clocks may differ by this many steps, either way.
const SKEW: i64 = 1;
/// RFC 4648, section 6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The step whose code this is, when it is one that counts now and later than the last one used.
#[must_use]
pub fn step_of(secret: &[u8], code: &str, at: Timestamp, last_used: Option<i64>) -> Option<i64> {
    let now = at.0.div_euclid(STEP_MILLIS);
    // Every step is tried: how long it takes does not tell which one fits.
    let mut found = None;
    for step in now - SKEW..=now + SKEW {
        let fits = bool::from(code_of(secret, step).as_bytes().ct_eq(code.as_bytes()));
        if fits && last_used.is_none_or(|last| step > last) {
            found = Some(step);
        }
    }
    found
}

/// Whether somebody typed what could be such a code.
#[must_use]
pub fn looks_like_one(code: &str) -> bool {
    code.len() == DIGITS as usize && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// The code of a moment.
#[must_use]
pub fn code_at(secret: &[u8], at: Timestamp) -> String {
    code_of(secret, at.0.div_euclid(STEP_MILLIS))
}

/// The code of a step (RFC 4226, section 5.3).
fn code_of(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let offset = usize::from(bytes.last().copied().unwrap_or_default() & 0x0f);
    let four = bytes.get(offset..offset + 4).and_then(|four| <[u8; 4]>::try_from(four).ok()).unwrap_or_default();
    let number = (u32::from_be_bytes(four) & 0x7fff_ffff) % 10_u32.pow(DIGITS);
    format!("{number:0width$}", width = DIGITS as usize)
}

/// Bytes as base32 without padding, as authenticator apps want it.
#[must_use]
pub fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for group in bytes.chunks(5) {
        let mut padded = [0_u8; 8];
        padded[3..3 + group.len()].copy_from_slice(group);
        let number = u64::from_be_bytes(padded);
        for place in 0..(group.len() * 8).div_ceil(5) {
            let index = (number >> (35 - 5 * place)) & 0x1f;
            text.extend(BASE32.get(usize::try_from(index).unwrap_or_default()).copied().map(char::from));
        }
    }
    text
}

/// What the QR code holds (the `otpauth` form that authenticator apps read).
#[must_use]
pub fn uri(issuer: &str, user_name: &str, secret: &[u8]) -> String {
    let (issuer, account) = (escaped(issuer), escaped(user_name));
    let secret = base32(secret);
    format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period=30")
}

/// RFC 3986, section 2.3: everything else is escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B.
    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn the_codes_are_those_of_the_standard() {
        // The last six digits of the standard's eight.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(SECRET, Timestamp(seconds * 1000)), code);
        }
    }

    #[test]
    fn a_step_before_and_after_count_and_no_further() {
        let at = Timestamp(1_111_111_109_000);
        let now = at.0 / STEP_MILLIS;
        for ahead in -3..=3 {
            let code = code_of(SECRET, now + ahead);
            let expected = (-1..=1).contains(&ahead).then_some(now + ahead);
            assert_eq!(step_of(SECRET, &code, at, None), expected, "{ahead} steps ahead");
        }
    }

    #[test]
    fn a_code_and_those_before_it_count_once() {
        let at = Timestamp(1_111_111_109_000);
        let now = at.0 / STEP_MILLIS;
        let codes = [-1, 0, 1].map(|ahead| code_of(SECRET, now + ahead));
        let counts = codes.each_ref().map(|code| step_of(SECRET, code, at, Some(now)).is_some());
        assert_eq!(counts, [false, false, true]);
    }

    #[test]
    fn other_texts_are_no_codes() {
        let at = Timestamp(59_000);
        for wrong in ["", "28708", "2870820", "287083", " 287082", "２８７０８２"] {
            assert_eq!(step_of(SECRET, wrong, at, None), None, "{wrong}");
        }
        assert!(looks_like_one("000000") && !looks_like_one("abcdef") && !looks_like_one("1234567"));
    }

    #[test]
    fn base32_is_that_of_the_standard() {
        // RFC 4648, section 10, without padding.
        for (plain, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(plain.as_bytes()), text);
        }
    }

    #[test]
    fn the_uri_escapes_names() {
        let uri = uri("Sallyport gate.example:8443", "ana@example.org", b"foobar");
        assert_eq!(
            uri,
            "otpauth://totp/Sallyport%20gate.example%3A8443:ana%40example.org?secret=MZXW6YTBOI\
             &issuer=Sallyport%20gate.example%3A8443&algorithm=SHA1&digits=6&period=30"
        );
    }
}
