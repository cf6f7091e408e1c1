//! Collects settings, and says what is wrong with them.

use std::time::Duration;

use super::{Field, HowMany, Kind, Settings, SettingsError};
use crate::policy::{retry::Statuses, time::is_whole_millis};

/// Collects [`Settings`]; what is wrong with them is said by [`build`](Self::build).
#[derive(Debug, Clone, Default)]
#[must_use = "settings come out of `build`"]
pub struct SettingsBuilder {
    settings: Settings,
    enforcing: [Option<u32>; Kind::ALL.len()],
    max_ejection_time: Option<Duration>,
    max_ejection_percent: Option<u32>,
    failure_percentage_threshold: Option<u32>,
    error_statuses: Vec<u16>,
}

impl SettingsBuilder {
    /// Tells an outlier by so many errors one after another (5); 0 for never.
    pub const fn consecutive_5xx(self, errors: u32) -> Self {
        self.consecutive(Kind::Consecutive5xx, errors)
    }

    /// Tells an outlier by so many gateway errors one after another (5): 502, 503, 504, and what fails without an answer;
    /// 0 for never. It is told, and ejected only if that is [enforced](Self::enforcing).
    pub const fn consecutive_gateway(self, errors: u32) -> Self {
        self.consecutive(Kind::ConsecutiveGateway, errors)
    }

    /// Tells an outlier by so many failures without an answer one after another (5), where they are
    /// [split](Self::split_local_origin) from the others; 0 for never.
    pub const fn consecutive_local_origin(self, failures: u32) -> Self {
        self.consecutive(Kind::ConsecutiveLocalOrigin, failures)
    }

    const fn consecutive(mut self, kind: Kind, errors: u32) -> Self {
        self.settings.consecutive[kind.index()] = errors;
        self
    }

    /// Ejects in so many percent of the cases in which an outlier is detected by this: 100, but 0 by gateway errors and by
    /// both failure percentages.
    ///
    /// What is detected in vain is told all the same, except for what looks at an interval: with 0 that is off.
    pub const fn enforcing(mut self, kind: Kind, percent: u32) -> Self {
        self.enforcing[kind.index()] = Some(percent);
        self
    }

    /// Counts failures that no answer told of apart from answers (no): connections that fail or break, and time that is
    /// up. Else they count as 503 and as 504.
    pub const fn split_local_origin(mut self, split: bool) -> Self {
        self.settings.split = split;
        self
    }

    /// Has failures over a connection that came about add up, where they are split from answers (no).
    ///
    /// As Envoy counts, a request that got a connection ends the row of failures, so that a host that accepts
    /// connections and then hangs is never ejected by them. This is for connections that many requests share: that one
    /// stands says little about what becomes of a request.
    pub const fn multiplexed(mut self, multiplexed: bool) -> Self {
        self.settings.multiplexed = multiplexed;
        self
    }

    /// Takes exactly these statuses of answers for errors; with none, those from 500 to 599.
    ///
    /// Those of them that are 502, 503 or 504 are gateway errors. What fails without an answer is an error in any case.
    pub fn error_statuses(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.error_statuses = statuses.into_iter().collect();
        self
    }

    /// How long it is from one tick to the next (10 s): hosts return at ticks, and intervals are judged at them.
    pub const fn interval(mut self, interval: Duration) -> Self {
        self.settings.interval = interval;
        self
    }

    /// How long the first ejection lasts, up to the next tick (30 s). The second lasts twice as long, the third three
    /// times; with every tick that a host is there it is once less.
    pub const fn base_ejection_time(mut self, time: Duration) -> Self {
        self.settings.base_ejection_time = time;
        self
    }

    /// How long an ejection lasts at most, up to the next tick (300 s, or the base ejection time if that is longer).
    pub const fn max_ejection_time(mut self, time: Duration) -> Self {
        self.max_ejection_time = Some(time);
        self
    }

    /// Makes an ejection longer by up to so much, by chance (zero), so that hosts do not all return at once.
    pub const fn jitter(mut self, jitter: Duration) -> Self {
        self.settings.jitter = jitter;
        self
    }

    /// How many percent of the hosts may be ejected at once (10).
    pub const fn max_ejection_percent(mut self, percent: u32) -> Self {
        self.max_ejection_percent = Some(percent);
        self
    }

