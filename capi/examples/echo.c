// The echo of memzone's README in C: an audio callback whose delay line lies in a zone, and whose scratch memory is a
// scope's. Build it with
//
//     cc -O2 -I include examples/echo.c libmemzone_capi.a -lpthread -lm -ldl -o echo
//
// An audio system calls `callback` for each block. Here a loop does.

#include "memzone.h"

#include <math.h>
#include <stdio.h>

enum { RATE = 48000, BLOCK = 64, DELAY = RATE / 4 };

struct echo {
    float *line;
    size_t at;
};

// One block of audio: what was heard a quarter of a second ago, at half its loudness, is added.
static int callback(struct echo *echo, const float *in, float *out)
{
    mz_scope *scope = mz_scope_enter(4096);
    float *wet = MZ_NEW_ARRAY(mz_current_zone(), float, BLOCK);
    for (size_t i = 0; wet && i < BLOCK; i++) wet[i] = 0.5f * echo->line[(echo->at + i) % DELAY];
    for (size_t i = 0; i < BLOCK; i++) {
        out[i] = in[i] + (wet ? wet[i] : 0.0f); // without memory the block has no echo
        echo->line[(echo->at + i) % DELAY] = out[i];
    }
    echo->at = (echo->at + BLOCK) % DELAY;
    return mz_scope_leave(scope) != MZ_OK;
}

int main(void)
{
    mz_zone *zone = mz_zone_new(sizeof(float) * DELAY);
    struct echo echo = {MZ_NEW_ARRAY(zone, float, DELAY), 0};
    mz_plan plan = mz_plan_default();
    if (!echo.line || mz_rt_prepare(&plan, NULL) != MZ_OK) {
        fprintf(stderr, "%s\n", mz_last_error_text());
        return 1;
    }
    for (size_t i = 0; i < DELAY; i++) echo.line[i] = 0.0f;

    // From here on nothing may be asked from the system.
    mz_report report;
    mz_rt_enter(MZ_DENY, false);
    float loudest = 0.0f;
    for (int block = 0; block < 2 * RATE / BLOCK; block++) {
        float in[BLOCK], out[BLOCK];
        for (int i = 0; i < BLOCK; i++) {
            const int t = block * BLOCK + i;
            in[i] = t < RATE / 10 ? 0.5f * sinf(6.2831853f * 440.0f * (float)t / RATE) : 0.0f;
        }
        if (callback(&echo, in, out)) return 1;
        for (int i = 0; i < BLOCK; i++) {
            // The second echo, half a second after the sound.
            if (block * BLOCK + i > RATE / 2) loudest = fmaxf(loudest, fabsf(out[i]));
        }
    }
    mz_rt_leave(&report);
    printf("loudest of the later echoes: %.3f, asked the system: %d times\n", (double)loudest, (int)report.asked);
    return mz_zone_free(zone) != MZ_OK || loudest < 0.1f || report.asked != 0;
}
