//! What the compiler says to who puts a layer where it cannot be: it names the cure.
//!
//! A type error under three layers of generics is read by nobody. The message that `diagnostic::on_unimplemented` puts
//! on top is part of what the crate promises, so it is tested: for each case in `tests/ui/` the mistake must not
//! compile, its message must hold the words that help, and the same file with `cured` set must compile.
//!
//! The words are looked for where a service is handed to something that asks for one (axum, tonic, `Buffer`). At a
//! method of an extension trait, such as `.oneshot()`, the compiler goes no deeper than the method's own bounds, whatever
//! a crate does.
//!
//! Whole messages are not compared, as `trybuild` does, because they are the compiler's and change with it; and the
//! cases are a target of this package, so that everything they need has been built already.

use std::{
    path::Path,
    process::{Command, Output},
};

#[test]
fn a_body_that_cannot_be_answered_with_names_the_layer_that_cures_it() {
    for case in ["over_a_client", "over_a_judged_client", "fallback_over_a_client"] {
        does_not_compile(
            case,
            &["a layer cannot answer with a", "Incoming", "AnswerableLayer", "right below the layer"],
        );
    }
}

#[test]
fn an_error_that_no_refusal_becomes_is_named_with_the_trait_it_lacks() {
    does_not_compile("over_plain", &["From<Refusal>", "Failed"]);
}

fn does_not_compile(case: &str, words: &[&str]) {
    let output = compile(case, &[]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{case} compiles");
    for word in words {
        assert!(message.contains(word), "{case} is refused without a word of `{word}`:\n{message}");
    }

    let output = compile(case, &["--cfg", "cured"]);
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{case} does not compile when it is cured:\n{message}");
}

/// Compiles one case, with the features that this test was built with.
fn compile(case: &str, flags: &[&str]) -> Output {
    // `<target>/tmp` is given to tests; the artifacts of this very build are beside it.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["rustc", "--offline", "--locked", "--color=never", "--test=ui_cases", "--no-default-features"])
        .arg("--target-dir")
        .arg(target);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    for (feature, is_on) in [
        ("yaml", cfg!(feature = "yaml")),
        ("testing", cfg!(feature = "testing")),
        ("cli", cfg!(feature = "cli")),
    ] {
        if is_on {
            cargo.args(["--features", feature]);
        }
    }
    cargo.arg("--").args(["--cfg", &format!("case=\"{case}\"")]).args(flags);
    cargo.output().unwrap()
}
