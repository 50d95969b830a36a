//! The same frame with its memory from the system's heap.

use crate::world::{BUCKETS, CAMERAS, Checksum, Contact, World, around, bucket};

pub(crate) fn frame(world: &mut World) -> Checksum {
    world.advance();
    let pairs = broad_phase(world);
    let contacts = contacts(world, &pairs);
    bounce(world, &contacts);
    let visible = visibility(world);
    let events = events(&contacts);

    let mut sum = Checksum::new(world);
    visible.iter().flatten().for_each(|&body| sum.add(body.into()));
    events.iter().for_each(|text| sum.add_text(text));
    sum
}

/// Bodies that may touch, by a spatial hash.
fn broad_phase(world: &World) -> Vec<[u32; 2]> {
    let mut buckets: Vec<Vec<u32>> = Vec::with_capacity(BUCKETS);
    buckets.resize_with(BUCKETS, Vec::new);
    for body in 0..world.bodies.len() as u32 {
        buckets[bucket(world.cell(body))].push(body);
    }
    let mut pairs = Vec::new();
    for body in 0..world.bodies.len() as u32 {
        for cell in around(world.cell(body)) {
            let others = buckets[bucket(cell)].iter().copied();
            let near = others.filter(|&other| world.may_touch(body, other, cell));
            pairs.extend(near.map(|other| [body, other]));
        }
    }
    pairs
}

fn contacts(world: &World, pairs: &[[u32; 2]]) -> Vec<Contact> {
    let mut contacts = Vec::new();
    contacts.extend(pairs.iter().filter_map(|&pair| world.contact(pair)));
    contacts
}

/// Bodies that touch push each other away.
fn bounce(world: &mut World, contacts: &[Contact]) {
    let mut impulses = vec![[0.0_f32; 2]; world.bodies.len()];
    contacts.iter().for_each(|contact| contact.share(&mut impulses));
    world.push(&impulses);
}

/// What each camera sees, nearest first.
fn visibility(world: &World) -> Vec<Vec<u32>> {
    let mut lists = Vec::with_capacity(CAMERAS);
    for camera in (0..CAMERAS).map(|camera| world.camera(camera)) {
        let mut seen = Vec::new();
        for body in 0..world.bodies.len() as u32 {
            seen.extend(world.seen(camera, body).map(|distance| (distance, body)));
        }
        seen.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut list = Vec::new();
        list.extend(seen.iter().map(|&(_, body)| body));
        lists.push(list);
    }
    lists
}

/// What others are told about the hardest contacts.
fn events(contacts: &[Contact]) -> Vec<String> {
    let mut events = Vec::new();
    for contact in contacts.iter().filter(|contact| contact.is_hard()) {
        let [a, b] = contact.bodies;
        events.push(format!("{a} hit {b} at {:.2}", contact.speed));
    }
    events
}
