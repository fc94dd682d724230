//! The certificates to believe: built in, from a PEM file, from a directory of PEM files, or given.

use std::path::{Path, PathBuf};

use martlet_proto::{Error, Kind, Phase, Result};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::{read, unusable};

const NOT_FOUND: &str = "Could not find a suitable TLS CA certificate bundle";

/// Trust anchors, and the certificates they came from as far as these are known.
pub(super) struct Roots {
    pub(super) store: RootCertStore,
    pub(super) certificates: Vec<CertificateDer<'static>>,
}

/// Mozilla's roots as of this build.
pub(super) fn built_in() -> Roots {
    let store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    Roots { store, certificates: Vec::new() }
}

/// The certificates of a PEM file, or of every file of a directory that holds any.
pub(super) fn from_path(path: &Path) -> Result<Roots> {
    let certificates = match path.is_dir() {
        true => read_directory(path)?,
        false => {
            let pem = read(path, NOT_FOUND)?;
            CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>().map_err(|error| {
                unusable(format!("The CA bundle {} is not valid PEM: {error}", path.display()))
            })?
        }
    };
    from_certificates(certificates).ok_or_else(|| {
        unusable(format!("There is no usable certificate in the CA bundle {}", path.display()))
    })
}

/// These certificates; `None` when not one of them can be an anchor.
pub(super) fn from_certificates(certificates: Vec<CertificateDer<'static>>) -> Option<Roots> {
    let mut store = RootCertStore::empty();
    let (added, _) = store.add_parsable_certificates(certificates.iter().cloned());
    (added > 0).then_some(Roots { store, certificates })
}

/// As OpenSSL's `capath`, but whatever the files are called. What is no PEM is passed over.
fn read_directory(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let entries = std::fs::read_dir(path).map_err(|error| {
        let message = format!("{NOT_FOUND}, invalid path: {} ({error})", path.display());
        Error::new(Kind::File, Phase::Prepare, message).with_source(error)
    })?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut certificates: Vec<CertificateDer<'static>> = Vec::new();
    for pem in files.iter().filter_map(|file| std::fs::read(file).ok()) {
        for certificate in CertificateDer::pem_slice_iter(&pem).flatten() {
            if !certificates.contains(&certificate) {
                certificates.push(certificate);
            }
        }
    }
    Ok(certificates)
}
