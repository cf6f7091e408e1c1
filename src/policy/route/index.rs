//! Which rules may take a request, without asking all.
//!
//! Each condition stands under the most telling thing that it asks for: an exact path, else a header that has to be
//! exactly so, else a prefix of the path. A request shows under which of these it can be; what asks for none of them is
//! always looked at. Under each the conditions stand in their order, so the first that is met is soon the only one that
//! matters.

use std::{cmp::Ordering, collections::HashMap};

use http::HeaderName;

use super::{Condition, Head};

/// The place of a condition among all conditions of all rules.
type Place = u32;

/// Places by what they ask for.
type Places = HashMap<Box<[u8]>, Vec<Place>>;

#[derive(Debug, Clone)]
pub(super) struct Index {
    /// Of which rule, and which of its conditions.
    places: Vec<(u32, u32)>,
    paths: Places,
    headers: Vec<(HeaderName, Places)>,
    prefixes: Prefixes,
    others: Vec<Place>,
}

/// Prefixes in the order of the alphabet, so that all that a path begins with are found from the nearest one.
#[derive(Debug, Clone, Default)]
struct Prefixes(Vec<Prefix>);

#[derive(Debug, Clone)]
struct Prefix {
    text: Box<str>,
    /// The longest other one that this one begins with.
    parent: Option<usize>,
    places: Vec<Place>,
}

impl Index {
    /// Of the conditions of rules; a rule without any has one that asks for nothing.
    pub(super) fn of<'c>(rules: impl Iterator<Item = &'c [Condition]>) -> Self {
        let mut index = Self {
            places: Vec::new(),
            paths: HashMap::new(),
            headers: Vec::new(),
            prefixes: Prefixes::default(),
            others: Vec::new(),
        };
        let mut prefixes: HashMap<&str, Vec<Place>> = HashMap::new();
        for (rule, conditions) in (0..).zip(rules) {
            if conditions.is_empty() {
                index.others.push(index.next());
                index.places.push((rule, 0));
            }
            for (number, condition) in (0..).zip(conditions) {
                let place = index.next();
                index.places.push((rule, number));
                let path = condition.path_wanted();
                if let Some(path) = path.and_then(|path| path.as_exact()) {
                    index.paths.entry(path.as_bytes().into()).or_default().push(place);
                } else if let Some((name, value)) = condition.exact_header() {
                    index.under(name).entry(value.as_bytes().into()).or_default().push(place);
                } else if let Some(prefix) = path.and_then(|path| path.as_prefix()) {
                    prefixes.entry(prefix).or_default().push(place);
                } else {
                    index.others.push(place);
                }
            }
        }
        index.prefixes = Prefixes::new(prefixes);
        index
    }

    fn next(&self) -> Place {
        Place::try_from(self.places.len()).expect("there are fewer conditions than bytes in a text")
    }

    fn under(&mut self, name: &HeaderName) -> &mut Places {
        let place = self.headers.iter().position(|(other, _)| other == name).unwrap_or_else(|| {
            self.headers.push((name.clone(), HashMap::new()));
            self.headers.len() - 1
        });
        &mut self.headers[place].1
    }

    /// The first rule and condition that may take a request, and is met.
    pub(super) fn find(
        &self,
        head: &Head<'_>,
        meets: impl Fn((usize, usize)) -> bool,
    ) -> Option<(usize, usize)> {
        let at = |place: Place| {
            let (rule, condition) = self.places[place as usize];
            (rule as usize, condition as usize)
        };
        let mut first: Option<Place> = None;
        let mut look = |places: &[Place]| {
            let before = places.iter().take_while(|place| first.is_none_or(|first| **place < first));
            if let Some(place) = before.copied().find(|place| meets(at(*place))) {
                first = Some(place);
            }
        };
        let path = head.path();
        self.paths.get(path.as_bytes()).into_iter().for_each(|places| look(places));
        for (name, values) in &self.headers {
            let lines = head.line(name).into_iter().chain(head.more_lines(name));
            lines.filter_map(|line| values.get(line)).for_each(|places| look(places));
        }
        self.prefixes.of(path).for_each(&mut look);
        look(&self.others);
        first.map(at)
    }
}

impl Prefixes {
    fn new(prefixes: HashMap<&str, Vec<Place>>) -> Self {
        let mut all: Vec<_> = prefixes.into_iter().collect();
        all.sort_unstable_by_key(|(text, _)| *text);
        let mut sorted: Vec<Prefix> = Vec::with_capacity(all.len());
        for (text, places) in all {
            // What this one begins with is the one before it, or among those that that one begins with.
            let mut parent = sorted.len().checked_sub(1);
            while let Some(other) = parent.filter(|other| !text.starts_with(&*sorted[*other].text)) {
                parent = sorted[other].parent;
            }
            sorted.push(Prefix { text: text.into(), parent, places });
        }
        Self(sorted)
    }

    /// The places under each that a path begins with, the longest first.
    fn of<'p>(&'p self, path: &'p str) -> impl Iterator<Item = &'p [Place]> {
        let after = self.0.partition_point(|prefix| (*prefix.text).cmp(path) != Ordering::Greater);
        let nearest = after.checked_sub(1);
        let chain = std::iter::successors(nearest, |at| self.0[*at].parent);
        chain
            .map(|at| &self.0[at])
            .filter(move |prefix| path.starts_with(&*prefix.text))
            .map(|prefix| &*prefix.places)
    }
}
