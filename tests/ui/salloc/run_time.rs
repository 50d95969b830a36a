// The length is known at run time only: the error says what there is for that.
use memzone::salloc;

fn process(block: &[f32], frames: usize) {
    salloc![0.0; frames];
    salloc!(f32; block.len());
    salloc!(f32; 2 * frames as usize);
}

fn main() {
    process(&[], 0);
}
