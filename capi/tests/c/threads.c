// What threads do with one another's zones, scopes and heaps.
#include "memzone.h"

#include "check.h"

#include <pthread.h>
#include <string.h>

static void *run(void *(*body)(void *), void *argument)
{
    pthread_t thread;
    void *result = NULL;
    CHECK(pthread_create(&thread, NULL, body, argument) == 0);
    CHECK(pthread_join(thread, &result) == 0);
    return result;
}

struct given {
    mz_zone *zone;
    mz_scope *scope;
    mz_heap *heap;
    void *block;
};

static void *use_what_is_anothers(void *argument)
{
    struct given *given = argument;
    CHECK_NOTHING(MZ_ERROR_WRONG_THREAD, mz_zone_alloc(given->zone, 8, 8));
    CHECK_NOTHING(MZ_ERROR_WRONG_THREAD, mz_zone_used(given->zone));
    CHECK_CODE(MZ_ERROR_WRONG_THREAD, mz_zone_free(given->zone));
    CHECK_CODE(MZ_ERROR_WRONG_THREAD, mz_zone_reset(given->zone));
    CHECK_CODE(MZ_ERROR_WRONG_THREAD, mz_zone_send(given->zone));
    CHECK_CODE(MZ_ERROR_WRONG_THREAD, mz_zone_receive(given->zone));
    CHECK_CODE(MZ_ERROR_WRONG_THREAD, mz_push(given->zone));
    CHECK_CODE(MZ_ERROR_NO_SCOPE, mz_scope_leave(given->scope));
    mz_scope *own = mz_scope_enter(100);
    CHECK_CODE(MZ_ERROR_NO_SCOPE, mz_scope_leave(given->scope));
    CHECK_NOTHING(MZ_ERROR_NO_SCOPE, mz_scope_alloc(given->scope, 8, 8));
    CHECK_CODE(MZ_OK, mz_scope_leave(own));
    CHECK_NOTHING(MZ_ERROR_WRONG_THREAD, mz_heap_alloc(given->heap, 8, 8));
    CHECK_CODE(MZ_ERROR_WRONG_THREAD, mz_heap_free(given->heap));
    CHECK_CODE(MZ_ERROR_WRONG_THREAD, mz_heap_send(given->heap));
    // A block may be given back here.
    CHECK_CODE(MZ_OK, mz_heap_dealloc(given->block));
    return NULL;
}

static int hooks_ran;

static void count(void *data)
{
    (void)data;
    hooks_ran += 1;
}

static void *take_over(void *argument)
{
    struct given *given = argument;
    CHECK_CODE(MZ_OK, mz_zone_receive(given->zone));
    CHECK_CODE(MZ_ERROR_INVALID, mz_zone_receive(given->zone));
    CHECK_CODE(MZ_OK, mz_push(given->zone));
    char *text = mz_alloc(6, 1);
    CHECK(text && mz_zone_contains(given->zone, text));
    strcpy(text, "there");
    CHECK_CODE(MZ_OK, mz_pop(NULL));
    CHECK_CODE(MZ_OK, mz_heap_receive(given->heap));
    given->block = mz_heap_alloc(given->heap, 100, 16);
    CHECK(given->block);
    CHECK_CODE(MZ_OK, mz_zone_send(given->zone));
    CHECK_CODE(MZ_OK, mz_heap_send(given->heap));
    return text;
}

static void *end(void *argument)
{
    struct given *given = argument;
    CHECK_CODE(MZ_OK, mz_zone_receive(given->zone));
    CHECK_CODE(MZ_OK, mz_zone_free(given->zone));
    return NULL;
}

