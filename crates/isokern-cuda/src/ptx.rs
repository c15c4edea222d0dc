//! The device code this crate carries, and which of it a device gets.

use crate::error::CudaError;

/// The shipped PTX by target, ten times the compute capability; ascending.
const SHIPPED: [(u32, &str); 3] = [
    (75, include_str!("../ptx/isokern_sm75.ptx")),
    (80, include_str!("../ptx/isokern_sm80.ptx")),
    (90, include_str!("../ptx/isokern_sm90.ptx")),
];

/// PTX ISA versions, ten times, and the first CUDA release that reads each (PTX ISA, release
/// notes).
const RELEASES: [(u32, u32); 20] = [
    (60, 9000),
    (61, 9010),
    (62, 9020),
    (63, 10_000),
    (64, 10_010),
    (65, 10_020),
    (70, 11_000),
    (71, 11_010),
    (72, 11_020),
    (73, 11_030),
    (74, 11_040),
    (75, 11_050),
    (76, 11_060),
    (77, 11_070),
    (78, 11_080),
    (80, 12_000),
    (83, 12_030),
    (85, 12_050),
    (87, 12_080),
    (90, 13_000),
];

/// Returns the shipped PTX with the highest target that is not above `capability`, ten times the
/// compute capability.
///
/// ```
/// use isokern_cuda::shipped_ptx;
///
/// assert!(shipped_ptx(89)?.contains(".target sm_80"));
/// assert!(shipped_ptx(70).is_err());
/// # Ok::<(), isokern_cuda::CudaError>(())
/// ```
///
/// # Errors
///
/// [`CudaError::DeviceTooOld`] below 7.5.
pub fn shipped_ptx(capability: u32) -> Result<&'static str, CudaError> {
    let fitting = SHIPPED.iter().rev().find(|(target, _)| *target <= capability);
    let (_, text) =
        fitting.ok_or(CudaError::DeviceTooOld { device: capability, needed: SHIPPED[0].0 })?;
    Ok(text)
}

/// Checks that a text is PTX that a driver of this release reads.
///
/// # Errors
///
/// [`CudaError::NotPtx`], [`CudaError::DriverTooOld`].
pub(crate) fn check_release(ptx: &[u8], driver: u32) -> Result<(), CudaError> {
    let version =
        isa_version(ptx).ok_or(CudaError::NotPtx { reason: "it has no `.version` directive" })?;
    // A version that is not in the table needs the release of the next one that is.
    let row = RELEASES.iter().find(|(isa, _)| *isa >= version);
    match row {
        Some(&(_, needed)) if needed > driver => Err(CudaError::DriverTooOld { driver, needed }),
        _ => Ok(()), // Newer than the table: the driver is the judge.
    }
}

/// Returns ten times the number after the first `.version` outside a line comment.
fn isa_version(ptx: &[u8]) -> Option<u32> {
    let rest = ptx.split(|byte| *byte == b'\n').find_map(|line| {
        line.trim_ascii_start().strip_prefix(b".version").map(<[u8]>::trim_ascii)
    })?;
    let text = str::from_utf8(rest).ok()?;
    let text = text.split(|c: char| c != '.' && !c.is_ascii_digit()).next()?;
    let (major, minor) = text.split_once('.')?;
    let (major, minor): (u32, u32) = (major.parse().ok()?, minor.parse().ok()?);
    major.checked_mul(10)?.checked_add(minor)
}

#[cfg(test)]
mod tests {
    use super::{CudaError, SHIPPED, check_release, isa_version, shipped_ptx};

    #[test]
    fn every_device_gets_the_highest_target_it_runs() {
        for (capability, target) in [(75, 75), (79, 75), (80, 80), (89, 80), (90, 90), (120, 90)] {
            let directive = format!(".target sm_{target}");
            assert!(shipped_ptx(capability).is_ok_and(|ptx| ptx.contains(&directive)));
        }
        let refused = shipped_ptx(61).map(|_| ());
        assert_eq!(refused, Err(CudaError::DeviceTooOld { device: 61, needed: 75 }));
    }

    #[test]
    fn every_driver_of_11_8_reads_what_is_shipped() {
        for (target, text) in SHIPPED {
            assert_eq!(check_release(text.as_bytes(), 11_080), Ok(()), "sm_{target}");
        }
    }

    #[test]
    fn the_version_is_compared_with_the_driver() {
        let text = b"// made by hand\n.version 8.7\n.target sm_90\n";
        assert_eq!(isa_version(text), Some(87));
        let needed = CudaError::DriverTooOld { driver: 12_040, needed: 12_080 };
        assert_eq!(check_release(text, 12_040), Err(needed));
        assert_eq!(check_release(text, 12_080), Ok(()));
        assert_eq!(check_release(b".version 99.0", 12_080), Ok(()), "the driver's to judge");
        let no_text = [b"".as_slice(), b"\x7fELF\x02", b".version", b".version x.y"];
        for text in no_text {
            assert!(matches!(check_release(text, 13_000), Err(CudaError::NotPtx { .. })));
        }
    }
}
