//! Who the client is, and what it asks for: flags that commands share.

use std::net::IpAddr;

use clap::Args;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use tower_mesh::{
    Endpoint, Mesh,
    config::Document,
    mesh::{Era, MeshBuilder},
    policy::balance::Locality,
    testing::{Upstreams, upstreams::Upstream},
};

use crate::{
    policies::{self, Policy},
    upstreams::FromFile,
};

/// The client that policies are read for.
#[derive(Debug, Args)]
pub(crate) struct Client {
    /// The client's own namespace, in which bare names such as `reviews` are looked for.
    #[arg(long, default_value = "default", value_name = "NS")]
    pub(crate) namespace: String,

    /// The client's own labels: rules can be for clients with some.
    #[arg(long, value_name = "LABEL=VALUE,…", value_delimiter = ',', value_parser = label)]
    labels: Vec<(String, String)>,

    /// Where the client is: rules can say which localities are near.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "REGION/ZONE/SUBZONE")]
    locality: Locality,

    /// A gateway that the client acts for, so that what is bound to it is meant; `mesh` too, if it also is inside of
    /// the mesh. May be repeated.
    #[arg(long = "gateway", value_name = "NS/NAME", value_parser = gateway)]
    gateways: Vec<String>,

    /// Reads the policies as the mesh of another time did: 0.8, 1.5, 1.14, 1.17 or current.
    #[arg(long, default_value = "current", value_name = "ERA")]
    era: Era,
}

impl Client {
    /// The mesh of these documents for this client, who knows these upstreams.
    pub(crate) fn mesh(&self, documents: Vec<Document>, upstreams: &Upstreams) -> MeshBuilder {
        let Self { namespace, labels, gateways, era, .. } = self;
        let mesh = Mesh::builder().namespace(namespace.clone()).labels(labels.clone()).era(*era);
        let mesh = gateways.iter().fold(mesh.documents(documents), |mesh, gateway| mesh.gateway(gateway));
        // One that stands at an address is where documents say that an endpoint is.
        let is_named = |(host, ..): &(String, Option<u16>, Endpoint)| host.parse::<IpAddr>().is_err();
        let endpoints = upstreams.endpoints().into_iter().filter(is_named);
        mesh.locality(self.locality.clone()).endpoints_at(endpoints)
    }

    /// The mesh of these policies, built, with the upstreams of a file too. What there is to tell of all goes to the standard error.
    #[expect(clippy::print_stderr, reason = "a command speaks to people")]
    pub(crate) fn told(
        &self,
        policies: &[Policy],
        upstreams: Vec<Upstream>,
        from_file: &FromFile,
        strict: bool,
    ) -> Result<Mesh, String> {
        let (more, findings) = from_file.read(strict)?;
        let upstreams = upstreams.into_iter().chain(more).fold(Upstreams::new(), Upstreams::with);
        let mesh = self.mesh(policies::load(policies)?, &upstreams).strict(strict);
        let mesh = mesh.build().map_err(|errors| errors.to_string())?;
        for finding in findings {
            eprintln!("note: {finding}");
        }
        for note in mesh.notes() {
            eprintln!("note: {note}");
        }
        Ok(mesh)
    }
}

/// A request for this URL, which must name a host.
pub(crate) fn request(
    method: &Method,
    url: &Uri,
    headers: &[(HeaderName, HeaderValue)],
) -> Result<Request<()>, String> {
    if url.host().is_none() {
        return Err(format!("error: the URL `{url}` names no host; write `http://HOST:PORT/PATH`"));
    }
    let mut request = Request::new(());
    request.method_mut().clone_from(method);
    request.uri_mut().clone_from(url);
    for (name, value) in headers {
        request.headers_mut().append(name, value.clone());
    }
    Ok(request)
}

/// `name: value`.
pub(crate) fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("write `name: value`")?;
    let name = name.trim().parse().map_err(|_| format!("`{}` is no name of a header", name.trim()))?;
    let value = value.trim().parse().map_err(|_| format!("`{}` is no value of a header", value.trim()))?;
    Ok((name, value))
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write `LABEL=VALUE`, and commas between several: `app=productpage,version=v1`".to_owned()),
    }
}

fn gateway(text: &str) -> Result<String, String> {
    let is_full = text
        .split_once('/')
        .is_some_and(|(namespace, name)| !namespace.is_empty() && !name.is_empty() && !name.contains('/'));
    if is_full || text == "mesh" {
        return Ok(text.to_owned());
    }
    Err("write `NAMESPACE/NAME`, such as `istio-system/istio-egressgateway`, or `mesh`".to_owned())
}
