//! Rules in their order, and what is done with the requests that they take.

use std::sync::Arc;

use http::StatusCode;

use super::{
    Condition, Field, Head, HeaderChanges, Redirect, Rewrite, SettingsError, Weighted, index::Index,
};
use crate::policy::Draw;

/// Rules in order: the first that takes a request is the one.
///
/// Some rules are asked one by one. Many are indexed by what they ask for: a path, a prefix, a header that has to be
/// exactly so; then only those are asked that may take the request. The answer is the same.
#[derive(Debug, Clone)]
pub struct Rules<T> {
    rules: Vec<Rule<T>>,
    index: Option<Index>,
}

/// A rule: it takes the requests that meet one of its conditions; every request, if it has none.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule<T> {
    conditions: Vec<Condition>,
    then: T,
}

/// The rule that takes a request.
#[derive(Debug)]
pub struct Found<'r, T> {
    /// The rule.
    pub rule: &'r Rule<T>,
    /// Which one, from 0.
    pub number: usize,
    /// The condition that is met; none if the rule has none.
    pub condition: Option<&'r Condition>,
}

/// So many conditions are asked one by one: fewer than an index is worth.
const FEW: usize = 8;

impl<T> Rules<T> {
    /// These, in this order.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = Rule<T>>) -> Self {
        let rules: Vec<_> = rules.into_iter().collect();
        let entries = rules.iter().map(|rule| rule.conditions.len().max(1)).sum::<usize>();
        let index = (entries > FEW).then(|| Index::of(rules.iter().map(|rule| &*rule.conditions)));
        Self { rules, index }
    }

    /// The first rule that takes a request.
    #[must_use]
    #[inline]
    pub fn find(&self, head: &Head<'_>) -> Option<Found<'_, T>> {
        match &self.index {
            None => self.find_one_by_one(head),
            Some(index) => self.find_by(index, head),
        }
    }

    fn find_by(&self, index: &Index, head: &Head<'_>) -> Option<Found<'_, T>> {
        let meets = |(rule, condition): (usize, usize)| {
            self.rules[rule].conditions.get(condition).is_none_or(|condition| condition.is_met(head))
        };
        let (number, condition) = index.find(head, meets)?;
        let rule = &self.rules[number];
        Some(Found { rule, number, condition: rule.conditions.get(condition) })
    }

    /// The same, without the index: what `find` is measured by.
    #[must_use]
    #[inline]
    pub fn find_one_by_one(&self, head: &Head<'_>) -> Option<Found<'_, T>> {
        self.rules.iter().enumerate().find_map(|(number, rule)| {
            let condition = rule.taken(head)?;
            Some(Found { rule, number, condition })
        })
    }

    /// All, in their order.
    #[must_use]
    pub fn as_slice(&self) -> &[Rule<T>] {
        &self.rules
    }

    /// The same, but leading to other things.
    #[must_use]
    pub fn map<U>(self, mut each: impl FnMut(T) -> U) -> Rules<U> {
        let rules = self.rules.into_iter();
        let rules = rules.map(|Rule { conditions, then }| Rule { conditions, then: each(then) }).collect();
        Rules { rules, index: self.index }
    }
}

impl<T> From<Vec<Rule<T>>> for Rules<T> {
    fn from(rules: Vec<Rule<T>>) -> Self {
        Self::new(rules)
    }
}

impl<T, const N: usize> From<[Rule<T>; N]> for Rules<T> {
    fn from(rules: [Rule<T>; N]) -> Self {
        Self::new(rules)
    }
}

impl<T: PartialEq> PartialEq for Rules<T> {
    fn eq(&self, other: &Self) -> bool {
        self.rules == other.rules
    }
}

impl<T> Rule<T> {
    /// Takes every request.
    #[must_use]
    pub fn always(then: T) -> Self {
        Self { conditions: Vec::new(), then }
    }

    /// Takes the requests that meet this.
    #[must_use]
    pub fn when(condition: Condition, then: T) -> Self {
        Self::when_any([condition], then)
    }

    /// Takes the requests that meet one of these; every request, if there are none.
    #[must_use]
    pub fn when_any(conditions: impl IntoIterator<Item = Condition>, then: T) -> Self {
        Self { conditions: conditions.into_iter().collect(), then }
    }

    /// What a request has to be: one of these.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// What is done with the requests that it takes.
    #[must_use]
    pub const fn then(&self) -> &T {
        &self.then
    }

    /// Whether it takes this request, and by which condition, if it has any.
    fn taken(&self, head: &Head<'_>) -> Option<Option<&Condition>> {
        match self.conditions.as_slice() {
            [] => Some(None),
            conditions => conditions.iter().find(|condition| condition.is_met(head)).map(Some),
        }
    }

    /// Whether it takes every request that `other` takes, as far as that can be told.
    #[must_use]
    pub fn covers<U>(&self, other: &Rule<U>) -> bool {
        let covered = |condition: &Condition| self.conditions.iter().any(|own| own.covers(condition));
        match (self.conditions.as_slice(), other.conditions.as_slice()) {
            ([], _) => true,
            (_, []) => covered(&Condition::new()),
            (_, conditions) => conditions.iter().all(covered),
        }
    }
}

/// What is done with a request: where it goes, or what it is answered with, and what is changed on the way.
#[derive(Debug, Clone, PartialEq)]
pub struct Route<T> {
    action: Action<T>,
    rewrite: Rewrite,
    request: HeaderChanges,
    response: HeaderChanges,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Action<T> {
    /// To one of these.
    Forward(Weighted<Leg<T>>),
    /// Nowhere: its caller is sent elsewhere.
    Redirect(Redirect),
    /// Nowhere: it is answered.
    Answer(DirectAnswer),
}

/// One of the places that a route leads to, and what is changed of those requests alone that go there.
#[derive(Debug, Clone, PartialEq)]
pub struct Leg<T> {
    to: T,
    weight: u32,
    request: HeaderChanges,
    response: HeaderChanges,
}

/// An answer without anybody being asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectAnswer {
    status: StatusCode,
    content: Arc<[u8]>,
}

impl DirectAnswer {
    /// This status, with this content.
    ///
    /// # Errors
    ///
    /// It is no status that an answer can have.
    pub fn new(status: u16, content: &[u8]) -> Result<Self, SettingsError> {
        let known = StatusCode::from_u16(status).ok().filter(|_| (200..600).contains(&status));
        let status = known.ok_or_else(|| SettingsError::new(Field::Status, status.to_string()))?;
        Ok(Self { status, content: content.into() })
    }

    /// Its status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Its content.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// The same, to be kept without a copy.
    pub(crate) fn shared_content(&self) -> Arc<[u8]> {
        Arc::clone(&self.content)
    }
}

impl<T> Route<T> {
    /// To one place.
    #[must_use]
    pub fn to(destination: T) -> Self {
        Self::forward(Weighted::only(Leg::to(destination)))
    }

    /// To several, by weight.
    ///
    /// # Errors
    ///
    /// All weigh nothing, or they weigh more than can be said.
    pub fn split(legs: impl IntoIterator<Item = Leg<T>>) -> Result<Self, SettingsError> {
        Ok(Self::forward(Weighted::new(legs.into_iter().map(|leg| {
            let weight = leg.weight;
            (leg, weight)
        }))?))
    }

    fn forward(legs: Weighted<Leg<T>>) -> Self {
        Self::doing(Action::Forward(legs))
    }

    /// Sends the caller elsewhere.
    #[must_use]
    pub fn redirect(redirect: Redirect) -> Self {
        Self::doing(Action::Redirect(redirect))
    }

    /// Answers.
    #[must_use]
    pub fn answer(answer: DirectAnswer) -> Self {
        Self::doing(Action::Answer(answer))
    }

    fn doing(action: Action<T>) -> Self {
        Self {
            action,
            rewrite: Rewrite::new(),
            request: HeaderChanges::default(),
            response: HeaderChanges::default(),
        }
    }

    /// Changes path or authority.
    #[must_use]
    pub fn rewriting(self, rewrite: Rewrite) -> Self {
        Self { rewrite, ..self }
    }

    /// Changes a request's headers.
    #[must_use]
    pub fn changing_requests(self, request: HeaderChanges) -> Self {
        Self { request, ..self }
    }

    /// Changes the headers of what upstreams answer.
    #[must_use]
    pub fn changing_responses(self, response: HeaderChanges) -> Self {
        Self { response, ..self }
    }

    /// Where a request goes by this draw; none if it goes nowhere.
    #[must_use]
    #[inline]
    pub fn pick(&self, draw: Draw) -> Option<&Leg<T>> {
        match &self.action {
            Action::Forward(legs) => Some(legs.pick(draw)),
            _ => None,
        }
    }

    /// Where requests go.
    #[must_use]
    pub const fn action(&self) -> &Action<T> {
        &self.action
    }

    /// What is changed of path and authority.
    #[must_use]
    pub const fn rewrite(&self) -> &Rewrite {
        &self.rewrite
    }

    /// What is changed of a request's headers.
    #[must_use]
    pub const fn request_changes(&self) -> &HeaderChanges {
        &self.request
    }

    /// What is changed of an answer's headers.
    #[must_use]
    pub const fn response_changes(&self) -> &HeaderChanges {
        &self.response
    }

    /// Whether a request or its answer is changed on the way, wherever it goes.
    #[must_use]
    pub fn changes_anything(&self) -> bool {
        let of_legs = match &self.action {
            Action::Forward(legs) => {
                legs.iter().any(|(leg, _)| !(leg.request.is_empty() && leg.response.is_empty()))
            }
            _ => false,
        };
        of_legs || !(self.rewrite.is_empty() && self.request.is_empty() && self.response.is_empty())
    }

    /// The same, but leading elsewhere.
    #[must_use]
    pub fn map<U>(self, mut each: impl FnMut(T) -> U) -> Route<U> {
        let Self { action, rewrite, request, response } = self;
        let action = match action {
            Action::Forward(legs) => Action::Forward(legs.map(|leg| leg.map(&mut each))),
            Action::Redirect(redirect) => Action::Redirect(redirect),
            Action::Answer(answer) => Action::Answer(answer),
        };
        Route { action, rewrite, request, response }
    }
}

impl<T> Leg<T> {
    /// To this place, with a weight of one.
    #[must_use]
    pub fn to(destination: T) -> Self {
        let (request, response) = (HeaderChanges::default(), HeaderChanges::default());
        Self { to: destination, weight: 1, request, response }
    }

    /// Drawn so often, compared with the others.
    #[must_use]
    pub fn weighing(self, weight: u32) -> Self {
        Self { weight, ..self }
    }

    /// Changes the headers of the requests that go there, before the route does.
    #[must_use]
    pub fn changing_requests(self, request: HeaderChanges) -> Self {
        Self { request, ..self }
    }

    /// Changes the headers of what is answered from there, before the route does.
    #[must_use]
    pub fn changing_responses(self, response: HeaderChanges) -> Self {
        Self { response, ..self }
    }

    /// The place.
    #[must_use]
    pub const fn destination(&self) -> &T {
        &self.to
    }

    /// What is changed of a request's headers.
    #[must_use]
    pub const fn request_changes(&self) -> &HeaderChanges {
        &self.request
    }

    /// What is changed of an answer's headers.
    #[must_use]
    pub const fn response_changes(&self) -> &HeaderChanges {
        &self.response
    }

    fn map<U>(self, each: impl FnOnce(T) -> U) -> Leg<U> {
        let Self { to, weight, request, response } = self;
        Leg { to: each(to), weight, request, response }
    }
}
