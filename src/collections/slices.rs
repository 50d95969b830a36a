//! More slices and texts that are put into a zone: of clones, of defaults, of values that move, of texts that are joined.

#![forbid(unsafe_code)]

use crate::error::{Refused, ZoneError, or_panic};
use crate::zone::Zone;

impl Zone {
    /// Puts clones of all items of a slice into the zone. [`alloc_slice_copy`](Zone::alloc_slice_copy) is faster, for what
    /// is `Copy`.
    ///
    /// ```
    /// use memzone::{Zone, zvec};
    ///
    /// let zone = Zone::new(1024);
    /// let bars = [zvec![in zone; 1, 0, 1, 0], zvec![in zone; 1, 1]];
    /// let again = zone.alloc_slice_clone(&bars);
    /// assert_eq!(again[1], [1, 1]);
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_alloc_slice_clone`](Zone::try_alloc_slice_clone) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if cloning the items is.
    #[track_caller]
    pub fn alloc_slice_clone<T: Clone>(&self, source: &[T]) -> &mut [T] {
        self.alloc_slice_with(source.len(), |index| source[index].clone())
    }

    /// Like [`alloc_slice_clone`](Zone::alloc_slice_clone), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout). Nothing is cloned then.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if cloning the items is.
    #[track_caller]
    pub fn try_alloc_slice_clone<T: Clone>(&self, source: &[T]) -> Result<&mut [T], ZoneError> {
        self.try_alloc_slice_with(source.len(), |index| source[index].clone())
    }

    /// Puts `len` values of the kind that `T::default()` gives into the zone.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// let names: &mut [&str] = zone.alloc_slice_default(4);
    /// assert_eq!(names, ["", "", "", ""]);
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_alloc_slice_default`](Zone::try_alloc_slice_default) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if making the values is.
    #[track_caller]
    pub fn alloc_slice_default<T: Default>(&self, len: usize) -> &mut [T] {
        self.alloc_slice_with(len, |_| T::default())
    }

    /// Like [`alloc_slice_default`](Zone::alloc_slice_default), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout). Nothing is made then.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if making the values is.
    #[track_caller]
    pub fn try_alloc_slice_default<T: Default>(&self, len: usize) -> Result<&mut [T], ZoneError> {
        self.try_alloc_slice_with(len, |_| T::default())
    }

    /// Moves all values of an array, a `Vec` or another collection into the zone. They need not be `Copy` or `Clone`.
    ///
    /// ```
    /// struct Voice {
    ///     phase: f32,
    /// }
    ///
    /// let zone = memzone::Zone::new(1024);
    /// let voices: &mut [Voice] = zone.alloc_slice_move([Voice { phase: 0.0 }, Voice { phase: 0.5 }]);
    /// let more = zone.alloc_slice_move(vec![Voice { phase: 0.25 }]);
    /// assert_eq!((voices[1].phase, more.len()), (0.5, 1));
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_alloc_slice_move`](Zone::try_alloc_slice_move) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), but not for what has memory of the system's to give back, as a `Vec`
    /// does.
    #[track_caller]
    pub fn alloc_slice_move<T, I>(&self, items: I) -> &mut [T]
    where
        I: IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
    {
        or_panic(self.try_alloc_slice_move(items).map_err(|refused| refused.error))
    }

    /// Like [`alloc_slice_move`](Zone::alloc_slice_move), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout), with an iterator over all values.
    ///
    /// # Real-time
    ///
    /// As [`alloc_slice_move`](Zone::alloc_slice_move).
    #[track_caller]
    pub fn try_alloc_slice_move<T, I>(&self, items: I) -> Result<&mut [T], Refused<I::IntoIter>>
    where
        I: IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
    {
        let items = items.into_iter();
        let len = items.len();
        match self.try_vec_with_capacity(len) {
            Ok(mut moved) => {
                // An iterator of the user's may have more than it says. It has room for that many.
                moved.extend(items.take(len));
                Ok(moved.into_slice())
            }
            Err(error) => Err(Refused { error, value: items }),
        }
    }

    /// Puts texts into the zone as one, with a separator between them.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// assert_eq!(zone.alloc_join(["drums", "kick", "1"], "/"), "drums/kick/1");
    /// assert_eq!(zone.alloc_join(["un", "do"], ""), "undo");
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_alloc_join`](Zone::try_alloc_join) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn alloc_join<S: AsRef<str>>(
        &self,
        parts: impl IntoIterator<Item = S>,
        separator: &str,
    ) -> &mut str {
        or_panic(self.try_alloc_join(parts, separator))
    }

    /// Like [`alloc_join`](Zone::alloc_join), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout). The room that was taken so far is given back, if nothing
    /// else was allocated in the meantime.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn try_alloc_join<S: AsRef<str>>(
        &self,
        parts: impl IntoIterator<Item = S>,
        separator: &str,
    ) -> Result<&mut str, ZoneError> {
        let mut text = self.string();
        let mut between = "";
        for part in parts {
            let added = text.try_push_str(between).and_then(|()| text.try_push_str(part.as_ref()));
            if let Err(error) = added {
                text.give_back();
                return Err(error);
            }
            between = separator;
        }
        Ok(text.into_str())
    }
}
