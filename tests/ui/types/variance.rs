// Takes a type for another in each direction in which it is not allowed. What is allowed, and that
// none is missing here, is asserted in tests/types.rs.
#![allow(dead_code)]
use memzone::__private::{
    Flat, Hint, InPlace, Later, Link, Made, Place, Promise, Run, ScopeZone, Undo, Value, Work,
};
use memzone::*;
use reclaim::Full;

type KeepT<'a> = Keep<&'a u8>;
fn not_contra_keep_t<'l: 's, 's>(x: KeepT<'s>) -> KeepT<'l> { x }
type WorkS<'a> = Work<'a>;
fn not_co_work_s<'l: 's, 's>(x: WorkS<'l>) -> WorkS<'s> { x }
fn not_contra_work_s<'l: 's, 's>(x: WorkS<'s>) -> WorkS<'l> { x }
type ScopeZoneS<'a> = ScopeZone<'a>;
fn not_contra_scopezone_s<'l: 's, 's>(x: ScopeZoneS<'s>) -> ScopeZoneS<'l> { x }
type LaterS<'a> = Later<'a, u8>;
fn not_contra_later_s<'l: 's, 's>(x: LaterS<'s>) -> LaterS<'l> { x }
type LaterR<'a> = Later<'static, &'a u8>;
fn not_co_later_r<'l: 's, 's>(x: LaterR<'l>) -> LaterR<'s> { x }
fn not_contra_later_r<'l: 's, 's>(x: LaterR<'s>) -> LaterR<'l> { x }
type MadeC<'a> = Made<&'a u8>;
fn not_contra_made_c<'l: 's, 's>(x: MadeC<'s>) -> MadeC<'l> { x }
type FlatT<'a> = Flat<&'a u8>;
fn not_co_flat_t<'l: 's, 's>(x: FlatT<'l>) -> FlatT<'s> { x }
fn not_contra_flat_t<'l: 's, 's>(x: FlatT<'s>) -> FlatT<'l> { x }
type UndoT<'a> = Undo<&'a u8>;
fn not_co_undo_t<'l: 's, 's>(x: UndoT<'l>) -> UndoT<'s> { x }
fn not_contra_undo_t<'l: 's, 's>(x: UndoT<'s>) -> UndoT<'l> { x }
type ArenaScopeA<'a> = memzone::__private::ArenaScope<'a>;
fn not_contra_arenascope_a<'l: 's, 's>(x: ArenaScopeA<'s>) -> ArenaScopeA<'l> { x }
type InPlaceT<'a> = InPlace<&'a u8>;
fn not_co_inplace_t<'l: 's, 's>(x: InPlaceT<'l>) -> InPlaceT<'s> { x }
fn not_contra_inplace_t<'l: 's, 's>(x: InPlaceT<'s>) -> InPlaceT<'l> { x }
type PromiseP<'a> = Promise<&'a u8, u8>;
fn not_co_promise_p<'l: 's, 's>(x: PromiseP<'l>) -> PromiseP<'s> { x }
fn not_contra_promise_p<'l: 's, 's>(x: PromiseP<'s>) -> PromiseP<'l> { x }
type PromiseC<'a> = Promise<u8, &'a u8>;
fn not_co_promise_c<'l: 's, 's>(x: PromiseC<'l>) -> PromiseC<'s> { x }
fn not_contra_promise_c<'l: 's, 's>(x: PromiseC<'s>) -> PromiseC<'l> { x }
type PlaceX<'a> = Place<&'a u8>;
fn not_co_place_x<'l: 's, 's>(x: PlaceX<'l>) -> PlaceX<'s> { x }
fn not_contra_place_x<'l: 's, 's>(x: PlaceX<'s>) -> PlaceX<'l> { x }
type RunZ<'a> = Run<'a>;
fn not_co_run_z<'l: 's, 's>(x: RunZ<'l>) -> RunZ<'s> { x }
fn not_contra_run_z<'l: 's, 's>(x: RunZ<'s>) -> RunZ<'l> { x }
type WireZ<'a> = Wire<'a, u8>;
fn not_co_wire_z<'l: 's, 's>(x: WireZ<'l>) -> WireZ<'s> { x }
fn not_contra_wire_z<'l: 's, 's>(x: WireZ<'s>) -> WireZ<'l> { x }
type WireT<'z, 'a> = Wire<'z, &'a u8>;
fn not_co_wire_t<'z, 'l: 's, 's: 'z>(x: WireT<'z, 'l>) -> WireT<'z, 's> { x }
fn not_contra_wire_t<'z, 'l: 's, 's: 'z>(x: WireT<'z, 's>) -> WireT<'z, 'l> { x }
type SharedT<'a> = Shared<&'a u8>;
fn not_contra_shared_t<'l: 's, 's>(x: SharedT<'s>) -> SharedT<'l> { x }
type HintR<'a> = Hint<&'a u8>;
fn not_contra_hint_r<'l: 's, 's>(x: HintR<'s>) -> HintR<'l> { x }
type LinkT<'a> = Link<&'a u8, u8, Value>;
fn not_contra_link_t<'l: 's, 's>(x: LinkT<'s>) -> LinkT<'l> { x }
type LinkR<'a> = Link<u8, &'a u8, Value>;
fn not_contra_link_r<'l: 's, 's>(x: LinkR<'s>) -> LinkR<'l> { x }
type LinkAs<'a> = Link<u8, u8, &'a u8>;
fn not_contra_link_as<'l: 's, 's>(x: LinkAs<'s>) -> LinkAs<'l> { x }
type FromAllocatorA<'a> = FromAllocator<&'a u8>;
fn not_contra_fromallocator_a<'l: 's, 's>(x: FromAllocatorA<'s>) -> FromAllocatorA<'l> { x }
type HBoxT<'a> = HBox<&'a u8>;
fn not_contra_hbox_t<'l: 's, 's>(x: HBoxT<'s>) -> HBoxT<'l> { x }
type HBoxH<'a> = HBox<u8, FromAllocator<&'a Zone>>;
fn not_co_hbox_h<'l: 's, 's>(x: HBoxH<'l>) -> HBoxH<'s> { x }
fn not_contra_hbox_h<'l: 's, 's>(x: HBoxH<'s>) -> HBoxH<'l> { x }
type ZHeapZ<'a> = ZHeap<'a, u8>;
fn not_contra_zheap_z<'l: 's, 's>(x: ZHeapZ<'s>) -> ZHeapZ<'l> { x }
type ZHeapT<'p, 'a> = ZHeap<'p, &'a u8>;
fn not_contra_zheap_t<'p, 'l: 's, 's: 'p>(x: ZHeapT<'p, 's>) -> ZHeapT<'p, 'l> { x }
type ZHeapPeekMutQ<'a> = ZHeapPeekMut<'a, 'static, u8>;
fn not_contra_zheappeekmut_q<'l: 's, 's>(x: ZHeapPeekMutQ<'s>) -> ZHeapPeekMutQ<'l> { x }
type ZHeapPeekMutZ<'p, 'a> = ZHeapPeekMut<'p, 'a, u8>;
fn not_co_zheappeekmut_z<'p, 'l: 's, 's: 'p>(x: ZHeapPeekMutZ<'p, 'l>) -> ZHeapPeekMutZ<'p, 's> { x }
fn not_contra_zheappeekmut_z<'p, 'l: 's, 's: 'p>(x: ZHeapPeekMutZ<'p, 's>) -> ZHeapPeekMutZ<'p, 'l> { x }
type ZHeapPeekMutT<'p, 'a> = ZHeapPeekMut<'p, 'p, &'a u8>;
fn not_co_zheappeekmut_t<'p, 'l: 's, 's: 'p>(x: ZHeapPeekMutT<'p, 'l>) -> ZHeapPeekMutT<'p, 's> { x }
fn not_contra_zheappeekmut_t<'p, 'l: 's, 's: 'p>(x: ZHeapPeekMutT<'p, 's>) -> ZHeapPeekMutT<'p, 'l> { x }
type FramesT<'a> = Frames<&'a u8>;
fn not_co_frames_t<'l: 's, 's>(x: FramesT<'l>) -> FramesT<'s> { x }
fn not_contra_frames_t<'l: 's, 's>(x: FramesT<'s>) -> FramesT<'l> { x }
type ZStringZ<'a> = ZString<'a>;
fn not_contra_zstring_z<'l: 's, 's>(x: ZStringZ<'s>) -> ZStringZ<'l> { x }
type RefusedT<'a> = Refused<&'a u8>;
fn not_contra_refused_t<'l: 's, 's>(x: RefusedT<'s>) -> RefusedT<'l> { x }
type ZVecZ<'a> = ZVec<'a, u8>;
fn not_contra_zvec_z<'l: 's, 's>(x: ZVecZ<'s>) -> ZVecZ<'l> { x }
type ZVecT<'p, 'a> = ZVec<'p, &'a u8>;
fn not_contra_zvec_t<'p, 'l: 's, 's: 'p>(x: ZVecT<'p, 's>) -> ZVecT<'p, 'l> { x }
type ZVecIterA<'a> = ZVecIter<'a, u8>;
fn not_contra_zveciter_a<'l: 's, 's>(x: ZVecIterA<'s>) -> ZVecIterA<'l> { x }
type ZVecIterT<'p, 'a> = ZVecIter<'p, &'a u8>;
fn not_contra_zveciter_t<'p, 'l: 's, 's: 'p>(x: ZVecIterT<'p, 's>) -> ZVecIterT<'p, 'l> { x }
type ZBoxT<'a> = ZBox<&'a u8>;
fn not_contra_zbox_t<'l: 's, 's>(x: ZBoxT<'s>) -> ZBoxT<'l> { x }
type InlineU<'a> = Inline<&'a u8, 8>;
fn not_co_inline_u<'l: 's, 's>(x: InlineU<'l>) -> InlineU<'s> { x }
fn not_contra_inline_u<'l: 's, 's>(x: InlineU<'s>) -> InlineU<'l> { x }
type PoolZ<'a> = Pool<'a, u8>;
fn not_contra_pool_z<'l: 's, 's>(x: PoolZ<'s>) -> PoolZ<'l> { x }
type PoolT<'p, 'a> = Pool<'p, &'a u8>;
fn not_co_pool_t<'p, 'l: 's, 's: 'p>(x: PoolT<'p, 'l>) -> PoolT<'p, 's> { x }
fn not_contra_pool_t<'p, 'l: 's, 's: 'p>(x: PoolT<'p, 's>) -> PoolT<'p, 'l> { x }
type PoolFullT<'a> = PoolFull<&'a u8>;
fn not_contra_poolfull_t<'l: 's, 's>(x: PoolFullT<'s>) -> PoolFullT<'l> { x }
type PoolKeysP<'a> = PoolKeys<'a>;
fn not_contra_poolkeys_p<'l: 's, 's>(x: PoolKeysP<'s>) -> PoolKeysP<'l> { x }
type PoolIterP<'a> = PoolIter<'a, u8>;
fn not_contra_pooliter_p<'l: 's, 's>(x: PoolIterP<'s>) -> PoolIterP<'l> { x }
type PoolIterT<'p, 'a> = PoolIter<'p, &'a u8>;
fn not_contra_pooliter_t<'p, 'l: 's, 's: 'p>(x: PoolIterT<'p, 's>) -> PoolIterT<'p, 'l> { x }
type PoolIterMutP<'a> = PoolIterMut<'a, u8>;
fn not_contra_poolitermut_p<'l: 's, 's>(x: PoolIterMutP<'s>) -> PoolIterMutP<'l> { x }
type PoolIterMutT<'p, 'a> = PoolIterMut<'p, &'a u8>;
fn not_co_poolitermut_t<'p, 'l: 's, 's: 'p>(x: PoolIterMutT<'p, 'l>) -> PoolIterMutT<'p, 's> { x }
fn not_contra_poolitermut_t<'p, 'l: 's, 's: 'p>(x: PoolIterMutT<'p, 's>) -> PoolIterMutT<'p, 'l> { x }
type PoolBoxP<'a> = PoolBox<'a, u8>;
fn not_contra_poolbox_p<'l: 's, 's>(x: PoolBoxP<'s>) -> PoolBoxP<'l> { x }
type PoolBoxT<'p, 'a> = PoolBox<'p, &'a u8>;
fn not_contra_poolbox_t<'p, 'l: 's, 's: 'p>(x: PoolBoxT<'p, 's>) -> PoolBoxT<'p, 'l> { x }
type ClosureZ<'a> = Closure<'a, u8>;
fn not_contra_closure_z<'l: 's, 's>(x: ClosureZ<'s>) -> ClosureZ<'l> { x }
type ClosureD<'p, 'a> = Closure<'p, &'a u8>;
fn not_contra_closure_d<'p, 'l: 's, 's: 'p>(x: ClosureD<'p, 's>) -> ClosureD<'p, 'l> { x }
type ZoneFnD<'a> = ZoneFn<&'a u8>;
fn not_contra_zonefn_d<'l: 's, 's>(x: ZoneFnD<'s>) -> ZoneFnD<'l> { x }
type ParcelT<'a> = Parcel<&'a u8>;
type CallerD<'a> = Caller<&'a u8>;
fn not_contra_caller_d<'l: 's, 's>(x: CallerD<'s>) -> CallerD<'l> { x }
type BinderD<'a> = Binder<&'a u8>;
fn not_co_binder_d<'l: 's, 's>(x: BinderD<'l>) -> BinderD<'s> { x }
fn not_contra_binder_d<'l: 's, 's>(x: BinderD<'s>) -> BinderD<'l> { x }
type FaderD<'a> = Fader<&'a u8>;
fn not_contra_fader_d<'l: 's, 's>(x: FaderD<'s>) -> FaderD<'l> { x }
type FaderS<'a> = Fader<u8, &'a u8>;
fn not_contra_fader_s<'l: 's, 's>(x: FaderS<'s>) -> FaderS<'l> { x }
type BlockFaderD<'a> = BlockFader<&'a u8, f32, u8>;
fn not_contra_blockfader_d<'l: 's, 's>(x: BlockFaderD<'s>) -> BlockFaderD<'l> { x }
type BlockFaderT<'a> = BlockFader<u8, &'a u8, u8>;
fn not_contra_blockfader_t<'l: 's, 's>(x: BlockFaderT<'s>) -> BlockFaderT<'l> { x }
type BlockFaderS<'a> = BlockFader<u8, f32, &'a u8>;
fn not_contra_blockfader_s<'l: 's, 's>(x: BlockFaderS<'s>) -> BlockFaderS<'l> { x }
type FullT<'a> = Full<&'a u8>;
fn not_contra_full_t<'l: 's, 's>(x: FullT<'s>) -> FullT<'l> { x }
fn not_co_parcel_t<'l: 's, 's>(x: ParcelT<'l>) -> ParcelT<'s> { x }
fn not_contra_parcel_t<'l: 's, 's>(x: ParcelT<'s>) -> ParcelT<'l> { x }
type KeepsLifetimesT<'a> = memzone::__private::KeepsLifetimes<&'a u8>;
fn not_co_keepslifetimes_t<'l: 's, 's>(x: KeepsLifetimesT<'l>) -> KeepsLifetimesT<'s> { x }
fn not_contra_keepslifetimes_t<'l: 's, 's>(x: KeepsLifetimesT<'s>) -> KeepsLifetimesT<'l> { x }

fn main() {}
