// More than a value and a length.
use memzone::salloc;

fn main() {
    salloc![0.0; 64; 2];
    salloc![0.0; 64, 2];
    salloc![0.0, 1.0; 64];
    salloc![f32 0.0; 64];
}
