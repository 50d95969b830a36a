// Writes two bodies with a comma.
use memzone::beginz;

fn main() {
    beginz!(z => z.used(), z.capacity());
}
