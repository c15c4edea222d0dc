//! Metadata: what a kernel says about itself.

use core::time::Duration;

use super::mode::KernelMode;
use super::permission::Permission;

/// Name, mode, goals and needs of a kernel; made in a constant, without heap.
///
/// ```
/// use core::time::Duration;
/// use isokern_core::kernel::Permission;
/// use isokern_core::{KernelMetadata, KernelMode};
///
/// static METADATA: KernelMetadata = KernelMetadata::new("kws", KernelMode::Batch)
///     .with_version("2.1")
///     .with_description("twelve keywords from one second of audio")
///     .with_target_latency(Duration::from_micros(50))
///     .with_required_permission(Permission::new("kws.infer"));
/// assert!(!METADATA.requires_gpu());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct KernelMetadata {
    id: &'static str,
    version: &'static str,
    mode: KernelMode,
    description: &'static str,
    target_latency: Option<Duration>,
    expected_throughput: Option<u32>,
    requires_gpu: bool,
    required_permission: Option<Permission>,
}

impl KernelMetadata {
    /// Returns the metadata of a kernel anybody may call, on any machine, with no goals.
    #[must_use]
    pub const fn new(id: &'static str, mode: KernelMode) -> Self {
        Self {
            id,
            version: "",
            mode,
            description: "",
            target_latency: None,
            expected_throughput: None,
            requires_gpu: false,
            required_permission: None,
        }
    }

    /// Returns the metadata with the kernel's version, in whatever form its author uses.
    #[must_use]
    pub const fn with_version(self, version: &'static str) -> Self {
        Self { version, ..self }
    }

    /// Returns the metadata with a line for humans.
    #[must_use]
    pub const fn with_description(self, description: &'static str) -> Self {
        Self { description, ..self }
    }

    /// Returns the metadata with a latency its author aims at.
    #[must_use]
    pub const fn with_target_latency(self, target_latency: Duration) -> Self {
        Self { target_latency: Some(target_latency), ..self }
    }

    /// Returns the metadata with a throughput its author aims at, in calls per second.
    #[must_use]
    pub const fn with_expected_throughput(self, calls_per_second: u32) -> Self {
        Self { expected_throughput: Some(calls_per_second), ..self }
    }

    /// Returns the metadata of a kernel that needs a GPU.
    #[must_use]
    pub const fn with_gpu_required(self) -> Self {
        Self { requires_gpu: true, ..self }
    }

    /// Returns the metadata of a kernel that asks this permission of its callers.
    #[must_use]
    pub const fn with_required_permission(self, permission: Permission) -> Self {
        Self { required_permission: Some(permission), ..self }
    }

    /// Returns the kernel's name, unique in a program.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// Returns the kernel's version; empty when it has none.
    #[must_use]
    pub const fn version(&self) -> &'static str {
        self.version
    }

    /// Returns how the kernel is kept running.
    #[must_use]
    pub const fn mode(&self) -> KernelMode {
        self.mode
    }

    /// Returns a line for humans; empty when there is none.
    #[must_use]
    pub const fn description(&self) -> &'static str {
        self.description
    }

    /// Returns the declared goal for a call's latency. A goal, not a measurement.
    #[must_use]
    pub const fn target_latency(&self) -> Option<Duration> {
        self.target_latency
    }

    /// Returns the declared goal for calls per second. A goal, not a measurement.
    #[must_use]
    pub const fn expected_throughput(&self) -> Option<u32> {
        self.expected_throughput
    }

    /// Says whether the kernel runs on a GPU alone.
    #[must_use]
    pub const fn requires_gpu(&self) -> bool {
        self.requires_gpu
    }

    /// Returns what a caller must be permitted; `None` lets everybody call.
    #[must_use]
    pub const fn required_permission(&self) -> Option<Permission> {
        self.required_permission
    }
}
