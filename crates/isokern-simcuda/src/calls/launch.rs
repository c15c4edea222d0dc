//! The exported calls that launch kernels.

use core::ffi::c_void;

use crate::driver::entry::{Session, calls};
use crate::driver::launch::Shape;
use crate::driver::pointers::In;
use crate::driver::status::{Outcome, Status};

/// A launch with its attributes: `CUlaunchConfig`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct LaunchConfig {
    /// Blocks in x, y and z.
    pub grid: [u32; 3],
    /// Threads of a block in x, y and z.
    pub block: [u32; 3],
    /// Dynamic shared memory in bytes a block.
    pub dynamic_shared: u32,
    /// The stream.
    pub stream: u64,
    /// The attributes.
    pub attributes: In<Attribute>,
    /// How many.
    pub attribute_count: u32,
}

/// An attribute of a launch: `CUlaunchAttribute`. The words are a union.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Attribute {
    /// What it is.
    pub id: u32,
    /// Nothing.
    pub pad: u32,
    /// Its value.
    pub words: [u32; 16],
}

const _: () = assert!(size_of::<LaunchConfig>() == 56 && size_of::<Attribute>() == 72);

/// How many attributes a launch may have.
const ATTRIBUTES_MAX: u32 = 32;

/// Returns whether a launch is to be cooperative.
///
/// # Errors
///
/// [`Status::NOT_SUPPORTED`] for an attribute this library does not follow.
pub fn read_attributes(session: &mut Session, config: &LaunchConfig) -> Outcome<bool> {
    if config.attribute_count > ATTRIBUTES_MAX {
        return Err(Status::INVALID_VALUE);
    }
    let mut cooperative = false;
    for index in 0..config.attribute_count as usize {
        let attribute = config.attributes.get(index)?;
        match (attribute.id, attribute.words) {
            // Nothing; an access policy of the L2 cache; how the host waits; a priority. None
            // changes what a kernel computes or may do.
            (0 | 1 | 3 | 8, _) => {}
            (2, words) => cooperative = words[0] != 0,
            // A cluster of one block is none.
            (4, [1, 1, 1, ..]) => {}
            (4, _) => return Err(session.not_supported("a launch with clusters")),
            (5, _) => {}
            (6, [0, ..]) => {}
            _ => return Err(session.not_supported("this attribute of a launch")),
        }
    }
    Ok(cooperative)
}

calls! {
    /// Runs a kernel in a stream.
    fn cuLaunchKernel(
        session,
        function: u64,
        grid_x: u32,
        grid_y: u32,
        grid_z: u32,
        block_x: u32,
        block_y: u32,
        block_z: u32,
        dynamic_shared: u32,
        stream: u64,
        parameters: In<In<c_void>>,
        extra: In<In<c_void>>,
    ) {
        let (grid, block) = ([grid_x, grid_y, grid_z], [block_x, block_y, block_z]);
        let shape = Shape { grid, block, dynamic_shared, cooperative: false };
        session.launch(function, shape, stream, parameters, extra).map(drop)
    }

    /// Runs a kernel in a stream, all blocks at once.
    fn cuLaunchCooperativeKernel(
        session,
        function: u64,
        grid_x: u32,
        grid_y: u32,
        grid_z: u32,
        block_x: u32,
        block_y: u32,
        block_z: u32,
        dynamic_shared: u32,
        stream: u64,
        parameters: In<In<c_void>>,
    ) {
        let (grid, block) = ([grid_x, grid_y, grid_z], [block_x, block_y, block_z]);
        let shape = Shape { grid, block, dynamic_shared, cooperative: true };
        session.launch(function, shape, stream, parameters, In::null()).map(drop)
    }

    /// Runs a kernel in a stream, with attributes.
    fn cuLaunchKernelEx(
        session,
        config: In<LaunchConfig>,
        function: u64,
        parameters: In<In<c_void>>,
        extra: In<In<c_void>>,
    ) {
        let config = config.get(0)?;
        let cooperative = read_attributes(session, &config)?;
        let LaunchConfig { grid, block, dynamic_shared, stream, .. } = config;
        let shape = Shape { grid, block, dynamic_shared, cooperative };
        session.launch(function, shape, stream, parameters, extra).map(drop)
    }
}
