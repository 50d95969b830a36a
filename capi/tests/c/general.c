// Each function of memzone.h, with what it is for and with what it refuses. On one thread.
#include "memzone.h"

#include "check.h"

#include <string.h>

static int order[8];
static int ran;

static void note(void *data)
{
    order[ran++] = *(int *)data;
}

static mz_zone *used_by_its_hook;

static void use_own_zone(void *data)
{
    (void)data;
    CHECK_NOTHING(MZ_ERROR_IN_USE, mz_zone_alloc(used_by_its_hook, 8, 8));
    CHECK_CODE(MZ_ERROR_IN_USE, mz_zone_reset(used_by_its_hook));
    CHECK_CODE(MZ_ERROR_IN_USE, mz_zone_free(used_by_its_hook));
    ran += 1;
}

static void zones(void)
{
    mz_zone *zone = mz_zone_new(1000);
    CHECK(zone && mz_zone_used(zone) == 0 && mz_zone_capacity(zone) >= 1000);
    char *text = mz_zone_alloc(zone, 16, 1);
    CHECK(text);
    strcpy(text, "hello");
    double *samples = MZ_NEW_ARRAY(zone, double, 64);
    CHECK(samples && (uintptr_t)samples % _Alignof(double) == 0);
    for (int i = 0; i < 64; i++) samples[i] = i;
    CHECK(!strcmp(text, "hello"));
    CHECK(mz_zone_used(zone) == 16 + 512);
    CHECK(mz_zone_contains(zone, text) && mz_zone_contains(zone, samples + 63));
    CHECK(!mz_zone_contains(zone, &zone) && !mz_zone_contains(zone, NULL));
    for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
        void *place = mz_zone_alloc(zone, 3, alignment);
        CHECK(place && (uintptr_t)place % alignment == 0);
    }
    size_t high = mz_zone_high_water(zone);
    CHECK(high >= mz_zone_used(zone));
    CHECK_CODE(MZ_OK, mz_zone_reset(zone));
    CHECK(mz_zone_used(zone) == 0 && mz_zone_high_water(zone) == high);
    CHECK(mz_zone_remaining(zone) >= 1000);
    // It grows, and uses what it has grown by again.
    CHECK(mz_zone_alloc(zone, 1 << 20, 16));
    CHECK_CODE(MZ_OK, mz_zone_reset(zone));
    size_t capacity = mz_zone_capacity(zone);
    CHECK(mz_zone_alloc(zone, 1 << 20, 16) && mz_zone_capacity(zone) == capacity);
    CHECK_CODE(MZ_OK, mz_zone_free(zone));
    CHECK_CODE(MZ_ERROR_FREED, mz_zone_free(zone));
    CHECK_CODE(MZ_ERROR_FREED, mz_zone_reset(zone));
    CHECK_NOTHING(MZ_ERROR_FREED, mz_zone_alloc(zone, 8, 8));
    CHECK_NOTHING(MZ_ERROR_FREED, mz_zone_capacity(zone));
    CHECK_CODE(MZ_OK, mz_zone_free(NULL));
    zone = mz_zone_new(0);
    CHECK(zone && mz_zone_alloc(zone, 100, 8));
    CHECK_CODE(MZ_OK, mz_zone_free(zone));
}

