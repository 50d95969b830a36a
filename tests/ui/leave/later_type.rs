// Says only later that what is not known yet borrows from the scope's zone.
use memzone::beginz;

fn main() {
    let mut list = Vec::new();
    let taken = beginz!(z => {
        let gain: &u8 = z.alloc(5);
        list.push(gain);
        Default::default()
    });
    list = taken;
    println!("{list:?}");
}
