// The array is in the frame of the function, which ends.
use memzone::salloc;

fn block() -> &'static mut [f32; 64] {
    salloc![0.0; 64]
}

fn defaults<'a>() -> &'a mut [f32] {
    let slice = salloc!(f32; 64);
    slice
}

fn main() {
    block();
    defaults();
}
