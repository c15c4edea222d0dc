//! What points to a handler or to memory is one.

use super::handler::{TaskContext, TaskHandler};
use super::lines::{GateLine, HostNote, SharedLine, WorkerLine};
use super::shared_slot::SharedTaskSlot;
use super::sidecar::Sidecar;
use super::slot::TaskSlot;
use super::state::TaskPriority;
use super::step::TaskStep;
use super::task_memory::{HostMemory, TaskMemory, TaskPlace, WorkerMemory};
use super::task_shape::TaskShape;
use crate::pointers::for_pointers;
use crate::team::Team;

macro_rules! task_memory {
    ($pointer:ty) => {
        #[deny(clippy::missing_trait_methods)]
        impl<M: TaskMemory> TaskMemory for $pointer {
            type Word = M::Word;
            type HostWord = M::HostWord;
            type Submissions = M::Submissions;
            type Completions = M::Completions;
            type Bells = M::Bells;

            #[inline]
            fn shape(&self) -> TaskShape {
                M::shape(self)
            }

            #[inline]
            fn slot(&self, index: u32) -> Option<&SharedTaskSlot<M::Word>> {
                M::slot(self, index)
            }

            #[inline]
            fn sidecar(&self, index: u32) -> Option<&Sidecar<M::Word>> {
                M::sidecar(self, index)
            }

            #[inline]
            fn place(&self, index: u32) -> Option<TaskPlace<'_, M::Word>> {
                M::place(self, index)
            }

            #[inline]
            fn submissions(&self, inlet: u32) -> &M::Submissions {
                M::submissions(self, inlet)
            }

            #[inline]
            fn completions(&self, worker: u32) -> Option<&M::Completions> {
                M::completions(self, worker)
            }

            #[inline]
            fn gate(&self) -> &GateLine<M::HostWord> {
                M::gate(self)
            }

            #[inline]
            fn worker_line(&self, worker: u32) -> Option<&WorkerLine<M::Word>> {
                M::worker_line(self, worker)
            }

            #[inline]
            fn bells(&self) -> &M::Bells {
                M::bells(self)
            }

            #[inline]
            fn wait(&self) {
                M::wait(self);
            }
        }
    };
}

for_pointers!(task_memory, M);

macro_rules! worker_memory {
    ($pointer:ty) => {
        #[deny(clippy::missing_trait_methods)]
        impl<M: WorkerMemory> WorkerMemory for $pointer {
            type Queue = M::Queue;

            const LOOK_NS: u64 = M::LOOK_NS;

            #[inline]
            fn class(&self, class: TaskPriority) -> &M::Queue {
                M::class(self, class)
            }

            #[inline]
            fn spare(&self) -> &M::Queue {
                M::spare(self)
            }

            #[inline]
            fn line(&self) -> &SharedLine<M::Word> {
                M::line(self)
            }
        }
    };
}

for_pointers!(worker_memory, M);

macro_rules! host_memory {
    ($pointer:ty) => {
        #[deny(clippy::missing_trait_methods)]
        impl<M: HostMemory> HostMemory for $pointer {
            type Freed = M::Freed;

            #[inline]
            fn note(&self, index: u32) -> Option<&HostNote<M::HostWord>> {
                M::note(self, index)
            }

            #[inline]
            fn freed(&self) -> &M::Freed {
                M::freed(self)
            }
        }
    };
}

for_pointers!(host_memory, M);

macro_rules! task_handler {
    ($pointer:ty) => {
        #[deny(clippy::missing_trait_methods)]
        impl<T: Team, H: TaskHandler<T>> TaskHandler<T> for $pointer {
            fn op_count(&self) -> u32 {
                H::op_count(self)
            }

            #[inline]
            fn run<C: TaskContext>(&self, team: &T, task: &TaskSlot, context: &mut C) -> TaskStep {
                H::run(self, team, task, context)
            }
        }
    };
}

for_pointers!(task_handler, H);
