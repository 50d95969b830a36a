//! Macros inside macros, and inside macros of the user's.
#![forbid(unsafe_code)]
#![deny(warnings)]

use memzone::{DeepCopy, Keep, ZBox, Zone, ZoneError, beginz, letz, try_beginz, try_letz, zformat};
use std::rc::Rc;

#[derive(DeepCopy)]
struct Node<'z> {
    value: u32,
    next: Option<&'z Node<'z>>,
}

macro_rules! in_zone {
    ($zone:ident, $outer:expr, $body:expr) => {
        beginz!(64, $zone in $outer => $body)
    };
}

macro_rules! sum_of {
    ($($name:ident = $value:expr),* => $bytes:expr) => {
        letz!($bytes, $($name = $value),* => 0 $(+ *$name)*)
    };
}

macro_rules! voice {
    ($name:ident { $($field:ident: $type:ty),* }) => {
        #[derive(DeepCopy)]
        struct $name { $($field: $type),* }
    };
}

voice!(Voice { gain: f32, names: Vec<String> });

fn scopes(outer: &Zone) -> Result<u32, ZoneError> {
    let list = beginz!(a in outer => {
        let second = beginz!(b in a => {
            let third = try_letz!(_ in b; last = Node { value: 3, next: None } => last)?;
            Node { value: 2, next: Some(third) }
        });
        Node { value: 1, next: Some(a.alloc(second)) }
    });
    let next = list.next.unwrap();
    Ok(list.value + next.value + next.next.unwrap().value)
}

fn main() {
    let outer = Zone::new(1024);
    assert_eq!(scopes(&outer), Ok(6));
    assert_eq!(beginz!(beginz!(beginz!(1) + 1) + 1), 3);
    assert_eq!(letz!(a = letz!(a = 1 => *a + 1) => *a + 1), 3);
    assert_eq!(beginz!(beginz!(64_usize), z => z.used()), 0);
    assert_eq!(try_beginz!(try_beginz!(1)), Ok(Ok(1)));
    assert_eq!(*in_zone!(z, &outer, z.alloc(1)), 1);
    assert_eq!(sum_of!(a = 1, b = 2 => 64), 3);
    assert_eq!(zformat!(outer, "{}", beginz!(z => zformat!(z, "{}", 1).len())), "1");

    // What may leave a scope that names no zone.
    let voice = beginz!({ Voice { gain: 0.5, names: vec!["kick".to_string()] } });
    assert_eq!((voice.gain, voice.names.len()), (0.5, 1));
    let boxed: ZBox<[f32]> = beginz!(z => z.boxed_slice(4, 0.5));
    assert_eq!(boxed[3], 0.5);
    let handle: Zone = beginz!(z => { z.alloc(1_u8); z.clone() });
    assert_eq!(handle.used(), 8);
    let kept: Keep<&'static str> = beginz!({ Keep("for ever") });
    assert_eq!(kept.len(), 8);
    let shared: Rc<str> = beginz!({ Rc::from("shared") });
    assert_eq!(&*shared, "shared");
}
