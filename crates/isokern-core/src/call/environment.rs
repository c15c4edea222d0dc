//! The environment of calls, which a program brings: its clock, its rules, its observer.

use super::authorization::Authorizer;
use super::clock::Clock;
use super::observer::{Observer, Unobserved};
use super::quota::{Quota, Unlimited};

/// Clock, authorizer, quota and observer of a program.
///
/// [`Environment`] is one; implement the trait to bring the four in another shape.
pub trait ExecutionEnvironment: Send + Sync {
    /// What tells the time.
    type Clock: Clock;
    /// What says who holds which permission.
    type Authorizer: Authorizer;
    /// What says who may use how much.
    type Quota: Quota;
    /// What is notified of calls.
    type Observer: Observer;

    /// Returns the clock; deadlines are moments of it.
    fn clock(&self) -> &Self::Clock;

    /// Returns the authorizer.
    fn authorizer(&self) -> &Self::Authorizer;

    /// Returns the quota.
    fn quota(&self) -> &Self::Quota;

    /// Returns the observer.
    fn observer(&self) -> &Self::Observer;
}

/// The four as fields.
///
/// The authorizer has no default: [`AllowAll`](crate::call::AllowAll) has to be written down.
#[derive(Clone, Copy, Debug)]
pub struct Environment<C, A, Q = Unlimited, O = Unobserved> {
    clock: C,
    authorizer: A,
    quota: Q,
    observer: O,
}

impl<C, A> Environment<C, A> {
    /// Returns an environment without a quota, observed by nobody.
    #[must_use]
    pub const fn new(clock: C, authorizer: A) -> Self {
        Self { clock, authorizer, quota: Unlimited, observer: Unobserved }
    }
}

impl<C, A, Q, O> Environment<C, A, Q, O> {
    /// Returns the environment with another quota.
    #[must_use]
    pub fn with_quota<P>(self, quota: P) -> Environment<C, A, P, O> {
        let Self { clock, authorizer, observer, .. } = self;
        Environment { clock, authorizer, quota, observer }
    }

    /// Returns the environment with another observer.
    #[must_use]
    pub fn with_observer<P>(self, observer: P) -> Environment<C, A, Q, P> {
        let Self { clock, authorizer, quota, .. } = self;
        Environment { clock, authorizer, quota, observer }
    }
}

impl<C, A, Q, O> ExecutionEnvironment for Environment<C, A, Q, O>
where
    C: Clock,
    A: Authorizer,
    Q: Quota,
    O: Observer,
{
    type Clock = C;
    type Authorizer = A;
    type Quota = Q;
    type Observer = O;

    fn clock(&self) -> &C {
        &self.clock
    }

    fn authorizer(&self) -> &A {
        &self.authorizer
    }

    fn quota(&self) -> &Q {
        &self.quota
    }

    fn observer(&self) -> &O {
        &self.observer
    }
}
