//! What all handles of a mirror layer share, and what a request does there.

use std::sync::Arc;

use http::{Method, Request, header::UPGRADE};
use http_body::Body;
use tokio::{runtime::Handle, sync::watch};

use super::{
    Receives, Targets,
    account::{Account, Chance},
    copy::Copy,
    shadow,
};
use crate::{
    layer::{
        body::Sent,
        draw::{Draws, Ordinals},
        head::head_of,
        retry::Attempt,
    },
    policy::mirror::{LeftOut, Settings},
};

pub(super) struct Station<T> {
    pub(super) targets: Arc<T>,
    mirrors: Box<[One]>,
    /// How many requests have come; counted only where that decides on a request's luck.
    ordinals: Option<Ordinals>,
    /// Copies end when this is gone.
    copies: watch::Sender<()>,
}

/// A mirror.
struct One {
    settings: Settings,
    draws: Draws,
    account: Arc<Account>,
}

impl<T> Station<T> {
    pub(super) fn new(targets: Arc<T>, settings: impl IntoIterator<Item = Settings>, draws: Draws) -> Self {
        let mirror = |(number, settings): (usize, Settings)| {
            let account = Arc::new(Account::new(&settings));
            One { settings, draws: draws.of(&format!("mirror {number}")), account }
        };
        let mirrors: Box<[_]> = settings.into_iter().enumerate().map(mirror).collect();
        let counts = draws.is_seeded() && mirrors.iter().any(|mirror| mirror.settings.needs_luck());
        Self { targets, mirrors, ordinals: counts.then(Ordinals::default), copies: watch::Sender::new(()) }
    }

    pub(super) fn settings(&self) -> impl Iterator<Item = Settings> {
        self.mirrors.iter().map(|mirror| mirror.settings.clone())
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = &Arc<Account>> {
        self.mirrors.iter().map(|mirror| &mirror.account)
    }

    pub(super) fn is_off(&self) -> bool {
        self.mirrors.iter().all(|mirror| mirror.settings.is_off())
    }

    /// Has this request copied to the mirrors that it falls to. It is copied once, at its first try.
    pub(super) fn mirror<S, B>(&self, inner: &S, request: &mut Request<Sent<B>>)
    where
        T: Targets<S, Service: Receives<B>>,
        B: Body + Send + 'static,
    {
        if request.extensions().get::<Attempt>().is_some() {
            return;
        }
        let ordinal = self.ordinals.as_ref().map_or(0, Ordinals::next);
        for (number, mirror) in self.mirrors.iter().enumerate() {
            if mirror.settings.share().hit_by(|| mirror.draws.draw(ordinal, "copy", 0)) {
                self.copy(number, mirror, inner, request);
            }
        }
    }

    #[cold]
    fn copy<S, B>(&self, number: usize, mirror: &One, inner: &S, request: &mut Request<Sent<B>>)
    where
        T: Targets<S, Service: Receives<B>>,
        B: Body + Send + 'static,
    {
        let chance = Chance::of(&mirror.account);
        if *request.method() == Method::CONNECT || request.headers().contains_key(UPGRADE) {
            return chance.leave_out(LeftOut::Connection);
        }
        if mirror.account.copies.is_full() {
            return chance.leave_out(LeftOut::TooMany);
        }
        let Ok(runtime) = Handle::try_current() else { return chance.leave_out(LeftOut::NoRuntime) };
        let mut head = head_of(request);
        if mirror.settings.shadow_host() {
            shadow::append(&mut head);
        }
        let copy = Copy {
            chance,
            head,
            service: self.targets.target(number, inner),
            runtime,
            layer: self.copies.subscribe(),
            time: mirror.settings.timeout(),
            body_limit: mirror.settings.body_limit(),
        };
        request.body_mut().copied(mirror.settings.body_limit(), |body| copy.begin(body));
    }
}
