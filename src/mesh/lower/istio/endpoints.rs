//! One endpoint as documents spell it: where it is, and what is known of it.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    net::IpAddr,
};

use super::naming;
use crate::{
    config::{
        Document,
        istio::{ServiceEntryPort, WorkloadEntry},
    },
    mesh::{
        lower::{Identity, Lowering},
        note::{Code, NoteKind},
    },
    policy::balance::{Address, Endpoint, Locality, LocalityError, label},
};

/// A whole locality in one label, the first that there is; a label has no slash, so dots stand for it.
const LOCALITY: [&str; 2] = ["topology.istio.io/locality", "istio-locality"];

const UNIX: &str = "unix://";

/// An endpoint, and where it is told of.
pub(super) struct Placed<'a> {
    pub(super) endpoint: Endpoint,
    pub(super) document: &'a Document,
    /// Which of the document's endpoints it is; none: the document is about it alone.
    pub(super) index: Option<usize>,
    /// Whether others are at its address too: it is a gateway's.
    pub(super) is_shared: bool,
}

/// What an endpoint can be where it stands.
pub(super) struct Allowed<'p> {
    /// The names of the ports of the service that it is behind; none: nobody knows yet.
    pub(super) ports: Option<&'p [ServiceEntryPort]>,
    /// Whether its address may be a name.
    pub(super) names: bool,
    /// Whether it may be a socket on this machine, or anybody in another network.
    pub(super) anything: bool,
}

/// The path of an endpoint within its document.
pub(super) fn path_of(index: Option<usize>) -> String {
    index.map_or_else(|| "spec".to_owned(), |index| format!("spec.endpoints[{index}]"))
}

/// An endpoint behind a port of a service, or behind all; none, if nobody can tell where it is.
pub(super) fn endpoint(entry: &WorkloadEntry, port: Option<&ServiceEntryPort>) -> Option<Endpoint> {
    let address: Address = entry.address.as_deref()?.parse().ok()?;
    let own = |port: &ServiceEntryPort| {
        let named = port.name.as_ref().and_then(|name| entry.ports.get(name)).copied();
        named.filter(|named| *named > 0).or(port.target_port.filter(|target| *target > 0)).or(port.number)
    };
    // A socket's path has no port.
    let address = match port.and_then(own) {
        Some(number) => address.at_port(number),
        None => address,
    };
    let locality = locality(entry).unwrap_or_default();
    let endpoint = Endpoint::new(address)
        .with_labels(entry.labels.clone())
        .weight(entry.weight.unwrap_or(1))
        .network(network(entry));
    Some(located(endpoint, locality))
}

/// An endpoint as this client reaches it: where it is, or, in a network that is not the client's, at the gateway that
/// leads there, which it shares with others.
pub(super) fn reached(
    entry: &WorkloadEntry,
    port: Option<&ServiceEntryPort>,
    identity: &Identity,
) -> Option<(Endpoint, bool)> {
    let own = entry.address.as_deref().is_some_and(|address| !address.is_empty());
    let network = network(entry);
    let is_elsewhere = !network.is_empty() && !identity.network.is_empty() && identity.network != network;
    match identity.gateway_of(network).filter(|_| is_elsewhere || !own) {
        None => Some((endpoint(entry, port)?, false)),
        Some(gateway) => {
            let mut there = entry.clone();
            there.address = gateway.host().map(str::to_owned);
            let there = endpoint(&there, port)?;
            Some((if gateway.port().is_some() { there.at(gateway.clone()) } else { there }, true))
        }
    }
}

/// In which network it is; empty, if nobody says.
fn network(entry: &WorkloadEntry) -> &str {
    let said = entry.network.as_ref().or_else(|| entry.labels.get(label::NETWORK));
    said.map_or("", String::as_str)
}

