//! Istio's `retries` as the retries' settings; and what it retries where a route does not say.

use std::time::Duration;

use crate::{
    config::istio::{self, extension},
    mesh::{
        era::{DefaultRetries, Era},
        lower::invalid::{InvalidBlock, WHOLE, millis, set},
    },
    policy::{
        backoff::Backoff,
        retry::{Field, Methods, RetryOn, Settings, SettingsBuilder, Word},
    },
};

impl TryFrom<&istio::Retries> for Settings {
    type Error = InvalidBlock;

    /// As the present mesh reads it.
    ///
    /// ```
    /// use tower_mesh::{config::{self, istio::Retries}, policy::retry::Settings};
    ///
    /// let (retries, _) = config::from_yaml::<Retries>("{attempts: 3, retryOn: \"5xx,429\"}")?;
    /// let settings = Settings::try_from(retries).expect("it means something");
    /// assert_eq!(settings.attempts(), 3);
    /// # Ok::<(), config::Errors>(())
    /// ```
    fn try_from(block: &istio::Retries) -> Result<Self, InvalidBlock> {
        settings(block, None, false, Era::CURRENT)
    }
}

impl TryFrom<istio::Retries> for Settings {
    type Error = InvalidBlock;

    fn try_from(block: istio::Retries) -> Result<Self, InvalidBlock> {
        Self::try_from(&block)
    }
}

/// As the mesh of an era reads a block beside a route's timeout; whether a further try goes where the first went, unless
/// the block says otherwise.
pub(super) fn settings(
    block: &istio::Retries,
    timeout: Option<Duration>,
    stays: bool,
    era: Era,
) -> Result<Settings, InvalidBlock> {
    let attempts = block.attempts.unwrap_or(0);
    let attempts = u32::try_from(attempts)
        .map_err(|_| InvalidBlock::new("attempts", attempts, "non-negative; 0 is \"never\""))?;
    if attempts == 0 {
        disabled(block)?;
        return Ok(everywhere(Settings::builder(), era));
    }
    let mut settings = Settings::builder()
        .attempts(attempts)
        .on(on(block.retry_on.as_deref(), era)?)
        .avoid_previous_hosts(block.retry_ignore_previous_hosts.unwrap_or(!stays));
    if let Some(base) = block.backoff {
        settings = settings.backoff(Backoff::new(millis("backoff", base, WHOLE)?));
    }
    if let Some(time) = block.per_try_timeout {
        let time = millis("perTryTimeout", time, WHOLE)?;
        // One that is as long as all tries together would end at the same moment, and begin another. Where requests may
        // ask for more time it may come to act; and hedging needs one.
        let hedges = block.tower_mesh.as_ref().is_some_and(|ours| ours.hedging == Some(true));
        if era.trust_request_headers || hedges || timeout.is_none_or(|timeout| time < timeout) {
            settings = settings.per_try_timeout(time);
        }
    }
    if let Some(ours) = &block.tower_mesh {
        settings = extended(settings, ours)?;
    }
    settings = settings.trust_request_headers(era.trust_request_headers).count_attempts(true);
    settings.build().map_err(|error| {
        let field = match error.field() {
            Field::Attempts => "attempts",
            Field::PerTryTimeout => "perTryTimeout",
            Field::HonourRetryAfter => "towerMesh.honourRetryAfter",
            Field::Hedging => {
                return InvalidBlock::new("towerMesh.hedging", true, "`false` without a `perTryTimeout`");
            }
        };
        InvalidBlock::new(field, error.found(), error.accepted())
    })
}

/// What is retried where a route does not say; whether a further try goes where the first went.
pub(super) fn by_default(era: Era, stays: bool) -> Settings {
    let settings = match era.default_retries {
        DefaultRetries::None => Settings::builder(),
        DefaultRetries::Also503 | DefaultRetries::Unsent => {
            Settings::builder().attempts(2).on(words(era)).avoid_previous_hosts(!stays)
        }
    };
    everywhere(settings, era)
}

/// Whatever is retried: each try is numbered, and an old sidecar does what requests say.
fn everywhere(settings: SettingsBuilder, era: Era) -> Settings {
    let settings = settings.trust_request_headers(era.trust_request_headers).count_attempts(true);
    settings.build().unwrap_or_else(|_| Settings::off())
}

