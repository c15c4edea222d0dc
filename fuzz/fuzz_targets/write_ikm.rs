//! Any bytes as the description of a model: it is packed, and gives the same on every path.
#![no_main]

use isokern_cpu::core::compute::ModelArtifact;
use isokern_fuzz::run_everywhere;
use isokern_fuzz::sketch::sketch;
use isokern_model::FormatError;
use isokern_model::encode::EncodeError;
use isokern_model::layout::Layout;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let draft = sketch(bytes);
    let mut first = None;
    for layout in [Layout::Row, Layout::Packed] {
        match draft.encode(layout) {
            Ok(blob) => {
                let found = run_everywhere(&ModelArtifact::from_bytes(&blob));
                assert_eq!(*first.get_or_insert(found), found, "{layout:?} differs");
            }
            Err(EncodeError::Invalid(FormatError::Overlap { .. })) => {}
            Err(error) => panic!("every choice is valid: {error}"),
        }
    }
});
