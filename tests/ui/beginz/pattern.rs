// Names the zone with a pattern.
use memzone::beginz;

fn main() {
    beginz!((a, b) => {});
}
