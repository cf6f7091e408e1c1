//! Where a request goes: by its host, its path, its headers, and chance.
//!
//! A router in code is a chain of `if`s that nobody can list, print or check. Here it is data: rules in order, each with
//! conditions of which one must be met, the first whose are being taken. A rule leads to destinations by weight, or
//! answers by itself; on the way it can change headers, path and authority.
//!
//! ```
//! use http::Request;
//! use tower_mesh::policy::{Draw, route::{Condition, Head, Leg, Route, Rule, Rules, TextMatch}};
//!
//! let rules = Rules::new([
//!     Rule::when(Condition::new().header("end-user", TextMatch::exact("jason"))?, Route::to("v2")),
//!     Rule::always(Route::split([Leg::to("v1").weighing(90), Leg::to("v3").weighing(10)])?),
//! ]);
//!
//! let jason = Request::get("/reviews/0").header("end-user", "jason").body(())?;
//! let found = rules.find(&Head::of(&jason)).expect("a rule takes it");
//! assert_eq!(found.rule.then().pick(Draw::new(0)).map(|leg| *leg.destination()), Some("v2"));
//!
//! let anybody = Request::get("/reviews/0").body(())?;
//! let found = rules.find(&Head::of(&anybody)).expect("the last rule takes every request");
//! assert_eq!(found.rule.then().pick(Draw::new(u64::MAX)).map(|leg| *leg.destination()), Some("v3"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What to know
//!
//! - **A prefix is text**: `/product` takes `/productpage` too, as in the mesh. Paths are looked at without their query,
//!   as they were sent; case counts, unless a condition says otherwise.
//! - **A regular expression must match the whole value.** It takes linear time whatever the value, and its size is bounded.
//! - **A header that is sent on several lines** is met if one of its lines meets; `jason,bob` on one line is one value.
//! - **Finding a rule allocates nothing.** Long lists are [indexed](Rules) by what most rules ask for; hosts are
//!   [looked up](Hosts) at once, however many they are.

mod changes;
mod condition;
mod head;
mod hosts;
mod index;
mod invalid;
mod location;
mod path;
mod rewrite;
mod rules;
mod table;
mod text;
mod unmet;
mod weighted;

pub use self::{
    changes::{HeaderChanges, HeaderChangesBuilder},
    condition::{Condition, ValueMatch},
    head::Head,
    hosts::{HostPattern, Hosts},
    invalid::{Field, SettingsError},
    location::{Redirect, RedirectBuilder, RedirectPort},
    rewrite::{PathRewrite, Rewrite},
    rules::{Action, DirectAnswer, Found, Leg, Route, Rule, Rules},
    table::RouteTable,
    text::TextMatch,
    unmet::Unmet,
    weighted::Weighted,
};
pub(crate) use self::{
    head::{normal, usual_port},
    table::Place,
};
