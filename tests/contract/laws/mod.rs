//! The laws, in chapters. Each is a function over any [`Subject`](crate::subject::Subject).
//!
//! A layer that never refuses keeps the chapters [`readiness`] and [`passing`]; one that refuses also [`state`],
//! [`settling`] and [`refusing`], and if it does so for a while [`recovering`]; over HTTP it keeps [`answers`] and
//! [`router`] too, and over services with an error that refusals become, [`errors`].

pub(crate) mod answers;
pub(crate) mod errors;
pub(crate) mod passing;
pub(crate) mod readiness;
pub(crate) mod recovering;
pub(crate) mod refusing;
pub(crate) mod router;
pub(crate) mod settling;
pub(crate) mod state;
