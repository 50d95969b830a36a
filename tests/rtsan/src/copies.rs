//! Deep copies into a prepared zone, of each type that there is one for. What owns memory of the system's
//! is moved, as a scope does it.

use crate::clean::{prepare, zone};
use crate::realtime;
use memzone::{DeepCopy, HBox, Keep, ZBox, Zone, ZoneError, beginz, halloc, zcopy};
use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::cmp::{Ordering, Reverse};
use std::ffi::{CString, OsString};
use std::hint::black_box;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::*;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

#[derive(DeepCopy)]
struct Note<'z> {
    pitch: f32,
    partials: &'z [f32],
    name: &'z str,
}

#[derive(DeepCopy)]
enum Event<'z, T> {
    Rest,
    Note { value: &'z T, more: [u8; 3] },
    Both(&'z mut T, T),
}

#[derive(Clone, Copy, DeepCopy)]
#[deep_copy(flat)]
struct Flat {
    left: f32,
    right: f32,
}

#[derive(DeepCopy)]
struct Node<'z> {
    value: u64,
    next: Option<&'z Node<'z>>,
}

#[derive(DeepCopy)]
struct Tree<'z> {
    value: u64,
    children: &'z [Tree<'z>],
}

/// Copies a value, and moves it: to a zone, and out of a scope.
macro_rules! both_ways {
    ($value:expr) => {
        both_ways!($value, copy);
        both_ways!($value, move);
    };
    ($value:expr, copy) => {
        prepare();
        let zone = zone();
        let value = $value;
        let copy = realtime(|| zcopy(&value, &zone));
        black_box(&copy);
    };
    ($value:expr, move) => {
        prepare();
        let zone = zone();
        let value = $value;
        let moved = realtime(|| DeepCopy::move_out(value, &zone)).unwrap();
        black_box(&moved);
        let value = $value;
        let moved = realtime(|| beginz!(_ in &zone => value));
        black_box(&moved);
    };
}

