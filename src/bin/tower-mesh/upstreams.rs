//! Upstreams from a file.
//!
//! A flag says an upstream in one line; a dozen in three regions, one of which falls ill, is better kept in a file:
//!
//! ```yaml
//! upstreams:
//! - host: reviews:9080
//!   labels: {version: v1}
//!   locality: us-central1/z1
//!   replicas: 3
//! - host: reviews:9080
//!   labels: {version: v2}
//!   does: latency=5ms
//!   timeline:
//!   - {at: 8s, does: status=503}
//!   - {at: 16s, does: latency=5ms}
//! ```

use std::{
    collections::BTreeMap,
    fmt::{self, Display},
    fs,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use clap::Args;
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor, value::MapAccessDeserializer},
};
use tower_mesh::{
    config::{self, Finding, GoDuration},
    testing::{Echo, upstreams::Upstream},
};

/// More of the same kind than that is a slip.
const REPLICAS: u32 = 10_000;

/// Upstreams besides those that have a flag each.
#[derive(Debug, Args)]
pub(crate) struct FromFile {
    /// More upstreams, from a YAML file: a list under `upstreams`, of which each has a `host` (`HOST[:PORT]`) and may have
    /// a `name`, an `address`, `labels`, a `locality` (`REGION/ZONE/SUBZONE`), a `weight`, a `network`, `replicas` (how
    /// many there are), what it `does` (`status=503:20&delay=10ms`), and a `timeline` of what it does later
    /// (`[{at: 8s, does: refuse}, {at: 16s}]`).
    #[arg(long = "upstreams", value_name = "FILE")]
    file: Option<PathBuf>,
}

impl FromFile {
    pub(crate) const fn is_given(&self) -> bool {
        self.file.is_some()
    }

    /// Those of the file, and what there is to tell about it.
    pub(crate) fn read(&self, strict: bool) -> Result<(Vec<Upstream>, Vec<Finding>), String> {
        let Some(file) = &self.file else { return Ok(Default::default()) };
        let (upstreams, findings) = read(file)?;
        match findings.first() {
            Some(finding) if strict => Err(format!("error: {finding}")),
            _ => Ok((upstreams, findings)),
        }
    }
}

fn read(file: &Path) -> Result<(Vec<Upstream>, Vec<Finding>), String> {
    let name = file.display().to_string();
    let text = fs::read_to_string(file).map_err(|error| format!("error: {name} cannot be read: {error}"))?;
    let (document, findings) =
        config::from_file::<Document>(&name, &text).map_err(|errors| errors.to_string())?;
    Ok((document.upstreams.into_iter().flat_map(|Several(upstreams)| upstreams).collect(), findings))
}

#[derive(Debug, Deserialize)]
struct Document {
    upstreams: Vec<Several>,
}

/// An item of the list: an upstream as often as there are replicas of it.
#[derive(Debug)]
struct Several(Vec<Upstream>);

const FIELDS: &[&str] =
    &["host", "name", "address", "labels", "locality", "weight", "network", "does", "timeline", "replicas"];

#[derive(Debug, Deserialize)]
struct Item {
    #[serde(deserialize_with = "place")]
    host: String,
    name: Option<String>,
    #[serde(default, deserialize_with = "address")]
    address: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default, deserialize_with = "locality")]
    locality: Option<String>,
    #[serde(default = "one", deserialize_with = "weight")]
    weight: u32,
    network: Option<String>,
    #[serde(default, deserialize_with = "script")]
    does: Echo,
    #[serde(default)]
    timeline: Vec<Moment>,
    #[serde(default = "one", deserialize_with = "replicas")]
    replicas: u32,
}

/// What it does from then on.
#[derive(Debug, Deserialize)]
struct Moment {
    #[serde(deserialize_with = "moment")]
    at: Duration,
    #[serde(default, deserialize_with = "one_script")]
    does: Echo,
}

impl<'de> Deserialize<'de> for Several {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct("Upstream", FIELDS, Items)
    }
}

/// Judges an item while it is read, so that errors know where it stands.
struct Items;

impl<'de> Visitor<'de> for Items {
    type Value = Several;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an upstream, such as `host: reviews:9080`")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Several, A::Error> {
        Several::of(Item::deserialize(MapAccessDeserializer::new(map))?).map_err(A::Error::custom)
    }
}

