//! TLS on the public listener: certificates that are read again while the server runs.
//!
//! Whoever renews them replaces the two files and sends SIGHUP, or waits: the files are looked at once a minute. A pair
//! that does not fit changes nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, version};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::runtime::Handle as Runtime;

use crate::config;

/// The pause between two looks at the files.
const PAUSE: Duration = Duration::from_secs(60);

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// A file cannot be read.
    #[error("{path} ({key}) cannot be read: {reason}")]
    Unreadable {
        /// Which.
        path: String,
        /// The setting it comes from.
        key: &'static str,
        /// Why not.
        reason: String,
    },
    /// The certificate is of another key.
    #[error("the certificate in {certificate} is not of the key in {key}: give both files of one renewal")]
    Strangers {
        /// The file with the certificate.
        certificate: String,
        /// The file with the key.
        key: String,
    },
    /// The key is of a kind that cannot be used.
    #[error("the key in {0} cannot be used: {1}")]
    Key(String, String),
}

/// The certificate in use, with where it is from.
#[derive(Debug)]
pub struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    current: ArcSwap<Current>,
}

#[derive(Debug)]
struct Current {
    pair: Arc<CertifiedKey>,
    /// When the files were written that it is from.
    written: [Option<SystemTime>; 2],
}

impl Certificates {
    /// Reads the files; nothing where none is configured.
    ///
    /// # Errors
    ///
    /// [`TlsFault`]
    pub fn open(settings: &config::Server) -> Result<Option<Arc<Self>>, TlsFault> {
        let Some(config::Tls { certificate, key }) = settings.tls.clone() else { return Ok(None) };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let current = ArcSwap::from_pointee(read(&certificate, &key, &provider)?);
        Ok(Some(Arc::new(Self { certificate, key, provider, current })))
    }

    /// Reads the files again, if they were written since. Whether there is another certificate now.
    ///
    /// # Errors
    ///
    /// [`TlsFault`]; the certificate of before stays in use.
    pub fn reload(&self) -> Result<bool, TlsFault> {
        let before = self.current.load();
        if written(&self.certificate, &self.key) == before.written {
            return Ok(false);
        }
        let now = read(&self.certificate, &self.key, &self.provider)?;
        let changed = now.pair.cert != before.pair.cert;
        self.current.store(Arc::new(now));
        if changed {
            tracing::info!(certificate = %self.certificate.display(), "took a new certificate");
        }
        Ok(changed)
    }

    /// Looks at the files from now on, again and again.
    pub fn watch(self: &Arc<Self>, runtime: &Runtime) {
        let certificates = self.clone();
        runtime.spawn(async move {
            loop {
                tokio::time::sleep(PAUSE).await;
                certificates.renew().await;
            }
        });
    }

    /// As [`Self::reload`], on a thread that may wait for the disk, with a word in the log when that fails.
    pub async fn renew(self: &Arc<Self>) {
        let certificates = self.clone();
        match tokio::task::spawn_blocking(move || certificates.reload()).await {
            Ok(Ok(_)) => {}
            Ok(Err(fault)) => tracing::error!(%fault, "the certificate of before stays in use"),
            Err(_) => tracing::error!("reading the certificates panicked"),
        }
    }

    /// How connections are encrypted: TLS 1.3 or 1.2, HTTP/1.1.
    ///
    /// # Panics
    ///
    /// Never: the provider speaks both versions.
    pub(super) fn server(self: &Arc<Self>) -> Arc<ServerConfig> {
        let mut server = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .expect("the provider speaks both")
            .with_no_client_auth()
            .with_cert_resolver(self.clone());
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Arc::new(server)
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load().pair.clone())
    }
}

fn read(certificate: &Path, key: &Path, provider: &CryptoProvider) -> Result<Current, TlsFault> {
    // Before they are read: what is written meanwhile is noticed by the next look.
    let written = written(certificate, key);
    let fault = |path: &Path, key, reason: String| TlsFault::Unreadable {
        path: path.display().to_string(),
        key,
        reason,
    };
    let pem = |path: &Path, key| std::fs::read(path).map_err(|error| fault(path, key, error.to_string()));
    const NAMES: [&str; 2] = ["server.tls.certificate", "server.tls.key"];
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem(certificate, NAMES[0])?).collect();
    let chain = chain.map_err(|error| fault(certificate, NAMES[0], error.to_string()))?;
    if chain.is_empty() {
        return Err(fault(certificate, NAMES[0], "there is no PEM certificate in it".to_owned()));
    }
    let secret = PrivateKeyDer::from_pem_slice(&zeroize::Zeroizing::new(pem(key, NAMES[1])?))
        .map_err(|_| fault(key, NAMES[1], "there is no unencrypted PEM private key in it".to_owned()))?;
    let unusable = |error: rustls::Error| TlsFault::Key(key.display().to_string(), error.to_string());
    let secret = provider.key_provider.load_private_key(secret).map_err(unusable)?;
    let pair = CertifiedKey::new(chain, secret);
    match pair.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {}
        Err(_) => {
            let [certificate, key] = [certificate, key].map(|path| path.display().to_string());
            return Err(TlsFault::Strangers { certificate, key });
        }
    }
    Ok(Current { pair: Arc::new(pair), written })
}

fn written(certificate: &Path, key: &Path) -> [Option<SystemTime>; 2] {
    [certificate, key].map(|path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok())
}