static void handing_over(void)
{
    struct given given = {mz_zone_new(1000), mz_scope_enter(100), mz_heap_new(10000), NULL};
    CHECK_CODE(MZ_OK, mz_zone_on_cleanup(given.zone, count, NULL));
    given.block = mz_heap_alloc(given.heap, 64, 16);
    run(use_what_is_anothers, &given);
    mz_heap_stats stats;
    CHECK_CODE(MZ_OK, mz_read_heap_stats(given.heap, &stats));
    CHECK(stats.waiting == 1 && mz_heap_drain(given.heap, 8) == 1 && mz_heap_used(given.heap) == 0);
    CHECK_CODE(MZ_OK, mz_scope_leave(given.scope));
    CHECK_CODE(MZ_OK, mz_zone_send(given.zone));
    CHECK_CODE(MZ_OK, mz_heap_send(given.heap));
    CHECK_NOTHING(MZ_ERROR_WRONG_THREAD, mz_zone_alloc(given.zone, 8, 8));
    CHECK_CODE(MZ_ERROR_WRONG_THREAD, mz_zone_send(given.zone));
    char *text = run(take_over, &given);
    CHECK_CODE(MZ_OK, mz_zone_receive(given.zone));
    CHECK(!strcmp(text, "there") && mz_zone_contains(given.zone, text) && hooks_ran == 0);
    CHECK_CODE(MZ_OK, mz_zone_send(given.zone));
    run(end, &given);
    CHECK(hooks_ran == 1);
    CHECK_CODE(MZ_ERROR_FREED, mz_zone_receive(given.zone));
    CHECK_CODE(MZ_OK, mz_heap_dealloc(given.block));
    CHECK_CODE(MZ_OK, mz_heap_receive(given.heap));
    CHECK(mz_heap_drain(given.heap, 8) == 1);
    CHECK_CODE(MZ_OK, mz_heap_free(given.heap));
}

// Several threads try to take what was sent: one of them gets it.
static mz_zone *wanted;

static void *try_to_take(void *argument)
{
    (void)argument;
    enum mz_error code = mz_zone_receive(wanted);
    if (code != MZ_OK) {
        CHECK(code == MZ_ERROR_WRONG_THREAD || code == MZ_ERROR_FREED || code == MZ_ERROR_IN_USE);
        return NULL;
    }
    CHECK(mz_zone_alloc(wanted, 100, 8));
    CHECK_CODE(MZ_OK, mz_zone_free(wanted));
    return wanted;
}

static void racing(void)
{
    for (int round = 0; round < 20; round++) {
        pthread_t threads[4];
        int got = 0;
        wanted = mz_zone_new(100);
        CHECK_CODE(MZ_OK, mz_zone_send(wanted));
        for (int i = 0; i < 4; i++) CHECK(!pthread_create(&threads[i], NULL, try_to_take, NULL));
        for (int i = 0; i < 4; i++) {
            void *result;
            CHECK(!pthread_join(threads[i], &result));
            got += result != NULL;
        }
        CHECK(got == 1);
    }
}

// At a thread's end, when its stack is gone: memory of a zone that lasts no longer than the call is not given out.
static pthread_key_t key;
static int ended;

static void at_the_end(void *value)
{
    if (ended++ < 2) {
        // Once more, after all else.
        CHECK(!pthread_setspecific(key, value));
        return;
    }
#ifdef __linux__
    CHECK_NOTHING(MZ_ERROR_THREAD_ENDING, mz_alloc(8, 8));
    CHECK_NOTHING(MZ_ERROR_THREAD_ENDING, mz_zone_alloc(mz_current_zone(), 8, 8));
    CHECK_NOTHING(MZ_ERROR_THREAD_ENDING, mz_scope_enter(100));
#endif
    mz_zone *zone = mz_zone_new(100);
    CHECK(zone && mz_zone_alloc(zone, 8, 8));
    CHECK_CODE(MZ_OK, mz_zone_free(zone));
}

static void *ends(void *argument)
{
    CHECK(mz_alloc(8, 8));
    CHECK(!pthread_setspecific(key, argument));
    return NULL;
}

int main(void)
{
    handing_over();
    racing();
    CHECK(!pthread_key_create(&key, at_the_end));
    run(ends, &key);
    CHECK(ended == 3);
    puts("threads: ok");
    return 0;
}
