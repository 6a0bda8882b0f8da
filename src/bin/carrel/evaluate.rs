//! `carrel evaluate`: a test set → scores.

use std::path::{Path, PathBuf};

use carrel::evaluate::{self, Scores, dataset};
use carrel::retrieve::Mode;

use crate::failure::{Failure, print};
use crate::{Outcome, desk};

#[derive(clap::Args)]
pub struct Arguments {
    /// The documents: corpus.jsonl, as in BEIR
    #[arg(long, value_name = "FILE", required_unless_present = "run", requires = "queries")]
    corpus: Option<PathBuf>,
    /// The questions: queries.jsonl
    #[arg(long, value_name = "FILE", required_unless_present = "run")]
    queries: Option<PathBuf>,
    /// The judgements: qrels.tsv
    #[arg(long, value_name = "FILE")]
    qrels: PathBuf,
    /// lexical, semantic or hybrid [default: all three]
    #[arg(long, value_name = "M")]
    mode: Option<Mode>,
    /// Score this TREC run instead of searching
    #[arg(long, value_name = "FILE", conflicts_with_all = ["corpus", "queries", "mode"])]
    run: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub fn run(arguments: Arguments, model: Option<&Path>) -> Result<Outcome, Failure> {
    let judgements = dataset::judgements(&name(&arguments.qrels), &text(&arguments.qrels)?)?;
    if let Some(run) = &arguments.run {
        let scores = evaluate::score(&dataset::run(&name(run), &text(run)?)?, &judgements);
        match arguments.json {
            true => print(&serde_json::json!(scores).to_string())?,
            false => print(&table(&[("run", scores)]))?,
        }
        return Ok(Outcome::Done);
    }
    let (corpus, queries) = arguments.corpus.zip(arguments.queries).unwrap_or_default();
    let records = dataset::corpus(&name(&corpus), &text(&corpus)?)?;
    let queries = dataset::queries(&name(&queries), &text(&queries)?)?;
    let mut carrel = desk::empty(model)?;
    eprintln!("reading and embedding {} documents", records.len());
    evaluate::add_corpus(&mut carrel, records)?;
    let modes = arguments.mode.map_or(Mode::ALL.to_vec(), |mode| vec![mode]);
    let scored = |mode: Mode| Ok((mode.name(), evaluate::evaluate(&carrel, &queries, &judgements, mode)?));
    let scores: Vec<(&str, Scores)> = modes.into_iter().map(scored).collect::<Result<_, Failure>>()?;
    match arguments.json {
        true => {
            let by_mode: serde_json::Map<_, _> =
                scores.iter().map(|(mode, scores)| ((*mode).to_owned(), serde_json::json!(scores))).collect();
            print(&serde_json::Value::from(by_mode).to_string())?;
        }
        false => print(&table(&scores))?,
    }
    Ok(Outcome::Done)
}

fn table(rows: &[(&str, Scores)]) -> String {
    let mut lines = vec![format!("{:<10}{:>9}{:>11}{:>8}{:>9}", "", "ndcg@10", "recall@10", "mrr@10", "queries")];
    lines.extend(rows.iter().map(|(name, scores)| {
        let Scores { ndcg_10, recall_10, mrr_10, queries } = scores;
        format!("{name:<10}{ndcg_10:>9.4}{recall_10:>11.4}{mrr_10:>8.4}{queries:>9}")
    }));
    lines.join("\n")
}

fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| Failure::file(path, &error))
}

fn name(path: &Path) -> String {
    path.display().to_string()
}
