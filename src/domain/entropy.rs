//! Chance as a dependency: the only place that asks the operating system for random bytes.

/// A source of bytes that nobody can predict.
pub trait Entropy: Send + Sync {
    /// Fills `buffer` completely.
    fn fill(&self, buffer: &mut [u8]);
}

/// `N` fresh bytes from `source`.
pub fn bytes<const N: usize>(source: &dyn Entropy) -> [u8; N] {
    let mut buffer = [0; N];
    source.fill(&mut buffer);
    buffer
}

/// The operating system's generator (`getrandom(2)` on Linux).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    /// # Panics
    ///
    /// When the operating system has no entropy to give. Nothing an authentication server does is safe then.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks for randomness")]
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the operating system provides randomness");
    }
}
