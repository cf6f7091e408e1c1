//! What dialects say of limits, and what of it never acts.

use crate::policy::limits::{Settings, Upstream};

/// What a dialect calls the limits.
pub(super) struct Names {
    pub(super) connections: &'static str,
    pub(super) pending: &'static str,
    pub(super) requests: &'static str,
}

/// The limits that are set and never act: in Envoy too, but there nobody is told.
pub(super) fn surprises(settings: &Settings, names: &Names) -> Vec<(&'static str, String)> {
    let Names { connections, pending, requests } = *names;
    let mut told = Vec::new();
    let mut never = |field, is_set: Option<u32>, why: String| {
        if is_set.is_some() {
            told.push((field, why));
        }
    };
    match (settings.protocol(), settings.connections(), settings.requests()) {
        (Upstream::Http2, most, _) => {
            let why = "has no effect over HTTP/2, where requests share a connection";
            never(connections, most, why.to_owned());
            let why = "has no effect over HTTP/2, where nothing waits for a connection";
            never(pending, settings.pending(), why.to_owned());
        }
        (Upstream::Http1, None, _) => {
            let why = format!("never acts over HTTP/1: nothing waits without `{connections}`");
            never(pending, settings.pending(), why);
        }
        (Upstream::Http1, Some(most), Some(fewer)) if fewer < most => {
            never(connections, Some(most), format!("never acts: `{requests}` is lower, and refuses first"));
            never(
                pending,
                settings.pending(),
                format!("never acts: nothing waits where `{requests}` refuses"),
            );
        }
        (Upstream::Http1, Some(_), most) => {
            let why =
                format!("never refuses over HTTP/1: what is beyond `{connections}` waits in its queue first");
            never(requests, most, why);
        }
    }
    told
}
