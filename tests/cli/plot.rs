//! A run as a picture.

use std::fs;

use super::{file, shipped};

#[test]
fn a_run_is_drawn_into_a_file() {
    let path = file("run.svg", "");
    let arguments = ["-c", "10", "-n", "1000", "--qps", "200", "--echo", "every=5:511", "--plot", &path];
    let draw = || {
        let (printed, complaints, code) = shipped(&arguments);
        assert_eq!((complaints.as_str(), code), ("", 0));
        (printed, fs::read_to_string(&path).expect("a picture"))
    };
    let (printed, picture) = draw();
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    for text in ["1000 calls in 4.95 s", "409: 500 (50.0 %)", "circuit open", ">demo/fortio|8080<"] {
        assert!(picture.contains(text), "{text}");
    }
    // The rest of the report is the same, and so is the picture the next time.
    assert_eq!(shipped(&arguments[..8]).0, printed);
    assert_eq!(draw().1, picture);
}

#[test]
fn each_play_has_a_picture_of_its_own() {
    let path = file("plays.svg", "");
    let (_, complaints, code) = shipped(&["-n", "20", "--repeat", "2", "--plot", &path]);
    assert_eq!((complaints.as_str(), code), ("", 0));
    for path in [path.clone(), path.replace("plays.svg", "plays-2.svg")] {
        assert!(fs::read_to_string(&path).expect("a picture").contains("20 calls in "), "{path}");
    }
}

#[test]
fn a_picture_that_cannot_be_written_is_told() {
    let (_, complaints, code) = shipped(&["-n", "1", "--plot", "no/such/folder/out.svg"]);
    assert!(complaints.starts_with("error: no/such/folder/out.svg cannot be written: "), "{complaints}");
    assert_eq!(code, 2);
}
