//! a list and an order → the list in that order
//!
//! The standard library's sorts are made anew for each type and each order, some 5 KB a time, of which the browser would
//! download dozens. This one sorts places by a comparison behind a pointer and is there once. For lists of some hundreds;
//! where many are sorted, or often, the standard library's are faster.

use std::cmp::Ordering;

/// Sorts a list; what is equal keeps its order.
pub(crate) fn sort<T>(list: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let mut places: Vec<usize> = (0..list.len()).collect();
    sort_places(&mut places, &|left, right| compare(&list[left], &list[right]));
    for at in 0..list.len() {
        // What belongs here may have been moved on by an earlier step.
        let mut from = places[at];
        while from < at {
            from = places[from];
        }
        list.swap(at, from);
    }
}

#[inline(never)]
fn sort_places(places: &mut [usize], compare: &dyn Fn(usize, usize) -> Ordering) {
    places.sort_unstable_by(|&left, &right| compare(left, right).then(left.cmp(&right)));
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_list_is_sorted_as_the_standard_library_does_it() {
        for length in [0, 1, 2, 3, 20, 500] {
            let list: Vec<(usize, usize)> = (0..length).map(|at| (at * at * 31 % 17, at)).collect();
            let (mut ours, mut expected) = (list.clone(), list);
            super::sort(&mut ours, |left, right| right.0.cmp(&left.0));
            expected.sort_by_key(|&(key, _)| std::cmp::Reverse(key));
            assert_eq!(ours, expected);
        }
    }
}
