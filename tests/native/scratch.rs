
use std::collections::HashMap;
use carrel::carrel::Carrel;
use carrel::evaluate::{add_corpus, dataset};
use crate::desk::*;
#[test]
fn scratch() {
    for folder in ["anthropic-docs", "chunking-evaluation/beir"] {
    let file = |name: &str| (format!("data/{folder}/{name}"), shared_text(&format!("data/{folder}/{name}")));
    let ((corpus, corpus_text), (queries, queries_text), (qrels, qrels_text)) =
        (file("corpus.jsonl"), file("queries.jsonl"), file("qrels.tsv"));
    let mut carrel = Carrel::new(prepared_model()).unwrap();
    add_corpus(&mut carrel, dataset::corpus(&corpus, &corpus_text).unwrap()).unwrap();
    let queries = dataset::queries(&queries, &queries_text).unwrap();
    let judgements = dataset::judgements(&qrels, &qrels_text).unwrap();
    let mut ids = vec![]; let mut texts = vec![];
    for e in carrel.entries() { for c in &e.chunks { ids.push(e.document.id.clone()); texts.push(c.span.of(&e.document.text)); } }
    let d = [embedder().embed_passages(&texts).unwrap(), prepared_embedder().embed_passages(&texts).unwrap()];
    let cs: Vec<f32> = d[0].iter().zip(&d[1]).map(|(a,b)| a.cosine(b)).collect();
    println!("{folder} passages {} mean {} min {}", cs.len(), cs.iter().sum::<f32>()/cs.len() as f32, cs.iter().fold(1f32,|m,v|m.min(*v)));
    let q: Vec<Vec<_>> = [embedder(), prepared_embedder()].iter().map(|e| queries.iter().map(|q| e.embed_query(&q.text).unwrap()).collect()).collect();
    let cs: Vec<f32> = q[0].iter().zip(&q[1]).map(|(a,b)| a.cosine(b)).collect();
    println!("queries mean {} min {}", cs.iter().sum::<f32>()/cs.len() as f32, cs.iter().fold(1f32,|m,v|m.min(*v)));
    for (di, qi) in [(0,0),(1,1),(0,1),(1,0)] {
        let mut total = 0.0; let mut n = 0.0;
        for (at, query) in queries.iter().enumerate() {
            let Some(j) = judgements.get(&query.id) else { continue };
            let mut best: HashMap<&str, f32> = HashMap::new();
            for (k, v) in d[di].iter().enumerate() { let s = v.cosine(&q[qi][at]); let e = best.entry(&ids[k]).or_insert(-1.0); if s > *e { *e = s; } }
            let mut r: Vec<_> = best.into_iter().collect(); r.sort_by(|a,b| b.1.total_cmp(&a.1));
            let dcg: f64 = r.iter().take(10).enumerate().map(|(i,(id,_))| f64::from(*j.get(*id).unwrap_or(&0) as f32) / (i as f64 + 2.0).log2()).sum();
            let mut g: Vec<f64> = j.values().map(|v| f64::from(*v as f32)).collect(); g.sort_by(|a,b| b.total_cmp(a));
            let idcg: f64 = g.iter().take(10).enumerate().map(|(i,v)| v/(i as f64 + 2.0).log2()).sum();
            if idcg > 0.0 { total += dcg/idcg; n += 1.0; }
        }
        println!("docs {di} queries {qi}: {}", total/n);
    }
    }
}