/// Endpoints behind one gateway are one endpoint: with the weight of all, and with what they have in common.
fn together(one: &Endpoint, other: &Endpoint) -> Endpoint {
    let common = one.labels().iter().filter(|(name, value)| other.labels().get(*name) == Some(*value));
    let (here, there) = (one.in_locality(), other.in_locality());
    let locality = match () {
        () if here == there => here.clone(),
        () if here.region() != there.region() => Locality::default(),
        () if here.zone() != there.zone() => Locality::new(here.region(), "", ""),
        () => Locality::new(here.region(), here.zone(), ""),
    };
    Endpoint::new(one.address().clone())
        .with_labels(common.map(|(name, value)| (name.clone(), value.clone())))
        .locality(locality)
        .network(one.in_network())
        .weight(one.weighs().saturating_add(other.weighs()))
}

/// An endpoint that is there, its labels too: whatever goes by labels can go by places.
pub(super) fn located(mut endpoint: Endpoint, locality: Locality) -> Endpoint {
    let network = endpoint.in_network().to_owned();
    let known = [
        (label::REGION, locality.region()),
        (label::ZONE, locality.zone()),
        (label::SUBZONE, locality.subzone()),
        (label::NETWORK, &network),
    ];
    for (name, value) in known.iter().filter(|(_, value)| !value.is_empty()) {
        endpoint = endpoint.label(*name, *value);
    }
    endpoint.locality(locality)
}

/// Where it is, as its field says, or else its labels.
fn locality(entry: &WorkloadEntry) -> Result<Locality, LocalityError> {
    match entry.locality.as_deref().filter(|said| !said.is_empty()) {
        Some(said) => said.parse(),
        None => labelled(&entry.labels).unwrap_or_else(|| Ok(Locality::default())),
    }
}

/// The locality that labels tell, if one does.
pub(super) fn labelled(labels: &BTreeMap<String, String>) -> Option<Result<Locality, LocalityError>> {
    let said = LOCALITY.iter().find_map(|label| labels.get(*label)).filter(|said| !said.is_empty())?;
    Some(if said.contains('/') { said.parse() } else { said.replace('.', "/").parse() })
}

/// Each address once, where it comes first, with what is said of it last; that it is said again is told, if asked for.
pub(super) fn each_once(all: Vec<Placed<'_>>, tell: bool, lowering: &mut Lowering<'_>) -> Vec<Endpoint> {
    let mut places: HashMap<Address, usize> = HashMap::with_capacity(all.len());
    let mut kept: Vec<Placed<'_>> = Vec::with_capacity(all.len());
    for one in all {
        match places.get(one.endpoint.address()) {
            None => {
                places.insert(one.endpoint.address().clone(), kept.len());
                kept.push(one);
            }
            Some(&place) if one.is_shared && kept[place].is_shared => {
                kept[place].endpoint = together(&kept[place].endpoint, &one.endpoint);
            }
            Some(&place) => {
                if tell {
                    let first = &kept[place];
                    let at = first.document.locate_nearest(&format!("{}.address", path_of(first.index)));
                    let address = one.endpoint.address();
                    let message = format!("is at {address}, as the endpoint at {at} is: it is one endpoint");
                    let path = format!("{}.address", path_of(one.index));
                    let fix = "name each address once, and give it a `weight` if it is to get more";
                    lowering.lint(one.document, &path, Code::DuplicateEndpoint, message, fix);
                }
                kept[place] = one;
            }
        }
    }
    kept.into_iter().map(|placed| placed.endpoint).collect()
}

/// What is wrong with an endpoint, and what of it has no effect.
pub(super) fn judge(
    document: &Document,
    entry: &WorkloadEntry,
    path: &str,
    allowed: &Allowed<'_>,
    lowering: &mut Lowering<'_>,
) {
    judge_address(document, entry, path, allowed, lowering);
    judge_ports(document, entry, path, allowed, lowering);
    naming::judge_labels(document, &entry.labels, &format!("{path}.labels"), lowering);
    judge_locality(document, entry, path, lowering);
    let fields = [(entry.service_account.is_some(), "serviceAccount")];
    lowering.left_to_the_transport(document, path, &fields);
}