static void refusals(void)
{
    mz_zone *zone = mz_zone_new(1000);
    CHECK_NOTHING(MZ_ERROR_NULL, mz_zone_alloc(NULL, 8, 8));
    CHECK_NOTHING(MZ_ERROR_ZERO_SIZE, mz_zone_alloc(zone, 0, 8));
    CHECK_NOTHING(MZ_ERROR_ZERO_SIZE, mz_zone_alloc_array(zone, 0, 8, 8));
    CHECK_NOTHING(MZ_ERROR_ALIGNMENT, mz_zone_alloc(zone, 8, 0));
    CHECK_NOTHING(MZ_ERROR_ALIGNMENT, mz_zone_alloc(zone, 8, 3));
    CHECK_NOTHING(MZ_ERROR_ALIGNMENT, mz_zone_alloc(zone, 8, 8192));
    CHECK_NOTHING(MZ_ERROR_ALIGNMENT, mz_zone_alloc(zone, 8, SIZE_MAX));
    CHECK_NOTHING(MZ_ERROR_TOO_LARGE, mz_zone_alloc(zone, SIZE_MAX, 8));
    CHECK_NOTHING(MZ_ERROR_TOO_LARGE, mz_zone_alloc(zone, SIZE_MAX / 2, 8));
    CHECK_NOTHING(MZ_ERROR_TOO_LARGE, mz_zone_alloc_array(zone, SIZE_MAX / 4, 8, 8));
    CHECK_NOTHING(MZ_ERROR_TOO_LARGE, mz_zone_new(SIZE_MAX));
    CHECK_NOTHING(MZ_ERROR_NULL, mz_zone_used(NULL));
    CHECK_NOTHING(MZ_ERROR_NULL, mz_zone_contains(NULL, zone));
    CHECK_NOTHING(MZ_ERROR_NULL, mz_zone_build(NULL));
    CHECK_NOTHING(MZ_ERROR_NULL, mz_zone_from_buffer(NULL, 100));
    CHECK_CODE(MZ_ERROR_NULL, mz_zone_reset(NULL));
    CHECK_CODE(MZ_ERROR_NULL, mz_zone_send(NULL));
    CHECK_CODE(MZ_ERROR_NULL, mz_zone_receive(NULL));
    CHECK_CODE(MZ_ERROR_NULL, mz_push(NULL));
    CHECK_CODE(MZ_ERROR_NULL, mz_zone_on_cleanup(zone, NULL, NULL));
    CHECK_CODE(MZ_ERROR_INVALID, mz_zone_receive(zone));
    CHECK(mz_zone_used(zone) == 0);
    CHECK_CODE(MZ_OK, mz_zone_free(zone));
    CHECK(!strcmp(mz_error_name(MZ_ERROR_FREED), "MZ_ERROR_FREED"));
    CHECK(!strcmp(mz_error_name(-1), "unknown") && !strcmp(mz_error_name(1000), "unknown"));
    CHECK(!strcmp(mz_version(), "0.2.0"));
}

static void built(void)
{
    mz_zone_options options = {.capacity = 1024, .flags = MZ_FIXED | MZ_PREFAULT, .name = "voices"};
    mz_zone *zone = mz_zone_build(&options);
    CHECK(zone && mz_zone_capacity(zone) == 1024);
    CHECK(mz_zone_alloc(zone, 1024, 16));
    CHECK_NOTHING(MZ_ERROR_LIMIT_REACHED, mz_zone_alloc(zone, 1, 1));
    CHECK_CODE(MZ_OK, mz_zone_free(zone));
    options = (mz_zone_options){.capacity = 1000, .limit = 20000};
    zone = mz_zone_build(&options);
    CHECK(zone && mz_zone_alloc(zone, 5000, 16));
    CHECK_NOTHING(MZ_ERROR_LIMIT_REACHED, mz_zone_alloc(zone, 17000, 16));
    CHECK_CODE(MZ_OK, mz_zone_free(zone));
    options = (mz_zone_options){.flags = 1u << 20};
    CHECK_NOTHING(MZ_ERROR_INVALID, mz_zone_build(&options));
    options = (mz_zone_options){.limit = 1};
    CHECK_NOTHING(MZ_ERROR_LIMIT_REACHED, mz_zone_build(&options));
    static char buffer[2000];
    zone = mz_zone_from_buffer(buffer + 1, sizeof(buffer) - 1);
    CHECK(zone && mz_zone_capacity(zone) >= 2000 - 256);
    char *place = mz_zone_alloc(zone, 100, 1);
    CHECK(place > buffer && place < buffer + sizeof(buffer));
    CHECK_NOTHING(MZ_ERROR_LIMIT_REACHED, mz_zone_alloc(zone, 2000, 1));
    CHECK_CODE(MZ_OK, mz_zone_free(zone));
    CHECK_NOTHING(MZ_ERROR_TOO_LARGE, mz_zone_from_buffer(buffer, 10));
    CHECK_NOTHING(MZ_ERROR_TOO_LARGE, mz_zone_from_buffer(buffer, SIZE_MAX));
}

