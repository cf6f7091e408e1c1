//! What all handles of a router share, and what a request does there.

use std::{fmt, sync::Arc};

use http::{HeaderMap, Request, Response};

use super::{
    Destinations,
    change::{
        Connects, change_request, change_response, changes_requests, changes_responses, local_answer,
        no_route,
    },
    future::{Changes, ResponseFuture},
};
use crate::{
    layer::{
        draw::{Draws, Ordinals},
        protocol::{Answers, Reads},
        seat::Shared,
    },
    policy::route::{Action, Condition, Head, Leg, Place, Route, RouteTable},
    refusal::Refusal,
};

pub(super) struct Station<D> {
    map: Arc<Map<D>>,
    draws: Draws,
    /// How many requests have come; counted only where that decides where they go.
    ordinals: Ordinals,
}

/// The routes, and the services that they lead to.
struct Map<D> {
    table: RouteTable<usize>,
    destinations: D,
    /// Whether chance has a part in it.
    draws: bool,
}

/// A request that a rule takes.
pub(super) struct Taken<'t> {
    route: &'t Route<usize>,
    by: Option<&'t Condition>,
    /// None if it goes nowhere.
    leg: Option<&'t Leg<usize>>,
    place: Place,
}

impl Taken<'_> {
    /// Whether it goes to a service.
    pub(super) const fn goes_on(&self) -> bool {
        self.leg.is_some()
    }
}

impl<D> Station<D> {
    pub(super) fn new(table: RouteTable<usize>, destinations: D) -> Self {
        let draws = table.draws();
        Self::of(Arc::new(Map { table, destinations, draws }), Draws::random())
    }

    /// The same way, but counting anew, and drawing from here.
    pub(super) fn drawing(&self, draws: Draws) -> Self {
        Self::of(Arc::clone(&self.map), draws)
    }

    fn of(map: Arc<Map<D>>, draws: Draws) -> Self {
        Self { map, draws, ordinals: Ordinals::default() }
    }

    /// Which rule takes this request, which has come just now, and where it goes.
    #[inline(always)]
    pub(super) fn find<B>(&self, request: &Request<B>) -> Option<Taken<'_>> {
        // Who draws by the order of calls counts them all, so that a rule more or less moves nobody else's luck.
        let counts = self.map.draws && self.draws.is_seeded();
        let ordinal = if counts { self.ordinals.next() } else { 0 };
        let (host, found) = self.map.table.find_with_host(&Head::of(request))?;
        let (route, mut place) = (found.rule.then(), Place { host, rule: found.number, leg: 0 });
        let leg = match route.action() {
            Action::Forward(legs) => {
                if !legs.is_certain() {
                    place.leg = legs.number(self.draws.draw(ordinal, "route", 0));
                }
                legs.get(place.leg)
            }
            _ => None,
        };
        Some(Taken { route, by: found.condition, leg, place })
    }

    /// Changes the headers of an answer that comes from there.
    #[cold]
    pub(super) fn change_response(&self, place: Place, headers: &mut HeaderMap) {
        if let Some((route, leg)) = self.map.table.at(place) {
            change_response(headers, route, leg);
        }
    }
}

impl<D> Shared<Station<D>> {
    /// Sends a request where it goes, or answers it.
    #[inline(always)]
    pub(super) fn follow<B, R, G, P>(
        &self,
        taken: &Taken<'_>,
        request: Request<B>,
        protocol: &P,
    ) -> ResponseFuture<D::Future, G, D>
    where
        D: Destinations<Request<B>, Response = Response<R>>,
        P: Reads<Request<B>> + Answers<P::Memo, Response<R>, D::Error>,
    {
        match taken.leg {
            Some(leg) if !changes_requests(taken.route, leg) && !changes_responses(taken.route, leg) => {
                ResponseFuture::sent(self.map.destinations.send(*leg.destination(), request))
            }
            Some(leg) => self.change(taken, leg, request),
            None => ResponseFuture::answered(taken.answer(&request, protocol)),
        }
    }

    /// Apart, so that a request of which nothing is changed stays where it is.
    #[cold]
    fn change<B, R, G>(
        &self,
        taken: &Taken<'_>,
        leg: &Leg<usize>,
        mut request: Request<B>,
    ) -> ResponseFuture<D::Future, G, D>
    where
        D: Destinations<Request<B>, Response = Response<R>>,
    {
        change_request(&mut request, taken.route, leg, taken.by, Connects::There);
        let answer = self.map.destinations.send(*leg.destination(), request);
        match changes_responses(taken.route, leg) {
            true => ResponseFuture::changed(answer, Changes::new(self.clone(), taken.place)),
            false => ResponseFuture::sent(answer),
        }
    }
}

impl Taken<'_> {
    #[cold]
    fn answer<B, R, E, P>(&self, request: &Request<B>, protocol: &P) -> Result<Response<R>, E>
    where
        P: Reads<Request<B>> + Answers<P::Memo, Response<R>, E>,
    {
        let refusal = local_answer(self.route, &Head::of(request), self.by).unwrap_or_else(no_route);
        let mut answer = refuse(request, protocol, refusal)?;
        change_response(answer.headers_mut(), self.route, None);
        Ok(answer)
    }
}

/// What a request is answered with that no rule takes.
#[cold]
pub(super) fn untaken<B, R, E, P>(request: &Request<B>, protocol: &P) -> Result<Response<R>, E>
where
    P: Reads<Request<B>> + Answers<P::Memo, Response<R>, E>,
{
    refuse(request, protocol, no_route())
}

fn refuse<B, R, E, P>(request: &Request<B>, protocol: &P, refusal: Refusal) -> Result<Response<R>, E>
where
    P: Reads<Request<B>> + Answers<P::Memo, Response<R>, E>,
{
    protocol.refuse(protocol.memo(request), refusal)
}

impl<D> fmt::Debug for Station<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Station").field("table", &self.map.table).finish_non_exhaustive()
    }
}