    /// How that is meant (strictly).
    pub const fn how_many(mut self, rule: HowMany) -> Self {
        self.settings.how_many = rule;
        self
    }

    /// How many hosts must have answered often enough for success rates to be compared (5).
    pub const fn success_rate_minimum_hosts(mut self, hosts: u32) -> Self {
        self.settings.success_rate.minimum_hosts = hosts;
        self
    }

    /// How often is often enough for that, in an interval (100).
    pub const fn success_rate_request_volume(mut self, requests: u32) -> Self {
        self.settings.success_rate.request_volume = requests;
        self
    }

    /// How far below the mean a success rate is an outlier, in thousandths of the standard deviation (1900).
    pub const fn success_rate_stdev_factor(mut self, thousandths: u32) -> Self {
        self.settings.success_rate.stdev_factor = thousandths;
        self
    }

    /// From how many percent of errors on a host is an outlier (85).
    pub const fn failure_percentage_threshold(mut self, percent: u32) -> Self {
        self.failure_percentage_threshold = Some(percent);
        self
    }

    /// How many hosts must have answered often enough for shares of errors to be looked at (5).
    pub const fn failure_percentage_minimum_hosts(mut self, hosts: u32) -> Self {
        self.settings.failure_percentage.minimum_hosts = hosts;
        self
    }

    /// How often is often enough for that, in an interval (50).
    pub const fn failure_percentage_request_volume(mut self, requests: u32) -> Self {
        self.settings.failure_percentage.request_volume = requests;
        self
    }

    /// Whether a host that passes an active check returns at once (it does).
    pub const fn checks_return(mut self, returns: bool) -> Self {
        self.settings.checks_return = returns;
        self
    }

    /// The settings, if they mean something.
    ///
    /// # Errors
    ///
    /// The first field, in the order of this page, that cannot mean anything.
    pub fn build(self) -> Result<Settings, SettingsError> {
        let mut settings = self.settings;
        for kind in Kind::ALL {
            let place = &mut settings.enforcing[kind.index()];
            *place = percent(Field::Enforcing(kind), self.enforcing[kind.index()], *place)?;
        }
        if !self.error_statuses.is_empty() {
            (settings.listed, settings.errors) = (true, statuses(&self.error_statuses)?);
        }
        settings.interval = time(Field::Interval, settings.interval)?;
        settings.base_ejection_time = time(Field::BaseEjectionTime, settings.base_ejection_time)?;
        let default = settings.max_ejection_time.max(settings.base_ejection_time);
        settings.max_ejection_time = self.max_ejection_time.unwrap_or(default);
        if settings.max_ejection_time < settings.base_ejection_time {
            return Err(said(Field::MaxEjectionTime, settings.max_ejection_time));
        }
        if !is_whole_millis(settings.jitter) {
            return Err(said(Field::Jitter, settings.jitter));
        }
        let most = settings.max_ejection_percent;
        settings.max_ejection_percent = percent(Field::MaxEjectionPercent, self.max_ejection_percent, most)?;
        let threshold = settings.failure_percentage.threshold;
        settings.failure_percentage.threshold =
            percent(Field::FailurePercentageThreshold, self.failure_percentage_threshold, threshold)?;
        Ok(settings.finished())
    }
}

fn said(field: Field, time: Duration) -> SettingsError {
    SettingsError::new(field, format!("{time:?}"))
}

fn time(field: Field, time: Duration) -> Result<Duration, SettingsError> {
    if time.is_zero() || !is_whole_millis(time) { Err(said(field, time)) } else { Ok(time) }
}

fn percent(field: Field, percent: Option<u32>, default: u8) -> Result<u8, SettingsError> {
    let percent = percent.unwrap_or(u32::from(default));
    u8::try_from(percent)
        .ok()
        .filter(|percent| *percent <= 100)
        .ok_or_else(|| SettingsError::new(field, percent.to_string()))
}

fn statuses(statuses: &[u16]) -> Result<Statuses, SettingsError> {
    match statuses.iter().find(|status| !(100..=999).contains(*status)) {
        Some(status) => Err(SettingsError::new(Field::ErrorStatuses, status.to_string())),
        None => Ok(statuses.iter().fold(Statuses::NONE, |all, status| all.with(*status))),
    }
}
