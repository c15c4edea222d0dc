//! Any bytes as a packed model, mended so far that the checks after the first ones run.
#![no_main]

use isokern_cpu::core::compute::ModelArtifact;
use isokern_fuzz::mend::mend;
use isokern_fuzz::run_everywhere;
use isokern_model::Model;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Model::parse(ModelArtifact::from_bytes(bytes).bytes());
    // The last byte chooses what is mended.
    let Some((&repairs, blob)) = bytes.split_last() else { return };
    let mut blob = blob.to_vec();
    if !mend(&mut blob, repairs) {
        return;
    }
    let artifact = ModelArtifact::from_bytes(&blob);
    if Model::parse(artifact.bytes()).is_ok() {
        run_everywhere(&artifact);
    }
});
