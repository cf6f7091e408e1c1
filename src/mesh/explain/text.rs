//! An explanation as people read it.

use std::fmt::{Display, Formatter, Result};

use super::{
    Answer, Chosen, Cluster, Copies, End, Explanation, Forwarded, Found, LeftOut, PassedOver, Place, Staff,
    Stands, Taken, Untouched,
};
use crate::mesh::plan::{Dialect, Way};

/// So many hosts are listed.
const HOSTS: usize = 10;

/// So much of an answer's content is shown.
const CONTENT: usize = 60;

impl Display for Explanation {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        writeln!(f, "{} {}", self.method, self.uri)?;
        let (Some(chosen), Some(host), Some(port)) = (&self.destination, &self.host, self.port) else {
            return self.end.fmt(f);
        };
        if chosen.dialect == Dialect::Istio {
            writeln!(f, "era: {}", self.era)?;
        }
        chosen.told(host, port, f)?;
        if !self.taken_off.is_empty() {
            writeln!(
                f,
                "taken off, since requests are not trusted with it: {}",
                listed(&self.taken_off, ", ")
            )?;
        }
        self.left_out.iter().try_for_each(|left_out| left_out.fmt(f))?;
        self.passed_over.iter().try_for_each(|passed_over| passed_over.fmt(f))?;
        self.decided(chosen, port, f)?;
        self.end.fmt(f)?;
        if self.speaks_http && self.not_asked > 0 {
            writeln!(f, "{}", later(self.not_asked))?;
        }
        Ok(())
    }
}

impl Explanation {
    /// By what it is decided what becomes of it.
    fn decided(&self, chosen: &Chosen, port: u16, f: &mut Formatter<'_>) -> Result {
        match (&self.taken, &self.end) {
            (Some(taken), _) => taken.fmt(f),
            (None, End::Answered(_)) => writeln!(f, "no rule takes it:"),
            (None, _) if !self.speaks_http => {
                writeln!(
                    f,
                    "no HTTP is spoken at port {port}, so that no rule is asked; it goes to the host itself:"
                )
            }
            (None, _) if self.passed_over.is_empty() => match chosen.dialect {
                Dialect::OsmEdge => writeln!(f, "it goes to the host itself:"),
                Dialect::Istio => writeln!(f, "there is no rule; it goes to the host itself:"),
            },
            (None, _) => writeln!(f, "no rule is for port {port}; it goes to the host itself:"),
        }
    }
}

impl Chosen {
    fn told(&self, host: &str, port: u16, f: &mut Formatter<'_>) -> Result {
        let Self { name, dialect, found, documents } = self;
        match found {
            Found::Name if name == host => write!(f, "`{host}` is a destination")?,
            Found::Name => write!(f, "`{host}` is {name}")?,
            Found::ShortName => write!(f, "`{host}` is a short name of {name}")?,
            Found::Address => write!(f, "`{host}` is an address of {name}")?,
            Found::Family { family } => write!(f, "`{host}` is of the family {family}")?,
            Found::FullName { full, family } => {
                write!(f, "`{host}` is short for {full}, which is of the family {family}")?;
            }
        }
        writeln!(f, " ({dialect}); the port is {port}")?;
        documents.iter().try_for_each(|document| writeln!(f, "  {document}"))
    }
}

impl Display for Stands {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.at.is_empty() {
            true => f.write_str(&self.name),
            false => write!(f, "{} at {}", self.name, self.at),
        }
    }
}

impl Display for LeftOut {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let part = if self.in_part { ", in part" } else { "" };
        writeln!(f, "{} is for other clients{part}:\n  {}", self.stands, self.why)
    }
}

impl Display for PassedOver {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { rule, stands, unmet } = self;
        writeln!(f, "rule {rule}, {stands}, is passed over:\n  {}", unmet.join("\n  or "))
    }
}

impl Display for Taken {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { rule, stands, condition } = self;
        writeln!(f, "rule {rule}, {stands}, takes it: {}", condition.as_deref().unwrap_or("every request"))
    }
}

/// Rules that come later.
fn later(count: usize) -> String {
    match count {
        1 => "1 later rule is not asked".to_owned(),
        count => format!("{count} later rules are not asked"),
    }
}

impl Display for End {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Untouched(untouched) => writeln!(f, "{untouched}"),
            Self::Forwarded(forwarded) => forwarded.fmt(f),
            Self::Answered(answer) => writeln!(f, "  answered {answer}"),
        }
    }
}

