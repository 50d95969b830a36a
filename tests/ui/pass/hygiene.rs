//! The names that the macros use inside are the user's outside, and the other way round.
#![forbid(unsafe_code)]
#![deny(warnings)]

use memzone::{DeepCopy, Zone, ZoneError, beginz, letz, try_beginz, try_letz, zcopy};

// Fields, parameters and a lifetime with names of the derive's.
#[derive(DeepCopy)]
struct Part<'later, T, N> {
    to: &'later u32,
    this: T,
    depth: N,
    work: u8,
    part_0: u8,
    part_1: u8,
}

#[derive(DeepCopy)]
#[allow(non_camel_case_types)]
enum part {
    part,
    to(u8),
}

fn main() -> Result<(), ZoneError> {
    let (scope, zone, value, outer, bytes) = (1, 2, 3, 4, 5);
    let (error, place, work, depth, to, this, part_0) = (6, 7, 8, 9, 10, 11, 12);

    let sum = beginz!({
        scope + zone + value + outer + bytes + error + place + work + depth + to + this + part_0
    });
    assert_eq!(sum, 78);
    let sum = try_letz!(bytes, a = scope + zone, b = [value; outer], c = error + place => {
        *a + b.len() + *c + scope + zone + value + outer + bytes + error + place
    })?;
    assert_eq!(sum, 3 + 4 + 13 + 28);

    // The user's names shadow the user's names alone.
    let result = letz!(scope = 1_u32, zone = [scope.wrapping_add(1); 2], value: u32 = zone[0] => {
        *scope + *value
    });
    assert_eq!(result, 3);
    let error = try_letz!(error = 1_u8, place = 2, value = 3 => *error + *place + *value)?;
    assert_eq!(error, 6);

    // Zones with names of the macros'.
    let outer = Zone::new(1024);
    let value = beginz!(outer in &outer => outer.alloc(1_u8));
    let zone = &outer;
    assert_eq!(*value + *beginz!(scope in zone => scope.alloc(1_u8)), 2);
    assert_eq!(*try_beginz!(zone in zone => zone.alloc(1_u8))?, 1);
    assert_eq!(letz!(zone; a = 1 => zone.used() + *a), 9);
    assert_eq!(beginz!(bytes, bytes => bytes.used()), 0);

    // Channels.
    let sum = letz!(value: [[u8]] = [[1; 2]; 3], channels: [[u8]] = [[2; value.len()]; 1], frames = 4 => {
        value.len() + channels[0].len() + *frames
    });
    assert_eq!(sum, 10);
    let boxed = 5_u8;
    let value = memzone::as_dyn!(zone.boxed(boxed) => dyn std::fmt::Debug);
    assert_eq!(format!("{value:?}"), "5");

    let number = 1;
    let source = Part { to: &number, this: 2, depth: [part::part, part::to(3)], work: 8, part_0: 12, part_1: 0 };
    let copy = zcopy(&source, &outer);
    assert_eq!((*copy.to, copy.this, copy.work, copy.part_0, copy.part_1), (1, 2, 8, 12, 0));
    assert!(matches!(copy.depth, [part::part, part::to(3)]));
    Ok(())
}