static void hooks(void)
{
    int numbers[] = {1, 2, 3};
    mz_zone *zone = mz_zone_new(1000);
    for (int i = 0; i < 3; i++) CHECK_CODE(MZ_OK, mz_zone_on_cleanup(zone, note, &numbers[i]));
    CHECK(ran == 0);
    CHECK_CODE(MZ_OK, mz_zone_reset(zone));
    CHECK(ran == 3 && order[0] == 3 && order[1] == 2 && order[2] == 1);
    CHECK_CODE(MZ_OK, mz_zone_on_cleanup(zone, note, &numbers[0]));
    used_by_its_hook = zone;
    CHECK_CODE(MZ_OK, mz_zone_on_cleanup(zone, use_own_zone, NULL));
    CHECK_CODE(MZ_OK, mz_zone_reset(zone));
    CHECK(ran == 5 && mz_zone_used(zone) == 0);
    CHECK_CODE(MZ_OK, mz_zone_on_cleanup(zone, use_own_zone, NULL));
    CHECK_CODE(MZ_OK, mz_zone_free(zone));
    CHECK(ran == 6);
}

static void stack(void)
{
    mz_zone *popped = NULL;
    CHECK(mz_depth() == 0);
    CHECK_CODE(MZ_ERROR_STACK_EMPTY, mz_pop(&popped));
    CHECK(mz_peek() == mz_current_zone());
    mz_zone *a = mz_zone_new(1000), *b = mz_zone_new(1000);
    CHECK_CODE(MZ_OK, mz_push(a));
    CHECK_CODE(MZ_OK, mz_push(b));
    CHECK_CODE(MZ_OK, mz_push(a));
    CHECK(mz_depth() == 3 && mz_peek() == a);
    void *place = mz_alloc(8, 8);
    CHECK(place && mz_zone_contains(a, place) && mz_zone_contains(mz_current_zone(), place));
    CHECK_CODE(MZ_ERROR_IN_USE, mz_zone_free(a));
    CHECK_CODE(MZ_ERROR_IN_USE, mz_zone_send(a));
    CHECK_CODE(MZ_OK, mz_pop(&popped));
    CHECK(popped == a);
    CHECK_CODE(MZ_ERROR_IN_USE, mz_zone_free(a));
    CHECK_CODE(MZ_OK, mz_zone_reset(a));
    CHECK(!mz_zone_contains(a, place));
    CHECK_CODE(MZ_OK, mz_pop(NULL));
    CHECK_CODE(MZ_OK, mz_zone_free(b));
    CHECK_CODE(MZ_OK, mz_pop(&popped));
    CHECK(popped == a && mz_depth() == 0);
    // The default zone.
    void *kept = mz_alloc(8, 8);
    CHECK(kept && !mz_zone_contains(a, kept) && mz_zone_contains(mz_current_zone(), kept));
    CHECK_CODE(MZ_ERROR_INVALID, mz_zone_free(mz_current_zone()));
    CHECK_CODE(MZ_ERROR_INVALID, mz_zone_reset(mz_current_zone()));
    CHECK_CODE(MZ_ERROR_INVALID, mz_zone_send(mz_current_zone()));
    CHECK_CODE(MZ_ERROR_INVALID, mz_push(mz_current_zone()));
    CHECK_NOTHING(MZ_ERROR_ZERO_SIZE, mz_alloc(0, 8));
    CHECK_NOTHING(MZ_ERROR_ALIGNMENT, mz_alloc(8, 7));
    // Many zones that were pushed, freed in any order.
    mz_zone *many[50];
    for (int i = 0; i < 50; i++) {
        many[i] = mz_zone_new(100);
        CHECK_CODE(MZ_OK, mz_push(many[i]));
    }
    for (int i = 49; i >= 0; i--) {
        CHECK(mz_peek() == many[i]);
        CHECK_CODE(MZ_OK, mz_pop(&popped));
        CHECK(popped == many[i]);
    }
    for (int i = 0; i < 50; i++) CHECK_CODE(MZ_OK, mz_zone_free(many[i * 7 % 50]));
    CHECK_CODE(MZ_OK, mz_zone_free(a));
}

