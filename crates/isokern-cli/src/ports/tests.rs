//! What the command line may say of ports.

use std::path::{Path, PathBuf};

use isokern_model::Tensor;

use super::{PortError, Ports, Side, assign, check_all_given};

/// Returns ports with these names, and no tensors.
fn ports(side: Side, names: &[&str]) -> Ports {
    let tensors = names.iter().map(|_| Tensor::default());
    Ports::new(side, tensors, |index| names[index].to_owned())
}

fn assigned(ports: &Ports, given: &[&str]) -> Result<Vec<Option<String>>, PortError> {
    let given: Vec<PathBuf> = given.iter().map(PathBuf::from).collect();
    let files = assign(ports, &given)?;
    Ok(files.iter().map(|file| file.map(|path| path.display().to_string())).collect())
}

fn some(paths: &[&str]) -> Result<Vec<Option<String>>, PortError> {
    Ok(paths.iter().map(|path| Some((*path).to_owned())).collect())
}

#[test]
fn a_file_is_for_the_port_before_the_equals_sign() {
    let two = ports(Side::Input, &["left", "a=b"]);
    assert_eq!(assigned(&two, &["left=x.npy", "1=y.npy"]), some(&["x.npy", "y.npy"]));
    assert_eq!(assigned(&two, &["a=b=y=2.npy", "0=x=1.npy"]), some(&["x=1.npy", "y=2.npy"]));
    assert_eq!(assigned(&two, &["left=x.npy", "1=x.npy"]), some(&["x.npy", "x.npy"]));
    let partly = assigned(&two, &["1=y.npy"]).expect("both are known");
    assert_eq!(partly, [None, Some("y.npy".to_owned())]);
}

#[test]
fn one_port_takes_a_path_with_an_equals_sign() {
    let one = ports(Side::Input, &["data"]);
    for path in ["x.npy", "rate=3.npy", "1=x.npy", "=x", "./data=1.npy", "-"] {
        assert_eq!(assigned(&one, &[path]), some(&[path]));
    }
    assert_eq!(assigned(&one, &["data=rate=3.npy"]), some(&["rate=3.npy"]));
    assert_eq!(assigned(&one, &["0=x.npy"]), some(&["x.npy"]));
    let nameless = ports(Side::Input, &[""]);
    assert_eq!(assigned(&nameless, &["=x.npy"]), some(&["=x.npy"]));
}

#[test]
fn an_index_comes_before_a_name_and_a_name_is_of_one_port() {
    let numbers = ports(Side::Input, &["1", "0", "same", "same"]);
    let files = assigned(&numbers, &["1=second", "0=first"]).expect("both are indices");
    assert_eq!(files[..2], some(&["first", "second"]).expect("they are given"));
    let error = assigned(&numbers, &["same=x"]).expect_err("two have the name");
    assert!(matches!(error, PortError::Ambiguous { first: 2, second: 3, .. }), "{error}");
}

#[test]
fn what_belongs_to_no_port_or_twice_to_one_is_refused() {
    let two = ports(Side::Input, &["left", ""]);
    let refused = |given: &[&str]| assigned(&two, given).expect_err("it is wrong");
    let error = refused(&["x.npy"]).to_string();
    assert!(error.contains("input 0 \"left\"") && error.contains("input 1: "), "{error}");
    assert!(error.contains("--input 0=x.npy"), "{error}");
    assert!(matches!(refused(&["right=x"]), PortError::Unknown { .. }));
    assert!(matches!(refused(&["2=x"]), PortError::Unknown { .. }));
    assert!(matches!(refused(&["+1=x"]), PortError::Unknown { .. }));
    assert!(matches!(refused(&["0=x", "left=y"]), PortError::Twice { .. }));
    assert!(matches!(refused(&["0=-", "1=-"]), PortError::SameFile { .. }));
    let outputs = ports(Side::Output, &["a", "b"]);
    let error = assigned(&outputs, &["a=x", "b=x"]).expect_err("one would be lost");
    assert!(matches!(error, PortError::SameFile { side: "output", .. }), "{error}");
    let one = ports(Side::Input, &["data"]);
    assert!(matches!(assigned(&one, &["x", "y"]), Err(PortError::Twice { .. })));
}

#[test]
fn a_missing_file_is_named_and_names_are_escaped() {
    let two = ports(Side::Input, &["left", "\u{1b}[2J\n"]);
    let error = check_all_given(&two, &[Some(Path::new("x")), None]).expect_err("one is missing");
    let text = error.to_string();
    assert!(text.contains("input 1 \"\\u{1b}[2J\\n\"") && text.contains("--input 1="), "{text}");
    assert!(!text.contains(char::is_control), "{text}");
    assert_eq!(check_all_given(&two, &[Some(Path::new("x")); 2]), Ok(()));
}
