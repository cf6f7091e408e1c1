//! Istio's `connectionPool` and `retryBudget` as the limits' settings; a zero is "unset".

use std::time::Duration;

use crate::{
    config::{
        GoDuration,
        istio::{self, ConnectionPool, HttpSettings, TcpSettings, extension},
    },
    mesh::{
        lower::{
            invalid::{InvalidBlock, set},
            limits::{self, Names},
        },
        plan::Connections,
    },
    policy::limits::{RetryBudget, Scope, Settings, SettingsBuilder, Upstream},
};

const CONNECTIONS: &str = "tcp.maxConnections";
const PENDING: &str = "http.http1MaxPendingRequests";
const REQUESTS: &str = "http.http2MaxRequests";
const RETRIES: &str = "http.maxRetries";

impl TryFrom<&ConnectionPool> for Settings {
    type Error = InvalidBlock;

    /// Over HTTP/1, unless the block says that it is upgraded.
    ///
    /// ```
    /// use tower_mesh::{config::{self, istio::ConnectionPool}, policy::limits::Settings};
    ///
    /// let (pool, _) = config::from_yaml::<ConnectionPool>("
    /// tcp: {maxConnections: 1}
    /// http: {http1MaxPendingRequests: 1}
    /// ")?;
    /// let settings = Settings::try_from(pool).expect("it means something");
    /// assert_eq!((settings.most(), settings.queue()), (Some(1), Some(1)));
    /// # Ok::<(), config::Errors>(())
    /// ```
    fn try_from(pool: &ConnectionPool) -> Result<Self, InvalidBlock> {
        let protocol = if upgrades(pool) { Upstream::Http2 } else { Upstream::Http1 };
        built(builder(pool)?.protocol(protocol))
    }
}

impl TryFrom<ConnectionPool> for Settings {
    type Error = InvalidBlock;

    fn try_from(pool: ConnectionPool) -> Result<Self, InvalidBlock> {
        Self::try_from(&pool)
    }
}

/// What a block limits.
pub(super) fn builder(pool: &ConnectionPool) -> Result<SettingsBuilder, InvalidBlock> {
    let mut settings = Settings::builder();
    let (tcp, http) = (pool.tcp.as_ref(), pool.http.as_ref());
    if tcp.is_none() && http.is_none() {
        return Err(InvalidBlock::new("tcp", "absent where `http` is absent too", "at least one of them"));
    }
    if let Some(most) = most(CONNECTIONS, tcp.and_then(|tcp| tcp.max_connections))? {
        settings = settings.connections(most);
    }
    if let Some(most) = most(PENDING, http.and_then(|http| http.http1_max_pending_requests))? {
        settings = settings.pending(most);
    }
    if let Some(most) = most(REQUESTS, http.and_then(|http| http.http2_max_requests))? {
        settings = settings.requests(most);
    }
    if let Some(most) = most(RETRIES, http.and_then(|http| http.max_retries))? {
        settings = settings.retries(most);
    }
    most("http.maxConcurrentStreams", http.and_then(|http| http.max_concurrent_streams))?;
    if upgrades(pool) && http.and_then(|http| http.use_client_protocol) == Some(true) {
        let accepted = "absent or `false` where `h2UpgradePolicy` is `UPGRADE`";
        return Err(InvalidBlock::new("http.useClientProtocol", true, accepted));
    }
    let scope = pool.tower_mesh.as_ref().and_then(|ours| ours.scope);
    Ok(settings.scope(match scope {
        Some(extension::Scope::Endpoint) => Scope::Endpoint,
        Some(extension::Scope::Cluster) | None => Scope::Cluster,
    }))
}

pub(super) fn built(settings: SettingsBuilder) -> Result<Settings, InvalidBlock> {
    settings.build().map_err(|error| InvalidBlock::new("percent", error.found(), error.accepted()))
}

