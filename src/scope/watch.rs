//! Watching one scope: what its zone has needed, for the features `profile` and `tracing`.
//!
//! Without them nothing is watched, and all of this compiles to nothing.

#![forbid(unsafe_code)]

#[cfg(not(any(feature = "profile", feature = "tracing")))]
pub(crate) use off::Watch;
#[cfg(any(feature = "profile", feature = "tracing"))]
pub(crate) use on::Watch;

use crate::insight::sites::Site;
use crate::region::header::DEFAULT_CAPACITY;

impl Site {
    /// What a scope without a size asks for. With `profile` it is what scopes here have needed, as far as a
    /// spare zone may keep that, and as far as there is one where no new one may be asked for.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline(always)]
    pub fn bytes(&self) -> usize {
        #[cfg(feature = "profile")]
        {
            use crate::{stack, system::section};
            let learned = self.high_water().min(stack::keep_limit() / 2);
            let may_ask = section::policy().is_none();
            if learned > DEFAULT_CAPACITY && (may_ask || stack::has_spare(learned)) {
                return learned;
            }
        }
        DEFAULT_CAPACITY
    }
}

#[cfg(not(any(feature = "profile", feature = "tracing")))]
mod off {
    use crate::insight::sites::Site;
    use crate::zone::Zone;

    /// Watches one scope.
    pub(crate) struct Watch;

    impl Watch {
        #[inline(always)]
        pub(crate) fn new(_site: &'static Site, _bytes: usize, _zone: &Zone) -> Watch {
            Watch
        }

        #[inline(always)]
        pub(crate) fn copying<R>(&self, _to: &Zone, copy: impl FnOnce() -> R) -> R {
            copy()
        }

        #[inline(always)]
        pub(crate) fn end(&mut self, _zone: &Zone) {}
    }
}
#[cfg(any(feature = "profile", feature = "tracing"))]
mod on {
    use crate::insight::sites::Site;
    use crate::zone::Zone;

    /// Watches one scope.
    pub(crate) struct Watch {
        #[cfg(feature = "profile")]
        site: &'static Site,
        #[cfg(feature = "profile")]
        mark: crate::region::header::Mark,
        #[cfg(feature = "tracing")]
        span: Option<tracing::span::EnteredSpan>,
    }

    impl Watch {
        #[cfg_attr(not(feature = "profile"), allow(unused_variables))]
        pub(crate) fn new(site: &'static Site, bytes: usize, zone: &Zone) -> Watch {
            #[cfg(feature = "tracing")]
            let span = {
                let Site { kind, file, line, .. } = *site;
                tracing::trace_span!(target: "memzone", "scope", kind, file, line, bytes).entered()
            };
            #[cfg(feature = "profile")]
            site.entered(bytes);
            Watch {
                #[cfg(feature = "profile")]
                site,
                #[cfg(feature = "profile")]
                mark: zone.header().mark(),
                #[cfg(feature = "tracing")]
                span: Some(span),
            }
        }

        /// Runs what copies the scope's value to another zone.
        #[cfg_attr(not(feature = "profile"), allow(unused_variables))]
        pub(crate) fn copying<R>(&self, to: &Zone, copy: impl FnOnce() -> R) -> R {
            #[cfg(feature = "profile")]
            let before = to.used();
            let result = copy();
            #[cfg(feature = "profile")]
            self.site.copied(to.used().saturating_sub(before));
            result
        }

        /// The scope ends.
        #[cfg_attr(not(feature = "profile"), allow(unused_variables))]
        pub(crate) fn end(&mut self, zone: &Zone) {
            #[cfg(feature = "profile")]
            {
                let since = zone.header().since(&self.mark);
                self.site.left(since.high_water, since.blocks);
            }
            #[cfg(feature = "tracing")]
            drop(self.span.take());
        }
    }
}
