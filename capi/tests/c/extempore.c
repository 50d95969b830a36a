// The symbols that Extempore's generated code calls, with the accesses that it does by itself.
#include "generated.h"

#include "check.h"

#include <pthread.h>
#include <string.h>

static bool is_zero(const void *place, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (((const char *)place)[i]) return false;
    }
    return true;
}

static void *run(void *(*body)(void *), void *argument)
{
    pthread_t thread;
    void *result = NULL;
    CHECK(pthread_create(&thread, NULL, body, argument) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    return result;
}

static void allocations(void)
{
    // Zones of any size, odd ones too, and allocations of any size: zero, aligned, apart, and within the memory, which is
    // for valgrind and the sanitizer to say.
    static const uint64_t zones[] = {0, 1, 31, 32, 33, 63, 64, 65, 100, 1000, 1023, 4096, 4097, 1000001};
    static const uint64_t sizes[] = {0, 1, 8, 24, 31, 32, 33, 63, 64, 65, 96, 100, 1000, 5000, 70000};
    for (size_t z = 0; z < sizeof(zones) / sizeof(*zones); z++) {
        mzone *zone = llvm_zone_create_extern(zones[z]);
        CHECK(zone && zone->offset == 0 && zone->mark == 0 && zone->size == zones[z]);
        CHECK(zone->cleanup_hooks == NULL);
        for (int round = 0; round < 3; round++) {
            char *last = NULL;
            uint64_t used = 0;
            for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
                char *place = llvm_zone_malloc(zone, sizes[s]);
                CHECK(place && place != last && (uintptr_t)place % 32 == 0);
                CHECK(is_zero(place, sizes[s]) && is_zero(place - 32, 24));
                CHECK(llvm_zone_ptr_size(place) == sizes[s]);
                CHECK(zone->offset >= used + 32 + sizes[s] && zone->offset % 32 == 0);
                CHECK(llvm_ptr_in_zone(zone, place));
                CHECK(sizes[s] == 0 || llvm_ptr_in_zone(zone, place + sizes[s] - 1));
                memset(place, 0xEE, sizes[s]);
                used = zone->offset;
                last = place;
            }
            // Each keeps what it has: nothing overlaps. (The memory was cleared before, and is full of 0xEE now.)
            CHECK(!llvm_ptr_in_zone(zone, &used) && !llvm_ptr_in_zone(zone, NULL));
            zone_reset(zone);
            CHECK(!llvm_ptr_in_zone(zone, last));
        }
        llvm_zone_destroy(zone);
    }
}

static void nothing_overlaps(void)
{
    mzone *zone = llvm_zone_create_extern(100);
    char *places[200];
    for (int i = 0; i < 200; i++) {
        places[i] = llvm_zone_malloc(zone, (uint64_t)i * 7);
        memset(places[i], i, (size_t)i * 7);
    }
    for (int i = 0; i < 200; i++) {
        CHECK(llvm_ptr_in_zone(zone, places[i]) && llvm_zone_ptr_size(places[i]) == (uint64_t)i * 7);
        for (int at = 0; at < i * 7; at++) CHECK((unsigned char)places[i][at] == i);
    }
    llvm_zone_destroy(zone);
}

static void marks_and_resets(void)
{
    mzone *zone = llvm_zone_create_extern(256);
    // A closure's creation: mark, allocate, and the size of all together in front of it.
    for (int round = 0; round < 100; round++) {
        zone_mark(zone);
        uint64_t *closure = llvm_zone_malloc(zone, 16), *environment = llvm_zone_malloc(zone, 24);
        ptr_set_size(closure, zone_mark_size(zone));
        // It stays so when the zone grows in between.
        CHECK(llvm_zone_ptr_size(closure) == 128 && llvm_zone_ptr_size(environment) == 24);
    }
    CHECK(zone->offset == 100 * 128);
    // A reset by a store is noticed, and the memory is used again, as is what the zone has grown by.
    zone_reset(zone);
    void *first = llvm_zone_malloc(zone, 40);
    CHECK(zone->offset == 96 && is_zero(first, 40));
    memset(first, 0xFF, 40);
    zone_reset(zone);
    CHECK(llvm_zone_malloc(zone, 24) == first && is_zero(first, 24));
    zone_reset(zone);
    zone_reset(zone);
    CHECK(llvm_zone_malloc(zone, 24) == first);
    char *grown[2][50];
    for (int round = 0; round < 2; round++) {
        zone_reset(zone);
        for (int i = 0; i < 50; i++) grown[round][i] = llvm_zone_malloc(zone, 1000);
    }
    CHECK(!memcmp(grown[0], grown[1], sizeof(grown[0])));
    llvm_zone_destroy(zone);
}

