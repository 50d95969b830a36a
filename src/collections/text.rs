//! `ZString`, a text in a zone that grows and needs no destructor: a `ZVec` of bytes that are always a text.

use super::making::FromIteratorIn;
use super::zvec::ZVec;
use crate::error::{ZoneError, or_panic};
use crate::zone::Zone;
use alloc::string::String;
use core::borrow::{Borrow, BorrowMut};
use core::fmt::{self, Write};
use core::hash::{Hash, Hasher};
use core::ops::{Add, AddAssign, Bound, Deref, DerefMut, RangeBounds};
use core::str::{Chars, Utf8Error};

/// A string in a zone, which it borrows. It can grow, can be used wherever a `&str` is wanted, and needs no destructor.
///
/// It has the methods of the standard library's `String`, and those of `str`. Like a [`ZVec`] it may lie anywhere, in a
/// zone too. It is made with [`Zone::string`], [`Zone::string_from`], [`Zone::string_with_capacity`] or
/// [`collect_in`](crate::CollectIn::collect_in).
///
/// ```
/// use memzone::{Zone, zformat};
///
/// let zone = Zone::new(4096);
/// let mut label = zone.string_from("voice ");
/// zformat!(label, "{}, {:.1} dB", 3, -6.0);
/// label += "!";
/// assert_eq!(label, "voice 3, -6.0 dB!");
/// label.truncate(7);
/// label.make_ascii_uppercase();
/// let kept: &str = label.into_str(); // as long as the zone
/// assert_eq!(kept, "VOICE 3");
/// ```
///
/// More of its methods:
///
/// ```
/// let zone = memzone::Zone::new(4096);
/// let mut name = zone.string_from("kick");
/// name.insert_str(0, "808 ");
/// name.push_fmt(format_args!(" {}", 2));
/// name.as_mut_str().make_ascii_uppercase();
/// assert_eq!(name, "808 KICK 2");
/// name.extend_from_within(7..9);
/// name.reserve_exact(20);
/// name.shrink_to(4);
/// assert_eq!(name.clone_in(&zone) + "!", "808 KICK 2K !");
/// assert!(std::path::Path::new(&name).is_relative() && name.zone().is_some());
/// assert_eq!(name.into_bytes()[0], b'8');
/// ```
///
/// While it is the last allocation, it grows in its place; see [`ZVec`] for what else holds for its memory. When the
/// zone has no memory left, the plain methods panic with the [`ZoneError`], and `write!` and the `try_` methods give an
/// error. Then the text stays as it was.
///
/// # Real-time
///
/// Yes, within [`remaining`](Zone::remaining).
pub struct ZString<'z>(ZVec<'z, u8>);

impl Zone {
    /// Makes an empty string in the zone.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let mut path = zone.string();
    /// for part in ["drums", "kick"] {
    ///     path.push('/');
    ///     path.push_str(part);
    /// }
    /// assert_eq!(path.split('/').nth(2), Some("kick"));
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes: nothing is allocated yet.
    #[inline]
    pub const fn string(&self) -> ZString<'_> {
        ZString(self.vec())
    }

    /// Makes a string of a text, which can grow.
    ///
    /// # Panics
    ///
    /// When [`try_string_from`](Zone::try_string_from) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn string_from(&self, text: &str) -> ZString<'_> {
        or_panic(self.try_string_from(text))
    }

    /// Like [`string_from`](Zone::string_from), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn try_string_from(&self, text: &str) -> Result<ZString<'_>, ZoneError> {
        let mut string = self.try_string_with_capacity(text.len())?;
        string.try_push_str(text)?;
        Ok(string)
    }

    /// Makes an empty string with room for `bytes`.
    ///
    /// ```
    /// let zone = memzone::Zone::new(4096);
    /// let mut name = zone.string_with_capacity(16);
    /// name.push_str("kick");
    /// assert_eq!((name.capacity(), zone.used()), (16, 16));
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_string_with_capacity`](Zone::try_string_with_capacity) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn string_with_capacity(&self, bytes: usize) -> ZString<'_> {
        or_panic(self.try_string_with_capacity(bytes))
    }

    /// Like [`string_with_capacity`](Zone::string_with_capacity), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn try_string_with_capacity(&self, bytes: usize) -> Result<ZString<'_>, ZoneError> {
        self.try_vec_with_capacity(bytes).map(ZString)
    }

    /// Makes an empty string with room for `bytes` that never grows; see [`fixed_vec`](Zone::fixed_vec).
    ///
    /// ```
    /// use std::fmt::Write;
    ///
    /// let zone = memzone::Zone::new(4096);
    /// let mut line = zone.fixed_string(8);
    /// line.push_str("-6.0 dB");
    /// assert!(write!(line, " peak").is_err());
    /// assert_eq!(line, "-6.0 dB");
    /// ```
    ///
    /// # Panics
    ///
    /// When [`try_fixed_string`](Zone::try_fixed_string) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn fixed_string(&self, bytes: usize) -> ZString<'_> {
        or_panic(self.try_fixed_string(bytes))
    }

    /// Like [`fixed_string`](Zone::fixed_string), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`try_alloc_layout`](Zone::try_alloc_layout).
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn try_fixed_string(&self, bytes: usize) -> Result<ZString<'_>, ZoneError> {
        self.try_fixed_vec(bytes).map(ZString)
    }
}