/// On what is retried where only the number is said.
fn words(era: Era) -> RetryOn {
    match era.default_retries {
        DefaultRetries::None => {
            RetryOn::NONE.word(Word::FiveXx).word(Word::ConnectFailure).word(Word::RefusedStream)
        }
        DefaultRetries::Also503 => *Settings::istio_default_with_503().on(),
        DefaultRetries::Unsent => *Settings::istio_default().on(),
    }
}

fn on(text: Option<&str>, era: Era) -> Result<RetryOn, InvalidBlock> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(words(era)) };
    let read = RetryOn::read(text);
    match read.unknown.first() {
        None => Ok(read.on),
        Some(word) => {
            let names: Vec<_> = Word::ALL.iter().map(|word| word.name()).collect();
            let accepted = format!("statuses such as 503, {}, with commas between", names.join(", "));
            Err(InvalidBlock::word("retryOn", word, &names, accepted))
        }
    }
}

/// A block that is off must not say how.
fn disabled(block: &istio::Retries) -> Result<(), InvalidBlock> {
    let said = [
        (block.per_try_timeout.is_some(), "perTryTimeout"),
        (block.retry_on.as_deref().is_some_and(|on| !on.is_empty()), "retryOn"),
        (block.retry_remote_localities.is_some(), "retryRemoteLocalities"),
    ];
    match said.into_iter().find(|(said, _)| *said) {
        Some((_, field)) => {
            let zero = if block.attempts.is_some() { "0" } else { "absent" };
            let found = format!("set where `attempts` is {zero}, which disables retries");
            Err(InvalidBlock::new(field, found, "absent, or set beside `attempts` of at least 1"))
        }
        None => Ok(()),
    }
}

fn extended(
    mut settings: SettingsBuilder,
    ours: &extension::RetriesTowerMesh,
) -> Result<SettingsBuilder, InvalidBlock> {
    if ours.methods == Some(extension::Methods::Safe) {
        settings = settings.methods(Methods::Safe);
    }
    if let Some(most) = ours.honour_retry_after {
        settings = settings.honour_retry_after(millis("towerMesh.honourRetryAfter", most, WHOLE)?);
    }
    if let Some(bytes) = ours.body_limit {
        let bytes = usize::try_from(bytes)
            .map_err(|_| InvalidBlock::new("towerMesh.bodyLimit", bytes, "a number of bytes"))?;
        settings = settings.body_limit(bytes);
    }
    Ok(settings.hedging(ours.hedging.unwrap_or(false)))
}

/// What is set and does not do what it seems to. Where requests may say more by their headers, that may come to act.
pub(super) fn surprises(
    block: &istio::Retries,
    timeout: Option<Duration>,
    era: Era,
) -> Vec<(&'static str, String)> {
    let alone = !era.trust_request_headers;
    let mut told = Vec::new();
    if block.attempts.is_none() {
        told.push(("", "never retries: without `attempts` the block disables retries".to_owned()));
    }
    if set(block.attempts).is_none() {
        let idle = [(block.backoff.is_some(), "backoff"), (block.tower_mesh.is_some(), "towerMesh")];
        for (_, field) in idle.into_iter().filter(|(is_set, _)| *is_set) {
            told.push((field, "has no effect: nothing is tried again".to_owned()));
        }
    }
    if block.retry_on.as_deref().is_some_and(|on| on.contains(' ')) {
        told.push(("retryOn", "read without its spaces, for which Istio refuses it".to_owned()));
    }
    let on = RetryOn::read(block.retry_on.as_deref().unwrap_or_default()).on;
    let idle = [
        (Word::RetriableStatusCodes, alone && on.statuses().is_empty(), "no status is named"),
        (Word::RetriableHeaders, alone, "no header can be named here"),
        (Word::RefusedStream, true, "a transport's errors do not show it"),
        (Word::Http3PostConnectFailure, true, "a transport's errors do not show it"),
    ];
    for (word, _, why) in idle.into_iter().filter(|(word, is_idle, _)| *is_idle && on.has(*word)) {
        told.push(("retryOn", format!("`{word}` has no effect: {why}")));
    }
    if let (Some(one_try), Some(timeout)) = (block.per_try_timeout.and_then(|time| time.to_std()), timeout)
        && alone
        && one_try >= timeout
    {
        told.push(("perTryTimeout", "has no effect: it is no shorter than the route's `timeout`".to_owned()));
    }
    told
}
