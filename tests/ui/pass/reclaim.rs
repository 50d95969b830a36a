// What comes from the standard library's owners goes into a slot.
use memzone::reclaim::{MAX_ALIGN, MAX_SIZE, Reclaimer};
use std::collections::{BTreeMap, HashMap, VecDeque};

#[repr(align(16))]
struct Largest([u8; 48]);

fn main() {
    let reclaimer = Reclaimer::new();
    let mut retirer = reclaimer.retirer(16);
    retirer.retire(Some(Box::new(1))).unwrap();
    retirer.retire(VecDeque::from([1.0_f32; 64])).unwrap();
    retirer.retire(HashMap::from([("kick", vec![0.0_f32; 64])])).unwrap();
    retirer.retire(BTreeMap::from([(60, String::from("C4"))])).unwrap();
    retirer.retire((vec![0.0_f32; 64], vec![0.0_f32; 64])).unwrap();
    retirer.retire([0_u8; MAX_SIZE]).unwrap();
    assert_eq!(align_of::<Largest>(), MAX_ALIGN);
    assert!(retirer.retire(Largest([0; 48])).is_ok());
    assert_eq!(reclaimer.collect(), 7);
}
