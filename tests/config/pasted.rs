use tower_mesh::config::load;

/// The hints of a text's first error.
fn hints(text: &str) -> Vec<String> {
    let errors = load(text, None).expect_err("loads");
    errors.iter().next().unwrap().hints().to_vec()
}

#[test]
fn a_listing_with_line_numbers_and_a_full_width_colon() {
    let text = " 1 apiVersion：networking.istio.io/v1alpha3\n 2 kind: DestinationRule\n 3 metadata:\n 4   name: go\n";
    insta::assert_snapshot!(hints(text).join("\n"), @"
    line 1 begins with the number 1: this looks like a listing pasted with its line numbers; remove them
    full-width colon U+FF1A at 1:14: write `: `
    ");
}

#[test]
fn line_numbers_that_happen_to_be_yaml() {
    assert!(hints("1 apiVersion: v1\n2 kind: Service\n")[0].starts_with("line 1 begins with the number 1"));
}

#[test]
fn a_shell_line_around_the_yaml() {
    let text = "kubectl apply -f - <<EOF\napiVersion: v1\nkind: Service\nEOF\n";
    insta::assert_snapshot!(hints(text).join("\n"), @"line 1, `kubectl apply -f - <<EOF`, belongs to a shell: keep only the YAML between such lines");
}

#[test]
fn a_markdown_fence() {
    assert_eq!(
        hints("```yaml\nkind: x\n```\n"),
        ["line 1 begins with ```, a mark of Markdown: keep only the YAML between the marks"]
    );
}

#[test]
fn a_tab_and_a_hard_blank_as_indentation() {
    let text = "apiVersion: v1\nkind: Service\nspec:\n\thost: x\n\u{a0}\u{a0}a: b\n}\n";
    insta::assert_snapshot!(hints(text).join("\n"), @"
    a tab indents line 4: YAML wants spaces
    a blank that is no space (U+00A0) indents line 5 at 5:1: write spaces
    ");
}

#[test]
fn typographic_quotes() {
    assert_eq!(hints("apiVersion: v1\nspec: [“a”: [\n"), ["typographic quote U+201C at 2:8: write \" or '"]);
}

#[test]
fn a_hint_points_into_the_document_that_failed() {
    let text = "apiVersion: v1\nkind: “fine”\n---\na: [\n\tb\n";
    assert_eq!(hints(text), ["a tab indents line 5: YAML wants spaces"]);
}

#[test]
fn what_is_said_in_comments_or_values_is_no_hint() {
    for text in ["a: 1 # 说明：“x”\nb: 2\n", "# 说明：x\nb: 标题：x\n", "b: 1\nc: 5 kubectl\n"] {
        assert_eq!(hints(text), [""; 0], "{text:?}");
    }
}
