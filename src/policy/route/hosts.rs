//! What belongs to which host.

use std::{collections::HashMap, fmt, str::FromStr};

use super::{Field, SettingsError, head::normal};

/// A host, or a family of hosts: `reviews`, `*.example.com`, `*`.
///
/// A family is every name that has this end, and something before it: `*foo.com` has `xfoo.com`, `*.foo.com` has not
/// `foo.com`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HostPattern {
    is_family: bool,
    /// In lower case; of a family the end.
    text: Box<str>,
}

impl HostPattern {
    /// Whether a host, in lower case, is this one or of this family.
    #[must_use]
    pub fn takes(&self, host: &str) -> bool {
        match self.is_family {
            true => host.len() > self.text.len() && host.ends_with(&*self.text),
            false => *host == *self.text,
        }
    }

    /// Whether every host of `other` is one of this.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self.is_family, other.is_family) {
            (true, true) => other.text.ends_with(&*self.text),
            (_, false) => self.takes(&other.text),
            (false, true) => false,
        }
    }

    /// Whether it is a family.
    #[must_use]
    pub const fn is_family(&self) -> bool {
        self.is_family
    }

    /// The host, in lower case; of a family the end.
    #[must_use]
    pub const fn text(&self) -> &str {
        &self.text
    }
}

impl FromStr for HostPattern {
    type Err = SettingsError;

    fn from_str(host: &str) -> Result<Self, SettingsError> {
        let text = host.strip_prefix('*');
        let rest = text.unwrap_or(host);
        let end = normal(rest);
        // Nothing but a star, or nothing but a dot: only the star alone has a meaning.
        let is_empty = end.is_empty() && host != "*";
        if is_empty || rest.contains(['*', '/']) || rest.contains(char::is_whitespace) {
            return Err(SettingsError::new(Field::Host, format!("`{host}`")));
        }
        Ok(Self { is_family: text.is_some(), text: end.into() })
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.is_family { "*" } else { "" };
        write!(f, "{star}{}", self.text)
    }
}

/// Things by host. A host that is named comes before a family, and a family with a longer end before others.
///
/// A look-up takes as long for ten hosts as for ten thousand: it asks once for the name, and once for each length that a
/// family's end has.
///
/// ```
/// use tower_mesh::policy::route::Hosts;
///
/// let hosts: Hosts<_> = [("*".parse()?, 0), ("*.example.com".parse()?, 1), ("a.example.com".parse()?, 2)].into();
/// assert_eq!(hosts.find("a.example.com"), Some(&2));
/// assert_eq!(hosts.find("b.example.com"), Some(&1));
/// assert_eq!(hosts.find("example.com"), Some(&0));
/// # Ok::<(), tower_mesh::policy::route::SettingsError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Hosts<T> {
    named: HashMap<Box<str>, T>,
    families: HashMap<Box<str>, T>,
    /// How long the ends of families are, the longest first.
    ends: Vec<usize>,
}

impl<T> Hosts<T> {
    /// What belongs to this host, which must be in lower case and without a final dot.
    #[must_use]
    #[inline]
    pub fn find(&self, host: &str) -> Option<&T> {
        self.named.get(host).or_else(|| if self.ends.is_empty() { None } else { self.family(host) })
    }

    /// What belongs to exactly this host.
    #[must_use]
    pub fn named(&self, host: &str) -> Option<&T> {
        self.named.get(host)
    }

    /// What belongs to the family of this host with the longest end.
    #[must_use]
    pub fn family(&self, host: &str) -> Option<&T> {
        let starts =
            self.ends.iter().filter_map(|end| host.len().checked_sub(*end).filter(|start| *start > 0));
        starts.filter_map(|start| host.get(start..)).find_map(|end| self.families.get(end))
    }

    /// Puts something there, and gives back what was there.
    pub fn insert(&mut self, host: &HostPattern, thing: T) -> Option<T> {
        if !host.is_family {
            return self.named.insert(host.text.clone(), thing);
        }
        let end = host.text.len();
        if let Err(place) = self.ends.binary_search_by(|other| end.cmp(other)) {
            self.ends.insert(place, end);
        }
        self.families.insert(host.text.clone(), thing)
    }

    /// What belongs to all hosts of this pattern: to the pattern itself, or to the nearest that has it in.
    #[must_use]
    pub fn over(&self, host: &HostPattern) -> Option<&T> {
        self.at(host).or_else(|| self.family(&host.text))
    }

    /// What is at this pattern itself.
    #[must_use]
    pub fn at(&self, host: &HostPattern) -> Option<&T> {
        let hosts = if host.is_family { &self.families } else { &self.named };
        hosts.get(&host.text)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.named.is_empty() && self.families.is_empty()
    }
}

impl<T> Default for Hosts<T> {
    fn default() -> Self {
        Self { named: HashMap::new(), families: HashMap::new(), ends: Vec::new() }
    }
}

impl<T> Extend<(HostPattern, T)> for Hosts<T> {
    fn extend<I: IntoIterator<Item = (HostPattern, T)>>(&mut self, hosts: I) {
        for (host, thing) in hosts {
            self.insert(&host, thing);
        }
    }
}

impl<T> FromIterator<(HostPattern, T)> for Hosts<T> {
    fn from_iter<I: IntoIterator<Item = (HostPattern, T)>>(hosts: I) -> Self {
        let mut all = Self::default();
        all.extend(hosts);
        all
    }
}

impl<T, const N: usize> From<[(HostPattern, T); N]> for Hosts<T> {
    fn from(hosts: [(HostPattern, T); N]) -> Self {
        hosts.into_iter().collect()
    }
}
