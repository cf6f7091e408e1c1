//! Mirrors keep the contract: a request that is copied is the request it would have been. A copy has a task of its own,
//! so of all that a call that passes must not do, that alone is left out.

use tower_mesh::{
    MirrorLayer, RetryLayer,
    layer::{draw::Draws, mirror::To},
    policy::{backoff::Backoff, mirror::Settings, retry},
};

use crate::{contract::contract, probe::Probe, subject::Subject};

contract!(off: Subject::never(|| mirror(0.0)), [readiness passing]);

contract!(as_good_as_never: Subject::never(|| mirror(0.0001).drawing(Draws::seeded(7))), [readiness passing]);

contract!(copying: Subject::never(|| mirror(100.0)), [readiness passing_with_a_task]);

contract!(copying_half: Subject::never(|| mirror(50.0).drawing(Draws::seeded(7))),
    [readiness passing_with_a_task]);

contract!(copying_below_retries: Subject::never(|| (retries(), mirror(100.0).below_retries())),
    [readiness passing_with_a_task]);

contract!(copying_above_retries: Subject::never(|| (mirror(100.0), retries())), [readiness passing_with_a_task]);

fn mirror(percent: f64) -> MirrorLayer<To<Probe>> {
    MirrorLayer::new(Settings::builder().percent(percent).build().unwrap(), Probe::default())
}

/// Without waits: a law may ask on a thread whose timers stand still.
fn retries() -> RetryLayer {
    let settings = retry::Settings::builder().attempts(2).on("5xx".parse().unwrap());
    RetryLayer::new(settings.backoff(Backoff::AT_ONCE).build().unwrap())
}
