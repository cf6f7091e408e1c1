//! `tower-mesh explain`: what becomes of one request, and why.

use clap::Args;
use http::{HeaderName, HeaderValue, Method, Uri};
use tower_mesh::testing::upstreams::Upstream;

use crate::{
    client::{self, Client},
    json::json,
    policies::Policy,
    upstreams::FromFile,
};

/// The flags of `explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// Policies; `FILE@NAMESPACE` gives the documents of a file the namespace that they lack.
    #[arg(required = true, value_name = "POLICY.yaml")]
    policies: Vec<Policy>,

    /// Where the request goes.
    #[arg(long)]
    url: Uri,

    /// The request's method.
    #[arg(short = 'X', long, default_value = "GET")]
    method: Method,

    /// A header of the request: `name: value`. May be repeated.
    #[arg(short = 'H', long = "header", value_parser = client::header, value_name = "NAME: VALUE")]
    headers: Vec<(HeaderName, HeaderValue)>,

    #[command(flatten)]
    client: Client,

    /// An upstream that there is: `reviews:9080 version=v2`. May be repeated.
    ///
    /// Where upstreams of a host are given, a subset of which none has the labels is one without endpoints.
    #[arg(long = "upstream", value_name = "HOST[:PORT] [LABEL=VALUE …]")]
    upstreams: Vec<Upstream>,

    #[command(flatten)]
    from_file: FromFile,

    /// Fields that nobody knows are errors rather than notes.
    #[arg(long)]
    strict: bool,

    /// Prints the explanation as JSON.
    #[arg(long)]
    json: bool,
}

impl Explain {
    /// Explains. What there is to tell about the policies goes to the standard error.
    pub(crate) fn run(self) -> Result<String, String> {
        let request = client::request(&self.method, &self.url, &self.headers)?;
        let mesh = self.client.told(&self.policies, self.upstreams, &self.from_file, self.strict)?;
        let explanation = mesh.explain(&request);
        if self.json { json(&explanation) } else { Ok(explanation.to_string()) }
    }
}
