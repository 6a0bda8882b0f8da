//! what was found for a question → whether the documents can answer it at all
//!
//! A language model that is given passages which do not answer writes an answer all the same. Better say so before it
//! is asked. The score of the best passage tells it, since it measures by each question what words and cosines are
//! worth; how near the others are in meaning tells whether the documents are about this at all.

use crate::document::{Language, Passage};
use crate::language::is_function_word;

/// Below this the documents have no answer, as far as can be told.
///
/// Of chunking-evaluation's 472 questions 0.4 % are below it (at most 2 of the 99 about one corpus), and 91 % when they
/// are asked of the other four corpora only; of the 100 about the Anthropic documentation, which the threshold was not
/// chosen on, none, and all when they are asked of those corpora. 0.36 would find 94 % at 1.1 %, but what it wrongly
/// refuses is mostly about one corpus, whose questions share few words with the answers: chosen without that corpus, the
/// highest threshold within 2 % would refuse nearly half of its questions. So it is chosen to hold for each.
/// Questions that are about what the documents are about, though these do not answer them, are hardly ever below: it
/// tells subjects apart.
///
/// Of a search by meaning or by words alone less can be told: 0.4 % against 57 %, and none against 41 %.
pub const ANSWERABLE: f32 = 0.34;

/// In a collection of fewer chunks it is not known which words are rare, and scores mean less.
const FEW: usize = 100;

/// How much the mean of the cosines counts against the best score.
const MEANING: f32 = 0.3;
/// How many passages the mean is of.
const BEST: usize = 5;
/// What makes the same threshold fit the cosines of a search by meaning alone.
const BY_MEANING: f32 = 1.2;
/// The same for the shares of a search by words alone.
const BY_WORDS: f32 = 2.6;

/// How likely the passages, best first, answer the question that found them: higher is better. Without any it is 0.
///
/// Measured with all-MiniLM-L6-v2; of models whose cosines are all high, it is higher: less is told then, but nothing
/// wrongly refused.
pub fn answerable(passages: &[Passage]) -> f32 {
    let best = passages.iter().map(|passage| passage.score).fold(0.0, f32::max);
    match passages.first() {
        None => 0.0,
        Some(Passage { semantic: Some(_), lexical: Some(_), .. }) => {
            let cosines = passages.iter().take(BEST).filter_map(|passage| passage.semantic);
            let count = cosines.clone().count();
            best + MEANING * cosines.sum::<f32>() / count as f32
        }
        Some(Passage { semantic: Some(_), .. }) => BY_MEANING * best,
        Some(_) => BY_WORDS * best,
    }
}

/// Whether to say that the documents have no answer instead of asking a model. Among a few chunks (`searched` in all) a
/// single word of the `question` that says something is enough to ask, since scores tell less there.
pub fn nothing_answers(question: &str, passages: &[Passage], searched: usize) -> bool {
    let language = Language::of(question);
    let says_something = |passage: &Passage| {
        let mut words = passage.highlights.iter().map(|span| span.of(&passage.text).to_lowercase());
        words.any(|word| !is_function_word(&word, language) && !is_function_word(&word, Language::En))
    };
    answerable(passages) < ANSWERABLE && (searched >= FEW || !passages.iter().any(says_something))
}

#[cfg(test)]
mod tests {
    use super::*;
    fn passage(score: f32, semantic: Option<f32>, lexical: Option<f32>) -> Passage {
        Passage { score, semantic, lexical, ..crate::ground::tests::passage("") }
    }

    #[test]
    fn among_a_few_passages_one_telling_word_is_enough_to_ask() {
        use crate::document::Span;
        let mut pays = Passage { text: "Who loses the key pays.".into(), ..passage(0.1, Some(0.1), Some(0.0)) };
        pays.highlights = vec![Span::new(0, 3)];
        assert!(nothing_answers("Who pays?", &[pays.clone()], 3), "\"who\" says nothing");
        pays.highlights.push(Span::new(18, 22));
        assert!(!nothing_answers("Who pays?", &[pays.clone()], 3));
        assert!(nothing_answers("Who pays?", &[pays], 100));
    }

    #[test]
    fn nothing_found_answers_nothing_and_each_way_of_finding_has_its_own_measure() {
        assert_eq!(answerable(&[]), 0.0);
        let refused = |passage| answerable(&[passage]) < ANSWERABLE;
        for (score, expected) in [(0.2, true), (0.5, false)] {
            assert_eq!(refused(passage(score, Some(0.2), Some(3.0))), expected);
            assert_eq!(refused(passage(score, Some(score), None)), expected);
        }
        // A share of 0.2 of the question's words is no reason to refuse: a cosine of 0.2 is.
        assert!(!refused(passage(0.2, None, Some(3.0))) && refused(passage(0.1, None, Some(1.0))));
    }
}
