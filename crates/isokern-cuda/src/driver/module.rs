//! Device code: from PTX text to launches.
#![allow(unsafe_code)]

use core::ffi::{CStr, c_void};
use core::ptr;
use std::ffi::CString;
use std::sync::Arc;

use cudarc::driver::sys;
use cudarc::driver::sys::{CUfunction_attribute as Attribute, CUjit_option as JitOption};

use crate::driver::{Context, Stream};
use crate::error::CudaError;

/// Room for what the driver's compiler writes about an error.
const LOG_BYTES: usize = 8192;

/// Loaded device code. A clone is the same module.
#[derive(Debug, Clone)]
pub struct Module(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    context: Context,
    raw: sys::CUmodule,
}

// SAFETY: the driver's functions may be called from any thread; the pointer is a name for them.
unsafe impl Send for Inner {}
// SAFETY: as above; there is no state on this side.
unsafe impl Sync for Inner {}

impl Module {
    /// Compiles and loads PTX text.
    ///
    /// # Errors
    ///
    /// [`CudaError::NotPtx`] for bytes with a NUL inside; [`CudaError::Compile`] with the
    /// driver's log; as [`Context::bind`].
    pub fn load(context: &Context, ptx: &[u8]) -> Result<Self, CudaError> {
        let text = ptx.strip_suffix(&[0]).unwrap_or(ptx);
        let reason = "it has a NUL byte inside";
        let text = CString::new(text).map_err(|_| CudaError::NotPtx { reason })?;
        context.bind()?;
        let mut raw = ptr::null_mut();
        let mut log = vec![0_u8; LOG_BYTES];
        let mut options =
            [JitOption::CU_JIT_ERROR_LOG_BUFFER, JitOption::CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES];
        // The driver takes a size as a pointer's bits; the last byte of the log stays zero.
        let mut values: [*mut c_void; 2] =
            [log.as_mut_ptr().cast(), ptr::without_provenance_mut(LOG_BYTES - 1)];
        let (image, count) = (text.as_ptr().cast(), 2);
        // SAFETY: the text ends with NUL, and both arrays have `count` elements of the kinds
        // that these options take.
        let result = unsafe {
            sys::cuModuleLoadDataEx(
                &raw mut raw,
                image,
                count,
                options.as_mut_ptr(),
                values.as_mut_ptr(),
            )
        };
        context.check("cuModuleLoadDataEx", result).map_err(|error| {
            if let CudaError::Call { status, .. } = error
                && status.is_about_code()
            {
                let log = CStr::from_bytes_until_nul(&log).unwrap_or_default();
                return CudaError::Compile { status, log: log.to_string_lossy().trim().into() };
            }
            error
        })?;
        Ok(Self(Arc::new(Inner { context: context.clone(), raw })))
    }

    /// Returns a kernel by its name.
    ///
    /// # Errors
    ///
    /// [`CudaError::NoEntry`]; as [`Context::bind`].
    pub fn function(&self, entry: &str) -> Result<Function, CudaError> {
        let missing = || CudaError::NoEntry { entry: entry.into() };
        let name = CString::new(entry).map_err(|_| missing())?;
        self.0.context.bind()?;
        let mut raw = ptr::null_mut();
        // SAFETY: the name ends with NUL, the pointer is to a place for a function.
        let result = unsafe { sys::cuModuleGetFunction(&raw mut raw, self.0.raw, name.as_ptr()) };
        if result == sys::CUresult::CUDA_ERROR_NOT_FOUND {
            return Err(missing());
        }
        self.0.context.check("cuModuleGetFunction", result)?;
        Ok(Function { module: self.clone(), raw })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // SAFETY: the module is this handle's, and no function of it is left.
        self.context.release(|| unsafe { sys::cuModuleUnload(self.raw) });
    }
}

/// A kernel of a module, which it keeps loaded.
#[derive(Debug, Clone)]
pub struct Function {
    module: Module,
    raw: sys::CUfunction,
}

// SAFETY: as for the module.
unsafe impl Send for Function {}
// SAFETY: as for the module.
unsafe impl Sync for Function {}

/// The shape of a launch.
///
/// ```
/// use isokern_cuda::LaunchShape;
///
/// let shape = LaunchShape::new(8, 128).with_shared_bytes(4096);
/// assert_eq!((shape.blocks, shape.threads, shape.shared_bytes), (8, 128, 4096));
/// ```
///
/// It will get more fields, so it is made by [`new`](Self::new) alone:
///
/// ```compile_fail,E0639
/// isokern_cuda::LaunchShape { blocks: 8, threads: 128, shared_bytes: 0 };
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LaunchShape {
    /// Blocks of the grid.
    pub blocks: u32,
    /// Threads of a block.
    pub threads: u32,
    /// Bytes of dynamic shared memory of a block.
    pub shared_bytes: u32,
}

impl LaunchShape {
    /// Returns a grid of `blocks` blocks, each of `threads` threads, without dynamic shared memory.
    #[must_use]
    pub const fn new(blocks: u32, threads: u32) -> Self {
        Self { blocks, threads, shared_bytes: 0 }
    }

    /// Returns the same with bytes of dynamic shared memory for each block.
    #[must_use]
    pub const fn with_shared_bytes(self, shared_bytes: u32) -> Self {
        Self { shared_bytes, ..self }
    }
}

