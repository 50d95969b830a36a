//! What is put into a zone as a slice or a text: clones, defaults, what moves, what is joined, channels.

use memzone::{Refused, Zone, ZoneError, letz, try_letz, zvec};

/// A small zone that never grows.
fn fixed(bytes: usize) -> Zone {
    Zone::builder().capacity(bytes).fixed().build()
}

#[test]
fn slices_of_clones_and_defaults() {
    let zone = Zone::new(4096);
    let source = [zvec![in zone; 1], zvec![in zone; 2, 3]];
    let clones = zone.alloc_slice_clone(&source);
    clones[1].push(4);
    assert_eq!((&*clones[1], &*source[1]), (&[2, 3, 4][..], &[2, 3][..]));
    assert_eq!(zone.alloc_slice_default::<u8>(3), [0; 3]);
    let small = fixed(32);
    assert!(small.try_alloc_slice_clone(&[1_u64; 5]).is_err());
    assert!(small.try_alloc_slice_default::<u64>(5).is_err());
    assert_eq!(small.try_alloc_slice_default::<u64>(4), Ok(&mut [0; 4][..]));
}

#[test]
fn what_moves_is_there_once() {
    let zone = Zone::new(4096);
    let mut numbers = [1, 2, 3];
    let places = numbers.each_ref().map(std::ptr::from_ref);
    let moved: &mut [&mut i32] = zone.alloc_slice_move(numbers.each_mut());
    assert!(moved.iter().map(|item| &raw const **item).eq(places));
    assert_eq!(zone.alloc_slice_move(vec![1_u8, 2]), [1, 2]);
    assert!(zone.alloc_slice_move([0_u8; 0]).is_empty());
    let small = fixed(32);
    let Err(Refused { error, value }) = small.try_alloc_slice_move(vec![7_u64; 5]) else {
        panic!()
    };
    assert!(matches!(error, ZoneError::LimitReached { requested: 40, .. }));
    assert_eq!(value.collect::<Vec<_>>(), [7; 5]);
}

/// An iterator that has more than it says, and one that has fewer.
#[test]
fn lengths_that_lie_do_no_harm() {
    struct Liar(usize, std::ops::Range<u32>);
    impl Iterator for Liar {
        type Item = u32;
        fn next(&mut self) -> Option<u32> {
            self.1.next()
        }
        fn size_hint(&self) -> (usize, Option<usize>) {
            (self.0, Some(self.0))
        }
    }
    impl ExactSizeIterator for Liar {}
    let zone = Zone::new(4096);
    assert_eq!(zone.alloc_slice_move(Liar(2, 0..5)), [0, 1]);
    assert_eq!(zone.alloc_slice_move(Liar(5, 0..2)), [0, 1]);
    assert_eq!(zone.alloc(7), &7);
}

#[test]
fn texts_are_joined() {
    let zone = Zone::new(4096);
    let none: [&str; 0] = [];
    assert_eq!(zone.alloc_join(none, ", "), "");
    assert_eq!(zone.alloc_join(vec![String::from("ä")], ", "), "ä");
    let used = zone.used();
    assert_eq!(zone.alloc_join(["", "b", ""], "-"), "-b-");
    assert_eq!(zone.used(), used + 8);
    let small = fixed(16);
    assert!(small.try_alloc_join(["0123456", "0123456"], "---").is_err());
    assert_eq!(
        (small.used(), small.try_alloc_join(["0123456", "0123456"], "--").unwrap()),
        (0, &mut *String::from("0123456--0123456"))
    );
}

#[test]
fn channels_lie_in_one_piece() {
    let zone = Zone::new(1 << 16);
    let channels = zone.alloc_channels(3, 5, 7_u16);
    assert!(channels.len() == 3 && channels.iter().all(|channel| **channel == [7; 5]));
    for (index, channel) in channels.iter_mut().enumerate() {
        channel.fill(index as u16);
    }
    assert!(channels.iter().enumerate().all(|(index, channel)| **channel == [index as u16; 5]));
    assert_eq!(channels[1].as_ptr().addr() - channels[0].as_ptr().addr(), 10);
    let aligned = zone.alloc_channels_aligned::<u8, 64>(2, 65, 1);
    assert!(aligned.iter().all(|channel| channel.as_ptr().addr() % 64 == 0));
    assert_eq!(aligned[1].as_ptr().addr() - aligned[0].as_ptr().addr(), 128);
    assert!(zone.alloc_channels(0, 100, 0.0_f32).is_empty());
    assert!(zone.alloc_channels(4, 0, 0.0_f32).iter().all(|channel| channel.is_empty()));
    assert_eq!(zone.alloc_channels(2, 1000, ())[1].len(), 1000);
    let used = zone.used();
    for (channels, frames) in [(usize::MAX, 2), (2, usize::MAX), (usize::MAX / 8, 0)] {
        let refused = zone.try_alloc_channels(channels, frames, 0_u64);
        assert!(matches!(refused, Err(ZoneError::TooLarge { .. })));
    }
    assert!(matches!(
        zone.try_alloc_channels_aligned::<u8, 8192>(1, 1, 0),
        Err(ZoneError::AlignTooLarge { .. })
    ));
    assert_eq!(zone.used(), used);
    let small = fixed(256);
    assert!(small.try_alloc_channels(2, 64, 0.0_f32).is_err());
    assert_eq!(small.used(), 0);
}

#[test]
fn a_scope_binds_channels() {
    let (channels, frames) = (2, 100);
    let sum = letz!(z; #[align(64)] wet: [[f32]] = [[0.5; frames]; channels], #[align(32)] dry = [1.0_f32; frames] => {
        assert!(wet.iter().all(|channel| channel.as_ptr().addr() % 64 == 0 && channel.len() == 100));
        assert!(dry.as_ptr().addr() % 32 == 0 && z.contains(&wet[1][99]));
        wet[0].copy_from_slice(dry);
        wet.iter().flat_map(|channel| channel.iter()).sum::<f32>()
    });
    assert_eq!(sum, 150.0);
    let refused = try_letz!(wet: [[f32]] = [[0.5; usize::MAX]; 2] => wet.len());
    assert!(matches!(refused, Err(ZoneError::TooLarge { .. })));
}

#[test]
fn a_vector_of_a_slice_has_just_its_room() {
    let zone = Zone::builder().capacity(64).fixed().build();
    let vec = zone.vec_from(&[1_u64, 2, 3]);
    assert_eq!((vec.capacity(), zone.used()), (3, 24));
    assert_eq!(vec, [1, 2, 3]);
    let used = zone.used();
    assert!(matches!(zone.try_vec_from(&[0_u64; 9]), Err(ZoneError::LimitReached { .. })));
    assert_eq!(zone.used(), used);
}
