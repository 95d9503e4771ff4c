//! Argon2 (RFC 9106) on the processor's widest vectors, in memory that is kept between hashes.
//!
//! The results are those of the `argon2` crate, whose parameters and errors are used here too; only the work is done
//! by a block function of our own, in three versions: [`Backend`] chooses at run time. Strings, bounds and policy stay
//! with the caller. Lanes are filled one after the other.
//!
//! * `block`: the compression function G of section 3.5, and the choice between its versions. All that it needs of
//!   unsafe code is the step from detecting an extension of the processor to using it.
//! * `fill`: which block is made of which (section 3.4). It knows nothing of vectors.
//! * `blake`: the hash H′ and the first hash H₀ (sections 3.2 and 3.3).
//! * `memory`: the blocks, on huge pages where the system has them; the one call that asks for those is unsafe.

mod blake;
mod block;
mod fill;
mod memory;
#[cfg(test)]
mod tests;

use argon2::{Algorithm, Error, MAX_PWD_LEN, MAX_SALT_LEN, MAX_SECRET_LEN, MIN_SALT_LEN, Params, Version};
use zeroize::Zeroize;

pub use block::Backend;
pub use memory::Memory;

/// All that a hash is made by, besides the password and its salt.
#[derive(Clone, Copy)]
pub struct Recipe<'a> {
    algorithm: Algorithm,
    version: Version,
    params: &'a Params,
    secret: &'a [u8],
    backend: Backend,
}

impl<'a> Recipe<'a> {
    /// Without a secret, on the fastest backend of this processor.
    pub fn new(algorithm: Algorithm, version: Version, params: &'a Params) -> Self {
        Self { algorithm, version, params, secret: &[], backend: Backend::best() }
    }

    /// With a secret that the verifier has to know too (K of section 3.1).
    #[must_use]
    pub fn with_secret(self, secret: &'a [u8]) -> Self {
        Self { secret, ..self }
    }

    /// On this backend: for tests and benches.
    #[must_use]
    pub fn with_backend(self, backend: Backend) -> Self {
        Self { backend, ..self }
    }

    /// Fills `output`, whose length is part of what is hashed. `memory` grows to what the parameters ask for.
    ///
    /// # Errors
    ///
    /// [`Error`] as from the `argon2` crate, where a length is out of section 3.1's bounds or `output` is not as long
    /// as the parameters say. Nothing has been written then.
    pub fn hash_into(
        &self,
        password: &[u8],
        salt: &[u8],
        memory: &mut Memory,
        output: &mut [u8],
    ) -> Result<(), Error> {
        self.check(password, salt, output)?;
        let mut seed = blake::seed(self, password, salt, output.len());
        let blocks = memory.blocks(self.params.block_count());
        let backend = self.backend;
        fill::fill(self, &seed, blocks, |next, previous, reference, mode| {
            backend.compress(next, previous, reference, mode);
        });
        seed.zeroize();
        fill::finish(self.params.p_cost() as usize, blocks, output);
        Ok(())
    }

    fn check(&self, password: &[u8], salt: &[u8], output: &[u8]) -> Result<(), Error> {
        let (shortest, longest) = match self.params.output_len() {
            Some(exact) => (exact, exact),
            None => (Params::MIN_OUTPUT_LEN, Params::MAX_OUTPUT_LEN),
        };
        match () {
            () if output.len() < shortest => Err(Error::OutputTooShort),
            () if output.len() > longest => Err(Error::OutputTooLong),
            () if password.len() > MAX_PWD_LEN => Err(Error::PwdTooLong),
            () if salt.len() < MIN_SALT_LEN => Err(Error::SaltTooShort),
            () if salt.len() > MAX_SALT_LEN => Err(Error::SaltTooLong),
            () if self.secret.len() > MAX_SECRET_LEN => Err(Error::SecretTooLong),
            () => Ok(()),
        }
    }
}
