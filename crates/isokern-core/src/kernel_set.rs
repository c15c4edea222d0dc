//! A set of kernels as one type: an enum that is a kernel itself.

/// Declares an enum of kernels, which is a kernel: what a registry keeps.
///
/// Kernels of different types that take and give the same are variants of one enum, so that a
/// list, a map or a service can hold them without trait objects. Every method is that of the kernel
/// inside, also where a kernel answers a provided method itself. A call costs one `match`.
///
/// The line of the enum names the trait and its types: `BatchKernel<Input, Output>` or
/// `RingKernelHandler<Message, Reply>`. Variants hold a kernel or what points to one.
///
/// ```
/// use isokern_core::{BatchKernel, GpuKernel, KernelError, KernelMetadata, KernelMode, kernel_set};
///
/// struct Mean;
/// struct Quantile {
///     per_cent: usize,
/// }
/// # impl GpuKernel for Mean {
/// #     fn metadata(&self) -> &KernelMetadata {
/// #         const { &KernelMetadata::new("stats/mean", KernelMode::Batch) }
/// #     }
/// # }
/// # impl BatchKernel<Vec<f32>, f32> for Mean {
/// #     async fn execute(&self, input: Vec<f32>) -> Result<f32, KernelError> {
/// #         Ok(input.iter().sum::<f32>() / input.len() as f32)
/// #     }
/// # }
/// # impl GpuKernel for Quantile {
/// #     fn metadata(&self) -> &KernelMetadata {
/// #         const { &KernelMetadata::new("stats/quantile", KernelMode::Batch) }
/// #     }
/// # }
/// # impl BatchKernel<Vec<f32>, f32> for Quantile {
/// #     async fn execute(&self, mut input: Vec<f32>) -> Result<f32, KernelError> {
/// #         input.sort_by(f32::total_cmp);
/// #         let place = input.len() * self.per_cent / 100;
/// #         input.get(place).copied().ok_or(KernelError::InvalidInput { reason: "too short" })
/// #     }
/// # }
/// // Both implement `BatchKernel<Vec<f32>, f32>`.
///
/// kernel_set! {
///     /// What can be asked of samples.
///     enum Statistic: BatchKernel<Vec<f32>, f32> {
///         Mean(Mean),
///         Quantile(Quantile),
///     }
/// }
///
/// let registry = [Statistic::Mean(Mean), Statistic::Quantile(Quantile { per_cent: 50 })];
/// let ask = |id| {
///     let kernel = registry.iter().find(|kernel| kernel.id() == id)?;
///     pollster::block_on(kernel.execute(vec![1.0, 2.0, 9.0])).ok()
/// };
/// assert_eq!(ask("stats/mean"), Some(4.0));
/// assert_eq!(ask("stats/quantile"), Some(2.0));
/// assert_eq!(ask("stats/variance"), None);
/// ```
#[macro_export]
macro_rules! kernel_set {
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $name:ident: BatchKernel<$input:ty, $output:ty> {
            $($(#[$note:meta])* $variant:ident($kernel:ty)),+ $(,)?
        }
    ) => {
        $crate::kernel_set! {
            @kernel $(#[$attribute])* $visibility $name { $($(#[$note])* $variant($kernel)),+ }
        }

        impl $crate::call::BatchKernel<$input, $output> for $name {
            fn validate_input(
                &self,
                input: &$input,
            ) -> ::core::result::Result<(), $crate::kernel::KernelError> {
                match self {
                    $(Self::$variant(kernel) => {
                        $crate::call::BatchKernel::<$input, $output>::validate_input(kernel, input)
                    })+
                }
            }

            async fn execute(
                &self,
                input: $input,
            ) -> ::core::result::Result<$output, $crate::kernel::KernelError> {
                match self {
                    $(Self::$variant(kernel) => {
                        $crate::call::BatchKernel::<$input, $output>::execute(kernel, input).await
                    })+
                }
            }

            async fn execute_with_context<E: $crate::call::ExecutionEnvironment>(
                &self,
                context: &$crate::call::ExecutionContext<'_, E>,
                input: $input,
            ) -> ::core::result::Result<$output, $crate::kernel::KernelError> {
                match self {
                    $(Self::$variant(kernel) => {
                        $crate::call::BatchKernel::<$input, $output>::execute_with_context(
                            kernel, context, input,
                        )
                        .await
                    })+
                }
            }

            fn execute_with_timeout<C: $crate::call::Clock>(
                &self,
                clock: &C,
                input: $input,
                limit: ::core::time::Duration,
            ) -> impl ::core::future::Future<
                Output = ::core::result::Result<$output, $crate::kernel::KernelError>,
            > + ::core::marker::Send {
                // The limit counts from here, the kernel's own from the first poll.
                let end_ns = $crate::call::moment_after(clock, limit);
                async move {
                    let left_ns = end_ns.saturating_sub($crate::call::Clock::now_ns(clock));
                    let left = ::core::time::Duration::from_nanos(left_ns);
                    match self {
                        $(Self::$variant(kernel) => {
                            $crate::call::BatchKernel::<$input, $output>::execute_with_timeout(
                                kernel, clock, input, left,
                            )
                            .await
                        })+
                    }
                }
            }
        }
    };
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $name:ident: RingKernelHandler<$message:ty, $reply:ty> {
            $($(#[$note:meta])* $variant:ident($kernel:ty)),+ $(,)?
        }
    ) => {
        $crate::kernel_set! {
            @kernel $(#[$attribute])* $visibility $name { $($(#[$note])* $variant($kernel)),+ }
        }

        impl $crate::actor::RingKernelHandler<$message, $reply> for $name {
            async fn handle(
                &self,
                context: &mut $crate::actor::RingContext<'_>,
                message: $message,
            ) -> ::core::result::Result<$reply, $crate::kernel::KernelError> {
                match self {
                    $(Self::$variant(kernel) => {
                        $crate::actor::RingKernelHandler::<$message, $reply>::handle(
                            kernel, context, message,
                        )
                        .await
                    })+
                }
            }

            async fn initialize(
                &self,
                context: &mut $crate::actor::RingContext<'_>,
            ) -> ::core::result::Result<(), $crate::kernel::KernelError> {
                match self {
                    $(Self::$variant(kernel) => {
                        $crate::actor::RingKernelHandler::<$message, $reply>::initialize(
                            kernel, context,
                        )
                        .await
                    })+
                }
            }

            async fn shutdown(
                &self,
                context: &mut $crate::actor::RingContext<'_>,
            ) -> ::core::result::Result<(), $crate::kernel::KernelError> {
                match self {
                    $(Self::$variant(kernel) => {
                        $crate::actor::RingKernelHandler::<$message, $reply>::shutdown(
                            kernel, context,
                        )
                        .await
                    })+
                }
            }
        }
    };
    (@kernel
        $(#[$attribute:meta])*
        $visibility:vis $name:ident { $($(#[$note:meta])* $variant:ident($kernel:ty)),+ }
    ) => {
        $(#[$attribute])*
        $visibility enum $name {
            $($(#[$note])* $variant($kernel),)+
        }

        impl $crate::kernel::GpuKernel for $name {
            fn metadata(&self) -> &$crate::kernel::KernelMetadata {
                match self {
                    $(Self::$variant(kernel) => $crate::kernel::GpuKernel::metadata(kernel),)+
                }
            }

            fn id(&self) -> &'static str {
                match self {
                    $(Self::$variant(kernel) => $crate::kernel::GpuKernel::id(kernel),)+
                }
            }

            fn mode(&self) -> $crate::kernel::KernelMode {
                match self {
                    $(Self::$variant(kernel) => $crate::kernel::GpuKernel::mode(kernel),)+
                }
            }

            fn validate(&self) -> ::core::result::Result<(), $crate::kernel::KernelError> {
                match self {
                    $(Self::$variant(kernel) => $crate::kernel::GpuKernel::validate(kernel),)+
                }
            }

            fn health(&self) -> $crate::kernel::HealthStatus {
                match self {
                    $(Self::$variant(kernel) => $crate::kernel::GpuKernel::health(kernel),)+
                }
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use core::future::{Future, ready};
    use core::time::Duration;

    use crate::actor::{Outbox, RingContext, RingKernelHandler, RunnerWords};
    use crate::call::toys::HandClock;
    use crate::call::{
        AllowAll, BatchKernel, Clock, Environment, ExecutionContext, ExecutionEnvironment,
        Principal,
    };
    use crate::compute::MessageHeader;
    use crate::kernel::toys::{Own, WRONG};
    use crate::kernel::{
        GpuKernel, HealthStatus, KernelError, KernelMetadata, KernelMode, safe_point,
    };

    impl BatchKernel<u32, u64> for Own {
        fn validate_input(&self, input: &u32) -> Result<(), KernelError> {
            Err(KernelError::Failed { code: *input })
        }

        async fn execute(&self, input: u32) -> Result<u64, KernelError> {
            Ok(u64::from(input) + 1)
        }

        fn execute_with_context<E: ExecutionEnvironment>(
            &self,
            context: &ExecutionContext<'_, E>,
            input: u32,
        ) -> impl Future<Output = Result<u64, KernelError>> + Send {
            ready(Ok(u64::from(input + context.tenant())))
        }

        fn execute_with_timeout<C: Clock>(
            &self,
            _: &C,
            _: u32,
            limit: Duration,
        ) -> impl Future<Output = Result<u64, KernelError>> + Send {
            ready(Ok(limit.as_nanos() as u64))
        }
    }

    /// Answers what has no provided answer; takes 10 ns of a clock that is moved by hand.
    struct Plain(&'static HandClock);

    impl GpuKernel for Plain {
        fn metadata(&self) -> &KernelMetadata {
            const { &KernelMetadata::new("plain", KernelMode::Batch) }
        }
    }

    impl BatchKernel<u32, u64> for Plain {
        async fn execute(&self, input: u32) -> Result<u64, KernelError> {
            self.0.advance(10);
            safe_point().await;
            Ok(u64::from(input))
        }
    }

    kernel_set! {
        /// Kernels of two kinds, one of them by reference.
        enum Either: BatchKernel<u32, u64> {
            /// By value.
            Own(Own),
            Plain(&'static Plain),
        }
    }

    static CLOCK: HandClock = HandClock::at(1_000);

    #[test]
    fn bar7_a_set_of_kernels_is_the_kernel_inside() {
        static PLAIN: Plain = Plain(&CLOCK);
        let [own, plain] = [Either::Own(Own), Either::Plain(&PLAIN)];
        assert_eq!(
            (own.metadata().id(), own.id(), own.mode()),
            ("metadata", "own", KernelMode::Ring)
        );
        assert_eq!((own.validate(), own.health()), (Err(WRONG), HealthStatus::Degraded));
        assert_eq!((plain.id(), plain.validate()), ("plain", Ok(())));
        assert_eq!(own.validate_input(&3), Err(KernelError::Failed { code: 3 }));
        assert_eq!(plain.validate_input(&3), Ok(()));
        let environment = Environment::new(&CLOCK, AllowAll);
        let context = ExecutionContext::new(&environment, Principal::new("a", &[])).with_tenant(40);
        for (kernel, plainly, in_context) in [(&own, 3, 42), (&plain, 2, 2)] {
            assert_eq!(pollster::block_on(kernel.execute(2)), Ok(plainly));
            let answer = pollster::block_on(kernel.execute_with_context(&context, 2));
            assert_eq!(answer, Ok(in_context));
        }
    }

    #[test]
    fn bar7_a_limit_of_a_set_counts_from_the_call() {
        let clock = HandClock::at(0);
        let limit = Duration::from_nanos(100);
        let call = Either::Own(Own).execute_with_timeout(&clock, 2, limit);
        clock.advance(60);
        assert_eq!(pollster::block_on(call), Ok(40));
        let call = Either::Own(Own).execute_with_timeout(&clock, 2, Duration::MAX);
        assert_eq!(pollster::block_on(call), Ok(u64::MAX - 60));
    }

    /// Answers with the sum of the message and its number.
    struct Add(u32);

    impl GpuKernel for Add {
        fn metadata(&self) -> &KernelMetadata {
            const { &KernelMetadata::new("add", KernelMode::Ring) }
        }
    }

    impl RingKernelHandler<u32, u32> for Add {
        async fn handle(&self, _: &mut RingContext<'_>, message: u32) -> Result<u32, KernelError> {
            Ok(message + self.0)
        }

        async fn initialize(&self, context: &mut RingContext<'_>) -> Result<(), KernelError> {
            *context.state::<u32>()? = self.0;
            Ok(())
        }

        async fn shutdown(&self, _: &mut RingContext<'_>) -> Result<(), KernelError> {
            Err(KernelError::Failed { code: self.0 })
        }
    }

    kernel_set! {
        enum Adders: RingKernelHandler<u32, u32> { First(Add), Second(Add) }
    }

    #[test]
    fn bar7_a_set_of_handlers_is_the_handler_inside() {
        for (handler, number) in [(Adders::First(Add(1)), 1), (Adders::Second(Add(2)), 2)] {
            let (words, mut used, mut state) = (RunnerWords::new(), 0, 0_u32);
            let bytes = bytemuck::bytes_of_mut(&mut state);
            let outbox = Outbox::none(&mut used);
            let header = MessageHeader::new();
            let mut context = RingContext::new(header, &words, bytes, &mut [], outbox);
            assert_eq!(pollster::block_on(handler.handle(&mut context, 40)), Ok(40 + number));
            assert_eq!(pollster::block_on(handler.initialize(&mut context)), Ok(()));
            let failed = pollster::block_on(handler.shutdown(&mut context));
            assert_eq!(failed, Err(KernelError::Failed { code: number }));
            assert_eq!((handler.id(), state), ("add", number));
        }
    }
}
