//! hits → [`Passage`]s, each with its neighbours where they are wanted
//!
//! A chunk is cut to what the model can read; a person, or a language model, often needs what stands around it. Hits
//! whose stretches touch become one passage, so that no sentence is given twice.

use crate::document::{Passage, Span};
use crate::index::{Entry, Index, Question};
use crate::retrieve::Hit;

/// A run of a document's chunks, the best of them known.
struct Stretch<'index> {
    entry: &'index Entry,
    first: usize,
    last: usize,
    chunk: usize,
    hit: Hit,
}

impl Stretch<'_> {
    fn touches(&self, other: &Self) -> bool {
        self.entry.document.id == other.entry.document.id
            && self.first <= other.last + 1
            && other.first <= self.last + 1
    }
}

/// The passages of the hits, best first; each with so many `neighbours` before and after it.
pub(super) fn passages(index: &Index, question: &Question, hits: &[Hit], neighbours: usize) -> Vec<Passage> {
    let mut stretches: Vec<Stretch> = Vec::new();
    for &hit in hits {
        let Some((entry, chunk)) = index.chunk(hit.place) else { continue };
        let first = chunk.saturating_sub(neighbours);
        let last = (chunk + neighbours).min(entry.chunks.len() - 1);
        let mut stretch = Stretch { entry, first, last, chunk, hit };
        if neighbours == 0 {
            stretches.push(stretch);
            continue;
        }
        // What is joined may touch what neither of the two touched; the best keeps its place.
        let mut place = stretches.len();
        while let Some(at) = stretches.iter().position(|other| stretch.touches(other)) {
            let other = stretches.remove(at);
            place = place.min(at);
            let (first, last) = (stretch.first.min(other.first), stretch.last.max(other.last));
            let best = if other.hit.score >= stretch.hit.score { other } else { stretch };
            stretch = Stretch { first, last, ..best };
        }
        stretches.insert(place.min(stretches.len()), stretch);
    }
    stretches.into_iter().map(|stretch| passage(&stretch, question)).collect()
}

fn passage(
    &Stretch { entry: Entry { document, chunks }, first, last, chunk, hit }: &Stretch,
    question: &Question,
) -> Passage {
    let span = Span::new(chunks[first].span.start, chunks[last].span.end);
    let text = span.of(&document.text);
    Passage {
        id: document.id.clone(),
        chunk,
        title: document.title.clone(),
        url: document.url.clone(),
        format: document.format,
        headings: chunks[chunk].headings.clone(),
        page: chunks[first].page,
        metadata: document.metadata.clone(),
        highlights: question.highlights(text, document.language),
        text: text.to_owned(),
        span,
        score: hit.score,
        semantic: hit.semantic,
        lexical: hit.lexical,
    }
}
