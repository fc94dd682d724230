//! A certificate authority made for one server, and the certificate it signs for the loopback names.
//!
//! Keys are ECDSA P-256. The fields that strict verifiers ask for (OpenSSL under Python >= 3.13
//! sets `VERIFY_X509_STRICT`) are there: key usages, subject and authority key identifiers.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// The names that the server's certificate is good for.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What a TLS server needs, and what its clients have to trust.
pub(crate) struct Identity {
    /// The authority's certificate in PEM, to be given to clients.
    pub(crate) ca_pem: String,
    /// For the acceptor.
    pub(crate) config: Arc<ServerConfig>,
}

impl Identity {
    /// Makes a new authority and a leaf for the loopback names.
    pub(crate) fn generate() -> io::Result<Self> {
        let mut authority = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
        authority.distinguished_name.push(DnType::CommonName, "martlet testing authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority_key = KeyPair::generate().map_err(io::Error::other)?;
        let ca_pem = authority.self_signed(&authority_key).map_err(io::Error::other)?.pem();

        let mut leaf = CertificateParams::new(NAMES.map(String::from)).map_err(io::Error::other)?;
        leaf.distinguished_name.push(DnType::CommonName, "martlet testing server");
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        let leaf_key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate =
            leaf.signed_by(&leaf_key, &Issuer::new(authority, authority_key)).map_err(io::Error::other)?;

        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key)
            })
            .map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { ca_pem, config: Arc::new(config) })
    }
}
