//! The mesh's own YAML, spelled as serde structs.
