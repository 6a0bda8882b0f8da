//! the documents that may be found → how many have which value
//!
//! What a page shows beside its results, so that a person can narrow them. Counted over documents, not passages, and
//! over all that pass the filter, not only over those that the question finds: vectors find everything somehow.

use std::collections::BTreeMap;

use super::filter::values;
use crate::document::{Scalar, ScalarRef};
use crate::index::{Allowed, Index};
use crate::order::sort;

/// The most values that are told of a field.
pub const MOST_VALUES: usize = 100;

/// For each field its values and how many documents have them: most first, then by value; at most [`MOST_VALUES`].
pub type Facets = BTreeMap<String, Vec<(Scalar, usize)>>;

pub(super) fn count(index: &Index, allowed: Option<&Allowed>, fields: &[String]) -> Facets {
    if fields.is_empty() {
        return Facets::new();
    }
    let mut found: Vec<Vec<ScalarRef>> = vec![Vec::new(); fields.len()];
    for document in index.entries_of(allowed).map(|entry| &entry.document) {
        for (field, found) in fields.iter().zip(&mut found) {
            let own = found.len();
            found.extend(values(document, field).into_iter().flat_map(|values| values.iter()));
            if found.len() > own + 1 {
                once(found, own);
            }
        }
    }
    fields.iter().cloned().zip(found.into_iter().map(ranked)).collect()
}

/// A document counts once for a value that stands in its list twice.
fn once(found: &mut Vec<ScalarRef>, from: usize) {
    sort(&mut found[from..], |left, right| left.order(*right));
    let mut end = from + 1;
    for at in from + 1..found.len() {
        if found[at] != found[end - 1] {
            found[end] = found[at];
            end += 1;
        }
    }
    found.truncate(end);
}

fn ranked(mut found: Vec<ScalarRef>) -> Vec<(Scalar, usize)> {
    sort(&mut found, |left, right| left.order(*right));
    let mut counted: Vec<(ScalarRef, usize)> =
        found.chunk_by(|left, right| left == right).map(|same| (same[0], same.len())).collect();
    sort(&mut counted, |left, right| right.1.cmp(&left.1).then_with(|| left.0.order(right.0)));
    counted.truncate(MOST_VALUES);
    counted.into_iter().map(|(value, count)| (value.to_owned(), count)).collect()
}
