//! `tower-mesh check`: what is wrong with policies, and what of them does not do what it seems to.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;
use tower_mesh::{
    config::{Error, Errors, Location},
    mesh::{Note, NoteKind},
    testing::Upstreams,
};

use crate::{
    client::Client,
    json::json,
    policies::{self, Policy},
};

/// The flags of `check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Policies; `FILE@NAMESPACE` gives the documents of a file the namespace that they lack.
    #[arg(required = true, value_name = "POLICY.yaml")]
    policies: Vec<Policy>,

    #[command(flatten)]
    client: Client,

    /// Takes warnings for errors.
    #[arg(long)]
    strict: bool,

    /// Prints what there is to tell as a JSON array.
    #[arg(long)]
    json: bool,
}

/// One thing that is told.
#[derive(Debug, Serialize)]
struct Told {
    code: &'static str,
    name: &'static str,
    severity: Severity,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    path: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
    /// As people read it.
    #[serde(skip)]
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Severity {
    Error,
    Warning,
    Note,
}

impl Check {
    /// What there is to tell, and whether nothing of it is an error.
    pub(crate) fn run(self) -> Result<(String, bool), String> {
        let (notes, sound) = self.check()?;
        let mut told: Vec<_> = notes.iter().map(|note| Told::note(note, self.strict)).collect();
        told.extend(sound.err().iter().flatten().map(Told::error));
        let is_good = !told.iter().any(|told| told.severity == Severity::Error);
        if self.json {
            return Ok((json(&told)?, is_good));
        }
        let mut text = told.iter().fold(String::new(), |text, told| text + &told.text + "\n\n");
        text += &self.summary(&told);
        Ok((text, is_good))
    }

    fn check(&self) -> Result<(Vec<Note>, Result<(), Errors>), String> {
        Ok(match policies::read(&self.policies)? {
            Ok(documents) => self.client.mesh(documents, &Upstreams::new()).check(),
            Err(errors) => (Vec::new(), Err(errors)),
        })
    }

    fn summary(&self, told: &[Told]) -> String {
        let count = |severity: Severity| told.iter().filter(|told| told.severity == severity).count();
        let [errors, warnings, notes] = [Severity::Error, Severity::Warning, Severity::Note].map(count);
        let many = |count: usize, what: &str| match count {
            1 => format!("1 {what}"),
            count => format!("{count} {what}s"),
        };
        let files = many(self.policies.len(), "file");
        let told = [many(errors, "error"), many(warnings, "warning"), many(notes, "note")].join(", ");
        format!("{files} checked: {told}\n")
    }
}

impl Told {
    fn note(note: &Note, strict: bool) -> Self {
        let severity = match note.kind {
            NoteKind::NotApplied => Severity::Note,
            _ if strict => Severity::Error,
            _ => Severity::Warning,
        };
        let Note { location, path, code, message, fix, .. } = note;
        let mut text = format!(
            "{}[{code}]: {message}\n  --> {location}, {path}\n{}",
            severity.name(),
            location.excerpt()
        );
        if let Some(fix) = fix {
            let _ = write!(text, "   = fix: {fix}");
        }
        Self {
            code: code.id(),
            name: code.name(),
            severity,
            file: location.source().file().map(str::to_owned),
            line: Some(location.line()),
            column: Some(location.column()),
            path: path.clone(),
            message: message.clone(),
            fix: fix.clone(),
            text: text.trim_end().to_owned(),
        }
    }

    fn error(error: &Error) -> Self {
        let location = error.location();
        let hints = error.hints().join("; ");
        Self {
            code: "TM000",
            name: "invalid",
            severity: Severity::Error,
            file: location.and_then(|location| location.source().file()).map(str::to_owned),
            line: location.map(Location::line),
            column: location.map(Location::column),
            path: error.path().to_owned(),
            message: error.message().to_owned(),
            fix: Some(hints).filter(|hints| !hints.is_empty()),
            text: error.to_string().trim_end().replacen("error:", "error[TM000]:", 1),
        }
    }
}

impl Severity {
    const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}