impl<'z> ZString<'z> {
    /// Makes a string of bytes, if they are a text. Otherwise it gives them back.
    ///
    /// ```
    /// use memzone::{ZString, Zone, zvec};
    ///
    /// let zone = Zone::new(1024);
    /// assert_eq!(ZString::from_utf8(zvec![in zone; b'h', b'i']).unwrap(), "hi");
    /// let (error, bytes) = ZString::from_utf8(zvec![in zone; b'h', 0xff]).unwrap_err();
    /// assert_eq!((error.valid_up_to(), bytes.len()), (1, 2));
    /// ```
    ///
    /// # Errors
    ///
    /// If they are not UTF-8. The error has the bytes.
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Linear.
    pub fn from_utf8(bytes: ZVec<'z, u8>) -> Result<Self, (Utf8Error, ZVec<'z, u8>)> {
        match core::str::from_utf8(&bytes) {
            Ok(_) => Ok(ZString(bytes)),
            Err(error) => Err((error, bytes)),
        }
    }

    /// Adds a text at the end.
    ///
    /// # Panics
    ///
    /// When [`try_push_str`](ZString::try_push_str) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn push_str(&mut self, text: &str) {
        or_panic(self.try_push_str(text));
    }

    /// Like [`push_str`](ZString::push_str), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`ZVec::try_reserve`]. Then the text stays as it was.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn try_push_str(&mut self, text: &str) -> Result<(), ZoneError> {
        self.0.try_extend_from_slice_copy(text.as_bytes())
    }

    /// Adds a character at the end.
    ///
    /// # Panics
    ///
    /// When [`try_push`](ZString::try_push) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn push(&mut self, character: char) {
        or_panic(self.try_push(character));
    }

    /// Like [`push`](ZString::push), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`ZVec::try_reserve`]. Then the text stays as it was.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn try_push(&mut self, character: char) -> Result<(), ZoneError> {
        self.try_push_str(character.encode_utf8(&mut [0; 4]))
    }

    /// Adds a formatted text at the end. [`zformat!`](crate::zformat) does that too: `zformat!(label, "voice {n}")`.
    ///
    /// # Panics
    ///
    /// When [`try_push_fmt`](ZString::try_push_fmt) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if the formatting is.
    #[track_caller]
    pub fn push_fmt(&mut self, text: fmt::Arguments<'_>) {
        or_panic(self.try_push_fmt(text));
    }

    /// Like [`push_fmt`](ZString::push_fmt), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`ZVec::try_reserve`], and [`Format`](ZoneError::Format) if a `Display` implementation returns an error.
    /// Then the text stays as it was.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining), if the formatting is.
    #[track_caller]
    pub fn try_push_fmt(&mut self, text: fmt::Arguments<'_>) -> Result<(), ZoneError> {
        struct Noting<'a, 'z>(&'a mut ZString<'z>, Option<ZoneError>);
        impl Write for Noting<'_, '_> {
            fn write_str(&mut self, part: &str) -> fmt::Result {
                self.0.try_push_str(part).map_err(|error| {
                    self.1 = Some(error);
                    fmt::Error
                })
            }
        }
        let (len, capacity) = (self.len(), self.capacity());
        let mut out = Noting(self, None);
        let written = out.write_fmt(text);
        match out.1.or(written.err().map(|fmt::Error| ZoneError::Format)) {
            None => Ok(()),
            Some(error) => {
                self.0.truncate(len);
                self.0.shrink_to(capacity);
                Err(error)
            }
        }
    }

    /// What `zformat!` calls.
    #[doc(hidden)]
    #[track_caller]
    pub fn alloc_fmt(&mut self, text: fmt::Arguments<'_>) {
        self.push_fmt(text);
    }

    /// Removes the last character and returns it.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn pop(&mut self) -> Option<char> {
        let character = self.chars().next_back()?;
        self.0.truncate(self.len() - character.len_utf8());
        Some(character)
    }

    /// Panics where `index` lies within a character, or beyond the text.
    #[track_caller]
    fn check(&self, index: usize) {
        assert!(
            self.is_char_boundary(index),
            "{index} is within a character, or beyond the text, which has {} bytes",
            self.len()
        );
    }

    /// Panics where the range does not begin and end between characters.
    #[track_caller]
    fn check_range(&self, range: impl RangeBounds<usize>) -> (Bound<usize>, Bound<usize>) {
        let range = (range.start_bound().cloned(), range.end_bound().cloned());
        // Indexing checks it.
        let _ = &self[range];
        range
    }

    /// Keeps the first `len` bytes. It does nothing if there are no more than that.
    ///
    /// # Panics
    ///
    /// When `len` is within a character.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[track_caller]
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            self.check(len);
            self.0.truncate(len);
        }
    }

    /// Empties the string. It keeps its capacity.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// let mut label = zone.string_from("voice 1");
    /// label.clear(); // its room stays
    /// label.push_str("voice 2");
    /// assert_eq!(label, "voice 2");
    /// ```
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Puts a character before the byte at `index`, or at the end.
    ///
    /// # Panics
    ///
    /// When [`insert_str`](ZString::insert_str) does.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    ///
    /// # Time complexity
    ///
    /// Linear in the text behind it.
    #[track_caller]
    pub fn insert(&mut self, index: usize, character: char) {
        self.insert_str(index, character.encode_utf8(&mut [0; 4]));
    }

    /// Like [`insert`](ZString::insert), with an error instead of a panic if there is no room.
    ///
    /// # Errors
    ///
    /// Those of [`try_insert_str`](ZString::try_insert_str). Then the text stays as it was.
    ///
    /// # Panics
    ///
    /// When `index` is within a character, or beyond the text.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn try_insert(&mut self, index: usize, character: char) -> Result<(), ZoneError> {
        self.try_insert_str(index, character.encode_utf8(&mut [0; 4]))
    }

    /// Puts a text before the byte at `index`, or at the end.
    ///
    /// # Panics
    ///
    /// When `index` is within a character, or beyond the text, and when [`try_insert_str`](ZString::try_insert_str)
    /// gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    ///
    /// # Time complexity
    ///
    /// Linear in the text behind it.
    #[track_caller]
    pub fn insert_str(&mut self, index: usize, text: &str) {
        or_panic(self.try_insert_str(index, text));
    }

    /// Like [`insert_str`](ZString::insert_str), with an error instead of a panic if there is no room.
    ///
    /// # Errors
    ///
    /// Those of [`ZVec::try_reserve`]. Then the text stays as it was.
    ///
    /// # Panics
    ///
    /// When `index` is within a character, or beyond the text.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn try_insert_str(&mut self, index: usize, text: &str) -> Result<(), ZoneError> {
        self.check(index);
        self.try_push_str(text)?;
        // Between two characters, whole characters change places.
        self.0[index..].rotate_right(text.len());
        Ok(())
    }

    /// Removes the character that begins at the byte `index`, and returns it.
    ///
    /// # Panics
    ///
    /// When no character begins there.
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Linear in the text behind it.
    #[track_caller]
    pub fn remove(&mut self, index: usize) -> char {
        self.check(index);
        let Some(character) = self[index..].chars().next() else {
            panic!("no character begins at {index}, where the text ends");
        };
        self.0.drain(index..index + character.len_utf8());
        character
    }

    /// Keeps the characters for which `keep` returns `true`.
    ///
    /// If `keep` panics, the characters that it has not decided on stay.
    ///
    /// # Real-time
    ///
    /// Yes, if `keep` is.
    ///
    /// # Time complexity
    ///
    /// Linear.
    pub fn retain(&mut self, mut keep: impl FnMut(char) -> bool) {
        /// What lies between `kept` and `read` is thrown away, at the end or in a panic.
        struct Retaining<'a, 'z> {
            text: &'a mut ZString<'z>,
            kept: usize,
            read: usize,
        }
        impl Drop for Retaining<'_, '_> {
            fn drop(&mut self) {
                self.text.0.drain(self.kept..self.read);
            }
        }
        let mut at = Retaining { text: self, kept: 0, read: 0 };
        loop {
            // SAFETY: (I7) what lies from `read` on was not touched yet, and a character begins there, or the text ends.
            let rest = unsafe { core::str::from_utf8_unchecked(&at.text.0[at.read..]) };
            let Some(character) = rest.chars().next() else { return };
            let next = at.read + character.len_utf8();
            if keep(character) {
                at.text.0.copy_within(at.read..next, at.kept);
                at.kept += character.len_utf8();
            }
            at.read = next;
        }
    }

    /// Removes the characters of a range of bytes and returns them. This happens at once.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// let mut line = zone.string_from("gain=0.5");
    /// assert_eq!(line.drain(..5).as_str(), "gain=");
    /// assert_eq!(line, "0.5");
    /// ```
    ///
    /// # Panics
    ///
    /// When the range does not begin and end between characters.
    ///
    /// # Real-time
    ///
    /// Yes.
    ///
    /// # Time complexity
    ///
    /// Linear in the text from the range's start on.
    #[track_caller]
    pub fn drain(&mut self, range: impl RangeBounds<usize>) -> Chars<'_> {
        let range = self.check_range(range);
        let bytes = self.0.cut(range);
        // SAFETY: (I7) the range begins and ends between characters, as was just checked.
        unsafe { core::str::from_utf8_unchecked(bytes) }.chars()
    }

    /// Replaces a range of bytes by a text.
    ///
    /// ```
    /// let zone = memzone::Zone::new(1024);
    /// let mut line = zone.string_from("gain=0.5");
    /// line.replace_range(5.., "1.25");
    /// assert_eq!(line, "gain=1.25");
    /// ```
    ///
    /// # Panics
    ///
    /// When the range does not begin and end between characters, and when
    /// [`try_replace_range`](ZString::try_replace_range) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn replace_range(&mut self, range: impl RangeBounds<usize>, with: &str) {
        or_panic(self.try_replace_range(range, with));
    }

    /// Like [`replace_range`](ZString::replace_range), with an error instead of a panic if there is no room.
    ///
    /// # Errors
    ///
    /// Those of [`ZVec::try_reserve`]. Then the text stays as it was.
    ///
    /// # Panics
    ///
    /// When the range does not begin and end between characters.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn try_replace_range(
        &mut self,
        range: impl RangeBounds<usize>,
        with: &str,
    ) -> Result<(), ZoneError> {
        let range = self.check_range(range);
        self.0.try_splice(range, with.bytes())?;
        Ok(())
    }

    /// Cuts the string in two. It keeps what lies before the byte `at`, and the rest moves to a new string in the same
    /// zone.
    ///
    /// # Panics
    ///
    /// When `at` is within a character, or beyond the text, and when [`try_split_off`](ZString::try_split_off) gives an
    /// error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn split_off(&mut self, at: usize) -> Self {
        or_panic(self.try_split_off(at))
    }

    /// Like [`split_off`](ZString::split_off), with an error instead of a panic if there is no room.
    ///
    /// # Errors
    ///
    /// Those of [`ZVec::try_split_off`]. Then the text stays as it was.
    ///
    /// # Panics
    ///
    /// When `at` is within a character, or beyond the text.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn try_split_off(&mut self, at: usize) -> Result<Self, ZoneError> {
        self.check(at);
        self.0.try_split_off(at).map(ZString)
    }

    /// The number of bytes that the string can hold without growing.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub const fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// Makes room for `bytes` more at least.
    ///
    /// # Panics
    ///
    /// When [`try_reserve`](ZString::try_reserve) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn reserve(&mut self, bytes: usize) {
        self.0.reserve(bytes);
    }

    /// Like [`reserve`](ZString::reserve), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`ZVec::try_reserve`].
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[inline]
    #[track_caller]
    pub fn try_reserve(&mut self, bytes: usize) -> Result<(), ZoneError> {
        self.0.try_reserve(bytes)
    }

    /// Makes room for `bytes` more, and not for others that may follow.
    ///
    /// # Panics
    ///
    /// When [`try_reserve_exact`](ZString::try_reserve_exact) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn reserve_exact(&mut self, bytes: usize) {
        self.0.reserve_exact(bytes);
    }

    /// Like [`reserve_exact`](ZString::reserve_exact), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`ZVec::try_reserve`].
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn try_reserve_exact(&mut self, bytes: usize) -> Result<(), ZoneError> {
        self.0.try_reserve_exact(bytes)
    }

    /// Adds a copy of a range of the text's own bytes at its end.
    ///
    /// # Panics
    ///
    /// When the range does not begin and end between characters, and when
    /// [`try_extend_from_within`](ZString::try_extend_from_within) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn extend_from_within(&mut self, range: impl RangeBounds<usize>) {
        or_panic(self.try_extend_from_within(range));
    }

    /// Like [`extend_from_within`](ZString::extend_from_within), with an error instead of a panic if there is no room.
    ///
    /// # Errors
    ///
    /// Those of [`ZVec::try_reserve`]. Then the text stays as it was.
    ///
    /// # Panics
    ///
    /// When the range does not begin and end between characters.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn try_extend_from_within(
        &mut self,
        range: impl RangeBounds<usize>,
    ) -> Result<(), ZoneError> {
        let range = self.check_range(range);
        self.0.try_extend_from_within(range)
    }

    /// A copy in another zone, with just the room that it needs.
    ///
    /// # Panics
    ///
    /// When [`try_clone_in`](ZString::try_clone_in) gives an error.
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn clone_in<'y>(&self, zone: &'y Zone) -> ZString<'y> {
        zone.string_from(self)
    }

    /// Like [`clone_in`](ZString::clone_in), with an error instead of a panic.
    ///
    /// # Errors
    ///
    /// Those of [`Zone::try_alloc_layout`].
    ///
    /// # Real-time
    ///
    /// Yes, within [`remaining`](Zone::remaining).
    #[track_caller]
    pub fn try_clone_in<'y>(&self, zone: &'y Zone) -> Result<ZString<'y>, ZoneError> {
        zone.try_string_from(self)
    }

    /// The zone that the string grows in. A string that [never grows](Zone::fixed_string) has none.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub const fn zone(&self) -> Option<&'z Zone> {
        self.0.zone()
    }

    /// Gives back the room beyond `bytes`, or beyond the text if that is longer, if the string is the last allocation.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn shrink_to(&mut self, bytes: usize) {
        self.0.shrink_to(bytes);
    }

    /// Gives the room that is not used back to the zone, if the string is the last allocation.
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn shrink_to_fit(&mut self) {
        self.0.shrink_to_fit();
    }

    /// Ends the string, and gives its memory back to the zone if it is the last allocation. (Dropping it does nothing.)
    ///
    /// # Real-time
    ///
    /// Yes.
    pub fn give_back(self) {
        self.0.give_back();
    }

    /// The text.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub const fn as_str(&self) -> &str {
        // SAFETY: (I7) only whole `str`s were added.
        unsafe { core::str::from_utf8_unchecked(self.0.as_slice()) }
    }

    /// The text, as a mutable reference.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn as_mut_str(&mut self) -> &mut str {
        // SAFETY: (I7) only whole `str`s were added, and a `&mut str` changes whole characters only.
        unsafe { core::str::from_utf8_unchecked_mut(self.0.as_mut_slice()) }
    }

    /// Turns the string into a reference that lives as long as the zone is borrowed. If the string is the last
    /// allocation, the zone gets back the room that it did not use.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn into_str(self) -> &'z mut str {
        // SAFETY: (I7) only whole `str`s were added.
        unsafe { core::str::from_utf8_unchecked_mut(self.0.into_slice()) }
    }

    /// The bytes of the text, as a vector.
    ///
    /// # Real-time
    ///
    /// Yes.
    #[inline]
    pub fn into_bytes(self) -> ZVec<'z, u8> {
        self.0
    }
}

