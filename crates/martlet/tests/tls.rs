//! TLS: who is believed, what is shown, how a connection ends.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod peer;

use std::path::PathBuf;
use std::sync::Arc;

use martlet::{Call, Client, ClientCert, Kind, Phase, TlsSettings, Verify};
use peer::*;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// An authority and what it has signed.
struct Authority {
    pem: String,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key.
struct Signed {
    der: CertificateDer<'static>,
    pem: String,
    key: KeyPair,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), der: certificate.der().clone(), issuer: Issuer::new(params, key) }
    }

    fn sign(&self, name: &str) -> Signed {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Signed { der: certificate.der().clone(), pem: certificate.pem(), key }
    }

    fn roots(&self) -> Verify {
        Verify::Roots(Arc::from([self.der.clone()]))
    }
}

/// What `openssl req -x509` makes: self-signed, with CA:TRUE.
fn self_signed(name: &str, year_of_expiry: i32) -> Signed {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.not_before = rcgen::date_time_ymd(2000, 1, 1);
    params.not_after = rcgen::date_time_ymd(year_of_expiry, 1, 1);
    let certificate = params.self_signed(&key).unwrap();
    Signed { der: certificate.der().clone(), pem: certificate.pem(), key }
}

fn key(signed: &Signed) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signed.key.serialize_der()))
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn server(signed: &Signed) -> ServerConfig {
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let builder = builder.unwrap().with_no_client_auth();
    builder.with_single_cert(vec![signed.der.clone()], key(signed)).unwrap()
}

fn call(peer: &Peer, verify: Verify) -> Call {
    let tls = Arc::new(TlsSettings { verify, ..TlsSettings::default() });
    Call { tls, ..peer.get("/") }
}

/// A directory of files for one test, gone with it.
struct Files(PathBuf);

