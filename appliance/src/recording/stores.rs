//! Where complete recordings lie: in a folder of the data directory, or in S3-compatible storage. Each recording's row names its store;
//! a folder is always there, the others are those of the configuration, by their names.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::client::{ClientOptions, HttpClient, HttpConnector};
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ObjectStore, RetryConfig};

use crate::config::{RecordingStores, S3Store};
use crate::outgoing::{certificate_refusal, tls_config};
use crate::store::FOLDER_STORE;

/// How long a connection to a store may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// How long a store may be silent within a request.
const SILENT_FOR: Duration = Duration::from_secs(8);
/// For how long a request that failed is tried again. Whoever waits for it is told soon: what failed is done again later.
const AGAIN_FOR: Duration = Duration::from_secs(4);

/// The stores by their names.
pub(super) struct Stores {
    current: String,
    all: HashMap<String, Arc<dyn ObjectStore>>,
}

/// A recording lies in a store that is not configured any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it lies in the store {0:?}, which sallyport.toml does not name any more")]
pub struct UnknownStore(String);

impl Stores {
    /// Those of the configuration, and the folder.
    pub(super) fn open(folder: &Path, configured: &RecordingStores) -> anyhow::Result<Self> {
        // A recording that is said to be complete survives when the power fails.
        let local = LocalFileSystem::new_with_prefix(folder)
            .with_context(|| format!("cannot use the folder {}", folder.display()))?
            .with_fsync(true);
        let mut all: HashMap<String, Arc<dyn ObjectStore>> = HashMap::new();
        all.insert(FOLDER_STORE.to_owned(), Arc::new(local));
        for (name, it) in &configured.stores {
            let store = s3(it).with_context(|| format!("the store of recordings {name:?} cannot be used"))?;
            let store: Arc<dyn ObjectStore> = if it.prefix.is_empty() {
                Arc::new(store)
            } else {
                Arc::new(PrefixStore::new(store, it.prefix.as_str()))
            };
            all.insert(name.clone(), store);
        }
        let current = configured.current.clone().unwrap_or_else(|| FOLDER_STORE.to_owned());
        Ok(Self { current, all })
    }

    /// The name of the one that new recordings go to.
    pub(super) fn current(&self) -> &str {
        &self.current
    }

    /// The one of this name.
    pub(super) fn named(&self, name: &str) -> Result<Arc<dyn ObjectStore>, UnknownStore> {
        self.all.get(name).cloned().ok_or_else(|| UnknownStore(name.to_owned()))
    }
}

impl Stores {
    /// All of them, by their names.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Arc<dyn ObjectStore>)> {
        self.all.iter().map(|(name, it)| (name.as_str(), it))
    }
}

fn s3(it: &S3Store) -> anyhow::Result<AmazonS3> {
    let authority = it.authority.as_deref().map(std::fs::read_to_string).transpose();
    let authority = authority.context("its certificate authority cannot be read")?;
    let connector = Connector { authority, is_secured: it.endpoint.starts_with("https://") };
    let builder = AmazonS3Builder::new()
        .with_endpoint(it.endpoint.as_str())
        .with_bucket_name(it.bucket.as_str())
        .with_region(it.region.as_str())
        .with_access_key_id(it.access_key_id.expose())
        .with_secret_access_key(it.secret_access_key.expose())
        .with_virtual_hosted_style_request(!it.path_style)
        .with_allow_http(!connector.is_secured)
        // Not every store knows the other way.
        .with_disable_bulk_delete(true)
        .with_retry(RetryConfig { backoff: BackoffConfig::default(), max_retries: 3, retry_timeout: AGAIN_FOR })
        .with_http_connector(connector);
    Ok(builder.build()?)
}

/// Makes connections as the appliance makes all of them: certificates verified, no redirects, no proxy of the environment.
#[derive(Debug)]
struct Connector {
    authority: Option<String>,
    is_secured: bool,
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        let failed = |source: Box<dyn Error + Send + Sync>| object_store::Error::Generic { store: "S3", source };
        let mut tls = tls_config(self.authority.as_deref()).map_err(|error| failed(error.into()))?;
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .user_agent(concat!("Sallyport/", env!("CARGO_PKG_VERSION")))
            .https_only(self.is_secured)
            .connect_timeout(CONNECT_WITHIN)
            .read_timeout(SILENT_FOR)
            .build()
            .map_err(|error| failed(error.into()))?;
        Ok(HttpClient::new(client))
    }
}

/// What went wrong with a store, in words for whoever runs it.
pub(super) fn said(error: &object_store::Error) -> String {
    use object_store::Error as E;
    if let Some(why) = certificate_refusal(error) {
        return format!("its certificate is refused: {why}");
    }
    let text = innermost(error);
    let code = ["InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "NoSuchBucket", "RequestTimeTooSkewed"]
        .into_iter()
        .find(|it| text.contains(it));
    match (code, error) {
        (Some("InvalidAccessKeyId"), _) => "it does not know the access key (InvalidAccessKeyId)".into(),
        (Some("SignatureDoesNotMatch"), _) => "the secret access key is wrong (SignatureDoesNotMatch)".into(),
        (Some("NoSuchBucket"), _) => "there is no such bucket (NoSuchBucket)".into(),
        (Some("RequestTimeTooSkewed"), _) => "its clock and this machine's differ (RequestTimeTooSkewed)".into(),
        (Some(_), _) | (None, E::PermissionDenied { .. }) => "the access key may not do that (AccessDenied)".into(),
        (None, E::Unauthenticated { .. }) => "it refuses the credentials".into(),
        (None, E::NotFound { .. }) => "it is not there".into(),
        (None, _) => text,
    }
}

/// What lies at the bottom says what happened; what lies above repeats it, with times that are others each time.
fn innermost(error: &object_store::Error) -> String {
    let mut last: &dyn Error = error;
    while let Some(error) = last.source() {
        last = error;
    }
    last.to_string()
}
