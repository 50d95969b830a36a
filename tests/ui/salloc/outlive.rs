// The array lives as long as the block that it is written in.
use memzone::salloc;

fn main() {
    let outer: &mut [f32; 4];
    {
        let inner = salloc![1.0; 4];
        outer = inner;
    }
    outer[0] = 2.0;
}
