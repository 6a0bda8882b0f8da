//! What only a browser can tell: see the native tests for all the rest.
#![cfg(target_arch = "wasm32")]
