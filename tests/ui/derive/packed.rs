// Is packed, so no field can be referred to.
use memzone::DeepCopy;

#[derive(DeepCopy)]
#[repr(C, packed(2))]
struct Message {
    kind: u8,
    value: u32,
}

fn main() {}
