//! Any bytes as a packed model, with a header mended so far that the checks behind it run.
#![no_main]

use isokern_cpu::core::compute::ModelArtifact;
use isokern_fuzz::run_everywhere;
use isokern_model::header::{
    CHECKSUM_START, FORMAT_VERSION, HEADER_BYTES, MAGIC, PROFILE_TFLM, PROFILE_TFLM_VERSION,
};
use isokern_model::{Model, digest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut blob = bytes.to_vec();
    let _ = Model::parse(ModelArtifact::from_bytes(&blob).bytes());
    if !mend(&mut blob) {
        return;
    }
    let artifact = ModelArtifact::from_bytes(&blob);
    if Model::parse(artifact.bytes()).is_ok() {
        run_everywhere(&artifact);
    }
});

/// Writes magic, versions, length and checksum, which mutations would nearly always break.
fn mend(blob: &mut [u8]) -> bool {
    /// Where the header states the length, and the checksum behind it.
    const BLOB_BYTES: usize = 12;
    const CHECKSUM: usize = 16;
    let Ok(length) = u32::try_from(blob.len()) else { return false };
    if blob.len() < HEADER_BYTES {
        return false;
    }
    blob[..4].copy_from_slice(&MAGIC);
    blob[4..6].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
    blob[6..8].copy_from_slice(&PROFILE_TFLM.to_le_bytes());
    blob[8..10].copy_from_slice(&PROFILE_TFLM_VERSION.to_le_bytes());
    blob[BLOB_BYTES..BLOB_BYTES + 4].copy_from_slice(&length.to_le_bytes());
    let checksum = digest::crc32(&blob[CHECKSUM_START..]);
    blob[CHECKSUM..CHECKSUM + 4].copy_from_slice(&checksum.to_le_bytes());
    true
}