/// What a block says of retries, as a share of the requests.
pub(super) fn budget(block: &istio::RetryBudget) -> Result<RetryBudget, InvalidBlock> {
    let mut budget = RetryBudget::new();
    if let Some(percent) = block.percent {
        budget = budget.percent(percent);
    }
    if let Some(minimum) = set(block.min_retry_concurrency) {
        budget = budget.minimum(minimum);
    }
    if let Some(interval) = set(block.budget_interval) {
        let accepted = "above zero, or 0s for \"while they are in flight\"";
        let interval =
            interval.to_std().ok_or_else(|| InvalidBlock::new("budgetInterval", interval, accepted))?;
        budget = budget.interval(interval);
    }
    let judged = Settings::builder().retry_budget(budget).build();
    judged.map(|_| budget).map_err(|error| InvalidBlock::new("percent", error.found(), error.accepted()))
}

/// What a block says of connections.
pub(super) fn connections(pool: &ConnectionPool) -> Result<Connections, InvalidBlock> {
    let tcp = pool.tcp.as_ref();
    let http = pool.http.as_ref();
    let idle = http.and_then(|http| http.idle_timeout).or_else(|| tcp.and_then(|tcp| tcp.idle_timeout));
    let time = |time: Option<GoDuration>| -> Option<Duration> { set(time)?.to_std() };
    Ok(Connections {
        connect_timeout: time(tcp.and_then(|tcp| tcp.connect_timeout)),
        max_requests: most(
            "http.maxRequestsPerConnection",
            http.and_then(|http| http.max_requests_per_connection),
        )?,
        idle_timeout: time(idle),
        max_age: time(tcp.and_then(|tcp| tcp.max_connection_duration)),
    })
}

/// The fields of a block that are for whoever makes connections, and whether each is set.
pub(super) fn for_the_transport(pool: &ConnectionPool) -> [(bool, &'static str); 9] {
    let TcpSettings { connect_timeout, tcp_keepalive, max_connection_duration, idle_timeout, .. } =
        pool.tcp.clone().unwrap_or_default();
    let HttpSettings {
        max_requests_per_connection,
        idle_timeout: http_idle_timeout,
        use_client_protocol,
        max_concurrent_streams,
        http2_keep_alive,
        ..
    } = pool.http.clone().unwrap_or_default();
    [
        (connect_timeout.is_some(), "tcp.connectTimeout"),
        (tcp_keepalive.is_some(), "tcp.tcpKeepalive"),
        (max_connection_duration.is_some(), "tcp.maxConnectionDuration"),
        (idle_timeout.is_some(), "tcp.idleTimeout"),
        (max_requests_per_connection.is_some(), "http.maxRequestsPerConnection"),
        (http_idle_timeout.is_some(), "http.idleTimeout"),
        (use_client_protocol.is_some(), "http.useClientProtocol"),
        (max_concurrent_streams.is_some(), "http.maxConcurrentStreams"),
        (http2_keep_alive.is_some(), "http.http2KeepAlive"),
    ]
}

/// Whether the block has HTTP/1 spoken as HTTP/2.
pub(super) fn upgrades(pool: &ConnectionPool) -> bool {
    let policy = pool.http.as_ref().and_then(|http| http.h2_upgrade_policy);
    policy == Some(istio::H2UpgradePolicy::Upgrade)
}

/// What is set and does not do what it seems to.
pub(super) fn surprises(settings: &Settings) -> Vec<(&'static str, String)> {
    let names = Names { connections: CONNECTIONS, pending: PENDING, requests: REQUESTS };
    let mut told = limits::surprises(settings, &names);
    if settings.retries().is_some() && settings.retry_budget().is_some() {
        told.push((RETRIES, "has no effect beside a `retryBudget`".to_owned()));
    }
    told
}

fn most(field: &'static str, most: Option<i32>) -> Result<Option<u32>, InvalidBlock> {
    let Some(most) = set(most) else { return Ok(None) };
    u32::try_from(most).map(Some).map_err(|_| InvalidBlock::new(field, most, "non-negative; 0 is no limit"))
}
