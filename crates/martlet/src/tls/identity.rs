//! The client's certificate and key, from PEM files.

use martlet_proto::Result;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{ClientCert, read, unusable};

/// Reads chain and key. The key is PKCS #8, PKCS #1 or SEC 1 and may stand in the file of the chain.
pub(super) fn load(cert: &ClientCert) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let chain_pem = read(&cert.chain, "Could not find the TLS certificate file")?;
    let shown = cert.chain.display();
    let chain = CertificateDer::pem_slice_iter(&chain_pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| unusable(format!("The client certificate {shown} is not valid PEM: {error}")))?;
    if chain.is_empty() {
        return Err(unusable(format!("There is no certificate in the client certificate file {shown}")));
    }
    let (key_path, key_pem) = match &cert.key {
        None => (&cert.chain, chain_pem),
        Some(path) => (path, read(path, "Could not find the TLS key file")?),
    };
    let key = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|_| {
        let shown = key_path.display();
        match holds_encrypted_key(&key_pem) {
            true => unusable(format!(
                "The key in {shown} is encrypted; store it decrypted (openssl pkey -in KEY -out PLAIN)"
            )),
            false => unusable(format!("There is no usable private key in {shown}")),
        }
    })?;
    Ok((chain, key))
}

fn holds_encrypted_key(pem: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pem);
    text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED")
}
