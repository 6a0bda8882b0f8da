//! The face that JavaScript sees, in WebAssembly
//!
//! A thin binding: values in, values out, one call after the other. What JavaScript does better is done there
//! (`www/`): fetching, storing, the worker, and the public API. Nothing but this folder may use wasm-bindgen.

#[cfg(feature = "bench")]
mod bench;
mod convert;
mod encoder;
mod engine;
mod error;
mod models;

#[cfg(feature = "bench")]
pub use bench::Vectors;
pub use encoder::Encoder;
pub use engine::{Adding, Answering, Engine, build_graph};