impl Deref for ZString<'_> {
    type Target = str;
    #[inline]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl DerefMut for ZString<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut str {
        self.as_mut_str()
    }
}

/// The clone lies in the same zone, and `clone_from` uses the room that there is. They panic like those of a [`ZVec`].
impl Clone for ZString<'_> {
    #[track_caller]
    fn clone(&self) -> Self {
        ZString(self.0.clone())
    }

    #[track_caller]
    fn clone_from(&mut self, source: &Self) {
        self.0.clone_from(&source.0);
    }
}

/// Where there is no room, `write!` gives an error, and the part that had room is there.
impl Write for ZString<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.try_push_str(text).map_err(|_| fmt::Error)
    }
}

impl AddAssign<&str> for ZString<'_> {
    #[inline]
    #[track_caller]
    fn add_assign(&mut self, text: &str) {
        self.push_str(text);
    }
}

/// The text with another one at its end. It panics where [`push_str`](ZString::push_str) does.
impl Add<&str> for ZString<'_> {
    type Output = Self;
    #[inline]
    #[track_caller]
    fn add(mut self, text: &str) -> Self {
        self.push_str(text);
        self
    }
}

/// For `std::fs`, which takes whatever can be a path.
#[cfg(feature = "std")]
impl AsRef<std::path::Path> for ZString<'_> {
    fn as_ref(&self) -> &std::path::Path {
        self.as_str().as_ref()
    }
}

