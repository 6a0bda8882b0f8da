pub mod error;
pub mod document;
pub mod chunk;
pub mod ingest;
pub mod model;
pub mod vector;
pub mod embed;
pub mod index;
