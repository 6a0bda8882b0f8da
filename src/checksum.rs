//! bytes → what tells them from others: SHA-256, which no one can forge, for models; XXH3, which is quick, for indexes

#[cfg(not(target_arch = "wasm32"))]
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::xxh3_128;

/// The SHA-256 of bytes, in hexadecimal: of what is prepared, which the browser does not do.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// The XXH3 of bytes, in 128 bits: tells accidents, not forgeries.
pub(crate) fn quick(bytes: &[u8]) -> u128 {
    xxh3_128(bytes)
}

/// Bytes in hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