impl Several {
    fn of(item: Item) -> Result<Self, String> {
        let Item { host, name, address, labels, locality, weight, network, does, timeline, replicas } = item;
        if address.is_some() && replicas > 1 {
            return Err("one `address` is not for several `replicas`: write an item for each".to_owned());
        }
        if let Some(after) = timeline.windows(2).find(|pair| pair[0].at >= pair[1].at) {
            let (first, second) = (after[0].at, after[1].at);
            return Err(format!(
                "the moments of a `timeline` stand in their order: {second:?} stands after {first:?}"
            ));
        }
        let echo = timeline.into_iter().fold(does, |echo, Moment { at, does }| echo.from(at, |_| does));
        let one = |_| {
            // Another name makes another upstream, where a clone would be the same.
            let mut upstream = Upstream::new(&host, labels.clone(), echo.clone().named(echo.name()));
            if let Some(name) = &name {
                upstream = upstream.named(name);
            }
            if let Some(address) = &address {
                upstream = upstream.address(address);
            }
            if let Some(locality) = &locality {
                upstream = upstream.locality(locality);
            }
            upstream.weight(weight).network(network.clone().unwrap_or_default())
        };
        Ok(Self((0..replicas).map(one).collect()))
    }
}

const fn one() -> u32 {
    1
}

/// A scalar that `judge` takes; judged while it is read, so that errors know where it stands.
struct Judged<J>(J, &'static str);

impl<T, E: Display, J: FnOnce(&str) -> Result<T, E>> Visitor<'_> for Judged<J> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.1)
    }

    fn visit_str<F: serde::de::Error>(self, text: &str) -> Result<T, F> {
        (self.0)(text).map_err(F::custom)
    }
}

/// Any upstream, to ask what it takes.
fn any() -> Upstream {
    Upstream::new("any", [("", ""); 0], Echo::new())
}

fn place<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let judge = |text: &str| match text.split_whitespace().count() {
        0 | 1 => text.parse::<Upstream>().map(|_| text.to_owned()).map_err(|error| error.to_string()),
        _ => {
            Err(format!("`{text}` names no one host: write `HOST` or `HOST:PORT`, and labels under `labels`"))
        }
    };
    deserializer.deserialize_str(Judged(judge, "a place such as `reviews:9080`"))
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let judge = |text: &str| any().try_address(text).map(|_| Some(text.to_owned()));
    deserializer.deserialize_str(Judged(judge, "an address such as `10.0.0.7:9080`"))
}

fn locality<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let judge = |text: &str| any().try_locality(text).map(|_| Some(text.to_owned()));
    deserializer.deserialize_str(Judged(judge, "a locality such as `us-central1/z1`"))
}

fn script<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Echo, D::Error> {
    deserializer.deserialize_str(Judged(Echo::from_str, "a script such as `status=503:20&delay=10ms`"))
}

/// What holds from one moment on has no moments of its own.
fn one_script<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Echo, D::Error> {
    let judge = |text: &str| match text.contains(';') {
        true => Err("in a `timeline` each moment has one script: write an item for each".to_owned()),
        false => text.parse::<Echo>().map_err(|error| error.to_string()),
    };
    deserializer.deserialize_str(Judged(judge, "a script such as `refuse`"))
}

fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let judge = |text: &str| {
        let moment: GoDuration = text.parse().map_err(|error| format!("{error}"))?;
        moment.to_std().ok_or_else(|| "a moment is not before the start".to_owned())
    };
    deserializer.deserialize_str(Judged(judge, "a duration such as `8s`"))
}

/// A number from one to so many.
struct Counted(u32, &'static str);

impl Visitor<'_> for Counted {
    type Value = u32;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, from 1 to {}", self.1, self.0)
    }

    fn visit_u64<F: serde::de::Error>(self, number: u64) -> Result<u32, F> {
        let number = u32::try_from(number).ok().filter(|number| (1..=self.0).contains(number));
        number.ok_or_else(|| F::custom(format!("write {}, from 1 to {}", self.1, self.0)))
    }
}

fn weight<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    deserializer.deserialize_u32(Counted(u32::MAX, "a weight"))
}

fn replicas<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    deserializer.deserialize_u32(Counted(REPLICAS, "how many there are"))
}
