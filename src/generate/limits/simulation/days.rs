//! What holds on every day, and on some.

use super::*;

const SEEDS: std::ops::Range<u64> = 1..6;

/// What holds on every day.
fn run(day: Day) -> Report {
    let report = Simulation::run(day);
    println!(
        "{:.3} of what is allowed, {} refused, {} answered, {} given up, at most {} in flight",
        report.server.used(),
        report.refused_sent_at.len(),
        report.answered,
        report.given_up,
        report.most_in_flight
    );
    assert!(report.order.is_sorted(), "who came first was sent first");
    assert!(report.most_in_flight <= day.concurrency);
    assert!(report.latest <= 0.0, "an end was {} ms after its deadline", report.latest);
    assert!(report.answered > 0);
    report
}

#[test]
fn limits_that_a_person_set_are_used_to_95_percent_and_never_exceeded_without_any_header() {
    for seed in SEEDS {
        for (requests, tokens) in [(60.0, 1e9), (1e6, 60_000.0), (50.0, 60_000.0)] {
            let report = run(Day { requests, tokens, tells: false, set: true, seed, ..BUSY });
            assert!((0.95..=1.0).contains(&report.server.used()));
            assert_eq!((report.refused_sent_at.len(), report.given_up), (0, 0));
        }
    }
}

#[test]
fn limits_that_headers_tell_are_used_to_95_percent_and_not_exceeded_once_they_are_known() {
    let mut refused = 0;
    for seed in SEEDS {
        for (requests, tokens) in [(60.0, 1e9), (1e6, 60_000.0), (50.0, 60_000.0)] {
            for left in [0.05, 1.0] {
                let report = run(Day { requests, tokens, left, seed, ..BUSY });
                assert!((0.95..=1.0).contains(&report.server.used()));
                let late = report.refused_sent_at.iter().filter(|sent| **sent >= report.known_at).count();
                assert_eq!((late, report.given_up), (0, 0));
                refused += report.refused_sent_at.len();
            }
        }
    }
    assert!(refused > 0, "the server never refused anything?");
}

#[test]
fn where_nothing_is_known_of_the_limits_most_of_them_is_used_and_nobody_is_given_up() {
    for seed in SEEDS {
        let report = run(Day { tells: false, seed, ..BUSY });
        assert!(report.server.used() > 0.5);
    }
}

#[test]
fn nobody_waits_beyond_the_deadline_when_far_more_is_asked_than_may_be() {
    for seed in SEEDS {
        for (tells, set) in [(true, false), (false, true), (false, false)] {
            let report = run(Day { tells, set, people: 100, patience: 20_000.0, seed, ..BUSY });
            assert!(report.given_up > 100, "there was no need to give up?");
        }
    }
}
