// What calls from C take, in instructions: one operation by its name, in a function that callgrind collects.
// `.ci/capi counts` runs it and compares with the most that each may take.
#include "generated.h"
#include "memzone.h"

#include "check.h"

#include <string.h>

static mzone *zone;
static mz_zone *general;
static mz_heap *heap;
static void *volatile sink;

static void nothing(void)
{
    sink = NULL;
}

static void allocate_24(void)
{
    sink = llvm_zone_malloc(zone, 24);
}

static void allocate_1000(void)
{
    sink = llvm_zone_malloc(zone, 1000);
}

static void allocate_after_reset(void)
{
    zone_reset(zone);
    sink = llvm_zone_malloc(zone, 24);
}

static void peek(void)
{
    sink = llvm_peek_zone_stack_extern();
}

static void letz(void)
{
    mzone *inner = llvm_zone_create_extern(4096);
    llvm_push_zone_stack_extern(inner);
    sink = llvm_zone_malloc(inner, 24);
    sink = llvm_pop_zone_stack();
    llvm_zone_destroy(inner);
}

static void grow(void)
{
    mzone *inner = llvm_zone_create_extern(4096);
    llvm_push_zone_stack_extern(inner);
    for (int i = 0; i < 20; i++) sink = llvm_zone_malloc(inner, 1024);
    sink = llvm_pop_zone_stack();
    llvm_zone_destroy(inner);
}

static void scope(void)
{
    mz_scope *entered = mz_scope_enter(4096);
    mz_scope_leave(entered);
}

static void scope_and_24(void)
{
    mz_scope *entered = mz_scope_enter(4096);
    sink = mz_scope_alloc(entered, 24, 8);
    mz_scope_leave(entered);
}

static void scope_and_current_24(void)
{
    mz_scope *entered = mz_scope_enter(4096);
    sink = mz_alloc(24, 8);
    mz_scope_leave(entered);
}

static void general_24(void)
{
    sink = mz_zone_alloc(general, 24, 8);
}

static void current_24(void)
{
    sink = mz_alloc(24, 8);
}

static void general_reset(void)
{
    mz_zone_reset(general);
}

static void heap_64(void)
{
    void *block = mz_heap_alloc(heap, 64, 16);
    sink = block;
    mz_heap_dealloc(block);
}

#define OPERATION(name) {#name, name}
static const struct {
    const char *name;
    void (*run)(void);
} operations[] = {
    OPERATION(nothing),   OPERATION(allocate_24),  OPERATION(allocate_1000), OPERATION(allocate_after_reset),
    OPERATION(peek),      OPERATION(letz),         OPERATION(grow),          OPERATION(scope),
    OPERATION(scope_and_24), OPERATION(scope_and_current_24), OPERATION(general_24), OPERATION(current_24),   OPERATION(general_reset),
    OPERATION(heap_64),
};

// Collected from its start to its end.
__attribute__((noinline)) void measured(void (*run)(void))
{
    run();
    __asm__ volatile("");
}

int main(int count, char **arguments)
{
    CHECK(count == 2);
    zone = llvm_zone_create_extern(1 << 20);
    llvm_push_zone_stack_extern(zone);
    general = mz_zone_new(1 << 20);
    heap = mz_heap_new(1 << 20);
    for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
        if (strcmp(operations[i].name, arguments[1])) continue;
        for (int warm = 0; warm < 3; warm++) operations[i].run();
        measured(operations[i].run);
        return 0;
    }
    return 1;
}
