//! Policies from files.

use std::{fs, str::FromStr};

use tower_mesh::config::{self, Document};

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
    /// The documents of the file.
    pub(crate) fn load(&self) -> Result<Vec<Document>, String> {
        let Self { file, namespace } = self;
        let text =
            fs::read_to_string(file).map_err(|error| format!("error: {file} cannot be read: {error}"))?;
        let mut documents = config::load(&text, Some(file)).map_err(|errors| errors.to_string())?;
        for document in &mut documents {
            if document.metadata.namespace.is_none() {
                document.metadata.namespace.clone_from(namespace);
            }
        }
        Ok(documents)
    }
}

/// The documents of all files, or everything that is wrong with any.
pub(crate) fn load(policies: &[Policy]) -> Result<Vec<Document>, String> {
    let (mut documents, mut problems) = (Vec::new(), Vec::new());
    for policy in policies {
        match policy.load() {
            Ok(more) => documents.extend(more),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(documents) } else { Err(problems.join("\n\n")) }
}
