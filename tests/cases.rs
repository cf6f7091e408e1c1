//! `docs/cases.md` and the tests know each other: what the page names is there, and what tests cite is on the page.
//!
//! Tests are renamed and moved, and numbers are mistyped; no compiler sees it. So this reads the page and the sources of
//! the tests.

use std::{collections::BTreeSet, fs, path::Path};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    fs::read_to_string(root().join("docs/cases.md")).expect("the page is here")
}

/// The file and the name of each test that a page names: what stands as code, such as `tests/cases.rs::name`.
fn named(page: &str) -> BTreeSet<(&str, &str)> {
    let code = page.split('`').filter(|code| code.starts_with("tests/") || code.starts_with("src/"));
    code.filter_map(|code| code.split_once("::")).collect()
}

/// Each file of tests: its path below the root, with `/`, and its text.
fn sources() -> Vec<(String, String)> {
    let (mut folders, mut sources) = (vec![root().join("tests")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the tests are here") {
            let path = entry.expect("the tests can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push(source(&path));
            }
        }
    }
    sources
}

fn source(path: &Path) -> (String, String) {
    let text = fs::read_to_string(path).expect("the tests can be read");
    let path = path.strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
    (path, text)
}

/// The facts that a source cites, each by what was said before it, up to the end of the line.
fn facts(text: &str) -> Vec<&str> {
    let lines = text.split("Seen on Envoy, ").skip(1).filter_map(|rest| rest.lines().next());
    let words = lines.flat_map(str::split_whitespace).map(|word| word.trim_end_matches(['.', ',', ':', ';']));
    let number = |word: &str| word.strip_prefix('S').is_some_and(|rest| rest.starts_with(char::is_numeric));
    words.filter(|word| number(word)).collect()
}

/// The names of a source's functions that are called after a case.
fn numbered(text: &str) -> Vec<&str> {
    let names = text.split("fn ").skip(1).filter_map(|rest| rest.split('(').next());
    names.filter(|name| name.starts_with("case_")).collect()
}

#[test]
fn each_test_that_the_page_names_is_there() {
    let page = page();
    let named = named(&page);
    assert!(named.len() > 50, "only {} tests are named", named.len());
    let is_there = |file: &str, name: &str| {
        let text = fs::read_to_string(root().join(file)).unwrap_or_default();
        text.contains(&format!("fn {name}("))
    };
    let missing: Vec<_> = named.into_iter().filter(|(file, name)| !is_there(file, name)).collect();
    assert_eq!(missing, [], "(file, test that is not in it)");
}

#[test]
fn what_tests_cite_is_on_the_page() {
    let page = page();
    let (mut cited, mut unknown) = (0, Vec::new());
    for (file, text) in sources() {
        let rows = facts(&text).into_iter().map(|fact| format!("| {fact} |"));
        let tests = numbered(&text).into_iter().map(|name| format!("`{file}::{name}`"));
        for row in rows.chain(tests) {
            cited += 1;
            if !page.contains(&row) {
                unknown.push((file.clone(), row));
            }
        }
    }
    assert!(cited > 50, "only {cited} are cited");
    assert_eq!(unknown, [], "(file, what it cites)");
}

#[test]
fn the_reading_sees_what_it_should() {
    let page = "`tests/a.rs::one`, in `tests/a.rs`, and `src/b/c.rs::two` | `Mesh::builder`";
    assert_eq!(Vec::from_iter(named(page)), [("src/b/c.rs", "two"), ("tests/a.rs", "one")]);
    let cites = ["/// It is so. Seen on Envoy", ", S7.6 to S7.9, and S1.10.\nfn S2.1"].concat();
    assert_eq!(facts(&cites), ["S7.6", "S7.9", "S1.10"]);
    let tests = "async FN case_1_is() {}\nFN other() {}\nFN case_2() {}".replace("FN", "fn");
    assert_eq!(numbered(&tests), ["case_1_is", "case_2"]);
}
