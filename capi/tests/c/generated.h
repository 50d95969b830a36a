// What Extempore's generated code does by itself with a zone, and the symbols that it calls.
#ifndef GENERATED_H
#define GENERATED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct mzone {
    void *memory;
    uint64_t offset;
    uint64_t mark;
    uint64_t size;
    void *cleanup_hooks;
    struct mzone *memories;
} mzone;

_Static_assert(offsetof(mzone, memory) == 0, "as it was compiled for");
_Static_assert(offsetof(mzone, offset) == 8, "as it was compiled for");
_Static_assert(offsetof(mzone, mark) == 16, "as it was compiled for");
_Static_assert(offsetof(mzone, size) == 24, "as it was compiled for");
_Static_assert(offsetof(mzone, cleanup_hooks) == 32, "as it was compiled for");
_Static_assert(offsetof(mzone, memories) == 40, "as it was compiled for");

void *llvm_zone_malloc(mzone *zone, uint64_t size);
void *llvm_zone_malloc_from_current_zone(uint64_t size);
mzone *llvm_zone_create_extern(uint64_t size);
void llvm_zone_destroy(mzone *zone);
mzone *llvm_peek_zone_stack_extern(void);
void llvm_push_zone_stack_extern(mzone *zone);
mzone *llvm_pop_zone_stack(void);
mzone *llvm_zone_callback_setup(void);
bool llvm_ptr_in_zone(mzone *zone, void *pointer);
bool llvm_ptr_in_current_zone(void *pointer);
uint64_t llvm_zone_ptr_size(void *pointer);
bool llvm_zone_copy_ptr(void *from, void *to);
void llvm_zone_print(mzone *zone);
void memzone_extempore_keep_zones(bool keep);

// These are inlined in generated code. Nothing may be kept in a register over a call: so a volatile access each.
#define FIELD(zone, field) (*(volatile __typeof__((zone)->field) *)&(zone)->field)

static inline void zone_mark(mzone *zone)
{
    FIELD(zone, mark) = FIELD(zone, offset);
}

static inline uint64_t zone_mark_size(mzone *zone)
{
    return FIELD(zone, offset) - FIELD(zone, mark);
}

static inline void zone_reset(mzone *zone)
{
    FIELD(zone, offset) = 0;
}

static inline void ptr_set_size(void *pointer, uint64_t size)
{
    ((volatile uint64_t *)pointer)[-1] = size;
}

// Hooks are a list of the generated code's, which lies in the zone.
struct hook {
    uint64_t space;
    void (*run)(void);
    struct hook *next;
};

static inline void add_hook(mzone *zone, void (*run)(void))
{
    struct hook *hook = llvm_zone_malloc(zone, sizeof(struct hook));
    hook->run = run;
    hook->next = FIELD(zone, cleanup_hooks);
    FIELD(zone, cleanup_hooks) = hook;
}

static inline void run_hooks(mzone *zone)
{
    for (struct hook *hook = FIELD(zone, cleanup_hooks); hook; hook = hook->next) hook->run();
    FIELD(zone, cleanup_hooks) = NULL;
}

#endif
