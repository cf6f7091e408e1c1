//! Injected faults keep the contract: what is held back is still the call it would have been, what is aborted is
//! refused as by every layer, and what happens to nobody is not there.

use std::time::Duration;

use tower_mesh::{
    AnswerableLayer, Events, FaultLayer, Plain,
    layer::draw::Draws,
    policy::{
        GrpcStatus,
        fault::{Settings, SettingsBuilder},
    },
};

use crate::{
    contract::contract,
    loss::{BoxError, Own},
    subject::Subject,
};

contract!(off: Subject::never(|| faults(Settings::builder())), [readiness passing]);

contract!(at_zero_percent: Subject::never(|| faults(Settings::builder().delay(MOMENT, 0.0).abort(503, 0.0))),
    [readiness passing]);

contract!(as_good_as_never: Subject::never(|| faults(Settings::builder().delay(MOMENT, 0.0001).abort(503, 0.0001))
    .drawing(Draws::seeded(7))), [readiness passing]);

contract!(that_nobody_asks_for: Subject::never(|| faults(
    Settings::builder().delay_by_header(100.0).abort_by_header(100.0).most_active(1))), [readiness passing]);

contract!(with_no_room: Subject::never(|| faults(always_503().delay(MOMENT, 100.0).most_active(0))),
    [readiness passing]);

contract!(holding_back: Subject::never(|| faults(Settings::builder().delay(MOMENT, 100.0))), [readiness passing]);

contract!(holding_half_back: Subject::never(|| faults(Settings::builder().delay(MOMENT, 50.0))
    .drawing(Draws::seeded(7))), [readiness passing]);

contract!(holding_back_over_plain: Subject::never(|| faults(Settings::builder().delay(MOMENT, 100.0)).over(Plain))
    .failing_with::<Own>(), [readiness passing]);

contract!(aborting: Subject::always(|| faults(always_503())), [refusing answers router]);

contract!(aborting_above_answerable: Subject::always(|| (faults(always_503()), AnswerableLayer)),
    [refusing answers router]);

contract!(aborting_grpc: Subject::always(|| faults(Settings::builder().abort_grpc(GrpcStatus::DataLoss, 100.0))),
    [refusing answers router]);

contract!(aborting_what_is_held_back: Subject::always(|| faults(always_503().delay(MOMENT, 100.0).most_active(1))
    .drawing(Draws::seeded(7)).told("probe", &Events::new())), [refusing answers router]);

contract!(aborting_over_plain: Subject::always(|| faults(always_503()).over(Plain)).failing_with::<Own>(),
    [refusing errors]);

contract!(aborting_over_plain_boxed: Subject::always(|| faults(always_503()).over(Plain.boxed()))
    .failing_with::<BoxError>(), [refusing errors]);

const MOMENT: Duration = Duration::from_millis(5);

fn always_503() -> SettingsBuilder {
    Settings::builder().abort(503, 100.0)
}

fn faults(settings: SettingsBuilder) -> FaultLayer {
    FaultLayer::new(settings.build().unwrap())
}
