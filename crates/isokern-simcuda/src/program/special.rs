//! Special registers by name.

use super::operation::{LaneMask, Special};
use crate::ptx::ast::Type;

/// Returns the special register a name represents, and its type; `None` for other names.
pub(crate) fn find(name: &str) -> Option<(Special, Type)> {
    if let Some((base, axis)) = name.rsplit_once('.') {
        let axis = ["x", "y", "z"].iter().position(|known| *known == axis)?;
        let special = match base {
            "%tid" => Special::Thread(axis),
            "%ntid" => Special::Threads(axis),
            "%ctaid" => Special::Block(axis),
            "%nctaid" => Special::Blocks(axis),
            _ => return None,
        };
        return Some((special, Type::U32));
    }
    let special = match name {
        "%laneid" => Special::Lane,
        "%warpid" => Special::Warp,
        "%nwarpid" => Special::Warps,
        "%smid" => Special::Multiprocessor,
        "%nsmid" => Special::Multiprocessors,
        "%gridid" => return Some((Special::GridId, Type::U64)),
        "%lanemask_eq" => Special::LaneMask(LaneMask::Equal),
        "%lanemask_lt" => Special::LaneMask(LaneMask::Below),
        "%lanemask_le" => Special::LaneMask(LaneMask::UpTo),
        "%lanemask_gt" => Special::LaneMask(LaneMask::Above),
        "%lanemask_ge" => Special::LaneMask(LaneMask::From),
        "%clock" | "%clock_lo" => Special::Clock,
        "%clock_hi" => Special::ClockHigh,
        "%clock64" => return Some((Special::Clock, Type::U64)),
        "%globaltimer" => return Some((Special::GlobalTimer, Type::U64)),
        "%globaltimer_lo" => Special::GlobalTimer,
        "%globaltimer_hi" => Special::GlobalTimerHigh,
        "%dynamic_smem_size" => Special::DynamicShared,
        "%total_smem_size" => Special::TotalShared,
        _ => return None,
    };
    Some((special, Type::U32))
}

/// Returns whether a name is that of a special register, known or not: the predefined ones start
/// with a percent sign and a name no compiler gives its registers.
pub(crate) fn is_reserved(name: &str) -> bool {
    const NAMES: [&str; 12] = [
        "%tid",
        "%ntid",
        "%ctaid",
        "%nctaid",
        "%clusterid",
        "%nclusterid",
        "%cluster_",
        "%envreg",
        "%pm",
        "%reserved_smem",
        "%is_explicit_cluster",
        "%current_graph_exec",
    ];
    find(name).is_some() || NAMES.iter().any(|reserved| name.starts_with(reserved))
}
