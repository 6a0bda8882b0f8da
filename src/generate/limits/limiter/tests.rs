//! One rule at a time, and then anything in any order from a server that may say anything.

use proptest::prelude::*;

use super::*;

/// A limiter of so many requests and tokens in a minute and so many in flight.
fn limiter(requests: Option<f64>, tokens: Option<f64>, concurrency: usize) -> Limiter {
    let amount = |value: Option<f64>| value.and_then(Amount::new);
    Limiter::new(Limits { requests_per_minute: amount(requests), tokens_per_minute: amount(tokens), concurrency })
}

fn hints(headers: &[(&str, &str)]) -> Hints {
    let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Hints::of(&headers, 1_795_608_000_000.0)
}

/// Asks and sends at once so often as may be.
fn burst(limiter: &mut Limiter, now: f64, tokens: f64) -> usize {
    let goes = |limiter: &mut Limiter| {
        let ticket = limiter.ask(tokens);
        let goes = limiter.ready(ticket, now) == Ready::Go;
        if goes {
            limiter.done(ticket, now, Outcome::Answered(None))
        } else {
            limiter.cancel(ticket)
        }
        goes
    };
    (0..10_000).take_while(|_| goes(limiter)).count()
}

fn wait(limiter: &mut Limiter, ticket: Ticket, now: f64) -> f64 {
    match limiter.ready(ticket, now) {
        Ready::Wait(wait) => wait,
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_came_first_goes_first_however_long_the_question_is() {
    let mut limiter = limiter(None, Some(1_000.0), 2);
    let [first, long, short] = [600.0, 900.0, 10.0].map(|tokens| limiter.ask(tokens));
    assert!(matches!(limiter.ready(short, 0.0), Ready::Wait(_)), "others are before it");
    assert_eq!(limiter.ready(first, 0.0), Ready::Go);
    // 950 may go at once, so 350 are left, and 550 come in 33 seconds.
    assert_eq!(wait(&mut limiter, long, 0.0), 33_000.0);
    assert_eq!(wait(&mut limiter, short, 0.0), 33_600.0);
    assert_eq!(limiter.ready(long, 33_000.0), Ready::Go);
    limiter.done(first, 33_000.0, Outcome::Answered(None));
    assert_eq!(limiter.ready(short, 33_600.0), Ready::Go);
    assert_eq!(limiter.ready(short, 33_600.0), Ready::Gone, "it is said once");
}

#[test]
fn no_more_are_in_flight_than_may_be() {
    let mut limiter = limiter(None, None, 2);
    let tickets = [0.0; 4].map(|tokens| limiter.ask(tokens));
    let ready = |limiter: &mut Limiter| tickets.map(|ticket| limiter.ready(ticket, 0.0));
    assert_eq!(ready(&mut limiter), [Ready::Go, Ready::Go, Ready::Wait(LOOK_AGAIN), Ready::Wait(LOOK_AGAIN)]);
    assert_eq!((limiter.waiting(), limiter.in_flight()), (2, 2));
    limiter.done(tickets[1], 0.0, Outcome::Failed);
    assert_eq!(ready(&mut limiter)[2..], [Ready::Go, Ready::Wait(LOOK_AGAIN)]);
}

#[test]
fn cancelling_takes_one_out_and_the_others_move_up() {
    let mut limiter = limiter(Some(1.0), None, 1);
    let [sent, cancelled, next] = [0.0; 3].map(|tokens| limiter.ask(tokens));
    assert_eq!(limiter.ready(sent, 0.0), Ready::Go);
    assert_eq!(wait(&mut limiter, next, 0.0), 120_000.0);
    limiter.cancel(cancelled);
    assert_eq!(limiter.ready(cancelled, 0.0), Ready::Gone);
    assert_eq!(wait(&mut limiter, next, 0.0), 60_000.0);
    limiter.cancel(sent);
    assert_eq!(limiter.in_flight(), 0);
    assert_eq!(wait(&mut limiter, next, 0.0), 60_000.0, "what was sent stays counted");
    assert_eq!(limiter.ready(next, 60_000.0), Ready::Go);
}

#[test]
fn what_an_answer_really_took_corrects_the_estimate() {
    for (real, left) in [(Some(900.0), 50), (Some(100.0), 850), (None, 450), (Some(f64::NAN), 950)] {
        let mut limiter = limiter(None, Some(1_000.0), 1);
        let ticket = limiter.ask(500.0);
        assert_eq!(limiter.ready(ticket, 0.0), Ready::Go);
        limiter.done(ticket, 0.0, Outcome::Answered(real));
        assert_eq!(burst(&mut limiter, 0.0, 1.0), left, "{real:?}");
    }
}

#[test]
fn a_question_longer_than_a_minutes_worth_goes_when_the_bucket_is_full_and_is_owed_at_most_a_minute() {
    let mut limiter = limiter(None, Some(1_000.0), 1);
    let ticket = limiter.ask(50_000.0);
    assert_eq!(limiter.ready(ticket, 0.0), Ready::Go);
    limiter.done(ticket, 0.0, Outcome::Answered(Some(80_000.0)));
    let next = limiter.ask(950.0);
    assert_eq!(wait(&mut limiter, next, 0.0), 114_000.0);
}

#[test]
fn the_limits_are_learnt_from_headers_and_what_is_in_flight_is_taken_off() {
    let mut limiter = limiter(None, None, 3);
    let tickets = [100.0; 3].map(|tokens| limiter.ask(tokens));
    tickets.iter().for_each(|ticket| assert_eq!(limiter.ready(*ticket, 0.0), Ready::Go));
    let told = hints(&[("x-ratelimit-limit-requests", "60"), ("x-ratelimit-remaining-requests", "12")]);
    limiter.heard(tickets[1], 0.0, &told);
    tickets.iter().for_each(|ticket| limiter.done(*ticket, 0.0, Outcome::Answered(None)));
    assert_eq!(burst(&mut limiter, 0.0, 0.0), 10, "the server may have counted neither of the others");
    let next = limiter.ask(0.0);
    assert_eq!(wait(&mut limiter, next, 0.0), 1_000.0);
}

#[test]
fn a_server_with_more_left_than_was_thought_is_believed_but_not_against_the_persons_own_limit() {
    for (own, left) in [(None, 39), (Some(60.0), 0)] {
        let mut limiter = limiter(own, None, 1);
        let hear = |limiter: &mut Limiter, remaining: &str| {
            let ticket = limiter.ask(0.0);
            assert_eq!(limiter.ready(ticket, 60_000.0), Ready::Go);
            let limit = ("x-ratelimit-limit-requests", "100");
            limiter.heard(ticket, 60_000.0, &hints(&[limit, ("x-ratelimit-remaining-requests", remaining)]));
            limiter.done(ticket, 60_000.0, Outcome::Answered(None));
        };
        hear(&mut limiter, "1");
        hear(&mut limiter, "40");
        assert_eq!(burst(&mut limiter, 60_000.0, 0.0), left, "{own:?}"); // The end of the last may be counted yet.
    }
}

#[test]
fn a_limit_by_the_day_lets_little_come_after_what_is_left() {
    let mut limiter = limiter(None, None, 1);
    let ticket = limiter.ask(0.0);
    assert_eq!(limiter.ready(ticket, 0.0), Ready::Go);
    let told = [("limit", "14400"), ("remaining", "0"), ("reset", "24h0m0s")];
    let told = told.map(|(part, value)| (["x-ratelimit-", part, "-requests"].concat(), value.to_owned()));
    limiter.heard(ticket, 0.0, &Hints::of(&told, 0.0));
    limiter.done(ticket, 0.0, Outcome::Answered(None));
    let next = limiter.ask(0.0);
    assert_eq!(wait(&mut limiter, next, 0.0), 6_000.0);
}

#[test]
fn after_a_refusal_all_wait_for_as_long_as_the_server_says() {
    let mut limiter = limiter(None, None, 2);
    let [refused, next] = [0.0; 2].map(|tokens| limiter.ask(tokens));
    assert_eq!(limiter.ready(refused, 0.0), Ready::Go);
    limiter.done(refused, 0.0, Outcome::Refused(Some(20_000.0)));
    limiter.again(refused, 0.0);
    assert_eq!(wait(&mut limiter, refused, 0.0), 20_000.0);
    assert_eq!(wait(&mut limiter, next, 0.0), 20_000.0);
    assert!(matches!(limiter.ready(next, 20_000.0), Ready::Wait(_)), "the refused one has its old place");
    assert_eq!(limiter.ready(refused, 20_000.0), Ready::Go);
}

#[test]
fn refusals_that_say_nothing_double_the_pause_and_halve_what_is_in_flight_once_for_each_round() {
    let mut limiter = limiter(None, None, 8);
    let mut now = 0.0;
    for (allowed, pause) in [(8, 1_000.0), (4, 2_000.0), (2, 4_000.0), (1, 8_000.0), (1, 16_000.0)] {
        let tickets = [0.0; 9].map(|tokens| limiter.ask(tokens));
        let going: Vec<_> = tickets.into_iter().filter(|it| limiter.ready(*it, now) == Ready::Go).collect();
        assert_eq!(going.len(), allowed);
        going.iter().for_each(|ticket| limiter.done(*ticket, now, Outcome::Refused(None)));
        tickets.iter().for_each(|ticket| limiter.cancel(*ticket));
        let ticket = limiter.ask(0.0);
        assert_eq!(wait(&mut limiter, ticket, now), pause);
        limiter.cancel(ticket);
        now += pause;
    }
    // Answers bring it back.
    assert!(burst(&mut limiter, now, 0.0) > 100);
    let tickets = [0.0; 9].map(|tokens| limiter.ask(tokens));
    assert_eq!(tickets.into_iter().filter(|it| limiter.ready(*it, now) == Ready::Go).count(), 8);
}

/// Something that may happen; places are of tickets in the order of their making.
#[derive(Debug, Clone)]
enum Step {
    Ask(f64),
    Look(usize),
    Heard(usize, Vec<(String, String)>),
    Done(usize, Outcome),
    Again(usize, f64),
    Cancel(usize),
    Pass(f64),
}

/// Numbers that may be said: sensible ones, and all others.
fn said() -> impl Strategy<Value = f64> {
    let hostile = vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1e-300, 1e300, 86_400_000.0];
    prop_oneof![0.0..5_000.0, proptest::sample::select(hostile)]
}

fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let parts = ["limit-requests", "remaining-requests", "reset-requests", "limit-tokens", "remaining-tokens"];
    let names = parts.map(|part| format!("x-ratelimit-{part}")).into_iter();
    let names: Vec<String> = names.chain(["x-ratelimit-reset-tokens".to_owned(), "retry-after".to_owned()]).collect();
    let values = ["NaN", "-1", "inf", "1e308", "", "0", "1", "60", "1000", "24h", "9999999h", "1s", "20ms"];
    let values = values.map(str::to_owned).into_iter().chain(["9".repeat(300), "99999999999999".to_owned()]);
    let value = proptest::sample::select(values.collect::<Vec<_>>());
    proptest::collection::vec((proptest::sample::select(names), value), 0..7)
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        proptest::option::of(said()).prop_map(Outcome::Answered),
        proptest::option::of(said()).prop_map(Outcome::Refused),
        Just(Outcome::Failed),
    ];
    let place = || 0..40_usize;
    prop_oneof![
        3 => said().prop_map(Step::Ask),
        4 => place().prop_map(Step::Look),
        2 => (place(), headers()).prop_map(|(place, headers)| Step::Heard(place, headers)),
        3 => (place(), outcome).prop_map(|(place, outcome)| Step::Done(place, outcome)),
        1 => (place(), said()).prop_map(|(place, tokens)| Step::Again(place, tokens)),
        1 => place().prop_map(Step::Cancel),
        2 => (0.0..60_000.0).prop_map(Step::Pass),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whatever_happens_the_cap_holds_waits_are_sound_the_order_is_kept_and_nobody_starves(
        (requests, tokens) in (proptest::option::of(said()), proptest::option::of(said())),
        concurrency in 0..5_usize,
        steps in proptest::collection::vec(step(), 0..120),
    ) {
        let mut limiter = limiter(requests, tokens, concurrency);
        let (mut now, mut tickets, mut queue, mut flying) = (1.8e12, Vec::new(), Vec::new(), Vec::new());
        for step in steps {
            match step {
                Step::Ask(tokens) => {
                    let ticket = limiter.ask(tokens);
                    tickets.push(ticket);
                    queue.push(ticket);
                }
                Step::Look(place) => if let Some(&ticket) = tickets.get(place) {
                    match limiter.ready(ticket, now) {
                        Ready::Go => {
                            prop_assert_eq!(queue.iter().min(), Some(&ticket), "who came first goes first");
                            queue.retain(|other| *other != ticket);
                            flying.push(ticket);
                        }
                        Ready::Wait(wait) => {
                            prop_assert!((1.0..=DAY).contains(&wait), "{}", wait);
                            prop_assert!(queue.contains(&ticket));
                        }
                        Ready::Gone => prop_assert!(!queue.contains(&ticket)),
                    }
                },
                Step::Heard(place, headers) => if let Some(&ticket) = tickets.get(place) {
                    limiter.heard(ticket, now, &Hints::of(&headers, now));
                },
                Step::Done(place, outcome) => if let Some(&ticket) = tickets.get(place) {
                    limiter.done(ticket, now, outcome);
                    flying.retain(|other| *other != ticket);
                },
                Step::Again(place, tokens) => if let Some(&ticket) = tickets.get(place)
                    && !queue.contains(&ticket)
                    && !flying.contains(&ticket)
                {
                    limiter.again(ticket, tokens);
                    queue.push(ticket);
                },
                Step::Cancel(place) => if let Some(&ticket) = tickets.get(place) {
                    limiter.cancel(ticket);
                    queue.retain(|other| *other != ticket);
                    flying.retain(|other| *other != ticket);
                },
                Step::Pass(time) => now += time,
            }
            prop_assert!(limiter.in_flight() <= concurrency.max(1));
            prop_assert_eq!((limiter.waiting(), limiter.in_flight()), (queue.len(), flying.len()));
        }
        // And then all end: each goes after it was looked at a few times, having waited as it was told.
        flying.into_iter().for_each(|ticket| limiter.done(ticket, now, Outcome::Failed));
        queue.sort_unstable();
        for ticket in queue {
            let mut looks = 0;
            while let Ready::Wait(wait) = limiter.ready(ticket, now) {
                now += wait;
                looks += 1;
                prop_assert!(looks < 5, "it waits for ever: {:?}", limiter);
            }
            limiter.done(ticket, now, Outcome::Failed);
        }
        prop_assert_eq!((limiter.waiting(), limiter.in_flight()), (0, 0));
    }
}