impl Function {
    /// Registers a thread takes.
    ///
    /// # Errors
    ///
    /// As [`Context::bind`].
    pub fn registers(&self) -> Result<u32, CudaError> {
        self.attribute(Attribute::CU_FUNC_ATTRIBUTE_NUM_REGS)
    }

    /// Returns the most threads a block may have.
    ///
    /// # Errors
    ///
    /// As [`Context::bind`].
    pub fn threads_max(&self) -> Result<u32, CudaError> {
        self.attribute(Attribute::CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK)
    }

    /// Returns bytes of shared memory a block has before dynamic ones.
    ///
    /// # Errors
    ///
    /// As [`Context::bind`].
    pub fn static_shared_bytes(&self) -> Result<u32, CudaError> {
        self.attribute(Attribute::CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES)
    }

    /// Allows launches with up to this much dynamic shared memory.
    ///
    /// # Errors
    ///
    /// As [`Context::bind`]; a device refuses more than it has.
    pub fn allow_shared_bytes(&self, bytes: u32) -> Result<(), CudaError> {
        let attribute = Attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
        let context = self.context();
        context.bind()?;
        let bytes = i32::try_from(bytes).unwrap_or(i32::MAX);
        // SAFETY: the function is of a loaded module.
        let result = unsafe { sys::cuFuncSetAttribute(self.raw, attribute, bytes) };
        context.check("cuFuncSetAttribute", result)
    }

    /// Puts a launch into a stream, with one parameter by value.
    ///
    /// # Errors
    ///
    /// As [`Context::bind`]; the driver refuses a shape the device has no room for.
    ///
    /// # Safety
    ///
    /// * The kernel has one parameter, of the type `P`.
    /// * What it does with `parameter` is sound, until the work has ended.
    pub unsafe fn launch<P: bytemuck::Pod>(
        &self,
        stream: &Stream,
        shape: LaunchShape,
        parameter: &P,
    ) -> Result<(), CudaError> {
        let context = self.context();
        context.bind()?;
        let LaunchShape { blocks, threads, shared_bytes } = shape;
        // The driver copies the parameter before it returns, and does not write it.
        let mut parameters = [ptr::from_ref(parameter).cast_mut().cast::<c_void>()];
        // SAFETY: function and stream are alive, the array has as many elements as the kernel
        // has parameters; the rest is this function's contract.
        let result = unsafe {
            sys::cuLaunchKernel(
                self.raw,
                blocks,
                1,
                1,
                threads,
                1,
                1,
                shared_bytes,
                stream.as_raw(),
                parameters.as_mut_ptr(),
                ptr::null_mut(),
            )
        };
        context.check("cuLaunchKernel", result)
    }

    /// Puts a launch whose blocks all run at once into a stream, with one parameter by value. The
    /// threads of a cooperative grid go on as long as any of them does, so its blocks may wait for
    /// one another and for the host.
    ///
    /// # Errors
    ///
    /// As [`launch`](Self::launch); `CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE` for more blocks than
    /// [`active_blocks`](Self::active_blocks) times the multiprocessors.
    ///
    /// # Safety
    ///
    /// As for [`launch`](Self::launch).
    pub unsafe fn launch_cooperative<P: bytemuck::Pod>(
        &self,
        stream: &Stream,
        shape: LaunchShape,
        parameter: &P,
    ) -> Result<(), CudaError> {
        let context = self.context();
        context.bind()?;
        let LaunchShape { blocks, threads, shared_bytes } = shape;
        let mut parameters = [ptr::from_ref(parameter).cast_mut().cast::<c_void>()];
        // SAFETY: as in `launch`.
        let result = unsafe {
            sys::cuLaunchCooperativeKernel(
                self.raw,
                blocks,
                1,
                1,
                threads,
                1,
                1,
                shared_bytes,
                stream.as_raw(),
                parameters.as_mut_ptr(),
            )
        };
        context.check("cuLaunchCooperativeKernel", result)
    }

    /// Returns how many blocks of `threads` threads and `shared_bytes` of dynamic shared memory run
    /// on one multiprocessor at once.
    ///
    /// # Errors
    ///
    /// As [`Context::bind`].
    pub fn active_blocks(&self, threads: u32, shared_bytes: u32) -> Result<u32, CudaError> {
        let context = self.context();
        context.bind()?;
        let threads = i32::try_from(threads).unwrap_or(i32::MAX);
        let mut blocks = 0;
        // SAFETY: the function is of a loaded module, the pointer is to a number of its type.
        let result = unsafe {
            sys::cuOccupancyMaxActiveBlocksPerMultiprocessor(
                &raw mut blocks,
                self.raw,
                threads,
                shared_bytes as usize,
            )
        };
        context.check("cuOccupancyMaxActiveBlocksPerMultiprocessor", result)?;
        Ok(u32::try_from(blocks).unwrap_or(0))
    }

    /// Returns the context it is loaded in.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.module.0.context
    }

    /// Returns the driver's handle.
    #[must_use]
    pub const fn as_raw(&self) -> sys::CUfunction {
        self.raw
    }

    fn attribute(&self, attribute: Attribute) -> Result<u32, CudaError> {
        let context = self.context();
        context.bind()?;
        let mut value = 0;
        // SAFETY: the pointer is to a number of the call's type.
        let result = unsafe { sys::cuFuncGetAttribute(&raw mut value, attribute, self.raw) };
        context.check("cuFuncGetAttribute", result)?;
        Ok(u32::try_from(value).unwrap_or(0))
    }
}
