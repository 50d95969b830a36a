// Writes the attribute without the derive.
#[deep_copy(flat)]
struct Voice {
    gain: f32,
}

fn main() {}