impl Files {
    fn new(test: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("martlet-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        for (name, text) in files {
            std::fs::write(path.join(name), text).unwrap();
        }
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn requests_share_a_tls_connection_and_its_end_is_announced() {
    let authority = Authority::new();
    let config = server(&authority.sign("127.0.0.1"));
    let peer = Peer::play_tls([vec![Head, reply("one"), Head, reply("two"), ClientSaysBye]], config);
    let client = Client::default();
    for expected in ["one", "two"] {
        let response = client.execute(call(&peer, authority.roots())).await.unwrap();
        assert_eq!(full(response), expected);
    }
    assert_eq!((client.stats().opened, counts(&client)), (1, (1, 1)));
    client.close_idle();
    peer.finish();
}

#[tokio::test]
async fn a_second_connection_resumes_the_session_of_the_first() {
    let authority = Authority::new();
    let config = server(&authority.sign("127.0.0.1"));
    let peer = Peer::play_tls([(); 2].map(|()| vec![Head, reply("ok"), ClientSaysBye]), config);
    let client = Client::default();
    for _ in 0..2 {
        // Equal settings, another value: they share the configuration.
        let call = Call { keep_alive: false, ..call(&peer, authority.roots()) };
        client.execute(call).await.unwrap();
    }
    let heard = peer.finish();
    assert!(!heard[0].ends_with("[resumed]") && heard[1].ends_with("[resumed]"), "{heard:?}");
}

#[tokio::test]
async fn a_kept_tls_connection_that_the_peer_closed_is_not_used() {
    let authority = Authority::new();
    let config = server(&authority.sign("127.0.0.1"));
    let peer = Peer::play_tls([vec![Head, reply("one"), Bye, Close], vec![Head, reply("two")]], config);
    let client = Client::default();
    for expected in ["one", "two"] {
        let response = client.execute(call(&peer, authority.roots())).await.unwrap();
        assert_eq!(full(response), expected);
    }
    assert_eq!(client.stats().opened, 2);
    peer.finish();
}

#[tokio::test]
async fn what_is_not_trusted_is_refused_and_nothing_is_sent() {
    let (authority, other) = (Authority::new(), Authority::new());
    let cases = [
        // An authority of the same name, as rcgen makes them, but not the same.
        (authority.sign("127.0.0.1"), other.roots(), "BadSignature"),
        (authority.sign("127.0.0.1"), Verify::Default, "UnknownIssuer"),
        (authority.sign("elsewhere.test"), authority.roots(), "NotValidForName"),
    ];
    for (signed, verify, reason) in cases {
        let peer = Peer::play_tls([vec![ClientCloses]], server(&signed));
        let client = Client::default();
        let error = client.execute(call(&peer, verify)).await.unwrap_err().error;
        assert_eq!((error.kind(), error.phase()), (Kind::Tls, Phase::Tls));
        assert!(error.message().contains(reason), "{error}");
        assert_eq!(counts(&client), (0, 0));
        assert_eq!(peer.finish(), [""]);
    }
}

#[tokio::test]
async fn a_certificate_given_as_trusted_is_believed_for_its_own_name_and_time() {
    let good = self_signed("127.0.0.1", 2100);
    let (expired, misnamed) = (self_signed("127.0.0.1", 2001), self_signed("elsewhere.test", 2100));
    for (signed, believed) in [(good, true), (expired, false), (misnamed, false)] {
        let files = Files::new("given", &[("ca.pem", &signed.pem)]);
        let script = if believed { vec![Head, reply("ok")] } else { vec![ClientCloses] };
        let peer = Peer::play_tls([script], server(&signed));
        let outcome = Client::default().execute(call(&peer, Verify::Bundle(files.path("ca.pem")))).await;
        assert_eq!(
            outcome.map_err(|failure| failure.error.kind()).map(full),
            match believed {
                true => Ok("ok".to_owned()),
                false => Err(Kind::Tls),
            }
        );
        peer.finish();
    }
}

#[tokio::test]
async fn without_verification_everybody_is_believed() {
    for signed in [self_signed("elsewhere.test", 2001), Authority::new().sign("elsewhere.test")] {
        let peer = Peer::play_tls([vec![Head, reply("ok")]], server(&signed));
        let response = Client::default().execute(call(&peer, Verify::None)).await.unwrap();
        assert_eq!(full(response), "ok");
        peer.finish();
    }
}

#[tokio::test]
async fn a_bundle_is_a_file_or_a_directory() {
    let (authority, other) = (Authority::new(), Authority::new());
    let both = format!("some words\n{}{}", other.pem, authority.pem);
    let files = Files::new("bundle", &[("one.pem", &both), ("readme", "not PEM")]);
    let config = server(&authority.sign("127.0.0.1"));
    let peer = Peer::play_tls([(); 2].map(|()| vec![Head, reply("ok")]), config);
    for path in [files.path("one.pem"), files.0.clone()] {
        let response = Client::default().execute(call(&peer, Verify::Bundle(path))).await.unwrap();
        assert_eq!(full(response), "ok");
    }
    peer.finish();
}

#[tokio::test]
async fn a_bundle_that_changes_on_disk_is_read_again() {
    let (authority, other) = (Authority::new(), Authority::new());
    let files = Files::new("changes", &[("ca.pem", &other.pem)]);
    let config = server(&authority.sign("127.0.0.1"));
    let peer = Peer::play_tls([vec![ClientCloses], vec![Head, reply("ok")]], config);
    let client = Client::default();
    let verify = Verify::Bundle(files.path("ca.pem"));
    client.execute(call(&peer, verify.clone())).await.unwrap_err();
    std::fs::write(files.path("ca.pem"), format!("{}\n", authority.pem)).unwrap();
    assert_eq!(full(client.execute(call(&peer, verify)).await.unwrap()), "ok");
    peer.finish();
}

#[tokio::test]
async fn files_that_are_missing_or_useless_are_told_apart() {
    let files = Files::new("useless", &[("empty.pem", ""), ("words.pem", "words")]);
    let encrypted = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys/ec-encrypted.pem"));
    let cert = |chain, key| Some(ClientCert { chain, key });
    let plain = encrypted.with_file_name("ec-sec1.pem");
    let cases = [
        (Verify::Bundle(files.path("none.pem")), None, Kind::File, "CA certificate bundle, invalid path"),
        (Verify::Bundle(files.path("empty.pem")), None, Kind::Tls, "no usable certificate"),
        (Verify::None, cert(files.path("none.pem"), None), Kind::File, "TLS certificate file, invalid path"),
        (Verify::None, cert(plain, Some(files.path("none.pem"))), Kind::File, "TLS key file, invalid path"),
        (Verify::None, cert(files.path("words.pem"), None), Kind::Tls, "no certificate"),
        (Verify::None, cert(encrypted, None), Kind::Tls, "encrypted"),
    ];
    for (verify, client_cert, kind, words) in cases {
        // Nobody is asked to connect: there is no such server.
        let peer = Peer::play_tls([], server(&self_signed("127.0.0.1", 2100)));
        let tls = Arc::new(TlsSettings { verify, client_cert, ..TlsSettings::default() });
        let error = Client::default().execute(Call { tls, ..peer.get("/") }).await.unwrap_err().error;
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.message().contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_client_certificate_is_shown_whatever_the_form_of_its_key() {
    let authority = Authority::new();
    let signed = authority.sign("client");
    let key_pem = signed.key.serialize_pem();
    let whole = format!("{key_pem}{}", signed.pem);
    let files = Files::new("identity", &[("whole", &whole), ("chain", &signed.pem), ("key", &key_pem)]);
    let keys = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/keys"));
    let certs = [
        ClientCert { chain: files.path("whole"), key: None },
        ClientCert { chain: files.path("chain"), key: Some(files.path("key")) },
        ClientCert { chain: keys.join("rsa-pkcs1.pem"), key: None },
        ClientCert { chain: keys.join("ec-sec1.pem"), key: None },
    ];
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.der.clone()).unwrap();
    for own in ["rsa-pkcs1.pem", "ec-sec1.pem"] {
        use rustls_pki_types::pem::PemObject;
        roots.add(CertificateDer::from_pem_file(keys.join(own)).unwrap()).unwrap();
    }
    for (place, cert) in certs.into_iter().enumerate() {
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots.clone()), provider());
        let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
        let builder = builder.unwrap().with_client_cert_verifier(verifier.build().unwrap());
        let server = authority.sign("127.0.0.1");
        let config = builder.with_single_cert(vec![server.der.clone()], key(&server)).unwrap();
        // The last two are their own authorities, which webpki does not take; that they are shown is enough.
        let taken = place < 2;
        let script = if taken { vec![Head, reply("ok")] } else { vec![ClientCloses] };
        let peer = Peer::play_tls([script], config);
        let tls = TlsSettings { verify: authority.roots(), client_cert: Some(cert), ..Default::default() };
        let outcome = Client::default().execute(Call { tls: Arc::new(tls), ..peer.get("/") }).await;
        match outcome {
            Ok(response) => assert_eq!((taken, full(response).as_str()), (true, "ok")),
            Err(failure) => assert_eq!((taken, failure.error.kind()), (false, Kind::Tls), "{failure}"),
        }
        peer.finish();
    }
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection_needs_a_goodbye() {
    let authority = Authority::new();
    let config = server(&authority.sign("127.0.0.1"));
    let head = || say("HTTP/1.1 200 OK\r\n\r\nsome words");
    let peer = Peer::play_tls([vec![Head, head(), Bye, Close], vec![Head, head(), Close]], config);
    let client = Client::default();
    let response = client.execute(call(&peer, authority.roots())).await.unwrap();
    assert_eq!(full(response), "some words");
    let error = client.execute(call(&peer, authority.roots())).await.unwrap_err().error;
    assert_eq!((error.kind(), error.phase()), (Kind::Incomplete, Phase::RecvBody));
    peer.finish();
}

#[tokio::test]
async fn a_peer_that_does_not_speak_tls_is_a_tls_error() {
    let peer = Peer::play([vec![say("220 mail.test ESMTP\r\n"), ClientCloses]]);
    let url = format!("https://{}/", peer.address);
    let url = martlet::proto::Url::prepare(&url, "").unwrap();
    let call = Call::new(martlet::proto::Request::new("GET", url));
    let error = Client::default().execute(call).await.unwrap_err().error;
    assert_eq!((error.kind(), error.phase()), (Kind::Tls, Phase::Tls));
    peer.finish();
}

#[tokio::test]
async fn the_connect_limit_holds_over_the_handshake() {
    let peer = Peer::play([vec![ClientCloses]]);
    let url = martlet::proto::Url::prepare(&format!("https://{}/", peer.address), "").unwrap();
    let timeouts = martlet::proto::Timeouts {
        connect: Some(std::time::Duration::from_millis(50)),
        ..Default::default()
    };
    let call = Call { timeouts, ..Call::new(martlet::proto::Request::new("GET", url)) };
    let client = Client::default();
    let error = client.execute(call).await.unwrap_err().error;
    assert_eq!((error.kind(), error.phase()), (Kind::Timeout, Phase::Tls));
    assert!(error.message().contains("connect timeout=0.05"), "{error}");
    assert_eq!(counts(&client), (0, 0));
    peer.finish();
}
