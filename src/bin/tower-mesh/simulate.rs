//! `tower-mesh simulate`: a load, a policy and scripted upstreams, in virtual time.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use http::{HeaderName, HeaderValue, Method, Uri};
use tower_mesh::{
    Http, Mesh,
    config::GoDuration,
    mesh::explain::End,
    testing::{Echo, Load, Report, Upstreams, load::Bounded, upstreams::Upstream},
};

use crate::{
    client::{self, Client},
    json::json,
    policies::{self, Policy},
    upstreams::FromFile,
};

/// The flags of `simulate`.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// Policies; `FILE@NAMESPACE` gives the documents of a file the namespace that they lack.
    #[arg(required = true, value_name = "POLICY.yaml")]
    policies: Vec<Policy>,

    /// Where the requests go; its query is obeyed as fortio's echo server does (`/echo?status=511:20`).
    #[arg(long)]
    url: Uri,

    /// Workers, each of which calls again when it is answered.
    #[arg(short, long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..))]
    connections: u64,

    /// Calls in all. Without it, and without `-t`, the load lasts 5s.
    #[arg(short = 'n', long, value_parser = clap::value_parser!(u64).range(1..))]
    requests: Option<u64>,

    /// How long the load lasts, if `-n` does not say how many calls it makes.
    #[arg(short = 't', long, value_parser = duration, conflicts_with = "requests", allow_hyphen_values = true)]
    time: Option<Duration>,

    /// Calls per second of all workers together; 0 is as fast as it goes.
    #[arg(long, default_value_t = 8.0, value_parser = pace, allow_negative_numbers = true)]
    qps: f64,

    /// A header of the requests: `name: value`. May be repeated.
    #[arg(short = 'H', long = "header", value_parser = client::header, value_name = "NAME: VALUE")]
    headers: Vec<(HeaderName, HeaderValue)>,

    /// The latencies to report, in percent of the calls.
    #[arg(short, long, value_delimiter = ',', value_parser = percentile, default_value = "50,75,90,99,99.9")]
    percentiles: Vec<f64>,

    /// How the upstream answers, in the parameters of fortio's echo server: `status=511:20&delay=200ms:20`; and from
    /// later moments on: `latency=5ms; 8s: refuse; 16s: latency=5ms`.
    ///
    /// There is one upstream then, which answers whatever host and subset a request is led to.
    #[arg(long, value_parser = echo)]
    echo: Option<Echo>,

    /// An upstream, in place of the one: `reviews:9080 version=v2 echo=status=503:20`. May be repeated.
    ///
    /// It answers requests that are led to its host, to its port if it names one, and to a subset whose labels it has;
    /// of several, one is picked for each request. What is led to nobody is refused, and where upstreams of a host are
    /// given, a subset of which none has the labels is one without endpoints.
    #[arg(long = "upstream", value_name = "HOST[:PORT] [LABEL=VALUE …] [echo=PARAMS]")]
    upstreams: Vec<Upstream>,

    #[command(flatten)]
    from_file: FromFile,

    /// Makes chance repeat: the same seed gives the same table.
    #[arg(long)]
    seed: Option<u64>,

    #[command(flatten)]
    client: Client,

    /// Speaks HTTP/2 to the upstream, so that requests share connections: then limits on connections do not act.
    #[arg(long)]
    http2: bool,

    /// Plays the load so many times, in the same mesh.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    repeat: Option<u64>,

    /// The pause between two plays.
    #[arg(long, value_parser = duration, default_value = "0s", allow_hyphen_values = true)]
    pause: Duration,

    /// Also prints fortio's histogram of the latencies.
    #[arg(long)]
    histogram: bool,

    /// Also prints a table of the codes per second, and where there are several upstreams, of the share of each.
    #[arg(long)]
    per_second: bool,

    /// Also draws the run, as an SVG file: the answers by code, open circuits, each upstream's share and its ejections.
    ///
    /// With `--repeat`, the second play is drawn to `FILE-2`, and so on.
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,

    /// Fields that nobody knows are errors rather than notes.
    #[arg(long)]
    strict: bool,

    /// Prints the report as JSON: one object, or with `--repeat` an array of them.
    #[arg(long)]
    json: bool,
}

