//! The blocks of a policy that hold for a cluster, and which of them take the place of others.
//!
//! A block stands as a whole: nothing inside of one is ever merged with another.

use std::rc::Rc;

use super::{balance, limits, outlier};
use crate::{
    config::{
        Document,
        istio::{ConnectionPool, ConsistentHash, LoadBalancer, OutlierDetection, RetryBudget},
    },
    mesh::{
        lower::{Identity, Lowering, invalid::InvalidBlock},
        note::NoteKind,
        plan::{Station, Way},
    },
    policy::limits::{Settings, Upstream},
};

/// The blocks that hold for a cluster.
#[derive(Default, Clone)]
pub(super) struct Sections<'a> {
    pub(super) pool: Option<&'a ConnectionPool>,
    pub(super) outlier: Option<Block<'a, OutlierDetection>>,
    pub(super) balancer: Option<Block<'a, LoadBalancer>>,
    /// The only one that an entry for a port does not have.
    pub(super) budget: Option<&'a RetryBudget>,
}

/// A block, and where it stands.
pub(super) struct Block<'a, B> {
    pub(super) says: &'a B,
    pub(super) document: &'a Document,
    pub(super) path: Rc<str>,
}

impl<'a, B> Block<'a, B> {
    pub(super) fn new(says: Option<&'a B>, document: &'a Document, path: String) -> Option<Self> {
        says.map(|says| Self { says, document, path: path.into() })
    }
}

impl<B> Clone for Block<'_, B> {
    fn clone(&self) -> Self {
        Self { path: Rc::clone(&self.path), ..*self }
    }
}

impl<'a> Sections<'a> {
    /// The policy of a part, in the place of that of the whole: block by block.
    pub(super) fn over(&self, whole: &Self) -> Self {
        Self {
            pool: self.pool.or(whole.pool),
            outlier: self.outlier.clone().or_else(|| whole.outlier.clone()),
            balancer: self.balancer.clone().or_else(|| whole.balancer.clone()),
            budget: self.budget.or(whole.budget),
        }
    }

    /// The same of an entry for a port: it takes the place of all blocks, those that it does not have too.
    pub(super) fn instead_of(&self, whole: &Self) -> Self {
        Self { budget: whole.budget, ..self.clone() }
    }

    /// What a cluster passes to which this protocol is spoken, unless the blocks upgrade it.
    pub(super) fn way(&self, protocol: Upstream, identity: &Identity) -> Way {
        // What is wrong has been told.
        let limits = self.limits(protocol).ok().map(Station::Limits);
        let (balancer, outlier) = (self.load_balancer(), self.outlier_detection());
        let balance = balance::settings(balancer, outlier, self.spoken(protocol), identity);
        let stations = [limits, balance.ok().map(Station::Balance)].into_iter().flatten();
        let connections = self.pool.map(limits::connections).and_then(Result::ok).unwrap_or_default();
        Way { stations: stations.filter(Station::does_something).collect(), connections }
    }

    fn limits(&self, protocol: Upstream) -> Result<Settings, InvalidBlock> {
        let mut settings = self.pool.map_or_else(|| Ok(Settings::builder()), limits::builder)?;
        if let Some(budget) = self.budget {
            settings = settings.retry_budget(limits::budget(budget)?);
        }
        limits::built(settings.protocol(self.spoken(protocol)))
    }

    fn spoken(&self, protocol: Upstream) -> Upstream {
        if self.pool.is_some_and(limits::upgrades) { Upstream::Http2 } else { protocol }
    }

    pub(super) fn load_balancer(&self) -> Option<&'a LoadBalancer> {
        self.balancer.as_ref().map(|block| block.says)
    }

    pub(super) fn outlier_detection(&self) -> Option<&'a OutlierDetection> {
        self.outlier.as_ref().map(|block| block.says)
    }

    /// What of a request decides, if something does.
    pub(super) fn hash(&self) -> Option<&'a ConsistentHash> {
        self.load_balancer()?.consistent_hash.as_ref()
    }

    /// Says what is wrong with the blocks at this path, and what never acts over any of these protocols; whether outliers
    /// are detected where the blocks do not say.
    pub(super) fn judge(
        &self,
        document: &Document,
        path: &str,
        spoken: &[Upstream],
        detects: bool,
        lowering: &mut Lowering<'_>,
    ) {
        if let Some(block) = self.outlier_detection() {
            outlier::judge(document, block, &format!("{path}.outlierDetection"), lowering);
        }
        if let Some(block) = self.load_balancer() {
            let detects = detects || self.outlier.is_some();
            balance::judge(document, block, &format!("{path}.loadBalancer"), detects, lowering);
        }
        self.judge_limits(document, path, spoken, lowering);
    }

    fn judge_limits(
        &self,
        document: &Document,
        path: &str,
        spoken: &[Upstream],
        lowering: &mut Lowering<'_>,
    ) {
        let budget = self.budget.map(limits::budget).transpose();
        let sound = budget.is_ok();
        if let Err(invalid) = budget {
            lowering.invalid(document, &format!("{path}.retryBudget"), invalid);
        }
        let Some(pool) = self.pool else { return };
        let path = format!("{path}.connectionPool");
        lowering.left_to_the_transport(document, &path, &limits::for_the_transport(pool));
        if let Err(invalid) = limits::builder(pool).and_then(|_| limits::connections(pool)) {
            return lowering.invalid(document, &path, invalid);
        }
        let settings = spoken.iter().filter_map(|protocol| self.limits(*protocol).ok().filter(|_| sound));
        let mut told = Vec::new();
        for surprise in settings.flat_map(|settings| limits::surprises(&settings)) {
            if !told.contains(&surprise) {
                told.push(surprise);
            }
        }
        lowering.surprises(document, &path, told);
    }

    /// Tells which blocks of the policy around an entry for a port are lost there.
    pub(super) fn note_lost(
        &self,
        document: &Document,
        path: &str,
        whole: &Self,
        lowering: &mut Lowering<'_>,
    ) {
        let lost = [
            (whole.balancer.is_some() && self.balancer.is_none(), "loadBalancer"),
            (whole.pool.is_some() && self.pool.is_none(), "connectionPool"),
            (whole.outlier.is_some() && self.outlier.is_none(), "outlierDetection"),
            (whole.budget.is_some(), "retryBudget"),
        ];
        for (_, block) in lost.iter().filter(|(is_lost, _)| *is_lost) {
            let message = format!("replaces the whole policy around it: its `{block}` is lost for this port");
            lowering.note(document, path, NoteKind::Surprise, message);
        }
    }
}
