//! Collects settings, and says what is wrong with them.

use super::{Budget, Field, Reply, RetryBudget, Scope, Settings, SettingsError, Upstream};
use crate::policy::Fraction;

/// Collects [`Settings`]; what is wrong with them is said by [`build`](Self::build).
#[derive(Debug, Clone, Default)]
#[must_use = "settings come out of `build`"]
pub struct SettingsBuilder {
    connections: Option<u32>,
    pending: Option<u32>,
    requests: Option<u32>,
    retries: Option<u32>,
    retry_budget: Option<RetryBudget>,
    protocol: Upstream,
    scope: Scope,
    reply: Reply,
}

impl SettingsBuilder {
    /// So many connections: over HTTP/1 so many calls at once, and who comes then waits.
    pub const fn connections(mut self, most: u32) -> Self {
        self.connections = Some(most);
        self
    }

    /// So many may wait for a connection (any number); 0 refuses at once. It means nothing without
    /// [`connections`](Self::connections).
    pub const fn pending(mut self, most: u32) -> Self {
        self.pending = Some(most);
        self
    }

    /// So many requests at once; who comes then is refused.
    pub const fn requests(mut self, most: u32) -> Self {
        self.requests = Some(most);
        self
    }

    /// So many retries at once, those that pause before the next try among them; 0 allows none.
    pub const fn retries(mut self, most: u32) -> Self {
        self.retries = Some(most);
        self
    }

    /// So many retries at once as are a share of what else is in flight; it takes the place of
    /// [`retries`](Self::retries).
    pub const fn retry_budget(mut self, budget: RetryBudget) -> Self {
        self.retry_budget = Some(budget);
        self
    }

    /// What is spoken to the upstream (HTTP/1): it decides which limit acts.
    pub const fn protocol(mut self, protocol: Upstream) -> Self {
        self.protocol = protocol;
        self
    }

    /// What the limits are for (all calls together).
    pub const fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// The words of a refusal (Envoy's).
    pub const fn reply(mut self, reply: Reply) -> Self {
        self.reply = reply;
        self
    }

    /// The settings, if they mean something.
    ///
    /// # Errors
    ///
    /// The first field, in the order of this page, that cannot mean anything.
    pub fn build(self) -> Result<Settings, SettingsError> {
        Ok(Settings {
            connections: not_zero(Field::Connections, self.connections)?,
            pending: self.pending,
            requests: not_zero(Field::Requests, self.requests)?,
            retries: self.retries,
            retry_budget: self.retry_budget.map(RetryBudget::build).transpose()?,
            protocol: self.protocol,
            scope: self.scope,
            reply: self.reply,
        })
    }
}

impl RetryBudget {
    fn build(self) -> Result<Budget, SettingsError> {
        let share = match self.percent {
            0.0 => None,
            percent => Some(
                Fraction::try_from(percent / 100.0)
                    .map_err(|_| SettingsError::new(Field::RetryBudgetPercent, percent.to_string()))?,
            ),
        };
        if self.interval.is_some_and(|interval| interval.is_zero()) {
            return Err(SettingsError::new(Field::RetryBudgetInterval, "zero"));
        }
        Ok(Budget { share, minimum: self.minimum, interval: self.interval })
    }
}

fn not_zero(field: Field, most: Option<u32>) -> Result<Option<u32>, SettingsError> {
    if most == Some(0) { Err(SettingsError::new(field, "0")) } else { Ok(most) }
}