impl Simulate {
    /// Plays, and says what came of it. What there is to tell about the policies goes to the standard error.
    #[expect(clippy::print_stderr, reason = "a command speaks to people")]
    pub(crate) fn run(mut self) -> Result<String, String> {
        let request = client::request(&Method::GET, &self.url, &self.headers)?;
        if self.echo.is_some() && (!self.upstreams.is_empty() || self.from_file.is_given()) {
            return Err("error: `--echo` is for the one upstream that there is without `--upstream`; \
                        say of each how it answers: `--upstream 'HOST:PORT echo=PARAMS'`"
                .to_owned());
        }
        let (more, findings) = self.from_file.read(self.strict)?;
        self.upstreams.extend(more);
        for finding in findings {
            eprintln!("note: {finding}");
        }
        let upstreams = self.upstreams();
        let mesh = self.client.mesh(policies::load(&self.policies)?, &upstreams);
        let mut mesh = mesh.strict(self.strict).http2(self.http2);
        if let Some(seed) = self.seed {
            mesh = mesh.seed(seed);
        }
        let mesh = mesh.build().map_err(|errors| errors.to_string())?;
        for note in mesh.notes() {
            eprintln!("note: {note}");
        }
        // Nothing is more puzzling than a policy that does nothing because the URL does not mean its host.
        if let End::Untouched(untouched) = mesh.explain(&request).end {
            eprintln!("warning: {untouched}");
        }
        let reports = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .map_err(|error| format!("error: no runtime: {error}"))?
            .block_on(self.play(&mesh, &upstreams));
        for (whom, count) in upstreams.seen().missed {
            eprintln!("warning: no `--upstream` is for `{whom}`; requests that were refused there: {count}");
        }
        if let Some(file) = &self.plot {
            reports.iter().zip(1..).try_for_each(|(report, play)| draw(report, &numbered(file, play)))?;
        }
        if self.json {
            return self.as_json(&reports);
        }
        let plays = reports.iter().zip(1..).map(|(report, play)| self.as_text(report, play));
        Ok(mesh.plan().to_string() + &plays.collect::<String>())
    }

    /// Those that were given, or one that answers everything under the name of the URL's host.
    fn upstreams(&self) -> Upstreams {
        let host = self.url.host().unwrap_or_default();
        let upstreams = match self.upstreams.is_empty() {
            true => Upstreams::new().otherwise(self.echo.clone().unwrap_or_default().named(host)),
            false => self.upstreams.iter().cloned().fold(Upstreams::new(), Upstreams::with),
        };
        let upstreams = upstreams.in_namespace(&self.client.namespace);
        match self.seed {
            Some(seed) => upstreams.seed(seed),
            None => upstreams,
        }
    }

    async fn play(&self, mesh: &Mesh, upstreams: &Upstreams) -> Vec<Report> {
        let client = mesh.client(upstreams.clone()).over(Http.reading_errors());
        let mut reports = Vec::new();
        for play in 1..=self.repeat.unwrap_or(1) {
            if play > 1 {
                tokio::time::sleep(self.pause).await;
            }
            let before = upstreams.seen();
            let report = self.load(mesh).run(client.clone()).await;
            reports.push(report.with_upstreams(&upstreams.seen().since(&before)));
        }
        reports
    }

    fn load(&self, mesh: &Mesh) -> Load<Bounded> {
        let load = Load::workers(self.connections);
        let load = match self.requests {
            Some(requests) => load.requests(requests),
            None => load.duration(self.time.unwrap_or(Duration::from_secs(5))),
        };
        let load =
            load.uri(self.url.clone()).percentiles(self.percentiles.iter().copied()).events(mesh.events());
        let load = if self.qps > 0.0 { load.qps(self.qps) } else { load };
        self.headers.iter().fold(load, |load, (name, value)| load.header(name.clone(), value.clone()))
    }

    fn as_json(&self, reports: &[Report]) -> Result<String, String> {
        match reports {
            [report] if self.repeat.is_none() => json(report),
            reports => json(&reports),
        }
    }

    fn as_text(&self, report: &Report, play: u64) -> String {
        let mut text = if self.repeat.is_some() { format!("\nPlay {play}\n") } else { "\n".to_owned() };
        if self.histogram {
            text += &report.histogram().to_string();
        }
        if self.per_second {
            text += &report.per_second().to_string();
            if self.upstreams.len() > 1 {
                text += &report.shares_over_time().to_string();
            }
        }
        text + &report.to_string()
    }
}

fn draw(report: &Report, file: &Path) -> Result<(), String> {
    fs::write(file, report.plot())
        .map_err(|error| format!("error: {} cannot be written: {error}", file.display()))
}

/// `out.svg`, and for the second play `out-2.svg`.
fn numbered(file: &Path, play: u64) -> PathBuf {
    let name = file.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    match (play, file.extension()) {
        (1, _) => file.to_owned(),
        (play, None) => file.with_file_name(format!("{name}-{play}")),
        (play, Some(kind)) => file.with_file_name(format!("{name}-{play}.{}", kind.display())),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration: GoDuration = text.parse().map_err(|error| format!("{error}"))?;
    duration.to_std().ok_or_else(|| "a duration must not be negative".to_owned())
}

fn pace(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(qps) if qps.is_finite() && qps >= 0.0 => Ok(qps),
        _ => Err("write calls per second, such as 200 or 0.5, or 0 for as fast as it goes".to_owned()),
    }
}

fn percentile(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent),
        _ => Err("write percentages between 0 and 100, such as 50,90,99.9".to_owned()),
    }
}

fn echo(text: &str) -> Result<Echo, String> {
    text.parse().map_err(|error| format!("{error}"))
}
