//! Our balancers, with the settings under which they are measured. Each endpoint is a clone of the upstream.

use tower::Layer;
use tower_mesh::{
    Balance, Endpoint, Endpoints,
    layer::balance::BalanceLayer,
    policy::{
        balance::{HashKey, HashKeys, Settings, SettingsBuilder},
        outlier::{self, Kind},
    },
};

/// So many endpoints, each a service of its own.
#[derive(Clone)]
pub(crate) struct Over {
    settings: Settings,
    count: u32,
    weigh: fn(u32) -> u32,
}

impl<S: Clone + Send + Sync + 'static> Layer<S> for Over {
    type Service = Balance<S>;

    fn layer(&self, inner: S) -> Balance<S> {
        let endpoints = Endpoints::new(endpoints(0..self.count, self.weigh));
        Balance::new(self.settings.clone(), &endpoints, move |_| inner.clone())
    }
}

/// Whoever has less to do of two among so many; who errs too often in a row is ejected, as istiod has it.
pub(crate) fn least_request(count: u32) -> Over {
    over(count, ejecting(Settings::builder()))
}

/// The same, and nobody is ever ejected.
pub(crate) fn never_ejecting() -> Over {
    over(10, Settings::builder())
}

/// The same, and who answers worse than others is ejected too, as Envoy has it: all answers are counted, and a clock is
/// looked at.
pub(crate) fn by_rates() -> Over {
    over(10, Settings::builder().ejecting(patient().build().expect("they mean something")))
}

/// In turn.
pub(crate) fn round_robin() -> Over {
    over(10, ejecting(Settings::builder().round_robin()))
}

/// Of different weights: behind a lock.
pub(crate) fn weighted() -> Over {
    Over { weigh: |number| 1 + number % 3, ..least_request(10) }
}

/// By a header's hash.
pub(crate) fn by_header() -> Over {
    let user = HashKeys::of(HashKey::Header("end-user".parse().expect("a name")));
    over(10, ejecting(Settings::builder().ring_hash(user)))
}

/// One client for all.
pub(crate) fn one_client() -> BalanceLayer {
    let settings = ejecting(Settings::builder()).build().expect("they mean something");
    BalanceLayer::new(settings, &Endpoints::new(endpoints(0..10, |_| 1)))
}

/// Those of these numbers, and what each weighs.
pub(crate) fn endpoints(
    numbers: impl IntoIterator<Item = u32>,
    weigh: fn(u32) -> u32,
) -> impl Iterator<Item = Endpoint> {
    let address = |number: u32| format!("10.{}.{}.{}:80", number >> 16, number >> 8 & 255, number & 255);
    numbers
        .into_iter()
        .map(move |number| address(number).parse::<Endpoint>().expect("an address").weight(weigh(number)))
}

/// Ejects who errs too often in a row.
pub(crate) fn ejecting(settings: SettingsBuilder) -> SettingsBuilder {
    let in_a_row = patient().enforcing(Kind::SuccessRate, 0).enforcing(Kind::LocalOriginSuccessRate, 0);
    settings.ejecting(in_a_row.build().expect("they mean something"))
}

/// So often in a row that chance does not bring it about.
fn patient() -> outlier::SettingsBuilder {
    outlier::Settings::builder().consecutive_5xx(1000).consecutive_gateway(1000)
}

fn over(count: u32, settings: SettingsBuilder) -> Over {
    Over { settings: settings.build().expect("they mean something"), count, weigh: |_| 1 }
}
