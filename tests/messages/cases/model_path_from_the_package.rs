//! Names a model from the package's folder; the path starts at this file.

isokern_cpu::model::include_model! {
    mod digits = "../models/digits.ikm";
}

fn main() {
    println!("{} values", digits::INPUT_LEN);
}
