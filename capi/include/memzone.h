/*
 * memzone: memory zones for real-time C and C++. The guide is docs/c.md; C++ has memzone.hpp beside this.
 *
 * Each function says what it demands, and whether a real-time thread may call it. What is wrong in a way that can be
 * seen is refused with a code (`mz_error`), and nothing has changed then: NULL, sizes of 0, sizes that are too large,
 * wrong alignments, the wrong thread, what is in use, a second free. No function ends the process, and none unwinds.
 *
 * C makes the rest undetectable, and it is undefined behaviour:
 *   - a pointer that this library did not give out, or one of another type;
 *   - using memory of a zone or scope after it was reset, freed or left;
 *   - a handle that was freed, after 64 other zones (or heaps) were freed and a new one has the same handle;
 *   - leaving a scope a second time, when a newer scope has its pointer;
 *   - giving a heap's block back a second time, when its memory was used again or the heap is gone;
 *   - using a zone's memory on two threads at a time without synchronisation of your own;
 *   - a cleanup hook that throws or jumps out.
 */

#ifndef MEMZONE_H
#define MEMZONE_H

/* Made from capi/src by capi/header. Do not edit. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A flag of `mz_zone_options`: the zone never grows beyond its capacity.
#define MZ_FIXED 1

// A flag of `mz_zone_options` and `mz_plan`: every page is touched in advance, so that none causes a page fault later.
#define MZ_PREFAULT 2

// A flag of `mz_zone_options` and `mz_plan`: the system is asked to keep the memory resident. It may refuse that.
#define MZ_LOCK 4

// Stands for a number that is not known.
#define MZ_UNKNOWN UINT64_MAX

// What went wrong. A function that gives a pointer gives NULL where it fails, and `mz_last_error` tells the code. All
// others return the code, or say what they return instead. Where a function fails, nothing has changed.
typedef enum mz_error {
    // All is well.
    MZ_OK = 0,
    // An argument is NULL that must not be.
    MZ_ERROR_NULL = 1,
    // A size is 0 that must not be.
    MZ_ERROR_ZERO_SIZE = 2,
    // An alignment is no power of two, or larger than 4096. Or a pointer is not aligned as it must be.
    MZ_ERROR_ALIGNMENT = 3,
    // More was asked for than could ever be had.
    MZ_ERROR_TOO_LARGE = 4,
    // The system has no more memory.
    MZ_ERROR_OUT_OF_MEMORY = 5,
    // The zone may not grow that far, or the heap has no free block that is large enough.
    MZ_ERROR_LIMIT_REACHED = 6,
    // Something else still uses the zone: a stack, a scope, a handle in Rust code, or the hook that is running.
    MZ_ERROR_IN_USE = 7,
    // Nothing is pushed. Only the default zone is left, which stays.
    MZ_ERROR_STACK_EMPTY = 8,
    // The zone on top of the stack is a scope's, which ends with `mz_scope_leave`.
    MZ_ERROR_SCOPE_ACTIVE = 9,
    // The scope is not the innermost one, or zones that were pushed in it are still there.
    MZ_ERROR_OUT_OF_ORDER = 10,
    // This is no active scope of the calling thread: it was left already, or it belongs to another thread.
    MZ_ERROR_NO_SCOPE = 11,
    // A real-time section forbids what the system would have been asked for.
    MZ_ERROR_DENIED = 12,
    // The zone or heap belongs to another thread, or is on its way to one.
    MZ_ERROR_WRONG_THREAD = 13,
    // The zone, heap or block was freed already.
    MZ_ERROR_FREED = 14,
    // An argument has a value that the function does not take.
    MZ_ERROR_INVALID = 15,
    // The thread is ending, and has no stack of zones any more.
    MZ_ERROR_THREAD_ENDING = 16,
    // A fault in memzone itself, or a panic in a hook that is Rust code.
    MZ_ERROR_INTERNAL = 17,
} mz_error;

// What happens in a section when memzone would ask the system for something.
typedef enum mz_policy {
    // It is counted.
    MZ_COUNT = 0,
    // It is refused with `MZ_ERROR_DENIED`. What would be freed is put aside for `mz_rt_collect`.
    MZ_DENY = 1,
} mz_policy;

// A heap whose memory is all taken at the start. It belongs to the thread that made it, or to the one that received it.
// Its blocks may be given back on every thread.
//
// A handle that was freed is refused with `MZ_ERROR_FREED`. This cannot be relied on for ever: the handle of a new heap
// may be the same pointer again, after 64 others were freed.
typedef struct mz_heap mz_heap;

// An active scope of the thread that has entered it. Its zone is one of the thread's pool, and goes back there.
//
// A scope that was left is refused with `MZ_ERROR_NO_SCOPE`. But a later scope may have the same pointer, which cannot be
// told from it.
typedef struct mz_scope mz_scope;

// A zone: a region of memory that is freed as a whole. It belongs to the thread that made it, or to the one that
// received it. Used on another thread, it gives `MZ_ERROR_WRONG_THREAD`.
//
// A handle that was freed is refused with `MZ_ERROR_FREED`. This cannot be relied on for ever: the handle of a new zone
// may be the same pointer again, after 64 others were freed.
typedef struct mz_zone mz_zone;

// What a zone is to be like. All fields may be 0.
typedef struct mz_zone_options {
    // The bytes that it has room for from the start.
    size_t capacity;
    // The most bytes that it ever takes from the system, headers included. 0 stands for no limit.
    size_t limit;
    // `MZ_FIXED`, `MZ_PREFAULT` and `MZ_LOCK`, or-ed together.
    uint32_t flags;
    // A name for messages and statistics, or NULL. It is copied, and each different name is kept for ever.
    const char *name;
} mz_zone_options;

// What runs when a zone is reset or freed. It gets the pointer that was registered with it.
typedef void (*mz_hook)(void *data);

// What a real-time thread will need. `mz_plan_default()` gives one to begin with.
typedef struct mz_plan {
    // How many scopes will be active at one time, pushed zones included.
    size_t scopes;
    // How many bytes each of them holds in all.
    size_t scope_bytes;
    // How many bytes the default zone has room for. With 0 it is not made now.
    size_t default_zone;
    // How many bytes of the machine's stack to touch.
    size_t stack;
    // `MZ_PREFAULT` and `MZ_LOCK`, or-ed together.
    uint32_t flags;
} mz_plan;

// What `mz_rt_prepare` has made or found.
typedef struct mz_prepared {
    // The scopes that can be entered from here on without a new zone.
    size_t scopes;
    // The bytes of the system's memory that their zones and the default zone have.
    size_t bytes;
    // The pages of 4 KiB that were touched.
    size_t pages;
    // The bytes of the machine's stack that were touched.
    size_t stack;
    // The bytes that stay resident. Fewer than `bytes` if the system has refused some, or was not asked.
    size_t locked_bytes;
} mz_prepared;

// What a thread has asked the system for since a section was entered.
typedef struct mz_report {
    // The requests, including those that were refused.
    uint64_t asked;
    // The requests that were refused.
    uint64_t denied;
    // The bytes that were asked for.
    uint64_t bytes;
    // The bytes that were given back.
    uint64_t given_back;
    // The thread's page faults that needed no disk, or `MZ_UNKNOWN`.
    uint64_t minor_faults;
    // The thread's page faults that needed a disk, or `MZ_UNKNOWN`.
    uint64_t major_faults;
} mz_report;

// The figures of a heap.
typedef struct mz_heap_stats {
    // The bytes that the empty heap holds as one block.
    size_t capacity;
    // The bytes that live blocks have asked for, with what lies in front of each, and those that wait to be freed.
    size_t used;
    // The bytes that all free blocks could hold.
    size_t free;
    // The bytes that the largest free block could hold.
    size_t largest_free;
    // The largest value that `used` has had.
    size_t peak;
    // The blocks, including those that wait to be freed.
    size_t live;
    // The blocks that other threads have given back, and that the owner has not taken back yet.
    size_t waiting;
    // The requests that found no free block.
    uint64_t failed;
} mz_heap_stats;

// What a thread, or all of them, have done.
typedef struct mz_stats {
    // How often the system gave memory for a zone or a heap.
    uint64_t requests;
    // The bytes that the system gave.
    uint64_t asked;
    // The bytes that were given back to the system.
    uint64_t given_back;
    // The bytes that were asked for and not given back. Of a thread that frees what others asked for, it may be negative.
    int64_t live;
    // The largest value that `live` has had.
    int64_t peak;
    // The spare zones, those of active scopes included.
    uint64_t spares;
    // How deep scopes have been nested.
    uint64_t deepest;
} mz_stats;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The code of the thread's last error. It stays as it is when a later call succeeds.
//
// Real-time: yes.
enum mz_error mz_last_error(void);

// The text of the thread's last error, which says what to do. The text is valid until the thread calls this again or
// ends. It is empty if there was no error.
//
// Real-time: yes.
const char *mz_last_error_text(void);

// The name of a code, as it stands in this header. For a number that is no code it is "unknown".
//
// Real-time: yes.
const char *mz_error_name(int32_t code);

// The version of the library, as "0.2.0".
//
// Real-time: yes.
const char *mz_version(void);

// Makes a zone with room for `capacity` bytes, which may be 0. It grows when they are used up. NULL on an error.
//
// Real-time: no, it asks the system for memory.
struct mz_zone *mz_zone_new(size_t capacity);

// Makes a zone as the options say. NULL on an error.
//
// Real-time: no, it asks the system for memory.
//
// Demands:
// `options` is NULL, or points to options whose `name` is NULL or ends with a zero.
struct mz_zone *mz_zone_build(const struct mz_zone_options *options);

// Makes a zone in the memory of a buffer. It never asks the system for more, and never grows. Up to 255 bytes of the
// buffer are the zone's own. NULL on an error.
//
// The buffer must live, and must not be used otherwise, until the zone is freed.
//
// Real-time: no, the handle may need memory of the system's.
//
// Demands:
// `buffer` is NULL, or points to `bytes` bytes that are the zone's until it is freed.
struct mz_zone *mz_zone_from_buffer(void *buffer,
                                    size_t bytes);

// Runs the zone's cleanup hooks and frees it. All its memory is gone then. NULL is not an error.
//
// `MZ_ERROR_IN_USE` while the zone is on the stack. It is not freed then.
//
// Real-time: no, it gives memory back. In a section that denies, it is put aside for `mz_rt_collect`.
//
// Demands:
// `zone` is NULL or a handle of this library's, and nobody uses what was allocated in it.
enum mz_error mz_zone_free(struct mz_zone *zone);

// Runs the zone's cleanup hooks and rewinds it, so that all its memory can be used again. It asks the system for
// nothing, and keeps the blocks that it has grown by. It may be on the stack.
//
// Real-time: yes, if the hooks are.
//
// Demands:
// `zone` is NULL or a handle of this library's, and nobody uses what was allocated in it.
enum mz_error mz_zone_reset(struct mz_zone *zone);

// Takes `size` bytes, which are not initialised. `alignment` is a power of two up to 4096. NULL on an error.
//
// The memory is valid until the zone is reset or freed.
//
// Real-time: yes, within `mz_zone_remaining`.
//
// Demands:
// `zone` is NULL or a handle of this library's.
void *mz_zone_alloc(struct mz_zone *zone,
                    size_t size,
                    size_t alignment);

// Takes room for `count` items of `size` bytes each. Unlike a product of the two, it is refused where that would
// overflow. NULL on an error.
//
// Real-time: yes, within `mz_zone_remaining`.
//
// Demands:
// `zone` is NULL or a handle of this library's.
void *mz_zone_alloc_array(struct mz_zone *zone,
                          size_t count,
                          size_t size,
                          size_t alignment);

// The bytes in use. Each allocation counts with its padding. 0 on an error.
//
// Real-time: yes.
//
// Demands:
// `zone` is NULL or a handle of this library's.
size_t mz_zone_used(const struct mz_zone *zone);

// The bytes that all blocks of the zone together can hold. 0 on an error.
//
// Real-time: yes.
//
// Demands:
// `zone` is NULL or a handle of this library's.
size_t mz_zone_capacity(const struct mz_zone *zone);

// The bytes that can still be taken without asking the system. A single allocation must fit into one block. 0 on an
// error.
//
// Real-time: yes.
//
// Demands:
// `zone` is NULL or a handle of this library's.
size_t mz_zone_remaining(const struct mz_zone *zone);

// The most bytes that were in use at one time. 0 on an error.
//
// Real-time: yes.
//
// Demands:
// `zone` is NULL or a handle of this library's.
size_t mz_zone_high_water(const struct mz_zone *zone);

// Whether the pointer, which may be any, points into the used part of the zone. False on an error.
//
// Real-time: yes.
//
// Demands:
// `zone` is NULL or a handle of this library's.
bool mz_zone_contains(const struct mz_zone *zone, const void *pointer);

// Registers a hook that runs once with `data`, when the zone is reset or freed. Hooks run newest first, on the thread
// that resets or frees the zone. A hook must not use its own zone, and must not leave by `longjmp` or an exception.
//
// The hook takes some bytes of the zone.
//
// Real-time: yes, within `mz_zone_remaining`.
//
// Demands:
// `zone` is NULL or a handle of this library's. `hook` may be called with `data` on the thread that ends the zone.
enum mz_error mz_zone_on_cleanup(struct mz_zone *zone,
                                 mz_hook hook,
                                 void *data);

// Hands the zone over: from here on it belongs to the first thread that calls `mz_zone_receive` with it.
//
// `MZ_ERROR_IN_USE` while it is on the stack. It stays this thread's then.
//
// Real-time: yes.
//
// Demands:
// `zone` is NULL or a handle of this library's. This thread uses nothing of what was allocated in it any more.
enum mz_error mz_zone_send(struct mz_zone *zone);

// Takes a zone over that another thread has handed over with `mz_zone_send`. It is this thread's from here on.
//
// Real-time: yes.
//
// Demands:
// `zone` is NULL or a handle of this library's.
enum mz_error mz_zone_receive(struct mz_zone *zone);

// Pushes a zone on the thread's stack. It is the current zone then, in which `mz_alloc` allocates. It cannot be freed or
// handed over until it is popped. It may be pushed several times. What is pushed in a scope has to be popped in it.
//
// Real-time: yes, if the thread's stack was that deep before.
//
// Demands:
// `zone` is NULL or a handle of this library's.
enum mz_error mz_push(struct mz_zone *zone);

// Pops the zone that was pushed last, and gives its handle through `zone`, which may be NULL. If Rust code has pushed it,
// the handle is a new one, and is to be freed.
//
// `MZ_ERROR_STACK_EMPTY` if nothing is pushed, `MZ_ERROR_SCOPE_ACTIVE` if a scope's zone is on top.
//
// Real-time: yes, in time linear in the number of the thread's zones that were ever pushed.
//
// Demands:
// `zone` is NULL or may be written to.
enum mz_error mz_pop(struct mz_zone **zone);

// The current zone's handle: that of the zone on top of the stack. For a scope's zone, the default zone, and a zone of
// Rust code, it is `mz_current_zone()`. NULL on an error.
//
// Real-time: yes, unless it makes the default zone, in time linear in the number of the thread's zones that were ever pushed.
struct mz_zone *mz_peek(void);

// A handle that stands for whichever zone is current where it is used, on every thread: the one on top of the thread's
// stack, or else the thread's default zone. It can be asked and allocated in. It can neither be freed, reset, pushed nor
// handed over.
//
// Real-time: yes.
struct mz_zone *mz_current_zone(void);

// Takes memory in the current zone: `mz_zone_alloc` with the zone on top of the stack, or else with the thread's default
// zone, which lasts as long as the thread. NULL on an error.
//
// Real-time: yes, within `mz_zone_remaining`.
void *mz_alloc(size_t size,
               size_t alignment);

// The number of zones on the thread's stack, those of scopes included, without the default zone.
//
// Real-time: yes.
size_t mz_depth(void);

// Enters a scope, whose zone has room for `bytes` before it grows. The zone is the current one until the scope is left, so
// `mz_alloc` allocates in it. NULL on an error.
//
// Each scope has to be left on the thread that has entered it, the innermost first. One that is never left lasts as long
// as its thread, and its memory is lost then.
//
// Real-time: yes, once a scope of this size was entered at this depth on this thread; `mz_rt_prepare` does that.
struct mz_scope *mz_scope_enter(size_t bytes);

// Leaves a scope: cleanup hooks of its zone run, and all that was allocated in it is gone.
//
// `MZ_ERROR_OUT_OF_ORDER` if other scopes were entered in it, or zones pushed in it, and are still there.
// `MZ_ERROR_NO_SCOPE` if it is no active scope of this thread. Nothing has changed then.
//
// Real-time: yes, unless its zone has grown beyond what the thread keeps, or has hooks that are not.
//
// Demands:
// Nobody uses what was allocated in the scope.
enum mz_error mz_scope_leave(struct mz_scope *scope);

// Takes memory in a scope of this thread, which need not be the innermost one: so a result is put where it outlives the
// scopes in which it was worked out. As `mz_zone_alloc` otherwise. NULL on an error.
//
// Real-time: yes, within what the scope was entered with.
void *mz_scope_alloc(struct mz_scope *scope,
                     size_t size,
                     size_t alignment);

// The bytes in use in a scope's zone. 0 on an error.
//
// Real-time: yes.
size_t mz_scope_used(const struct mz_scope *scope);

// Four nested scopes of 64 KiB each, 1 MiB in the default zone, and 32 KiB of the machine's stack. All of it is touched,
// and none of it is locked.
//
// Real-time: yes.
struct mz_plan mz_plan_default(void);

// Makes the calling thread ready for real time. Afterwards nothing that memzone does within the plan happens for the
// first time. Call it on the real-time thread itself, before its first block of audio. `prepared` may be NULL.
//
// Real-time: no, it does all the work that is not allowed later.
//
// Demands:
// `plan` is NULL or points to a plan. `prepared` is NULL or may be written to.
enum mz_error mz_rt_prepare(const struct mz_plan *plan,
                            struct mz_prepared *prepared);

// Begins a section, in which the thread is a real-time thread: `policy` (`MZ_COUNT` or `MZ_DENY`) says what happens when
// memzone would ask the system for something. Sections may be nested up to 16 deep, and the strictest counts.
//
// If `count_faults`, page faults are counted too. That is a system call of some 0.4 us here and for each report.
//
// Real-time: yes.
enum mz_error mz_rt_enter(int32_t policy,
                          bool count_faults);

// Ends the thread's innermost section, and gives its report through `report`, which may be NULL.
//
// Real-time: yes.
//
// Demands:
// `report` is NULL or may be written to.
enum mz_error mz_rt_leave(struct mz_report *report);

// What the thread has asked the system for since it entered its innermost section.
//
// Real-time: yes.
//
// Demands:
// `report` is NULL or may be written to.
enum mz_error mz_rt_report(struct mz_report *report);

// Frees what was put aside in sections of all threads, and returns the number of pieces. Cleanup hooks run on this thread.
//
// Real-time: no.
size_t mz_rt_collect(void);

// Makes a heap of `bytes` for this thread. Its blocks get less than that: each has some 50 bytes of its own. NULL on an
// error.
//
// Real-time: no, it takes all its memory and touches every page of it.
struct mz_heap *mz_heap_new(size_t bytes);

// Frees the heap. Its memory is freed now, or with the last of its blocks: those may still be used, and given back with
// `mz_heap_dealloc`. NULL is not an error.
//
// Real-time: no, it gives memory back. In a section that denies, it is put aside for `mz_rt_collect`.
//
// Demands:
// `heap` is NULL or a handle of this library's.
enum mz_error mz_heap_free(struct mz_heap *heap);

// Takes a block of `size` bytes, which are not initialised. `alignment` is a power of two up to 4096. NULL on an error.
//
// What other threads have given back is taken back here, two blocks each time.
//
// Real-time: yes, in constant time.
//
// Demands:
// `heap` is NULL or a handle of this library's.
void *mz_heap_alloc(struct mz_heap *heap,
                    size_t size,
                    size_t alignment);

// Gives a block back, on any thread. NULL is not an error.
//
// A block that was given back already is refused with `MZ_ERROR_FREED`, as long as its memory was not used again. (After
// the heap itself was freed and the last block with it, that cannot be seen.)
//
// Real-time: yes, in constant time. The last block of a heap that was freed: no.
//
// Demands:
// `block` is NULL or from `mz_heap_alloc`, and nobody uses it any more.
enum mz_error mz_heap_dealloc(void *block);

// Takes back up to `most` blocks that other threads have given back, and returns how many. 0 on an error.
//
// Real-time: yes, in time linear in the blocks.
//
// Demands:
// `heap` is NULL or a handle of this library's.
size_t mz_heap_drain(struct mz_heap *heap,
                     size_t most);

// The bytes that live blocks have asked for, with what lies in front of each. 0 on an error.
//
// Real-time: yes.
//
// Demands:
// `heap` is NULL or a handle of this library's.
size_t mz_heap_used(const struct mz_heap *heap);

// The bytes that the empty heap holds as one block. 0 on an error.
//
// Real-time: yes.
//
// Demands:
// `heap` is NULL or a handle of this library's.
size_t mz_heap_capacity(const struct mz_heap *heap);

// The heap's figures.
//
// Real-time: no, it looks at every block.
//
// Demands:
// `heap` is NULL or a handle of this library's. `stats` is NULL or may be written to.
enum mz_error mz_read_heap_stats(const struct mz_heap *heap, struct mz_heap_stats *stats);

// Hands the heap over: from here on it belongs to the first thread that calls `mz_heap_receive` with it. Its blocks stay
// as they are.
//
// Real-time: yes.
//
// Demands:
// `heap` is NULL or a handle of this library's.
enum mz_error mz_heap_send(struct mz_heap *heap);

// Takes a heap over that another thread has handed over with `mz_heap_send`. It is this thread's from here on.
//
// Real-time: yes.
//
// Demands:
// `heap` is NULL or a handle of this library's.
enum mz_error mz_heap_receive(struct mz_heap *heap);

// What the calling thread has done since it started.
//
// Real-time: yes.
//
// Demands:
// `stats` is NULL or may be written to.
enum mz_error mz_stats_thread(struct mz_stats *stats);

// What all threads have done, those that have ended included.
//
// Real-time: yes. It reads a few numbers for each thread, and takes no memory.
//
// Demands:
// `stats` is NULL or may be written to.
enum mz_error mz_stats_total(struct mz_stats *stats);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* MEMZONE_H */

// Typed allocation: MZ_NEW(zone, struct voice), MZ_NEW_ARRAY(zone, float, 64). The memory is not initialised.
#ifdef __cplusplus
#define MZ_ALIGNOF(type) alignof(type)
#else
#define MZ_ALIGNOF(type) _Alignof(type)
#endif
#define MZ_NEW(zone, type) ((type *)mz_zone_alloc((zone), sizeof(type), MZ_ALIGNOF(type)))
#define MZ_NEW_ARRAY(zone, type, count) \
    ((type *)mz_zone_alloc_array((zone), (count), sizeof(type), MZ_ALIGNOF(type)))
