// Names the zone with a keyword.
use memzone::beginz;

fn main() {
    beginz!(fn => {});
}
