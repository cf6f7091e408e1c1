//! Balancers keep the contract, with one endpoint and with several, over one client and over a service for each: a call of
//! who was picked is the call it would have been, and nobody to ask is a refusal as of every layer.

use std::{ops::RangeInclusive, time::Duration};

use tower::Layer;
use tower_mesh::{
    AnswerableLayer, Balance, BalanceLayer, Endpoint, Endpoints, Events, Plain,
    layer::draw::Draws,
    policy::{
        balance::{HashKey, HashKeys, Settings, SettingsBuilder},
        outlier,
    },
};

use crate::{
    contract::contract,
    loss::{BoxError, Own},
    subject::{Ending, Subject},
};

/// What says something of an endpoint. Who went away before he was answered says nothing, and neither does one who panics.
const BAD: &[Ending] = &[Ending::Status, Ending::Error];

contract!(of_one: Subject::two_strikes_of(|| over(&one(), ejecting()), BAD));

contract!(of_one_that_is_told: Subject::two_strikes_of(|| over(&one(), ejecting()).told("probe", &Events::new()), BAD));

contract!(of_one_above_answerable: Subject::two_strikes_of(|| (over(&one(), ejecting()), AnswerableLayer), BAD));

contract!(of_one_by_a_key: Subject::two_strikes_of(|| over(&one(), ejecting().ring_hash(by_host())), BAD));

contract!(of_several: Subject::never(|| over(&three(), Settings::builder())), [readiness passing]);

contract!(of_several_in_turn: Subject::never(|| over(&three(), Settings::builder().round_robin()).drawing(Draws::seeded(7))),
    [readiness passing]);

contract!(of_nobody: Subject::always(|| over(&Endpoints::new::<Endpoint>([]), Settings::builder())),
    [refusing answers router]);

contract!(of_whom_nobody_knows: Subject::always(|| over(&Endpoints::unknown(), Settings::builder())),
    [refusing answers router]);

contract!(each: Subject::never(|| Each(Settings::builder())), [readiness passing]);

contract!(each_by_a_key: Subject::never(|| Each(Settings::builder().maglev(by_host()))), [readiness passing]);

contract!(each_over_plain: Subject::never(|| EachOverPlain(three())).failing_with::<Own>(), [readiness passing]);

contract!(none_over_plain: Subject::always(|| EachOverPlain(Endpoints::unknown())).failing_with::<Own>(),
    [refusing errors]);

contract!(none_over_plain_boxed: Subject::always(|| EachOverPlain(Endpoints::unknown()))
    .failing_with::<BoxError>(), [refusing errors]);

fn one() -> Endpoints {
    at(1..=1)
}

fn three() -> Endpoints {
    at(1..=3)
}

/// At sockets of this machine, which a URI cannot name: so requests arrive as they were sent.
fn at(numbers: RangeInclusive<u32>) -> Endpoints {
    Endpoints::new(numbers.map(|number| format!("unix:///run/{number}.sock").parse::<Endpoint>().unwrap()))
}

/// The second error in a row ejects, all there are, for half a minute.
fn ejecting() -> SettingsBuilder {
    let outlier = outlier::Settings::builder()
        .consecutive_5xx(2)
        .max_ejection_percent(100)
        .interval(Duration::from_millis(500))
        .base_ejection_time(Duration::from_secs(30));
    Settings::builder().ejecting(outlier.build().unwrap())
}

fn by_host() -> HashKeys {
    HashKeys::of(HashKey::Header(http::header::HOST))
}

fn over(endpoints: &Endpoints, settings: SettingsBuilder) -> BalanceLayer {
    BalanceLayer::new(settings.build().unwrap(), endpoints)
}

/// A balancer that has the service as each of three endpoints.
#[derive(Clone)]
struct Each(SettingsBuilder);

impl<S: Clone + Send + Sync + 'static> Layer<S> for Each {
    type Service = Balance<S>;

    fn layer(&self, inner: S) -> Balance<S> {
        Balance::new(self.0.clone().build().unwrap(), &three(), move |_: &Endpoint| inner.clone())
    }
}

#[derive(Clone)]
struct EachOverPlain(Endpoints);

impl<S: Clone + Send + Sync + 'static> Layer<S> for EachOverPlain {
    type Service = Balance<S, Plain>;

    fn layer(&self, inner: S) -> Self::Service {
        Balance::new(Settings::default(), &self.0, move |_: &Endpoint| inner.clone()).over(Plain)
    }
}
