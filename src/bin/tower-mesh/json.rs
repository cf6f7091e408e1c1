//! What commands print for machines.

use serde::Serialize;

/// As JSON that people can read too.
pub(crate) fn json(value: &impl Serialize) -> Result<String, String> {
    let json = serde_json::to_string_pretty(value).map(|json| json + "\n");
    json.map_err(|error| format!("error: no JSON: {error}"))
}
