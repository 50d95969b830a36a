// Assigned, not bound by `let`: the array lives as long as the statement.
use memzone::salloc;

fn main() {
    let mut slice: &mut [f32; 4] = salloc![1.0; 4];
    if slice[0] > 0.0 {
        slice = salloc![2.0; 4];
    }
    slice[0] = 3.0;
}
