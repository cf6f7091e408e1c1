//! Faults in a plan: as a sentence for people, as fields for machines.

use std::fmt;

use serde::{Serialize, Serializer};

use super::span::Span;
use crate::policy::fault::{Abort, Answer, Delay, Settings};

/// The settings' fields.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Fields {
    #[serde(skip_serializing_if = "Option::is_none")]
    delay: Option<Share>,
    #[serde(skip_serializing_if = "Option::is_none")]
    abort: Option<Share>,
    exclusive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    most_active: Option<u32>,
}

/// What happens to how many percent.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Share {
    what: String,
    percent: f64,
}

pub(super) fn serialize<S: Serializer>(settings: &Settings, serializer: S) -> Result<S::Ok, S::Error> {
    let fields = Fields {
        delay: settings.delay().map(|(delay, share)| Share {
            what: match delay {
                Delay::Fixed(time) => Span(time).to_string(),
                Delay::ByHeader => "by header".to_owned(),
            },
            percent: share.percent(),
        }),
        abort: settings.abort().map(|(abort, share)| Share {
            what: match abort {
                Abort::With(Answer::Http(status)) => status.as_u16().to_string(),
                Abort::With(Answer::Grpc(status)) => status.to_string(),
                Abort::ByHeader => "by header".to_owned(),
            },
            percent: share.percent(),
        }),
        exclusive: settings.exclusive(),
        most_active: settings.most_active(),
    };
    fields.serialize(serializer)
}

pub(super) fn describe(settings: &Settings, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let delay = settings.delay().map(|(delay, share)| {
        let how = match delay {
            Delay::Fixed(time) => format!("by {}", Span(time)),
            Delay::ByHeader => "of those whose headers ask for it".to_owned(),
        };
        format!("delays {share} {how}")
    });
    let abort = settings.abort().map(|(abort, share)| {
        let how = match abort {
            Abort::With(Answer::Http(status)) => format!("with {}", status.as_u16()),
            Abort::With(Answer::Grpc(status)) => format!("with gRPC {status}"),
            Abort::ByHeader => "of those whose headers ask for it".to_owned(),
        };
        format!("aborts {share} {how}")
    });
    let said: Vec<_> = delay.into_iter().chain(abort).collect();
    write!(f, "fault: {}", said.join(", "))?;
    if settings.exclusive() && said.len() > 1 {
        f.write_str(", never both")?;
    }
    if let Some(most) = settings.most_active() {
        write!(f, "; at most {most} at once")?;
    }
    Ok(())
}
