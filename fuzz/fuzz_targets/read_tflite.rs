//! Any bytes as a TFLite file: an error, or a packed model that reads back and runs.
#![no_main]

use isokern_cpu::core::compute::ModelArtifact;
use isokern_fuzz::{WORK_MAX, run_everywhere};
use isokern_import::{Options, convert_with};
use isokern_model::layout::Layout;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for layout in [Layout::Row, Layout::Packed] {
        let options = Options { self_test_work_max: WORK_MAX, ..Options::new(layout) };
        match convert_with(bytes, options, |_| ()) {
            Ok(conversion) => {
                run_everywhere(&ModelArtifact::from_bytes(&conversion.blob));
            }
            Err(error) => assert!(error.to_string().contains("Fix: "), "{error}"),
        }
    }
});