static int hooks_ran;

static void count(void)
{
    hooks_ran += 1;
}

static void hooks(void)
{
    mzone *zone = llvm_zone_create_extern(1000);
    add_hook(zone, count);
    add_hook(zone, count);
    run_hooks(zone);
    CHECK(hooks_ran == 2 && zone->cleanup_hooks == NULL);
    add_hook(zone, count);
    // Not by destroying, and the next zone does not have them.
    llvm_zone_destroy(zone);
    zone = llvm_zone_create_extern(1000);
    CHECK(hooks_ran == 2 && zone->cleanup_hooks == NULL && zone->offset == 0 && zone->mark == 0);
    llvm_zone_destroy(zone);
}

static void copies(void)
{
    mzone *zone = llvm_zone_create_extern(1000);
    char *from = llvm_zone_malloc(zone, 10), *to = llvm_zone_malloc(zone, 10);
    char *other = llvm_zone_malloc(zone, 11), *none = llvm_zone_malloc(zone, 0);
    strcpy(from, "something");
    CHECK(!llvm_zone_copy_ptr(from, to) && !strcmp(to, "something"));
    CHECK(llvm_zone_copy_ptr(from, other) && is_zero(other, 11));
    CHECK(llvm_zone_copy_ptr(none, none) && llvm_zone_copy_ptr(NULL, to));
    CHECK(llvm_zone_ptr_size(NULL) == 0);
    llvm_zone_destroy(zone);
}

static void stack(void)
{
    CHECK(llvm_pop_zone_stack() == NULL);
    mzone *bottom = llvm_peek_zone_stack_extern();
    CHECK(bottom && bottom->size == 1 << 20 && llvm_peek_zone_stack_extern() == bottom);
    CHECK(llvm_ptr_in_current_zone(llvm_zone_malloc_from_current_zone(100)));
    CHECK(llvm_ptr_in_zone(bottom, llvm_zone_malloc(NULL, 8)));
    // It stays.
    llvm_zone_destroy(bottom);
    CHECK(llvm_peek_zone_stack_extern() == bottom && llvm_zone_malloc(bottom, 8));
    enum { DEEP = 10000 };
    static mzone *zones[DEEP];
    for (int i = 0; i < DEEP; i++) {
        zones[i] = i % 10 ? zones[i - 1] : llvm_zone_create_extern(64);
        llvm_push_zone_stack_extern(zones[i]);
        CHECK(llvm_peek_zone_stack_extern() == zones[i]);
    }
    for (int i = DEEP - 1; i >= 0; i--) {
        CHECK(llvm_pop_zone_stack() == zones[i]);
        if (i % 10 == 0) llvm_zone_destroy(zones[i]);
    }
    CHECK(llvm_pop_zone_stack() == NULL && llvm_peek_zone_stack_extern() == bottom);
    llvm_push_zone_stack_extern(NULL);
    CHECK(llvm_peek_zone_stack_extern() == bottom);
    // Destroyed while it is on the stack: it ends when it is popped.
    mzone *zone = llvm_zone_create_extern(100);
    llvm_push_zone_stack_extern(zone);
    llvm_push_zone_stack_extern(zone);
    llvm_zone_destroy(zone);
    CHECK(llvm_peek_zone_stack_extern() == zone && llvm_zone_malloc_from_current_zone(8));
    CHECK(llvm_pop_zone_stack() == NULL && llvm_pop_zone_stack() == NULL);
    CHECK(llvm_peek_zone_stack_extern() == bottom);
    llvm_zone_destroy(NULL);
    // Twice.
    zone = llvm_zone_create_extern(100);
    llvm_zone_destroy(zone);
    llvm_zone_destroy(zone);
    mzone *one = llvm_zone_create_extern(100), *two = llvm_zone_create_extern(100);
    CHECK(one != two);
    llvm_zone_destroy(one);
    llvm_zone_destroy(two);
}

