//! Rows of samples in a zone. Each begins a cache line, so that the loops over them are as fast as they can be.

use memzone::{Zone, ZoneError};

/// What rows are aligned to, in bytes.
pub(crate) const ALIGN: usize = 64;

/// A plane, or some lines of one.
pub(crate) struct Rows<'z, T> {
    width: usize,
    height: usize,
    /// From one row to the next.
    stride: usize,
    samples: &'z mut [T],
}

/// From one row to the next, in samples.
const fn stride<T>(width: usize) -> usize {
    width.next_multiple_of(ALIGN / size_of::<T>())
}

/// Bytes that rows take up in a zone that has others like it.
pub(crate) const fn bytes<T>(width: usize, height: usize) -> usize {
    stride::<T>(width) * height * size_of::<T>() + ALIGN
}

impl<T> Default for Rows<'_, T> {
    /// No rows.
    fn default() -> Self {
        Rows { width: 0, height: 0, stride: 0, samples: &mut [] }
    }
}

impl<'z, T: Copy> Rows<'z, T> {
    /// Rows in which every sample is `value`.
    pub(crate) fn new(
        zone: &'z Zone,
        width: usize,
        height: usize,
        value: T,
    ) -> Result<Rows<'z, T>, ZoneError> {
        let stride = stride::<T>(width);
        let samples = zone.try_alloc_slice_aligned::<T, ALIGN>(stride * height, value)?;
        Ok(Rows { width, height, stride, samples })
    }

    pub(crate) fn height(&self) -> usize {
        self.height
    }

    pub(crate) fn row(&self, y: usize) -> &[T] {
        &self.samples[y * self.stride..][..self.width]
    }

    pub(crate) fn row_mut(&mut self, y: usize) -> &mut [T] {
        &mut self.samples[y * self.stride..][..self.width]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[T]> {
        (0..self.height).map(|y| self.row(y))
    }
}
