//! The command line: files and network at the edges of the library.
//!
//! Exit 0: done. 1: nothing found, or below a threshold. 2: an error, told on one line on stderr with what to do.

mod ask;
mod desk;
mod evaluate;
mod failure;
mod files;
mod index;
mod model;
mod search;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// Read documents, find the passages that answer a question, and ask a language model, with checked citations.
#[derive(Parser)]
#[command(version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The folder of the embedding model [default: $CARREL_MODEL, else models/all-MiniLM-L6-v2]
    #[arg(long, global = true, value_name = "DIR")]
    model: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Read files and folders and write an index of them
    Index(index::Arguments),
    /// Find the passages of an index that fit a question
    Search(search::Arguments),
    /// Answer a question from an index: by a language model, or with the best sentences
    Ask(ask::Arguments),
    /// Measure how well a test set's judged documents are found, or score a run made elsewhere
    Evaluate(evaluate::Arguments),
    /// Make models ready for use
    Model(model::Arguments),
}

/// What a command that went well says of its result.
enum Outcome {
    Done,
    NothingFound,
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if !error.use_stderr() => {
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            let text = error.render().to_string();
            let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            eprintln!("{}", lines.join(" "));
            return ExitCode::from(2);
        }
    };
    let model = arguments.model.as_deref();
    let result = match arguments.command {
        Command::Index(arguments) => index::run(arguments, model),
        Command::Search(arguments) => search::run(arguments, model),
        Command::Ask(arguments) => ask::run(arguments, model),
        Command::Evaluate(arguments) => evaluate::run(arguments, model),
        Command::Model(arguments) => model::run(arguments),
    };
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::NothingFound) => ExitCode::from(1),
        // Whoever reads our output has stopped reading: nothing is wrong with us.
        Err(Failure::OutputClosed) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {}", search::one_line(&failure.to_string()));
            ExitCode::from(2)
        }
    }
}
