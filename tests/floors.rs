//! The house keeps its floors: who may know whom, and what may be done only in one place.
//!
//! `policy` decides, `layer` adapts, `config` spells, `mesh` gives meaning. The compiler does not keep these apart, so
//! this reads the sources: which modules of the crate and which dependencies each floor names, outside of comments and
//! of its own tests.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A floor, the rooms of the crate that it may know besides itself, and the dependencies that it may use.
struct Floor {
    name: &'static str,
    rooms: &'static [&'static str],
    dependencies: &'static [&'static str],
}

const SHARED: [&str; 3] = ["events", "refusal", "policy"];

const FLOORS: [Floor; 8] = [
    Floor {
        name: "policy",
        rooms: &["sync"],
        dependencies: &["hashbrown", "http", "regex", "thiserror", "xxhash_rust"],
    },
    Floor { name: "sync", rooms: &[], dependencies: &[] },
    Floor { name: "refusal", rooms: &["policy"], dependencies: &["bytes", "http", "thiserror"] },
    Floor {
        name: "events",
        rooms: &["policy", "refusal"],
        dependencies: &["arc_swap", "futures_core", "tokio"],
    },
    Floor {
        name: "layer",
        rooms: &SHARED,
        dependencies: &[
            "arc_swap",
            "bytes",
            "http",
            "http_body",
            "pin_project_lite",
            "tokio",
            "tower",
            "tower_layer",
            "tower_service",
        ],
    },
    Floor { name: "config", rooms: &[], dependencies: &["serde", "serde_saphyr", "thiserror"] },
    Floor {
        name: "mesh",
        rooms: &["config", "events", "layer", "policy", "refusal"],
        dependencies: &[
            "arc_swap",
            "base64",
            "bytes",
            "http",
            "http_body",
            "pin_project_lite",
            "serde",
            "thiserror",
            "tower_layer",
            "tower_service",
        ],
    },
    Floor {
        name: "testing",
        rooms: &["events", "layer", "policy", "refusal"],
        dependencies: &[
            "bytes",
            "futures_util",
            "http",
            "http_body",
            "http_body_util",
            "pin_project_lite",
            "serde",
            "thiserror",
            "tokio",
            "tower_service",
        ],
    },
];

struct Source {
    /// Below `src`, with `/`.
    path: String,
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut folders, mut sources) = (vec![root.clone()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the sources are here") {
            let path = entry.expect("the sources can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push(source(&root, &path));
            }
        }
    }
    assert!(sources.len() > 50, "the sources were found");
    sources
}

fn source(root: &Path, path: &PathBuf) -> Source {
    let text = fs::read_to_string(path).expect("the sources can be read");
    let path = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
    Source { path, code: code(&text) }
}

/// Without comments, and without what follows `#[cfg(test)]`: tests stand last, and may know everybody.
fn code(text: &str) -> String {
    let lines = text.lines().take_while(|line| line.trim() != "#[cfg(test)]" || line.starts_with(' '));
    let lines = lines.map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    lines.collect::<Vec<_>>().join("\n")
}

impl Source {
    /// The floor's name: the first folder, or a file that stands for itself.
    fn floor(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// The modules at the crate's root that this file names.
    fn rooms(&self) -> BTreeSet<String> {
        let after = |(at, root): (usize, &str)| &self.code[at + root.len()..];
        let paths = self.code.match_indices("crate::").filter(|(at, _)| !preceded_by_name(&self.code, *at));
        paths.map(after).flat_map(heads).collect()
    }

    fn uses(&self, dependency: &str) -> bool {
        let path = format!("{dependency}::");
        self.code.match_indices(&path).any(|(at, _)| !preceded_by_name(&self.code, at))
            || self.code.contains(&format!("use {dependency};"))
    }
}

/// Whether what stands at `at` is the end of a longer name or path.
fn preceded_by_name(code: &str, at: usize) -> bool {
    code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_' || before == ':')
}

/// The first names of a path, or of a group of paths.
fn heads(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let (mut depth, mut heads, mut rest) = (0, vec![name(group)], group.char_indices());
    while let Some((at, c)) = rest.next().filter(|(_, c)| depth > 0 || *c != '}') {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(name(&group[at + 1..])),
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

/// The names under which the crate's dependencies are used.
fn dependencies() -> Vec<String> {
    let manifest =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).expect("a manifest");
    let section = manifest.split("\n[dependencies]\n").nth(1).and_then(|rest| rest.split("\n[").next());
    let lines = section.expect("dependencies").lines();
    lines.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.replace('-', "_")).collect()
}

#[test]
fn each_floor_knows_only_the_floors_below() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !["lib", "bin"].contains(&source.floor())) {
        let Some(floor) = FLOORS.iter().find(|floor| floor.name == source.floor()) else {
            panic!("src/{} stands on no floor: give it one here", source.path);
        };
        let known = |room: &str| room == floor.name || floor.rooms.contains(&room);
        wrong.extend(
            source.rooms().into_iter().filter(|room| !known(room)).map(|room| (source.path.clone(), room)),
        );
        assert!(
            !source.code.contains("super::super"),
            "src/{}: a path upstairs is spelled from the root",
            source.path
        );
    }
    assert_eq!(wrong, [], "(file, module that it must not know)");
}

#[test]
fn each_floor_uses_only_its_own_libraries() {
    let (dependencies, mut wrong) = (dependencies(), Vec::new());
    assert!(dependencies.contains(&"serde_saphyr".to_owned()));
    for source in sources() {
        let Some(floor) = FLOORS.iter().find(|floor| floor.name == source.floor()) else { continue };
        let used = dependencies.iter().filter(|dependency| source.uses(dependency));
        let wrongly = used.filter(|dependency| !floor.dependencies.contains(&dependency.as_str()));
        wrong.extend(wrongly.map(|dependency| (source.path.clone(), dependency.clone())));
    }
    assert_eq!(wrong, [], "(file, dependency that its floor must not use)");
}

#[test]
fn what_has_one_place_is_done_there_only() {
    for (what, place) in [
        ("Instant::now", "layer/clock.rs"),
        ("SystemTime", "layer/clock.rs"),
        ("RandomState", "layer/draw.rs"),
        ("serde_saphyr", "config/yaml.rs"),
        ("tokio::spawn", "layer/balance/task.rs"),
        (".spawn(", "layer/mirror/copy.rs"),
        ("thread::spawn", "nowhere"),
        ("unsafe", "nowhere"),
    ] {
        let elsewhere = |source: &&Source| source.path != place && source.code.contains(what);
        let wrong: Vec<_> = sources().iter().filter(elsewhere).map(|source| source.path.clone()).collect();
        assert_eq!(wrong, [""; 0], "`{what}` belongs to {place}");
    }
}

#[test]
fn the_reading_of_sources_sees_what_it_should() {
    let source = |text: &str| Source { path: "policy/x.rs".to_owned(), code: code(text) };
    let rooms = |text: &str| source(text).rooms().into_iter().collect::<Vec<_>>();
    assert_eq!(
        rooms("use crate::{\n    layer::{clock, lane},\n    mesh,\n};\nlet x = crate::config::load();"),
        ["config", "layer", "mesh"]
    );
    assert_eq!(rooms("// crate::layer\n#[cfg(test)]\nuse crate::mesh;"), [""; 0]);
    assert!(source("use tokio::time;").uses("tokio"));
    assert!(!source("use crate::http::x;").uses("http"));
    assert!(!source("use serde_json::x;").uses("serde"));
}
