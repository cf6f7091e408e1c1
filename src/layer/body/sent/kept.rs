//! All of a body, for those who send it to somebody else too.
//!
//! Who sends a body again reads the same one, from its beginning. A copy must not: it goes on by itself, when the others
//! have long ended. So it is given the frames that were kept, as a body of its own.

use std::{
    fmt, mem,
    sync::{Arc, Mutex},
};

use http_body::{Body, SizeHint};

use super::{
    Kind, Sent,
    source::{Part, Source, lock},
};

/// All of a body.
pub(crate) struct Kept {
    parts: Vec<Part>,
    /// What it said of its size when it came: a length that was not known is not told.
    hint: SizeHint,
}

/// Why there is not all of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unkept {
    /// It was too long.
    TooLong,
    /// It failed.
    Failed,
}

/// Who is to have a copy, once it is known whether there is one.
pub(super) struct Copying {
    hint: SizeHint,
    to: Box<dyn FnOnce(Result<Kept, Unkept>) + Send>,
}

/// All of it, or why there is not.
pub(super) type Whole = Result<Vec<Part>, Unkept>;

impl Kept {
    const fn empty(hint: SizeHint) -> Self {
        Self { parts: Vec::new(), hint }
    }

    /// How many bytes there are.
    pub(crate) fn size(&self) -> usize {
        self.parts.iter().map(Part::size).sum()
    }

    /// A body of its own.
    pub(crate) fn sent<B>(self) -> Sent<B> {
        let Self { parts, hint } = self;
        if parts.is_empty() {
            return Sent { kind: Kind::Ended { hint } };
        }
        Sent::shared(&Arc::new(Mutex::new(Source::whole(parts))), 1, hint)
    }
}

/// Tells all who wait for it, where nothing is locked: they may do what they like.
pub(super) fn tell((copies, whole): (Vec<Copying>, Whole)) {
    for Copying { hint, to } in copies {
        to(match &whole {
            Ok(parts) => Ok(Kept { parts: parts.iter().map(Part::copy).collect(), hint }),
            Err(why) => Err(*why),
        });
    }
}

impl<B: Body> Sent<B> {
    /// Hands all of it to `copy` when there is all of it: at once if it is at its end, else on the task of whoever reads
    /// it to its end. Until then it is kept, up to so many bytes, or more if there is somebody else who wants that.
    ///
    /// To be said before anybody reads. If it is longer or fails `copy` is told so; if it is not read to its end, `copy`
    /// is dropped with it.
    pub(crate) fn copied(&mut self, limit: usize, copy: impl FnOnce(Result<Kept, Unkept>) + Send + 'static) {
        let hint = self.size_hint();
        if hint.lower() > limit as u64 {
            // What it says of itself need not be found out by keeping it.
            return copy(Err(Unkept::TooLong));
        }
        self.kind = match mem::replace(&mut self.kind, Kind::Ended { hint: SizeHint::new() }) {
            Kind::Own { body } if !body.is_end_stream() => Self::kept(body, limit).kind,
            kind => kind,
        };
        match &self.kind {
            Kind::Own { .. } | Kind::Ended { .. } => copy(Ok(Kept::empty(hint))),
            Kind::Shared { reader } => {
                let mut source = lock(&reader.source);
                source.allow(limit);
                source.copies.push(Copying { hint, to: Box::new(copy) });
                let known = source.settle();
                drop(source);
                known.into_iter().for_each(tell);
            }
        }
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept({} bytes)", self.size())
    }
}
