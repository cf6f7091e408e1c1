//! The errors that a probe fails with: of every kind that a layer must leave alone.

use std::{error::Error, fmt};

use tower_mesh::Refusal;

/// The probe's own error. It is no `std::error::Error`, and no refusal becomes one.
#[derive(Debug)]
pub(crate) struct Lost;

/// An error that a probe can fail with.
pub(crate) trait Loss: fmt::Debug + Send + Sync + 'static {
    fn lost() -> Self;
    fn is_lost(&self) -> bool;
    fn refusal(&self) -> Option<&Refusal>;
}

impl Loss for Lost {
    fn lost() -> Self {
        Self
    }

    fn is_lost(&self) -> bool {
        true
    }

    fn refusal(&self) -> Option<&Refusal> {
        None
    }
}

/// An error of one's own that a refusal can become.
#[derive(Debug)]
pub(crate) enum Own {
    Lost,
    Refused(Refusal),
}

impl From<Refusal> for Own {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Loss for Own {
    fn lost() -> Self {
        Self::Lost
    }

    fn is_lost(&self) -> bool {
        matches!(self, Self::Lost)
    }

    fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Lost => None,
        }
    }
}

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

impl Loss for BoxError {
    fn lost() -> Self {
        "lost".into()
    }

    fn is_lost(&self) -> bool {
        self.to_string() == "lost"
    }

    fn refusal(&self) -> Option<&Refusal> {
        self.downcast_ref()
    }
}