/// What is wrong with the place where it is said to be.
pub(super) fn judge_locality(
    document: &Document,
    entry: &WorkloadEntry,
    path: &str,
    lowering: &mut Lowering<'_>,
) {
    let Err(wrong) = locality(entry) else { return };
    if entry.locality.as_deref().is_some_and(|said| !said.is_empty()) {
        let message = format!("`locality` cannot be `{}`", entry.locality.as_deref().unwrap_or_default());
        let accepted = "`REGION/ZONE/SUBZONE`, or the first one or two of them";
        lowering.refuse(document, &format!("{path}.locality"), &message, accepted);
    } else {
        lowering.note(document, path, NoteKind::Surprise, format!("its label tells no locality: {wrong}"));
    }
}

fn judge_address(
    document: &Document,
    entry: &WorkloadEntry,
    path: &str,
    allowed: &Allowed<'_>,
    lowering: &mut Lowering<'_>,
) {
    let at = format!("{path}.address");
    let address = entry.address.as_deref().unwrap_or_default();
    let network = entry.network.as_deref().unwrap_or_default();
    if address.is_empty() && !network.is_empty() && allowed.anything {
        if lowering.identity.gateway_of(network).is_none() {
            let message = format!(
                "is nobody's endpoint: it has no address, and nobody tells that of the gateway of `{network}`"
            );
            let fix = "give it an `address`, or tell the client that of the network's gateway";
            lowering.lint(document, path, Code::Surprise, message, fix);
        }
        return;
    }
    if address.is_empty() {
        let message = "an endpoint must have an `address`";
        return lowering.refuse(document, path, message, "where it is, such as `10.0.0.1`");
    }
    if address.starts_with(UNIX) && allowed.anything {
        if address.parse::<Address>().is_err() {
            let message = format!("`address` cannot be `{address}`");
            lowering.refuse(document, &at, &message, "a whole path, such as `unix:///run/app.sock`");
        }
        if let Some(ports) = allowed.ports.filter(|ports| ports.len() != 1) {
            let message = format!("a socket cannot be behind {} ports", ports.len());
            lowering.refuse(document, &at, &message, "exactly one port of the host");
        }
        return;
    }
    let is_name = naming::is_host(address) && !address.starts_with('*');
    if address.parse::<IpAddr>().is_err() && !(allowed.names && is_name) {
        let message = format!("`address` cannot be `{address}`");
        let accepted = match allowed.names {
            true => "an IP address, or a name",
            false => "an IP address; names are looked up by `resolution: DNS`",
        };
        lowering.refuse(document, &at, &message, accepted);
    }
}

fn judge_ports(
    document: &Document,
    entry: &WorkloadEntry,
    path: &str,
    allowed: &Allowed<'_>,
    lowering: &mut Lowering<'_>,
) {
    let is_socket = entry.address.as_deref().is_some_and(|address| address.starts_with(UNIX));
    if is_socket && !entry.ports.is_empty() {
        let message = "a socket cannot have `ports`";
        return lowering.refuse(document, &format!("{path}.ports"), message, "no `ports` beside its path");
    }
    let names = allowed.ports.map(|ports| ports.iter().filter_map(|port| port.name.as_deref()));
    let names: Option<HashSet<&str>> = names.map(Iterator::collect);
    for (name, number) in &entry.ports {
        let at = format!("{path}.ports.{name}");
        if !naming::is_label(name) {
            let message = format!("the name of a port cannot be {}", naming::shown(name));
            lowering.refuse(document, &at, &message, naming::LABEL);
        } else if names.as_ref().is_some_and(|names| !names.contains(&**name)) {
            let message = format!("`ports` cannot have `{name}`: the host has no port of this name");
            lowering.refuse(document, &at, &message, "names of the host's own `ports`");
        }
        if *number == 0 {
            let message = format!("`{name}` cannot be 0");
            lowering.refuse(document, &at, &message, "a number from 1 to 65535");
        }
    }
}
