//! A frame with all its memory in zones.

use crate::world::{BUCKETS, CAMERAS, Checksum, Contact, World, around, bucket};
use memzone::rt::{self, Plan};
use memzone::{ZVec, Zone, ZoneError, beginz, letz, zformat};

/// What the lists of a frame have room in.
const FRAME: usize = 8 << 20;
/// What a system's scratch memory has room in.
const SCRATCH: usize = 4 << 20;

/// All that a frame needs, taken before the first one.
pub(crate) fn prepare() -> Result<Zone, ZoneError> {
    rt::prepare_thread(&Plan::new().scopes(1, SCRATCH))?;
    Zone::builder().name("frame").capacity(FRAME).prefault().try_build()
}

pub(crate) fn frame(world: &mut World, zone: &mut Zone) -> Checksum {
    world.advance();
    let pairs = broad_phase(world, zone);
    let contacts = contacts(world, &pairs, zone);
    bounce(world, &contacts);
    let visible = visibility(world, zone);
    let events = events(&contacts, zone);

    let mut sum = Checksum::new(world);
    visible.iter().flatten().for_each(|&body| sum.add(body.into()));
    events.iter().for_each(|text| sum.add_text(text));
    zone.reset().expect("nothing holds the frame's zone");
    sum
}

/// Bodies that may touch, by a spatial hash.
fn broad_phase<'z>(world: &World, zone: &'z Zone) -> ZVec<'z, [u32; 2]> {
    beginz!(SCRATCH, z in zone => {
        let mut buckets: ZVec<ZVec<u32>> = z.vec_with_capacity(BUCKETS);
        buckets.resize_with(BUCKETS, || z.vec());
        for body in 0..world.bodies.len() as u32 {
            buckets[bucket(world.cell(body))].push(body);
        }
        let mut pairs = z.vec();
        for body in 0..world.bodies.len() as u32 {
            for cell in around(world.cell(body)) {
                let others = buckets[bucket(cell)].iter().copied();
                let near = others.filter(|&other| world.may_touch(body, other, cell));
                pairs.extend(near.map(|other| [body, other]));
            }
        }
        pairs
    })
}

fn contacts<'z>(world: &World, pairs: &[[u32; 2]], zone: &'z Zone) -> ZVec<'z, Contact> {
    let mut contacts = zone.vec();
    contacts.extend(pairs.iter().filter_map(|&pair| world.contact(pair)));
    contacts
}

/// Bodies that touch push each other away.
fn bounce(world: &mut World, contacts: &[Contact]) {
    letz!(SCRATCH, impulses = [[0.0_f32; 2]; world.bodies.len()] => {
        contacts.iter().for_each(|contact| contact.share(impulses));
        world.push(impulses);
    });
}

/// What each camera sees, nearest first.
fn visibility<'z>(world: &World, zone: &'z Zone) -> ZVec<'z, ZVec<'z, u32>> {
    let mut lists = zone.vec_with_capacity(CAMERAS);
    for camera in (0..CAMERAS).map(|camera| world.camera(camera)) {
        let list: ZVec<u32> = beginz!(SCRATCH, z in zone => {
            let mut seen = z.vec();
            for body in 0..world.bodies.len() as u32 {
                seen.extend(world.seen(camera, body).map(|distance| (distance, body)));
            }
            seen.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let mut list = z.vec();
            list.extend(seen.iter().map(|&(_, body)| body));
            list
        });
        lists.push(list);
    }
    lists
}

/// What others are told about the hardest contacts.
fn events<'z>(contacts: &[Contact], zone: &'z Zone) -> ZVec<'z, &'z str> {
    let mut events = zone.vec();
    for contact in contacts.iter().filter(|contact| contact.is_hard()) {
        let [a, b] = contact.bodies;
        let text: &str = zformat!(zone, "{a} hit {b} at {:.2}", contact.speed);
        events.push(text);
    }
    events
}
