//! Counters that threads share: `AtomicU64` and `AtomicI64`, also on systems whose processor has none.
//!
//! There they count in 32 bits and hold at the largest number they have, and a counter is no lock. So figures that pass
//! 4 GiB say 4 GiB on such a system.

#![forbid(unsafe_code)]

#[cfg(target_has_atomic = "64")]
pub(crate) use core::sync::atomic::{AtomicI64, AtomicU64};

#[cfg(not(target_has_atomic = "64"))]
pub(crate) use narrow::{AtomicI64, AtomicU64};

#[cfg(any(test, not(target_has_atomic = "64")))]
#[cfg_attr(target_has_atomic = "64", allow(dead_code))]
mod narrow {
    use core::sync::atomic::{AtomicI32, AtomicU32, Ordering};

    macro_rules! narrow {
        ($($name:ident over $atomic:ident: $narrow:ty, $wide:ty;)*) => {$(
            #[derive(Debug, Default)]
            pub(crate) struct $name($atomic);

            impl $name {
                pub(crate) const fn new(value: $wide) -> Self {
                    assert!(value <= <$narrow>::MAX as $wide);
                    $name($atomic::new(value as $narrow))
                }

                pub(crate) fn load(&self, ordering: Ordering) -> $wide {
                    self.0.load(ordering).into()
                }

                pub(crate) fn store(&self, value: $wide, ordering: Ordering) {
                    self.0.store(clamp(value), ordering);
                }

                pub(crate) fn swap(&self, value: $wide, ordering: Ordering) -> $wide {
                    self.0.swap(clamp(value), ordering).into()
                }

                pub(crate) fn fetch_add(&self, more: $wide, ordering: Ordering) -> $wide {
                    self.change(ordering, |value| value.saturating_add(more))
                }

                // Most counters only go up.
                #[allow(dead_code)]
                pub(crate) fn fetch_sub(&self, less: $wide, ordering: Ordering) -> $wide {
                    self.change(ordering, |value| value.saturating_sub(less))
                }

                pub(crate) fn fetch_max(&self, other: $wide, ordering: Ordering) -> $wide {
                    self.change(ordering, |value| value.max(other))
                }

                fn change(&self, ordering: Ordering, to: impl Fn($wide) -> $wide) -> $wide {
                    let changed = |value: $narrow| Some(clamp(to(value.into())));
                    match self.0.fetch_update(ordering, Ordering::Relaxed, changed) {
                        Ok(value) | Err(value) => value.into(),
                    }
                }
            }

            impl Clamp for $wide {
                type Narrow = $narrow;
                fn clamp(self) -> $narrow {
                    let within = self.max(<$narrow>::MIN.into()).min(<$narrow>::MAX.into());
                    within.try_into().unwrap_or(<$narrow>::MAX)
                }
            }
        )*};
    }

    /// A number that is cut to what its counter can hold.
    trait Clamp {
        type Narrow;
        fn clamp(self) -> Self::Narrow;
    }

    fn clamp<T: Clamp>(value: T) -> T::Narrow {
        value.clamp()
    }

    narrow! {
        AtomicU64 over AtomicU32: u32, u64;
        AtomicI64 over AtomicI32: i32, i64;
    }
}

#[cfg(test)]
mod tests {
    use super::narrow::{AtomicI64, AtomicU64};
    use core::sync::atomic::Ordering::Relaxed;

    #[test]
    fn narrow_counters_hold_at_their_ends() {
        let most = u64::from(u32::MAX);
        let counter = AtomicU64::new(5);
        assert_eq!(counter.fetch_add(2, Relaxed), 5);
        assert_eq!(counter.fetch_max(9, Relaxed), 7);
        assert_eq!(counter.fetch_sub(10, Relaxed), 9);
        assert_eq!(counter.swap(1 << 40, Relaxed), 0);
        assert_eq!(counter.fetch_add(1, Relaxed), most);
        assert_eq!(counter.load(Relaxed), most);
        counter.store(3, Relaxed);
        assert_eq!(counter.load(Relaxed), 3);

        let live = AtomicI64::new(0);
        live.fetch_sub(1 << 40, Relaxed);
        assert_eq!(live.load(Relaxed), i64::from(i32::MIN));
        live.fetch_add(1 << 40, Relaxed);
        assert_eq!(live.load(Relaxed), i64::from(i32::MAX));
    }
}
