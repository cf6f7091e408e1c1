//! Where routes lead: hosts that nobody knows, subsets that no rule defines, weights that surprise.

use super::{policies::Policies, registry::Registry};
use crate::{
    config::{
        Document,
        istio::{Destination, VirtualService},
        listed, nearest,
    },
    mesh::{
        host::Host,
        lower::{Identity, Lowering},
        note::Code,
        plan::Dialect,
    },
};

/// Tells of places to which a route leads and that are not there.
pub(super) fn judge(
    document: &Document,
    spec: &VirtualService,
    registry: &Registry<'_>,
    policies: &Policies<'_>,
    lowering: &mut Lowering<'_>,
) {
    for (index, route) in spec.http.iter().enumerate() {
        let path = format!("spec.http[{index}]");
        let places = route.route.iter().enumerate();
        let places =
            places.map(|(number, place)| (&place.destination, format!("{path}.route[{number}].destination")));
        let mirror = route.mirror.iter().map(|mirror| (mirror, format!("{path}.mirror")));
        let mirrors = route.mirrors.iter().enumerate().filter_map(|(number, mirror)| {
            Some((mirror.destination.as_ref()?, format!("{path}.mirrors[{number}].destination")))
        });
        for (place, path) in places.chain(mirror).chain(mirrors) {
            let what = if path.contains(".route[") {
                "what goes there is answered 500"
            } else {
                "nothing is copied"
            };
            judge_place((document, place, &path), what, registry, policies, lowering);
        }
        if lowering.identity.thorough {
            let weights: Vec<_> = route.route.iter().map(|place| place.weight).collect();
            judge_weights(document, &weights, &format!("{path}.route"), lowering);
        }
    }
}

fn judge_place(
    (document, place, path): (&Document, &Destination, &str),
    otherwise: &str,
    registry: &Registry<'_>,
    policies: &Policies<'_>,
    lowering: &mut Lowering<'_>,
) {
    let Identity { domain, thorough, .. } = lowering.identity;
    let host = registry.resolved(super::host_of(&place.host, document, lowering), domain);
    let Some(pattern) = host.pattern(domain) else { return };
    let name = host.name(domain, Dialect::Istio);
    if *thorough && !registry.knows(&host) && !policies.speak_of(&pattern) {
        let fix = match registry.nearest(&host) {
            Some(meant) => format!("did you mean `{}`?", meant.name(domain, Dialect::Istio)),
            None => "write the name of a `Service` or a `ServiceEntry`, or add one".to_owned(),
        };
        let message = format!("no document knows `{name}`: what goes there depends on its name alone");
        lowering.lint(document, &format!("{path}.host"), Code::UnknownHost, message, fix);
    }
    let Some(subset) = place.subset.as_deref() else { return };
    let subsets = policies.of_host(&host, &pattern, registry).map_or(&[][..], |merged| &merged.subsets);
    if subsets.iter().any(|part| part.name == subset) {
        return;
    }
    let names: Vec<_> = subsets.iter().map(|part| part.name).collect();
    let fix = match (nearest(subset, &names), names.as_slice()) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, []) => format!("add a DestinationRule for `{name}` with a subset `{subset}`"),
        (None, names) => format!("write one of {}, or add a subset `{subset}`", listed(names)),
    };
    let message = format!("{otherwise}: no rule for `{name}` defines the subset `{subset}`");
    lowering.lint(document, &format!("{path}.subset"), Code::UnknownSubset, message, fix);
}

fn judge_weights(document: &Document, weights: &[Option<i32>], path: &str, lowering: &mut Lowering<'_>) {
    match weights {
        [] => {}
        [Some(weight)] if *weight != 100 => {
            let message =
                format!("a weight of {weight} has no effect: it is the only destination, and gets all");
            lowering.lint(
                document,
                &format!("{path}[0].weight"),
                Code::Weights,
                message,
                "remove the weight",
            );
        }
        [_] => {}
        several => {
            let total: i64 = several.iter().map(|weight| i64::from(weight.unwrap_or(0))).sum();
            if total != 100 {
                let message =
                    format!("the weights are {total} together, and not 100: they are shares of that");
                lowering.lint(document, path, Code::Weights, message, "let them sum up to 100");
            }
            for (number, weight) in several.iter().enumerate() {
                if weight.unwrap_or(0) == 0 {
                    let message = "is never chosen: it weighs nothing";
                    let at = format!("{path}[{number}]");
                    lowering.lint(document, &at, Code::Weights, message, "give it a weight, or remove it");
                }
            }
        }
    }
}

/// Tells of names that look like those of services and are not.
pub(super) fn judge_name(
    document: &Document,
    host: &str,
    path: &str,
    registry: &Registry<'_>,
    lowering: &mut Lowering<'_>,
) {
    let domain = lowering.identity.domain.clone();
    let Host::Outside(name) = super::host_of(host, document, lowering) else { return };
    let whole = format!(".svc.{domain}");
    let fix = match name.find(".svc.").filter(|_| !name.ends_with(&whole)) {
        Some(at) => format!("write `{}{whole}`", &name[..at]),
        None => {
            let Some((service, rest)) = name.split_once('.') else { return };
            let namespace = rest.strip_suffix(".svc").unwrap_or(rest);
            let meant = Host::Service { name: service.to_owned(), namespace: namespace.to_owned() };
            if registry.get(&meant).is_none() {
                return;
            }
            format!("write `{service}.{namespace}{whole}`")
        }
    };
    let message = format!("`{name}` is a host outside of the cluster: services end in `{whole}`");
    lowering.lint(document, path, Code::OutsideDomain, message, fix);
}