static void callbacks(void)
{
    mzone *zone = llvm_zone_callback_setup();
    CHECK(zone && zone->size == 1 << 20 && llvm_peek_zone_stack_extern() == zone);
    void *place = llvm_zone_malloc_from_current_zone(100);
    CHECK(llvm_pop_zone_stack() == zone);
    for (int i = 0; i < 1000; i++) {
        CHECK(llvm_zone_callback_setup() == zone && zone->offset == 0);
        CHECK(llvm_zone_malloc_from_current_zone(100) == place);
        CHECK(llvm_pop_zone_stack() == zone);
    }
    llvm_zone_destroy(zone);
    CHECK(llvm_zone_callback_setup() == zone && llvm_pop_zone_stack() == zone);
}

static void *make(void *argument)
{
    mzone *zone = llvm_zone_create_extern(1000);
    llvm_push_zone_stack_extern(zone);
    uint64_t *value = llvm_zone_malloc_from_current_zone(8);
    *value = 42;
    CHECK(llvm_pop_zone_stack() == zone);
    *(uint64_t **)argument = value;
    // What the thread keeps, its default and its callback zone, goes with it; and what is left on its stack.
    CHECK(llvm_zone_malloc_from_current_zone(8) && llvm_zone_callback_setup());
    for (int i = 0; i < 50; i++) llvm_zone_destroy(llvm_zone_create_extern(100000));
    mzone *many[50];
    for (int i = 0; i < 50; i++) many[i] = llvm_zone_create_extern(10);
    for (int i = 0; i < 50; i++) llvm_zone_destroy(many[i]);
    return zone;
}

static void *use_and_destroy(void *argument)
{
    mzone *zone = argument;
    llvm_push_zone_stack_extern(zone);
    for (int i = 0; i < 100; i++) CHECK(llvm_zone_malloc_from_current_zone(100));
    CHECK(llvm_pop_zone_stack() == zone);
    llvm_zone_destroy(zone);
    return NULL;
}

static void *default_zones_value(void *argument)
{
    (void)argument;
    uint64_t *value = llvm_zone_malloc_from_current_zone(8);
    *value = 7;
    return value;
}

static mzone *of_another_thread;

static void *leave_pushed(void *argument)
{
    (void)argument;
    llvm_push_zone_stack_extern(of_another_thread);
    return NULL;
}

static void threads(void)
{
    for (int i = 0; i < 20; i++) {
        uint64_t *value = NULL;
        mzone *zone = run(make, &value);
        CHECK(*value == 42 && llvm_ptr_in_zone(zone, value));
        run(use_and_destroy, zone);
        zone = run(make, &value);
        llvm_zone_destroy(zone);
    }
    // What a thread left on its stack is free to be destroyed when it has ended.
    of_another_thread = llvm_zone_create_extern(100);
    run(leave_pushed, NULL);
    llvm_zone_destroy(of_another_thread);
    memzone_extempore_keep_zones(true);
    uint64_t *kept = run(default_zones_value, NULL);
    CHECK(*kept == 7);
    memzone_extempore_keep_zones(false);
}

// A thread that allocates hard does not keep others waiting: here that it works at all, with each its own zones.
static void *allocate_hard(void *argument)
{
    (void)argument;
    for (int i = 0; i < 2000; i++) {
        mzone *zone = llvm_zone_create_extern(4096);
        llvm_push_zone_stack_extern(zone);
        for (int at = 0; at < 20; at++) {
            uint64_t *place = llvm_zone_malloc_from_current_zone(100);
            *place = (uint64_t)at;
        }
        CHECK(llvm_pop_zone_stack() == zone);
        llvm_zone_destroy(zone);
    }
    return NULL;
}

int main(void)
{
    allocations();
    nothing_overlaps();
    marks_and_resets();
    hooks();
    copies();
    stack();
    callbacks();
    threads();
    pthread_t several[4];
    for (int i = 0; i < 4; i++) CHECK(!pthread_create(&several[i], NULL, allocate_hard, NULL));
    for (int i = 0; i < 4; i++) CHECK(!pthread_join(several[i], NULL));
    llvm_zone_print(llvm_peek_zone_stack_extern());
    puts("extempore: ok");
    return 0;
}