impl Display for Untouched {
    /// In a sentence: that requests pass untouched, and what was perhaps meant.
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { namespace, host, did_you_mean, known } = self;
        match host {
            None => return f.write_str("it names no host, and passes untouched"),
            Some(host) if known.is_empty() => {
                return write!(f, "no policy is applied to any host: requests to `{host}` pass untouched");
            }
            Some(host) => write!(
                f,
                "no policy speaks of `{host}` to a client in the namespace `{namespace}`: requests pass untouched; "
            )?,
        }
        if !did_you_mean.is_empty() {
            write!(f, "did you mean {}? ", listed(did_you_mean, " or "))?;
        }
        write!(f, "the policies are for {}", known[..known.len().min(HOSTS)].join(", "))?;
        match known.len().checked_sub(HOSTS) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, " and {more} more"),
        }
    }
}

impl Display for Forwarded {
    /// Line by line, numbered as a plan numbers stations.
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { path, authority, stations, places, copies } = self;
        for (what, given) in [("path", path), ("authority", authority)] {
            given.iter().try_for_each(|given| writeln!(f, "  with the {what} {given}"))?;
        }
        (1..)
            .zip(stations)
            .try_for_each(|(number, station): (u32, _)| writeln!(f, "  {number}. {station}"))?;
        places.iter().try_for_each(|place| place.told(stations.len() + 1, f))?;
        copies.iter().try_for_each(|copies| copies.fmt(f))
    }
}

impl Place {
    /// With the stations there, numbered on.
    fn told(&self, number: usize, f: &mut Formatter<'_>) -> Result {
        let Self { weight, total, cluster, request_headers, response_headers } = self;
        match weight == total {
            true => writeln!(f, "  to {cluster}")?,
            false => writeln!(f, "  {weight} of {total} to {cluster}")?,
        }
        cluster.documents.iter().try_for_each(|document| writeln!(f, "    {document}"))?;
        if let Some(nobody) = &cluster.nobody {
            return writeln!(f, "    answered {}: {}", nobody.answer, nobody.why);
        }
        cluster.odd.iter().try_for_each(|odd| writeln!(f, "    {odd}"))?;
        for (what, changes) in [("request", request_headers), ("response", response_headers)] {
            if !changes.is_empty() {
                writeln!(f, "    {what}: {}", changes.join(", "))?;
            }
        }
        cluster.endpoints.iter().try_for_each(|staff| writeln!(f, "    {staff}"))?;
        let Way { stations, connections } = &cluster.way;
        (number..).zip(stations).try_for_each(|(number, station)| writeln!(f, "    {number}. {station}"))?;
        if connections.is_unset() { Ok(()) } else { writeln!(f, "    {connections}") }
    }
}

impl Display for Staff {
    /// How many there are, and how many of them may be asked.
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match *self {
            Self { count: 1, ready: 1 } => f.write_str("1 endpoint"),
            Self { count, ready } if count == ready => write!(f, "{count} endpoints"),
            Self { count: 1, .. } => f.write_str("1 endpoint, which is not ready"),
            Self { count, ready } => write!(f, "{count} endpoints, {ready} of them ready"),
        }
    }
}

impl Display for Copies {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { percent, cluster } = self;
        match &cluster.nobody {
            None => writeln!(f, "  copies {percent} % to {cluster}"),
            Some(nobody) => writeln!(f, "  copies nothing to {cluster}: {}", nobody.why),
        }
    }
}

impl Display for Cluster {
    /// Host and port, and the subset with its labels.
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}:{}", self.host, self.port)?;
        self.subset.iter().try_for_each(|subset| write!(f, ", subset {subset}"))?;
        if self.labels.is_empty() {
            return Ok(());
        }
        let labels: Vec<_> = self.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        write!(f, " ({})", labels.join(","))
    }
}

impl Display for Answer {
    /// The status with its flags, and what the caller sees besides.
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}", self.status)?;
        if self.flags != "-" {
            write!(f, " ({})", self.flags)?;
        }
        let headers = self.headers.iter().filter(|(name, _)| !name.starts_with("content-"));
        headers.into_iter().try_for_each(|(name, value)| write!(f, ", {name}: {value}"))?;
        match self.content.char_indices().nth(CONTENT) {
            _ if self.content.is_empty() => Ok(()),
            None => write!(f, " {:?}", self.content),
            Some((end, _)) => write!(f, " {:?} and more", &self.content[..end]),
        }
    }
}

/// Names as code.
fn listed(names: &[String], between: &str) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(between)
}
