//! Any settings, in numbers that a model can calculate with: milliseconds, and thousandths.

use std::time::Duration;

use proptest::{option::of, prelude::*};
use tower_mesh::policy::circuit_breaker::{Abandoned, HalfOpen, Settings};

#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) over: Over,
    pub(crate) error_amount: Option<u32>,
    pub(crate) slow_amount: Option<u32>,
    pub(crate) error_ratio: Option<u32>,
    pub(crate) slow_ratio: Option<u32>,
    pub(crate) in_a_row: Option<u32>,
    pub(crate) slow_time: u64,
    pub(crate) minimum: u32,
    pub(crate) abandoned: Abandoned,
    pub(crate) open_for: u64,
    /// A factor, and the most as so many times the first.
    pub(crate) growth: Option<(u32, u64)>,
    pub(crate) jitter: Option<u32>,
    pub(crate) probes: Option<Probes>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Over {
    Tumbling(u64),
    Sliding(u64, u32),
    LastCalls(u32),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Probes {
    pub(crate) concurrent: u32,
    pub(crate) verdict: Verdict,
    pub(crate) deadline: u64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Verdict {
    Count { good: u32, bad: u32 },
    Ratio { of: u32, bad: u32 },
}

impl Rules {
    pub(crate) fn settings(&self) -> Settings {
        let ms = Duration::from_millis;
        let share = |thousandths| f64::from(thousandths) / 1000.0;
        let mut settings = Settings::builder()
            .open_for(ms(self.open_for))
            .slow_time(ms(self.slow_time))
            .minimum_requests(self.minimum)
            .abandoned(self.abandoned);
        settings = match self.over {
            Over::Tumbling(length) => settings.window(ms(length)),
            Over::Sliding(length, buckets) => settings.window(ms(length)).sliding(buckets),
            Over::LastCalls(calls) => settings.last_calls(calls),
        };
        if let Some(amount) = self.error_amount {
            settings = settings.error_amount(amount);
        }
        if let Some(amount) = self.slow_amount {
            settings = settings.slow_amount(amount);
        }
        if let Some(amount) = self.in_a_row {
            settings = settings.consecutive_errors(amount);
        }
        if let Some(ratio) = self.error_ratio {
            settings = settings.error_ratio(share(ratio));
        }
        if let Some(ratio) = self.slow_ratio {
            settings = settings.slow_ratio(share(ratio));
        }
        if let Some((factor, times)) = self.growth {
            settings = settings.open_growth(share(factor), ms(self.open_for * times));
        }
        if let Some(jitter) = self.jitter {
            settings = settings.open_jitter(share(jitter));
        }
        if let Some(Probes { concurrent, verdict, deadline }) = self.probes {
            let half_open = HalfOpen::new().concurrent(concurrent).deadline(ms(deadline));
            settings = settings.half_open(match verdict {
                Verdict::Count { good, bad } => half_open.successes(good).failures(bad),
                Verdict::Ratio { of, bad } => half_open.ratio(of, share(bad)),
            });
        }
        settings.build().expect("these mean something")
    }
}

fn over() -> impl Strategy<Value = Over> {
    prop_oneof![
        (1u64..60).prop_map(Over::Tumbling),
        (1u64..60, 1u32..9).prop_map(|(length, buckets)| Over::Sliding(length, buckets)),
        (1u32..20).prop_map(Over::LastCalls),
    ]
}

pub(crate) fn probes() -> impl Strategy<Value = Probes> {
    let verdict = prop_oneof![
        (1u32..5, 1u32..5).prop_map(|(good, bad)| Verdict::Count { good, bad }),
        (1u32..12, 1u32..=1000).prop_map(|(of, bad)| Verdict::Ratio { of, bad }),
    ];
    (1u32..5, verdict, 1u64..60).prop_map(|(concurrent, verdict, deadline)| Probes {
        concurrent,
        verdict,
        deadline,
    })
}

pub(crate) fn rules() -> impl Strategy<Value = Rules> {
    let abandoned = prop_oneof![
        Just(Abandoned::Neutral),
        Just(Abandoned::Failure),
        (0u64..20).prop_map(|ms| Abandoned::FailureAfter(Duration::from_millis(ms))),
        Just(Abandoned::Slow),
    ];
    let trips = (of(1u32..8), of(1u32..8), of(1u32..=1000), of(1u32..=1000), of(1u32..6));
    let open = (1u64..60, of((1000u32..4000, 1u64..9)), of(1u32..=1000), of(probes()));
    (over(), trips, 1u64..20, 1u32..12, abandoned, open).prop_map(
        |(over, trips, slow_time, minimum, abandoned, open)| {
            let (error_amount, slow_amount, error_ratio, slow_ratio, in_a_row) = trips;
            let (open_for, growth, jitter, probes) = open;
            let minimum = if let Over::LastCalls(calls) = over { minimum.min(calls) } else { minimum };
            Rules {
                over,
                error_amount,
                slow_amount,
                error_ratio,
                slow_ratio,
                in_a_row,
                slow_time,
                minimum,
                abandoned,
                open_for,
                growth,
                jitter,
                probes,
            }
        },
    )
}