static mz_scope *left_by_its_hook;

static void use_own_scope(void *data)
{
    int *calls = data;
    CHECK_CODE(MZ_ERROR_NO_SCOPE, mz_scope_leave(left_by_its_hook));
    CHECK_NOTHING(MZ_ERROR_NO_SCOPE, mz_scope_alloc(left_by_its_hook, 8, 8));
    // Another scope may be used meanwhile.
    mz_scope *scope = mz_scope_enter(64);
    CHECK(scope != left_by_its_hook && mz_scope_alloc(scope, 8, 8));
    CHECK_CODE(MZ_OK, mz_scope_leave(scope));
    ++*calls;
}

static void scopes(void)
{
    mz_scope *outer = mz_scope_enter(100), *inner = mz_scope_enter(100);
    CHECK(outer && inner && mz_depth() == 2 && mz_peek() == mz_current_zone());
    int *number = mz_alloc(sizeof(int), _Alignof(int));
    *number = 7;
    const size_t used = mz_scope_used(inner);
    CHECK(used >= sizeof(int) && used <= 16 && mz_scope_used(outer) == 0);
    int *result = mz_scope_alloc(outer, sizeof(int), _Alignof(int));
    *result = *number * 6;
    CHECK_CODE(MZ_ERROR_SCOPE_ACTIVE, mz_pop(NULL));
    CHECK_CODE(MZ_ERROR_OUT_OF_ORDER, mz_scope_leave(outer));
    mz_zone *zone = mz_zone_new(100);
    CHECK_CODE(MZ_OK, mz_push(zone));
    CHECK_CODE(MZ_ERROR_OUT_OF_ORDER, mz_scope_leave(inner));
    CHECK(mz_depth() == 3 && mz_scope_used(inner) == used);
    CHECK_CODE(MZ_OK, mz_pop(NULL));
    CHECK_CODE(MZ_OK, mz_scope_leave(inner));
    CHECK(*result == 42);
    CHECK_CODE(MZ_ERROR_NO_SCOPE, mz_scope_leave(inner));
    CHECK_NOTHING(MZ_ERROR_NO_SCOPE, mz_scope_alloc(inner, 8, 8));
    CHECK_NOTHING(MZ_ERROR_NO_SCOPE, mz_scope_used(inner));
    CHECK_NOTHING(MZ_ERROR_ZERO_SIZE, mz_scope_alloc(outer, 0, 8));
    CHECK_NOTHING(MZ_ERROR_NULL, mz_scope_alloc(NULL, 8, 8));
    int calls = 0;
    left_by_its_hook = mz_scope_enter(256);
    CHECK_CODE(MZ_OK, mz_zone_on_cleanup(mz_current_zone(), use_own_scope, &calls));
    CHECK_CODE(MZ_OK, mz_scope_leave(left_by_its_hook));
    CHECK(calls == 1);
    // A hook of a scope's zone, and growth.
    static int nine = 9;
    ran = 0;
    CHECK_CODE(MZ_OK, mz_zone_on_cleanup(mz_current_zone(), note, &nine));
    CHECK(mz_alloc(100000, 16));
    CHECK_CODE(MZ_OK, mz_scope_leave(outer));
    CHECK(ran == 1 && order[0] == 9 && mz_depth() == 0);
    CHECK_CODE(MZ_ERROR_NO_SCOPE, mz_scope_leave(outer));
    CHECK_CODE(MZ_ERROR_NULL, mz_scope_leave(NULL));
    CHECK_CODE(MZ_ERROR_NO_SCOPE, mz_scope_leave((mz_scope *)(uintptr_t)64));
    CHECK_NOTHING(MZ_ERROR_TOO_LARGE, mz_scope_enter(SIZE_MAX));
    // A scope uses the same memory again.
    void *first = NULL;
    for (int i = 0; i < 100; i++) {
        mz_scope *scope = mz_scope_enter(4096);
        void *place = mz_alloc(64, 16);
        CHECK(i == 0 || place == first);
        first = place;
        CHECK_CODE(MZ_OK, mz_scope_leave(scope));
    }
    CHECK_CODE(MZ_OK, mz_zone_free(zone));
}

