// Ends the zone's name as in `letz!`.
use memzone::beginz;

fn main() {
    beginz!(z; z.used());
}
