// What looks like a type and is a value, and the reverse. `{ A }` and `<int>` would do.
use memzone::salloc;

const A: u8 = 1;

#[allow(non_camel_case_types)]
type int = i32;

fn main() {
    salloc![A; 4];
    salloc!(int; 4);
}
