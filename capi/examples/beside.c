// How long 64 allocations in one of Extempore's zones take, while another thread allocates as hard as it can: the median,
// and the worst of those that the machine did not interrupt. Built with the feature `extempore`:
//
//     cc -O2 capi/examples/beside.c libmemzone_capi.a -lpthread -lm -ldl -o beside

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif

#include "../tests/c/generated.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 20000, TURNS = 10, AT_ONCE = 64 };

static atomic_bool done;
static void *volatile sink;

static void *allocate_hard(void *argument)
{
    (void)argument;
    while (!atomic_load_explicit(&done, memory_order_relaxed)) {
        mzone *zone = llvm_zone_create_extern(16384);
        for (int i = 0; i < AT_ONCE; i++) sink = llvm_zone_malloc(zone, 64);
        llvm_zone_destroy(zone);
    }
    return NULL;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    static double least[ROUNDS];
    pthread_t other;
    mzone *zone = llvm_zone_create_extern(16384);
    if (pthread_create(&other, NULL, allocate_hard, NULL)) return 1;
    // Each round has several turns, and counts with the least of them, as the rest is the machine taking the core away.
    for (int turn = 0; turn < TURNS; turn++) {
        for (int round = 0; round < ROUNDS; round++) {
            const double start = now();
            for (int i = 0; i < AT_ONCE; i++) sink = llvm_zone_malloc(zone, 32);
            const double took = now() - start;
            zone_reset(zone);
            if (turn == 0 || took < least[round]) least[round] = took;
        }
    }
    atomic_store(&done, true);
    pthread_join(other, NULL);
    llvm_zone_destroy(zone);
    qsort(least, ROUNDS, sizeof(*least), by_size);
    printf("64 allocations: median %.0f ns, 99.9 %% %.0f ns, worst %.0f ns\n", least[ROUNDS / 2],
           least[ROUNDS - ROUNDS / 1000], least[ROUNDS - 1]);
    return 0;
}
