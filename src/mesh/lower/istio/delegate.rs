//! Routes that another document says: a delegate's, within what the root matches.

use std::{cell::RefCell, collections::HashMap};

use super::{
    client::full_gateway,
    conditions, cors, header_changes, mirrors, rewrites, stations,
    virtual_service::{self, Beside, Named},
};
use crate::{
    config::{
        Document, Resource,
        istio::{HttpMatch, HttpRoute, StringMatch, VirtualService},
    },
    mesh::{
        lower::Lowering,
        note::NoteKind,
        plan::{Dialect, LeftOut, Rule},
    },
};

/// The documents without hosts, by namespace and name.
pub(super) struct Delegates<'a> {
    by_name: HashMap<(String, &'a str), (&'a Document, &'a VirtualService)>,
    /// Those to which a route leads, and whether one does that is for this client.
    asked: RefCell<HashMap<*const Document, bool>>,
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

    fn ask(&self, document: &Document, is_meant: bool) {
        *self.asked.borrow_mut().entry(std::ptr::from_ref(document)).or_default() |= is_meant;
    }

    /// Whether a route leads to a document that is for this client.
    pub(super) fn is_meant(&self, document: &Document) -> bool {
        self.asked.borrow().get(&std::ptr::from_ref(document)).copied().unwrap_or(false)
    }

    /// Tells of a document without hosts to which no route leads.
    pub(super) fn note_unused(&self, document: &Document, lowering: &mut Lowering<'_>) {
        if !self.asked.borrow().contains_key(&std::ptr::from_ref(document)) {
            let message =
                "never applies: it has no `hosts`, and no route of another document delegates to it";
            lowering.note(document, "spec", NoteKind::Surprise, message);
        }
    }
}

/// Adds the rules of the document that a route delegates to.
pub(super) fn routes(
    root: &Named<'_>,
    beside: &Beside<'_, '_>,
    is_meant: bool,
    rules: &mut Vec<Rule>,
    left_out: &mut Vec<LeftOut>,
    lowering: &mut Lowering<'_>,
) {
    judge(root, beside, lowering);
    let Some((document, spec)) = found(root, beside, lowering) else { return };
    beside.delegates.ask(document, is_meant);
    let whole = resolved(root.route, root.document, lowering);
    for (index, route) in spec.http.iter().enumerate().filter(|(_, route)| route.delegate.is_none()) {
        let named = virtual_service::named(document, index, route, lowering);
        match within(&whole, resolved(route, document, lowering)) {
            // Both documents have been judged, each at its own places.
            Some(route) => lowering.quietly(|lowering| {
                virtual_service::rule(&Named { route: &route, ..named }, beside, rules, left_out, lowering);
            }),
            None => {
                let at = root.document.locate_nearest(&root.path);
                let message = format!("never taken: it is not within what the route at {at} matches");
                lowering.note(document, &format!("{}.match", named.path), NoteKind::Surprise, message);
            }
        }
    }
}

/// What is wrong with a route that delegates: it does nothing else, and what it says beside that is for the delegate's
/// routes that say nothing of it.
fn judge(root: &Named<'_>, beside: &Beside<'_, '_>, lowering: &mut Lowering<'_>) {
    let Named { document, route, path, .. } = root;
    let own = [
        (!route.route.is_empty(), "route"),
        (route.redirect.is_some(), "redirect"),
        (route.direct_response.is_some(), "directResponse"),
    ];
    for (_, field) in own.iter().filter(|(is_set, _)| *is_set) {
        let message = format!("`{field}` cannot stand beside `delegate`");
        lowering.refuse(document, &format!("{path}.{field}"), &message, "one of them");
    }
    for (index, entry) in route.matches.iter().enumerate() {
        let path = format!("{path}.match[{index}]");
        let _ = conditions::condition(document, entry, &path, beside.client, lowering);
    }
    stations::of(document, route, path, false, lowering);
    let mirrors = |lowering: &mut Lowering<'_>| mirrors::of(document, route, path, beside.registry, lowering);
    match route.mirror.is_some() || !route.mirrors.is_empty() {
        true => mirrors(lowering),
        // A share alone may be that of a delegate's.
        false => lowering.judge_only(mirrors),
    };
    let headers = header_changes::of(document, route.headers.as_ref(), &format!("{path}.headers"), lowering);
    rewrites::of(document, route, path, &headers.authorities, &[], lowering);
    if let Some(cors) = &route.cors_policy {
        cors::judge(document, cors, &format!("{path}.corsPolicy"), lowering);
    }
}

