//! Carrel turns a browser tab into a private reading desk.
//!
//! It reads a person's documents, embeds them on their own machine, finds the passages that answer a question, and
//! asks the language model that the person chose to write the answer, with citations that are checked against the
//! sources. The same code serves the browser (compiled to WebAssembly, see `www/carrel.js` for its face there) and
//! the command line. It does no I/O of its own: bytes in, bytes out, time handed in.
//!
//! The modules stand in the order in which data flows; [`carrel::Carrel`] strings them together.
#![warn(missing_docs)]

mod checksum;
pub mod error;
mod order;

pub mod document;
pub mod language;
pub mod model;
pub mod vector;

pub mod chunk;
pub mod embed;
pub mod index;
pub mod ingest;
pub mod prompt;

pub mod generate;
pub mod ground;
pub mod retrieve;

pub mod carrel;

pub mod evaluate;

#[cfg(target_arch = "wasm32")]
pub mod web;
