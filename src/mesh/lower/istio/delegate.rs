//! Routes that another document says: a delegate's, within what the root matches.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
};

use super::virtual_service::{self, Beside, Named};
use crate::{
    config::{
        Document, Resource,
        istio::{HttpMatch, HttpRoute, StringMatch, VirtualService},
    },
    mesh::{
        lower::Lowering,
        note::NoteKind,
        plan::{LeftOut, Rule},
    },
};

/// The documents without hosts, by namespace and name.
pub(super) struct Delegates<'a> {
    by_name: HashMap<(String, &'a str), (&'a Document, &'a VirtualService)>,
    asked: RefCell<HashSet<*const Document>>,
}

impl<'a> Delegates<'a> {
    pub(super) fn of(documents: &[&'a Document], lowering: &Lowering<'_>) -> Self {
        let delegates = documents.iter().filter_map(|&document| {
            let Resource::VirtualService(spec) = &document.resource else { return None };
            let name = document.metadata.name.as_deref().filter(|_| spec.hosts.is_empty())?;
            Some(((lowering.namespace(document).to_owned(), name), (document, &**spec)))
        });
        Self { by_name: delegates.collect(), asked: RefCell::default() }
    }

    /// Tells of those to which no route leads.
    pub(super) fn note_unused(&self, documents: &[&Document], lowering: &mut Lowering<'_>) {
        let asked = self.asked.borrow();
        for &document in documents {
            let Resource::VirtualService(spec) = &document.resource else { continue };
            if spec.hosts.is_empty() && !asked.contains(&std::ptr::from_ref(document)) {
                let message =
                    "never applies: it has no `hosts`, and no route of another document delegates to it";
                lowering.note(document, "spec", NoteKind::Surprise, message);
            }
        }
    }
}

/// Adds the rules of the document that a route delegates to.
pub(super) fn routes(
    root: &Named<'_>,
    beside: &Beside<'_, '_>,
    rules: &mut Vec<Rule>,
    left_out: &mut Vec<LeftOut>,
    lowering: &mut Lowering<'_>,
) {
    let Some(block) = &root.route.delegate else { return };
    let path = format!("{}.delegate", root.path);
    let own = [
        (!root.route.route.is_empty(), "route"),
        (root.route.redirect.is_some(), "redirect"),
        (root.route.direct_response.is_some(), "directResponse"),
    ];
    for (_, field) in own.iter().filter(|(is_set, _)| *is_set) {
        let message = format!("`{field}` cannot stand beside `delegate`");
        lowering.refuse(root.document, &format!("{}.{field}", root.path), &message, "one of them");
    }
    let here = lowering.namespace(root.document).to_owned();
    let namespace = block.namespace.clone().filter(|namespace| !namespace.is_empty()).unwrap_or(here);
    let Some(name) = block.name.as_deref().filter(|name| !name.is_empty()) else {
        return lowering.refuse(
            root.document,
            &path,
            "`delegate` must have a `name`",
            "the name of a VirtualService",
        );
    };
    let Some((document, spec)) = beside.delegates.by_name.get(&(namespace.clone(), name)) else {
        let message =
            format!("the route is left out: there is no VirtualService `{namespace}/{name}` without hosts");
        return lowering.note(root.document, &path, NoteKind::Surprise, message);
    };
    beside.delegates.asked.borrow_mut().insert(std::ptr::from_ref(*document));
    for (index, route) in spec.http.iter().enumerate() {
        let path = format!("spec.http[{index}]");
        if route.delegate.is_some() {
            let message = "a delegate cannot delegate further";
            lowering.refuse(document, &format!("{path}.delegate"), message, "routes of its own");
            continue;
        }
        let origin = virtual_service::origin(document, index, route, lowering);
        match within(root.route, route) {
            Some(route) => {
                let named = Named { document, route: &route, path, origin };
                virtual_service::rule(&named, beside, rules, left_out, lowering);
            }
            None => {
                let at = root.document.locate_nearest(&root.path);
                let message = format!("never taken: it matches nothing of what the route at {at} matches");
                lowering.note(document, &format!("{path}.match"), NoteKind::Surprise, message);
            }
        }
    }
}

/// A delegate's route where the root's matches too; what it does not say is the root's. None if it is outside of it.
fn within(root: &HttpRoute, own: &HttpRoute) -> Option<HttpRoute> {
    let matches = match (root.matches.as_slice(), own.matches.as_slice()) {
        ([], own) => own.to_vec(),
        (root, []) => root.to_vec(),
        (root, own) => {
            let both = root.iter().flat_map(|root| own.iter().filter_map(|own| both(root, own)));
            let both: Vec<_> = both.collect();
            if both.is_empty() {
                return None;
            }
            both
        }
    };
    let root = root.clone();
    Some(HttpRoute {
        matches,
        name: own.name.clone().or(root.name),
        rewrite: own.rewrite.clone().or(root.rewrite),
        timeout: own.timeout.or(root.timeout),
        retries: own.retries.clone().or(root.retries),
        fault: own.fault.clone().or(root.fault),
        mirror: own.mirror.clone().or(root.mirror),
        mirrors: if own.mirrors.is_empty() { root.mirrors } else { own.mirrors.clone() },
        mirror_percent: own.mirror_percent.or(root.mirror_percent),
        mirror_percentage: own.mirror_percentage.or(root.mirror_percentage),
        cors_policy: own.cors_policy.clone().or(root.cors_policy),
        headers: own.headers.clone().or(root.headers),
        ..own.clone()
    })
}

/// What both entries ask for; none if the delegate's is not within the root's.
fn both(root: &HttpMatch, own: &HttpMatch) -> Option<HttpMatch> {
    let texts = [
        (&root.uri, &own.uri),
        (&root.scheme, &own.scheme),
        (&root.method, &own.method),
        (&root.authority, &own.authority),
    ];
    let maps = [
        (&root.headers, &own.headers),
        (&root.without_headers, &own.without_headers),
        (&root.query_params, &own.query_params),
    ];
    let outside = texts.iter().any(|(root, own)| outside(root.as_ref(), own.as_ref()))
        || maps.iter().any(|(root, own)| {
            root.iter()
                .any(|(name, root)| own.get(name).is_some_and(|own| self::outside(Some(root), Some(own))))
        })
        || root.ignore_uri_case.unwrap_or(false) != own.ignore_uri_case.unwrap_or(false)
        || root.port.zip(own.port).is_some_and(|(root, own)| root != own)
        || root
            .source_labels
            .iter()
            .any(|(name, root)| own.source_labels.get(name).is_some_and(|own| own != root));
    if outside {
        return None;
    }
    let mut all = root.clone();
    all.name = own.name.clone().or(all.name);
    for (own, all) in [
        (&own.uri, &mut all.uri),
        (&own.scheme, &mut all.scheme),
        (&own.method, &mut all.method),
        (&own.authority, &mut all.authority),
    ] {
        *all = own.clone().or(all.take());
    }
    all.headers.extend(own.headers.clone());
    all.without_headers.extend(own.without_headers.clone());
    all.query_params.extend(own.query_params.clone());
    all.source_labels.extend(own.source_labels.clone());
    all.port = own.port.or(all.port);
    all.source_namespace = own.source_namespace.clone().or(all.source_namespace);
    // A delegate is bound to no gateway of its own.
    all.stat_prefix = own.stat_prefix.clone().or(all.stat_prefix);
    Some(all)
}

/// Whether a delegate's text is not within the root's: what is within an expression nobody can tell.
fn outside(root: Option<&StringMatch>, own: Option<&StringMatch>) -> bool {
    let (Some(root), Some(own)) = (root, own) else { return false };
    let text = own.exact.as_deref().or(own.prefix.as_deref());
    match (root.exact.as_deref(), root.prefix.as_deref(), text) {
        _ if root.regex.is_some() || own.regex.is_some() => true,
        (Some(exact), _, _) => own.exact.as_deref() != Some(exact),
        (None, Some(prefix), text) => !text.is_some_and(|text| text.starts_with(prefix)),
        (None, None, _) => false,
    }
}