static void real_time(void)
{
    mz_plan plan = mz_plan_default();
    plan.scopes = 2;
    mz_prepared prepared;
    CHECK_CODE(MZ_OK, mz_rt_prepare(&plan, &prepared));
    CHECK(prepared.scopes == 2 && prepared.bytes >= 2 * plan.scope_bytes && prepared.pages > 0);
    CHECK_CODE(MZ_OK, mz_rt_prepare(&plan, NULL));
    CHECK_CODE(MZ_ERROR_NULL, mz_rt_prepare(NULL, NULL));
    plan.flags = MZ_FIXED;
    CHECK_CODE(MZ_ERROR_INVALID, mz_rt_prepare(&plan, NULL));
    mz_zone *zone = mz_zone_new(1000), *gone = mz_zone_new(1000);
    mz_report report;
    CHECK_CODE(MZ_ERROR_INVALID, mz_rt_leave(NULL));
    CHECK_CODE(MZ_ERROR_INVALID, mz_rt_report(&report));
    CHECK_CODE(MZ_ERROR_INVALID, mz_rt_enter(2, false));
    CHECK_CODE(MZ_OK, mz_rt_enter(MZ_DENY, false));
    for (int i = 0; i < 100; i++) {
        mz_scope *a = mz_scope_enter(60000), *b = mz_scope_enter(60000);
        CHECK(a && b && mz_alloc(50000, 64));
        CHECK_CODE(MZ_OK, mz_scope_leave(b));
        CHECK_CODE(MZ_OK, mz_scope_leave(a));
    }
    CHECK_CODE(MZ_OK, mz_rt_report(&report));
    CHECK(report.asked == 0 && report.denied == 0 && report.minor_faults == MZ_UNKNOWN);
    CHECK_NOTHING(MZ_ERROR_DENIED, mz_zone_new(1000));
    CHECK_NOTHING(MZ_ERROR_DENIED, mz_heap_new(1000));
    CHECK_NOTHING(MZ_ERROR_DENIED, mz_zone_alloc(zone, 100000, 8));
    CHECK_CODE(MZ_OK, mz_zone_free(gone));
    CHECK_CODE(MZ_OK, mz_rt_enter(MZ_COUNT, true));
    CHECK_CODE(MZ_OK, mz_rt_leave(NULL));
    CHECK_CODE(MZ_ERROR_NULL, mz_rt_report(NULL));
    CHECK_CODE(MZ_OK, mz_rt_leave(&report));
    CHECK(report.asked == 4 && report.denied == 4);
    CHECK(mz_rt_collect() == 1);
    CHECK(mz_zone_alloc(zone, 100000, 8));
    for (int i = 0; i < 16; i++) CHECK_CODE(MZ_OK, mz_rt_enter(MZ_COUNT, false));
    CHECK_CODE(MZ_ERROR_INVALID, mz_rt_enter(MZ_COUNT, false));
    for (int i = 0; i < 16; i++) CHECK_CODE(MZ_OK, mz_rt_leave(NULL));
    CHECK_CODE(MZ_OK, mz_zone_free(zone));
}