#[cfg(feature = "std")]
impl AsRef<std::ffi::OsStr> for ZString<'_> {
    fn as_ref(&self) -> &std::ffi::OsStr {
        self.as_str().as_ref()
    }
}

impl AsRef<str> for ZString<'_> {
    fn as_ref(&self) -> &str {
        self
    }
}

impl AsRef<[u8]> for ZString<'_> {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl Borrow<str> for ZString<'_> {
    fn borrow(&self) -> &str {
        self
    }
}

impl BorrowMut<str> for ZString<'_> {
    fn borrow_mut(&mut self) -> &mut str {
        self
    }
}

impl<'z> From<ZString<'z>> for &'z str {
    fn from(text: ZString<'z>) -> Self {
        text.into_str()
    }
}

impl fmt::Debug for ZString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        str::fmt(self, f)
    }
}

impl fmt::Display for ZString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

impl PartialEq for ZString<'_> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for ZString<'_> {}

macro_rules! equal {
    ($($other:ty)*) => {$(
        impl PartialEq<$other> for ZString<'_> {
            fn eq(&self, other: &$other) -> bool {
                **self == other[..]
            }
        }
        impl PartialEq<ZString<'_>> for $other {
            fn eq(&self, other: &ZString<'_>) -> bool {
                self[..] == **other
            }
        }
    )*};
}