/// The document that a route delegates to; that there is none is told.
fn found<'a>(
    root: &Named<'_>,
    beside: &Beside<'_, 'a>,
    lowering: &mut Lowering<'_>,
) -> Option<(&'a Document, &'a VirtualService)> {
    let block = root.route.delegate.as_ref()?;
    let path = format!("{}.delegate", root.path);
    let here = lowering.namespace(root.document).to_owned();
    let Some(name) = block.name.as_deref().filter(|name| !name.is_empty()) else {
        let accepted = "the name of a VirtualService";
        lowering.refuse(root.document, &path, "`delegate` must have a `name`", accepted);
        return None;
    };
    let namespace = block.namespace.clone().filter(|namespace| !namespace.is_empty());
    let namespace = namespace.unwrap_or_else(|| here.clone());
    let found = beside.delegates.by_name.get(&(namespace.clone(), name)).copied();
    let sees = |spec: &VirtualService| {
        let export_to = &spec.export_to;
        let is_seen = |to: &String| to == "*" || *to == here || to == "." && namespace == here;
        export_to.is_empty() || export_to.iter().any(is_seen)
    };
    let message = match found {
        Some((_, spec)) if sees(spec) => return found,
        Some((document, _)) => {
            beside.delegates.ask(document, false);
            format!("the route is left out: `{namespace}/{name}` is not exported to `{here}`")
        }
        None => {
            format!("the route is left out: there is no VirtualService `{namespace}/{name}` without hosts")
        }
    };
    lowering.note(root.document, &path, NoteKind::Surprise, message);
    None
}

/// A route with its names in full, since two documents may be of two namespaces.
fn resolved(route: &HttpRoute, document: &Document, lowering: &Lowering<'_>) -> HttpRoute {
    let mut route = route.clone();
    for gateway in route.matches.iter_mut().flat_map(|entry| &mut entry.gateways) {
        *gateway = full_gateway(gateway, lowering.namespace(document));
    }
    let mirrors = route.mirrors.iter_mut().filter_map(|mirror| mirror.destination.as_mut());
    for mirror in route.mirror.iter_mut().chain(mirrors) {
        let host = super::host_of(&mirror.host, document, lowering);
        mirror.host = host.name(&lowering.identity.domain, Dialect::Istio);
    }
    route
}

/// A delegate's route where the root's matches too; what it does not say is the root's. None if it is outside of it.
fn within(root: &HttpRoute, own: HttpRoute) -> Option<HttpRoute> {
    let matches = match (root.matches.as_slice(), own.matches.as_slice()) {
        ([], own) => own.to_vec(),
        (root, []) => root.to_vec(),
        (root, own) => {
            let mut all = Vec::new();
            for own in own {
                let before = all.len();
                all.extend(root.iter().filter_map(|root| both(root, own)));
                // Each of its entries has to be within one of the root's.
                (all.len() > before).then_some(())?;
            }
            all
        }
    };
    let own = HttpRoute { matches, headers: own.headers.or_else(|| root.headers.clone()), ..own };
    if own.route.is_empty() {
        // Who is answered at once passes nothing of what the root says.
        return Some(own);
    }
    let mirrors_itself = own.mirror.is_some() || !own.mirrors.is_empty();
    let mirrors = if mirrors_itself { &own } else { root };
    Some(HttpRoute {
        mirror: mirrors.mirror.clone(),
        mirrors: mirrors.mirrors.clone(),
        mirror_percent: own.mirror_percent.or(root.mirror_percent),
        mirror_percentage: own.mirror_percentage.or(root.mirror_percentage),
        rewrite: own.rewrite.or_else(|| root.rewrite.clone()),
        timeout: own.timeout.or(root.timeout),
        retries: own.retries.or_else(|| root.retries.clone()),
        fault: own.fault.or_else(|| root.fault.clone()),
        ..own
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
    let is_outside = texts.iter().any(|(root, own)| outside(root.as_ref(), own.as_ref()))
        || maps.iter().any(|(root, own)| root.iter().any(|(name, root)| outside(Some(root), own.get(name))))
        || root.ignore_uri_case.unwrap_or(false) != own.ignore_uri_case.unwrap_or(false)
        || differ(root.port.as_ref(), own.port.as_ref())
        || differ(root.source_namespace.as_ref(), own.source_namespace.as_ref())
        || root.source_labels.iter().any(|(name, root)| differ(Some(root), own.source_labels.get(name)))
        || !root.gateways.is_empty() && own.gateways.iter().any(|own| !root.gateways.contains(own));
    if is_outside {
        return None;
    }
    let mut all = own.clone();
    for (all, root) in [
        (&mut all.uri, &root.uri),
        (&mut all.scheme, &root.scheme),
        (&mut all.method, &root.method),
        (&mut all.authority, &root.authority),
    ] {
        *all = all.take().or_else(|| root.clone());
    }
    for (all, root) in [
        (&mut all.headers, &root.headers),
        (&mut all.without_headers, &root.without_headers),
        (&mut all.query_params, &root.query_params),
    ] {
        root.iter().for_each(|(name, root)| {
            all.entry(name.clone()).or_insert_with(|| root.clone());
        });
    }
    all.source_labels.extend(root.source_labels.clone());
    all.port = all.port.or(root.port);
    all.source_namespace = all.source_namespace.or_else(|| root.source_namespace.clone());
    if all.gateways.is_empty() {
        all.gateways.clone_from(&root.gateways);
    }
    Some(all)
}

/// Whether both say something, and not the same.
fn differ<T: PartialEq>(root: Option<&T>, own: Option<&T>) -> bool {
    root.zip(own).is_some_and(|(root, own)| root != own)
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
