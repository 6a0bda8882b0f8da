//! Codes against the vectors that they are made of, and the scan against comparing everything.

use super::{Codes, Query, UnitVector};

/// Vectors around some centres, as texts about some subjects have them.
pub(crate) fn clustered(count: usize, dimensions: usize, seed: u32) -> Vec<UnitVector> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    // The sum of four uniform numbers is near enough to a normal one.
    let mut normal = || {
        let mut uniform = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        uniform() + uniform() + uniform() + uniform()
    };
    // Few directions only: what texts mean has some tens of dimensions, whatever the model's are.
    let mut directions =
        |count: usize| -> Vec<Vec<f32>> { (0..count).map(|_| (0..dimensions).map(|_| normal()).collect()).collect() };
    let (centres, within) = (directions(20), directions(24));
    let mut pick = seed;
    (0..count)
        .map(|_| {
            pick = pick.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let mut values = centres[(pick >> 16) as usize % centres.len()].clone();
            for direction in &within {
                let amount = 0.5 * normal();
                values.iter_mut().zip(direction).for_each(|(value, part)| *value += amount * part);
            }
            UnitVector::normalize(values).unwrap()
        })
        .collect()
}

pub(crate) fn codes_of(vectors: &[UnitVector], dimensions: usize) -> Codes {
    let mut codes = Codes::new(dimensions);
    vectors.iter().for_each(|vector| codes.push(vector));
    codes
}

#[test]
fn cosines_of_codes_are_those_of_the_vectors_to_a_few_parts_in_ten_thousand() {
    for dimensions in [2, 31, 32, 33, 384, 1024] {
        let vectors = clustered(100, dimensions, 3);
        let codes = codes_of(&vectors, dimensions);
        let (mut coarse, mut fine, mut between) = (0.0f32, 0.0f32, 0.0f32);
        for (row, vector) in vectors.iter().enumerate() {
            for (other, question) in vectors.iter().enumerate() {
                let (query, cosine) = (Query::new(question), vector.cosine(question));
                coarse = coarse.max((codes.coarse(&query, row) - cosine).abs());
                fine = fine.max((codes.fine(&query, row) - cosine).abs());
                between = between.max((codes.between(row, &codes, other) - cosine).abs());
                assert_eq!(codes.between(row, &codes, other), codes.between(other, &codes, row));
            }
        }
        assert!(coarse < 0.01 && fine < 0.0006 && between < 0.0006, "{dimensions}: {coarse} {fine} {between}");
    }
}

#[test]
fn several_rows_at_once_are_compared_as_one_by_one() {
    let vectors = clustered(50, 40, 5);
    let (codes, query) = (codes_of(&vectors, 40), Query::new(&vectors[7]));
    for count in 0..10 {
        let rows: Vec<u32> = (0..count).map(|at| at * 29 % 50).collect();
        let mut cosines = vec![0.0; rows.len()];
        codes.coarse_each(&query, &rows, &mut cosines);
        let single: Vec<f32> = rows.iter().map(|&row| codes.coarse(&query, row as usize)).collect();
        assert_eq!(cosines, single);
    }
}

#[test]
fn the_nearest_are_those_of_comparing_all_rows_finely() {
    for (count, dimensions) in [(0, 8), (1, 8), (63, 2), (64, 33), (700, 384), (2000, 24)] {
        let vectors = clustered(count, dimensions, 11);
        let mut codes = codes_of(&vectors, dimensions);
        // Ties: every row once more.
        codes.extend(&codes.clone(), 0..count);
        for (number, question) in clustered(12, dimensions, 12).iter().enumerate() {
            let query = Query::new(question);
            for limit in [0, 1, 10, 100, 5000] {
                let allowed = |row: usize| number % 3 == 0 || row % (number + 1) == 1;
                let mut naive: Vec<(u32, f32)> = (0..codes.len())
                    .filter(|row| allowed(*row))
                    .map(|row| (row as u32, codes.fine(&query, row)))
                    .collect();
                naive.sort_by(|left, right| right.1.total_cmp(&left.1).then(left.0.cmp(&right.0)));
                naive.truncate(limit);
                assert_eq!(codes.nearest(&query, limit, &allowed), naive, "{count} {dimensions} {limit}");
            }
        }
    }
}

#[test]
fn bytes_give_the_same_codes_and_rows_are_copied_to_the_bit() {
    for dimensions in [1, 32, 50] {
        let vectors = clustered(9, dimensions, 2);
        let codes = codes_of(&vectors, dimensions);
        let bytes = codes.to_bytes();
        let opened = Codes::from_bytes(dimensions, &bytes).unwrap();
        assert_eq!((opened.to_bytes(), opened.remainder), (bytes.clone(), codes.remainder));
        let mut copied = Codes::new(dimensions);
        copied.extend(&codes, [0, 4, 8].into_iter());
        let picked = [&vectors[0], &vectors[4], &vectors[8]].map(Clone::clone);
        assert_eq!(copied.to_bytes(), codes_of(&picked, dimensions).to_bytes());
        assert!((1..bytes.len() / 9).all(|cut| Codes::from_bytes(dimensions, &bytes[cut..]).is_none()));
    }
    assert!(Codes::from_bytes(384, &[]).is_some_and(|codes| codes.is_empty()));
    assert!(Codes::from_bytes(0, &[0; 4]).is_some_and(|codes| codes.len() == 1));
    assert!(Codes::from_bytes(usize::MAX, &[0; 4]).is_none());
}

#[test]
fn forged_bytes_are_refused_or_searched_without_harm() {
    let vectors = clustered(5, 33, 6);
    let (bytes, query) = (codes_of(&vectors, 33).to_bytes(), Query::new(&vectors[1]));
    let mut refused = 0;
    for at in 0..bytes.len() {
        for flip in [1, 0x80, 0xff] {
            let mut forged = bytes.clone();
            forged[at] ^= flip;
            let Some(codes) = Codes::from_bytes(33, &forged) else {
                refused += 1;
                continue;
            };
            let found = codes.nearest(&query, 5, &|_| true);
            assert!(found.len() == 5 && found.iter().all(|(_, cosine)| cosine.is_finite()));
        }
    }
    assert!(refused > 0);
    for scale in [f32::NAN, f32::INFINITY, -1e-4, 2.0] {
        let mut forged = bytes.clone();
        let last = forged.len() - 4;
        forged[last..].copy_from_slice(&scale.to_le_bytes());
        assert!(Codes::from_bytes(33, &forged).is_none(), "{scale}");
    }
}