equal! { str &str String }

impl PartialOrd for ZString<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ZString<'_> {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        str::cmp(self, other)
    }
}

impl Hash for ZString<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        str::hash(self, state);
    }
}

/// Adds the items one after another.
#[track_caller]
fn push_all<T>(
    text: &mut ZString<'_>,
    items: impl IntoIterator<Item = T>,
    push: fn(&mut ZString<'_>, T) -> Result<(), ZoneError>,
) -> Result<(), ZoneError> {
    items.into_iter().try_for_each(|item| push(text, item))
}

/// What a string can be extended by, and made of.
macro_rules! of_items {
    ($([$($lifetime:lifetime)?] $item:ty: $push:expr;)*) => {$(
        impl<$($lifetime)?> Extend<$item> for ZString<'_> {
            #[track_caller]
            fn extend<I: IntoIterator<Item = $item>>(&mut self, items: I) {
                or_panic(push_all(self, items, $push));
            }
        }

        impl<'z, $($lifetime)?> FromIteratorIn<'z, $item> for ZString<'z> {
            #[track_caller]
            fn try_from_iter_in<I: IntoIterator<Item = $item>>(
                items: I,
                zone: &'z Zone,
            ) -> Result<Self, ZoneError> {
                let mut text = zone.string();
                if let Err(error) = push_all(&mut text, items, $push) {
                    text.give_back();
                    return Err(error);
                }
                Ok(text)
            }
        }
    )*};
}

of_items! {
    [] char: |text, item| text.try_push(item);
    ['a] &'a char: |text, item| text.try_push(*item);
    ['a] &'a str: |text, item| text.try_push_str(item);
    [] String: |text, item| text.try_push_str(&item);
}
