//! Outlier detection: hosts that fail are ejected from among those that answer, and return after a while.
//!
//! One host of several that fails spoils a part of all requests, for as long as it is asked. So each is watched by what
//! it answers, as Envoy and Istio's `outlierDetection` do it: so many errors in a row eject a host on the spot; so do,
//! at the end of an interval, far fewer good answers than others give, or too large a share of errors. The first
//! ejection lasts the base time, the second twice that, the third three times; each interval that the host is there
//! makes up for one.
//!
//! ```
//! use std::time::Duration;
//! use tower_mesh::policy::{Draw, Time, balance::HostId};
//! use tower_mesh::policy::outlier::{Change, Detector, Record, Seen, Settings, Traffic};
//!
//! let settings = Settings::builder()
//!     .consecutive_5xx(1)
//!     .enforcing(tower_mesh::policy::outlier::Kind::SuccessRate, 0)
//!     .interval(Duration::from_secs(1))
//!     .base_ejection_time(Duration::from_secs(3))
//!     .max_ejection_percent(34)
//!     .build()?;
//! let (record, mut detector) = (Record::new(), Detector::new(settings.clone()));
//! let hosts = [1, 2, 3].map(HostId::new);
//! hosts.into_iter().for_each(|host| detector.insert(host));
//! let at = |millis: u64| Time::from_nanos(millis * 1_000_000);
//! detector.start(at(0));
//!
//! for kind in record.note(&settings, Seen::Answered(500)) {
//!     let change = detector.detected(hosts[0], kind, Draw::new(0), at(10));
//!     assert_eq!(change.unwrap().to_string(), "host 1 ejected for 3.99s by consecutive_5xx, ejection 1");
//! }
//! // It returns at the first tick by which the time is over.
//! assert_eq!(detector.due(), at(4000));
//! detector.turn(at(4000), |_| Traffic::default(), Draw::new(0), &mut |change| {
//!     assert_eq!(change.to_string(), "host 1 returned after 3.99s");
//!     record.clear();
//! });
//! assert!(!detector.is_ejected(hosts[0]));
//! # Ok::<(), tower_mesh::policy::outlier::SettingsError>(())
//! ```
//!
//! # Who counts and who decides
//!
//! Answers are many, ejections few. What every answer touches is a [`Record`], one for each host and without locks,
//! which a good answer after a good one only looks at. What it sets off is decided by one [`Detector`] for all hosts,
//! owned behind a lock that is hardly ever taken.
//!
//! # Sweeps that nobody makes
//!
//! Envoy sweeps all hosts at every interval: who may return, does; whoever is there has its next ejection shortened.
//! Here a tick is a number. At an ejection it is already known at which tick the host returns, and how many ticks it has
//! been there is a division. So nothing has to be done at a tick unless somebody returns, or intervals are judged, and
//! whatever was due is done by whoever comes next, however late that is.
//!
//! # What Envoy does otherwise
//!
//! It decides at its leisure: more errors may come before an ejection holds. It looks at success rates and failure
//! percentages also where they never eject; here an interval is judged only by what may. Its ticks begin when a cluster
//! is made, those of a balancer here with its first request. And what it hears late of a host, asked before that
//! returned, counts against it; a balancer here leaves that out.

mod builder;
mod change;
mod counts;
mod detector;
mod host;
mod invalid;
mod kind;
mod record;
mod seen;
mod settings;
mod statistics;
mod ticks;

use super::balance::HostId;

pub use self::{
    builder::SettingsBuilder,
    change::Change,
    counts::Counts,
    detector::Detector,
    host::Standing,
    invalid::{Field, SettingsError},
    kind::Kind,
    record::{Record, Share, Traffic},
    seen::{Hits, HitsIter, Seen},
    settings::{FailurePercentage, HowMany, Settings, SuccessRate},
    statistics::Rates,
};
