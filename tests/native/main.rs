//! Carrel's promises, held against oracles that owe it nothing: other implementations, naive versions of the same
//! thing, published figures, recorded streams. Needs the model (`make model`) and the data of `../shared`; what is
//! missing is a failure that says so.
#![cfg(not(target_arch = "wasm32"))]

mod additions;
mod answer_sets;
mod answers;
mod ask_over_http;
mod chunks;
mod command_line;
mod desk;
mod documents_say_what_is_so;
mod extractive_quality;
mod family;
mod filters;
mod floors;
mod follow_ups;
mod forged_indexes;
mod forgery;
mod golden;
mod graphs;
mod grounding_quality;
mod html;
mod index_changes;
mod index_files;
mod naive;
mod prepared;
mod program;
mod prompts;
mod refused_models;
mod retrieval;
mod retrieval_quality;
mod rust_paths;
mod spans;
mod tabs;
mod texts;
mod wire;
mod wire_errors;
mod wire_faults;
mod wire_requests;
mod wire_vendors;