crate::cases! { CASES:
    fn numbers() {
        both_ways!((1_u8, 2_u16, 3_u32, 4_u64, 5_u128, 6_usize, (1_i8, 2_i16, 3_i32, 4_i64), (5_i128, 6_isize)));
        both_ways!((1.0_f32, 2.0_f64, 'x', true, ()));
    }
    fn numbers_that_are_not_zero() {
        both_ways!((NonZeroU8::MIN, NonZeroU16::MIN, NonZeroU32::MIN, NonZeroU64::MIN, NonZeroU128::MIN, NonZeroUsize::MIN));
        both_ways!((NonZeroI8::MIN, NonZeroI16::MIN, NonZeroI32::MIN, NonZeroI64::MIN, NonZeroI128::MIN, NonZeroIsize::MIN));
    }
    fn plain_types() {
        both_ways!((
            Duration::MAX,
            Instant::now(),
            SystemTime::UNIX_EPOCH,
            Ordering::Less,
            Layout::new::<u64>(),
            std::any::TypeId::of::<u8>(),
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::from(([127, 0, 0, 1], 80)),
            std::thread::current().id(),
            ZoneError::StackEmpty,
        ));
        both_ways!(None::<std::convert::Infallible>);
    }
    fn wrappers() {
        both_ways!((
            Wrapping(1),
            Reverse(&2),
            PhantomData::<&u8>,
            Some(&3),
            Err::<&u8, _>(&4),
            Ok::<_, &u8>(&4),
            Cell::new(&5),
            RefCell::new(&6),
        ));
    }
    fn ranges() {
        both_ways!((.., 1..2, 3.., ..4, 5..=6, ..=7));
    }
    fn tuples() {
        both_ways!((&1, &2, &3, &4, &5, &6, &7, &8, &9, &10, &11, &12));
    }
    fn arrays() {
        both_ways!(([1.0_f32; 64], [&1, &2, &3], [[&"a"; 2]; 2]));
    }
    fn references() {
        let (mut number, mut numbers) = (5, [1, 2, 3]);
        both_ways!((&1, &[1.5_f32, 2.5][..], "text", &[&1, &2][..], &["a", "b"][..], &&&[7; 3]));
        both_ways!(&mut number, copy);
        both_ways!(&mut number, move);
        both_ways!(&mut numbers[..], copy);
        both_ways!(&mut numbers[..], move);
        let mut text = String::from("text");
        both_ways!(text.as_mut_str(), copy);
        both_ways!(text.as_mut_str(), move);
    }
    fn kept_references() {
        let outside = 5;
        both_ways!(Keep(&outside));
    }
    fn derived_struct() {
        both_ways!(Note { pitch: 440.0, partials: &[1.0, 0.5, 0.25], name: "a'" });
        both_ways!(Flat { left: 0.5, right: 0.25 });
        let zone = Zone::new(4096);
        let copy = zcopy(&Note { pitch: 440.0, partials: &[1.0], name: "a'" }, &zone);
        assert_eq!((copy.pitch, copy.partials, copy.name), (440.0, &[1.0][..], "a'"));
        let copy = zcopy(&Flat { left: 0.5, right: 0.25 }, &zone);
        assert_eq!(copy.left + copy.right, 0.75);
    }
    fn derived_enum() {
        both_ways!(Event::<u8>::Rest);
        both_ways!(Event::Note { value: &5_u8, more: [1, 2, 3] });
        both_ways!(Event::Both(&mut 5_u8, 6));
        let zone = Zone::new(4096);
        let copy = zcopy(&Event::Note { value: &5_u8, more: [1, 2, 3] }, &zone);
        assert!(matches!(copy, Event::Note { value: 5, more: [1, 2, 3] }));
        assert!(matches!(zcopy(&Event::Both(&mut 5_u8, 6), &zone), Event::Both(5, 6)));
    }
    // Not many more: the copy of a long list takes tasks, whose memory is the system's. An unoptimised build uses
    // about 1.4 KiB of stack for a node.
    fn list_of_10_nodes() {
        let from = zone();
        let mut list = None;
        for value in 0..10 {
            list = Some(&*from.alloc(Node { value, next: list }));
        }
        both_ways!(list);
        let (mut sum, to) = (0, zone());
        let mut copy = zcopy(&list, &to);
        while let Some(node) = copy {
            sum += node.value;
            copy = node.next;
        }
        assert_eq!(sum, 45);
    }
    fn tree() {
        let from = zone();
        let leaves = &*from.alloc_slice_with(8, |value| Tree { value: value as u64, children: &[] });
        let branches = from.alloc_slice_with(8, |_| Tree { value: 1, children: leaves });
        both_ways!(Tree { value: 0, children: branches });
        let to = zone();
        let copy = zcopy(&Tree { value: 0, children: branches }, &to);
        let sum: u64 = copy.children.iter().flat_map(|node| node.children).map(|leaf| leaf.value).sum();
        assert_eq!((sum, copy.value), (8 * 28, 0));
    }
    fn zone_boxes() {
        let from = zone();
        both_ways!(from.boxed([1.0_f32; 16]));
        both_ways!(from.boxed_slice(16, 0.5_f32));
        both_ways!(from.boxed(from.boxed(5)));
        both_ways!(vec![from.boxed(1), from.boxed(2)], move);
    }
    fn zone_boxes_of_the_current_zone() {
        prepare();
        let made: ZBox<[f32; 16]> = realtime(|| beginz!(beginz!(ZBox::new([0.5_f32; 16]))));
        realtime(|| drop(made));
    }
    fn zones() {
        both_ways!(zone());
    }
    fn counted_owners() {
        // Their clones count one more, and ask for nothing.
        both_ways!((Rc::new(1), Arc::new(2)));
        let (rc, arc) = (Rc::new(1), Arc::new(2));
        both_ways!((Rc::downgrade(&rc), Arc::downgrade(&arc)));
        both_ways!((Rc::<str>::from("rc"), Arc::<[u8]>::from([1, 2])));
    }
    fn texts_moved() {
        both_ways!(String::from("text"), move);
        both_ways!(String::from("text").into_boxed_str(), move);
        both_ways!(CString::from(c"text"), move);
        both_ways!(OsString::from("text"), move);
        both_ways!(PathBuf::from("text"), move);
    }
    fn vectors_moved() {
        both_ways!(vec![1.0_f32; 64], move);
        both_ways!(vec![String::from("a"), String::from("b")], move);
        both_ways!(vec![Some(&1), None], move);
        both_ways!(vec![0.5_f64; 64].into_boxed_slice(), move);
        both_ways!((vec![1], String::from("text"), Some(Box::new(5))), move);
    }
    fn empty_vectors() {
        both_ways!((Vec::<f32>::new(), String::new(), Vec::<f32>::new().into_boxed_slice()));
    }
    fn boxes_moved() {
        both_ways!(Box::new([1.0_f32; 64]), move);
        both_ways!(Box::new(Box::new(&5)), move);
    }
    fn heap_boxes_moved() {
        both_ways!(halloc([1.0_f32; 64]), move);
        both_ways!(memzone::halloc_slice(64, 1.0_f32), move);
        both_ways!(HBox::from_box(Box::new(String::from("text"))), move);
    }
    fn errors_are_moved() {
        prepare();
        let zone = zone();
        let result: Result<Vec<u8>, String> = Err(String::from("why"));
        let result = realtime(|| beginz!(_ in &zone => result));
        drop(result);
    }
}