static void heaps(void)
{
    mz_heap *heap = mz_heap_new(1 << 16);
    CHECK(heap && mz_heap_capacity(heap) > 65000 && mz_heap_used(heap) == 0);
    for (size_t alignment = 1; alignment <= 4096; alignment *= 2) {
        char *block = mz_heap_alloc(heap, 100, alignment);
        CHECK(block && (uintptr_t)block % alignment == 0 && (uintptr_t)block % 16 == 0);
        memset(block, 0xFF, 100);
        CHECK_CODE(MZ_OK, mz_heap_dealloc(block));
        CHECK_CODE(MZ_ERROR_FREED, mz_heap_dealloc(block));
    }
    CHECK(mz_heap_used(heap) == 0);
    CHECK_NOTHING(MZ_ERROR_LIMIT_REACHED, mz_heap_alloc(heap, 1 << 17, 8));
    CHECK_NOTHING(MZ_ERROR_TOO_LARGE, mz_heap_alloc(heap, SIZE_MAX, 8));
    CHECK_NOTHING(MZ_ERROR_TOO_LARGE, mz_heap_alloc(heap, SIZE_MAX / 2 - 16, 8));
    CHECK_NOTHING(MZ_ERROR_ZERO_SIZE, mz_heap_alloc(heap, 0, 8));
    CHECK_NOTHING(MZ_ERROR_ALIGNMENT, mz_heap_alloc(heap, 8, 24));
    CHECK_NOTHING(MZ_ERROR_NULL, mz_heap_alloc(NULL, 8, 8));
    CHECK_NOTHING(MZ_ERROR_TOO_LARGE, mz_heap_new(SIZE_MAX));
    CHECK_CODE(MZ_OK, mz_heap_dealloc(NULL));
    char *block = mz_heap_alloc(heap, 64, 16);
    CHECK_CODE(MZ_ERROR_ALIGNMENT, mz_heap_dealloc(block + 1));
    mz_heap_stats stats;
    CHECK_CODE(MZ_OK, mz_read_heap_stats(heap, &stats));
    CHECK(stats.live == 1 && stats.used >= 64 && stats.failed >= 1 && stats.waiting == 0);
    CHECK_CODE(MZ_ERROR_NULL, mz_read_heap_stats(heap, NULL));
    // The block outlives the heap.
    CHECK_CODE(MZ_OK, mz_heap_free(heap));
    CHECK_CODE(MZ_ERROR_FREED, mz_heap_free(heap));
    CHECK_NOTHING(MZ_ERROR_FREED, mz_heap_alloc(heap, 8, 8));
    memset(block, 1, 64);
    CHECK_CODE(MZ_OK, mz_heap_dealloc(block));
    CHECK_CODE(MZ_OK, mz_heap_free(NULL));
    // The heaps that are made next have other handles.
    mz_heap *next = mz_heap_new(1000);
    CHECK_CODE(MZ_ERROR_FREED, mz_heap_free(heap));
    CHECK(next != heap && mz_heap_alloc(next, 8, 8));
    CHECK_CODE(MZ_OK, mz_heap_free(next));
}

static void statistics(void)
{
    mz_stats mine, all;
    CHECK_CODE(MZ_OK, mz_stats_thread(&mine));
    CHECK_CODE(MZ_OK, mz_stats_total(&all));
    CHECK(mine.requests > 0 && mine.deepest >= 2 && all.requests >= mine.requests);
    CHECK(mine.live == (int64_t)(mine.asked - mine.given_back));
    CHECK_CODE(MZ_ERROR_NULL, mz_stats_thread(NULL));
}

int main(void)
{
    CHECK(mz_last_error() == MZ_OK && !strcmp(mz_last_error_text(), ""));
    zones();
    refusals();
    built();
    hooks();
    stack();
    scopes();
    real_time();
    heaps();
    statistics();
    puts("general: ok");
    return 0;
}
