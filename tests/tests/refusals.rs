//! Files of the repository that do not convert: every refusal names operator, index and remedy.

use std::path::Path;

use isokern_tests::refusals::check_refused;

#[test]
fn b6_every_refused_file_names_operator_index_and_remedy() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/refused");
    let mut count = 0;
    for entry in folder.read_dir().expect("the folder is there") {
        let path = entry.expect("an entry").path();
        println!("{}", path.display());
        check_refused(&std::fs::read(&path).expect("it is a file"));
        count += 1;
    }
    assert!(count >= 3, "{count}");
}
