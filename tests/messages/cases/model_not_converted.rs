//! Embeds a model as it was trained, which nobody has converted yet.

isokern_cpu::model::include_model! {
    mod digits = "../../models/models/digits.tflite";
}

fn main() {
    println!("{} values", digits::INPUT_LEN);
}
