//! TLS settings as a value, and what becomes of them.
//!
//! One [`TlsSettings`] value is one [`rustls::ClientConfig`], made once and shared by all connections
//! of a client, so that TLS sessions resume. Files are read by a helper thread, once for all who ask
//! at the same time, and again when they have changed on disk.

mod identity;
mod roots;
mod validity;
mod verifier;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use martlet_proto::{Error, Kind, Phase, Result};
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls_pki_types::CertificateDer;
use tokio::sync::OnceCell;

use crate::blocking::Helpers;

/// How the peer of a TLS connection is checked, and what is shown to it. A value: equal settings share
/// their TLS sessions and connections.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TlsSettings {
    /// Whom to believe.
    pub verify: Verify,
    /// The client's certificate.
    pub client_cert: Option<ClientCert>,
    /// The protocols offered (ALPN), best first. Default `http/1.1`, as urllib3 offers.
    pub alpn: Vec<Vec<u8>>,
    /// The name to ask for (SNI) and to find in the certificate. Default: the URL's host.
    pub server_name: Option<Box<str>>,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self {
            verify: Verify::Default,
            client_cert: None,
            alpn: vec![b"http/1.1".to_vec()],
            server_name: None,
        }
    }
}

/// Whose certificates are believed: `verify=` of requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Verify {
    /// Mozilla's roots, built in.
    #[default]
    Default,
    /// The certificates of this PEM file, or of all PEM files in this directory. A certificate in it is
    /// also believed as the server's own, as OpenSSL does.
    Bundle(PathBuf),
    /// These certificates.
    Roots(Arc<[CertificateDer<'static>]>),
    /// Everybody, and nothing is checked: `verify=False`.
    None,
}

/// A client certificate with its key, in PEM: `cert=` of requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientCert {
    /// The certificate, and those that lead to its root.
    pub chain: PathBuf,
    /// The key (PKCS #8, PKCS #1 or SEC 1, not encrypted), if not in the same file.
    pub key: Option<PathBuf>,
}

/// Settings kept beyond this number of distinct values are forgotten when nobody uses them.
const KEPT: usize = 64;

/// The TLS configurations of one client.
pub(crate) struct TlsConfigs {
    provider: Arc<CryptoProvider>,
    helpers: Helpers,
    made: Mutex<HashMap<Arc<TlsSettings>, Made>>,
}

#[derive(Clone)]
struct Made {
    stamps: Vec<Stamp>,
    config: Arc<OnceCell<Arc<ClientConfig>>>,
}

/// What tells that a file has changed: its time of change and length.
type Stamp = Option<(SystemTime, u64)>;

impl TlsConfigs {
    pub(crate) fn new(helpers: Helpers) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        Self { provider, helpers, made: Mutex::default() }
    }

    /// The configuration for these settings.
    ///
    /// # Errors
    /// [`Kind::File`] when a file is not there or cannot be read, [`Kind::Tls`] when it holds nothing usable.
    pub(crate) async fn config(&self, settings: &Arc<TlsSettings>) -> Result<Arc<ClientConfig>> {
        let cell = self.cell(settings);
        let make = || async {
            let (settings, provider) = (Arc::clone(settings), Arc::clone(&self.provider));
            let made = self.helpers.call(move || make(&settings, provider)).await;
            made.unwrap_or_else(|error| {
                Err(unusable("The TLS settings could not be loaded").with_source(error))
            })
        };
        cell.get_or_try_init(make).await.map(Arc::clone)
    }

    fn cell(&self, settings: &Arc<TlsSettings>) -> Arc<OnceCell<Arc<ClientConfig>>> {
        let stamps: Vec<Stamp> = settings.files().map(stamp).collect();
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = made.get(settings).filter(|found| found.stamps == stamps) {
            return Arc::clone(&found.config);
        }
        if made.len() >= KEPT {
            made.retain(|_, other| other.config.get().is_none_or(|config| Arc::strong_count(config) > 1));
        }
        let config = Arc::new(OnceCell::new());
        made.insert(Arc::clone(settings), Made { stamps, config: Arc::clone(&config) });
        config
    }
}

impl TlsSettings {
    fn files(&self) -> impl Iterator<Item = &Path> {
        let bundle = match &self.verify {
            Verify::Bundle(path) => Some(path.as_path()),
            _ => None,
        };
        let chain = self.client_cert.as_ref().map(|cert| cert.chain.as_path());
        let key = self.client_cert.as_ref().and_then(|cert| cert.key.as_deref());
        [bundle, chain, key].into_iter().flatten()
    }
}

fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Reads the files and builds the configuration. Blocks.
fn make(settings: &TlsSettings, provider: Arc<CryptoProvider>) -> Result<Arc<ClientConfig>> {
    let verifier = verifier::for_settings(&settings.verify, &provider)?;
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions
        .map_err(|error| unusable("The TLS provider knows no usable version").with_source(error))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match &settings.client_cert {
        None => builder.with_no_client_auth(),
        Some(cert) => {
            let (chain, key) = identity::load(cert)?;
            builder.with_client_auth_cert(chain, key).map_err(|error| {
                let shown = cert.chain.display();
                unusable(format!("The client certificate {shown} cannot be used: {error}")).with_source(error)
            })?
        }
    };
    config.alpn_protocols.clone_from(&settings.alpn);
    Ok(Arc::new(config))
}

/// The files or settings hold nothing that can be used.
fn unusable(message: impl Into<String>) -> Error {
    Error::new(Kind::Tls, Phase::Prepare, message)
}

/// Reads a file that the caller named. `what` begins the message.
fn read(path: &Path, what: &str) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        let message = format!("{what}, invalid path: {} ({error})", path.display());
        Error::new(Kind::File, Phase::Prepare, message).with_source(error)
    })
}
