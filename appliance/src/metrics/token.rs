//! The token that whoever reads the metrics has to show.

use std::path::Path;

use anyhow::{Context, bail};
use subtle::ConstantTimeEq;
use wire::SecretText;

use crate::certificates::write_secret;
use crate::random;

/// The file in the data folder when none is named.
const FILE: &str = "metrics-token";
/// Fewest characters of a token that an administrator chose.
const FEWEST: usize = 16;

/// The token of this appliance.
#[derive(Clone, Debug)]
pub struct MetricsToken(SecretText);

impl MetricsToken {
    /// Reads the token: of the named file, or of the one in the data folder, which is made when it is not there.
    ///
    /// # Errors
    /// When the file cannot be read or written, or holds no token.
    pub fn load(named: Option<&Path>, data_dir: &Path) -> anyhow::Result<Self> {
        let own = data_dir.join(FILE);
        let file = named.unwrap_or(&own);
        if named.is_none() && !own.exists() {
            write_secret(&own, format!("{}\n", random::secret()?).as_bytes())?;
        }
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read the token of /metrics in {}", file.display()))?;
        let token = text.trim();
        if token.len() < FEWEST || token.contains(char::is_whitespace) {
            bail!("{} has to hold one token of at least {FEWEST} characters for /metrics", file.display());
        }
        Ok(Self(SecretText::new(token.to_owned())))
    }

    /// Whether the value of an `Authorization` header shows it. How long it takes does not tell how much of it is right.
    #[must_use]
    pub fn is_shown_by(&self, authorization: &str) -> bool {
        let Some((scheme, shown)) = authorization.split_once(' ') else { return false };
        let fits = shown.trim().as_bytes().ct_eq(self.0.expose().as_bytes());
        scheme.eq_ignore_ascii_case("bearer") && bool::from(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn it_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let made = MetricsToken::load(None, folder.path()).unwrap();
        let file = folder.path().join(FILE);
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(&file).unwrap();
        let again = MetricsToken::load(None, folder.path()).unwrap();
        for token in [made, again] {
            assert!(token.is_shown_by(&format!("Bearer {}", text.trim())));
            assert!(token.is_shown_by(&format!("bearer  {}", text.trim())));
            for wrong in ["", "Bearer", "Bearer ", text.trim(), "Bearer x", &format!("Basic {}", text.trim())] {
                assert!(!token.is_shown_by(wrong), "{wrong}");
            }
            assert!(!format!("{token:?}").contains(text.trim()));
        }
    }

    #[test]
    fn a_named_file_has_to_hold_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        assert!(MetricsToken::load(Some(&file), folder.path()).is_err());
        for text in ["", "short", "two words that are long enough"] {
            std::fs::write(&file, text).unwrap();
            assert!(MetricsToken::load(Some(&file), folder.path()).is_err(), "{text}");
        }
        std::fs::write(&file, "0123456789abcdef\n").unwrap();
        assert!(MetricsToken::load(Some(&file), folder.path()).unwrap().is_shown_by("Bearer 0123456789abcdef"));
        assert!(!folder.path().join(FILE).exists());
    }
}
