//! Policies from files.

use std::{fs, str::FromStr};

use tower_mesh::config::{self, Document, Errors};

/// A file, and the namespace of those of its documents that name none: `FILE` or `FILE@NAMESPACE`.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    file: String,
    namespace: Option<String>,
}

impl FromStr for Policy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A path may hold an `@` too; what stands behind it is then no name of a namespace.
        let named = text.rsplit_once('@').filter(|(_, namespace)| is_label(namespace));
        let (file, namespace) = named.map_or((text, None), |(file, namespace)| (file, Some(namespace)));
        if file.is_empty() || text.ends_with('@') {
            return Err("write `FILE`, or `FILE@NAMESPACE`".to_owned());
        }
        Ok(Self { file: file.to_owned(), namespace: namespace.map(str::to_owned) })
    }
}

/// Whether this can be the name of a namespace: a DNS label.
fn is_label(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl Policy {
    /// The documents of the file, or what is wrong with them; else why it cannot be read.
    fn read(&self) -> Result<Result<Vec<Document>, Errors>, String> {
        let Self { file, namespace } = self;
        let text =
            fs::read_to_string(file).map_err(|error| format!("error: {file} cannot be read: {error}"))?;
        Ok(config::load(&text, Some(file)).map(|mut documents| {
            for document in &mut documents {
                if document.metadata.namespace.is_none() {
                    document.metadata.namespace.clone_from(namespace);
                }
            }
            documents
        }))
    }
}

/// The documents of all files, or everything that is wrong with any; else why one cannot be read.
pub(crate) fn read(policies: &[Policy]) -> Result<Result<Vec<Document>, Errors>, String> {
    let mut all = Ok(Vec::new());
    let mut problems = Vec::new();
    for policy in policies {
        match (&mut all, policy.read()) {
            (_, Err(problem)) => problems.push(problem),
            (Ok(all), Ok(Ok(documents))) => all.extend(documents),
            (Err(errors), Ok(Err(more))) => Errors::extend(errors, more),
            (all, Ok(Err(errors))) => *all = Err(errors),
            (Err(_), Ok(Ok(_))) => {}
        }
    }
    if problems.is_empty() {
        return Ok(all);
    }
    problems.extend(all.err().map(|errors| errors.to_string()));
    Err(problems.join("\n\n"))
}

/// The documents of all files, or everything that is wrong with any, for people.
pub(crate) fn load(policies: &[Policy]) -> Result<Vec<Document>, String> {
    read(policies)?.map_err(|errors| errors.to_string())
}
