//! What asks web servers over HTTPS.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// One that waits no longer than `timeout` for an answer, follows no redirects, and trusts `authorities`, or those whom
/// this system trusts.
///
/// # Errors
///
/// What is wrong with the authorities.
pub(crate) fn agent(timeout: Duration, authorities: Option<&Path>, is_https: bool) -> Result<Agent, String> {
    let mut config = Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        // Who answers from elsewhere is not the one who was asked.
        .max_redirects(0);
    if is_https {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let roots = match authorities {
            Some(path) => certificates(path)?,
            // Those of this system, or of the file that SSL_CERT_FILE names.
            None => rustls_native_certs::load_native_certs().certs,
        };
        if roots.is_empty() {
            let text = "this system trusts nobody; install its package of CA certificates, or name a file with `authorities`";
            return Err(text.into());
        }
        let roots: Vec<_> = roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
        let tls = TlsConfig::builder().unversioned_rustls_crypto_provider(provider);
        config = config.tls_config(tls.root_certs(RootCerts::Specific(Arc::new(roots))).build());
    } else {
        // One that the environment names would see everything, and could answer in the other's place.
        config = config.proxy(None);
    }
    Ok(config.build().into())
}

/// The most of an answer that is read.
#[cfg(feature = "server")]
const ANSWER: u64 = 64 * 1024;

/// Reads an `answer` to its end, so that its connection can be used again; one that is too long is cut off with it.
///
/// # Errors
///
/// As every read.
#[cfg(feature = "server")]
pub(crate) fn read(mut answer: ureq::http::Response<ureq::Body>) -> Result<Vec<u8>, ureq::Error> {
    answer.body_mut().with_config().limit(ANSWER).read_to_vec()
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let fault = |what: String| format!("{}: {what}", path.display());
    let pem = std::fs::read(path).map_err(|error| fault(error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|_| fault("a certificate in it is broken".into()))?;
    if found.is_empty() { Err(fault("there is no PEM certificate in it".into())) } else { Ok(found) }
}
