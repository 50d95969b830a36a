// What the tests in C and C++ have in common.
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

// Ends the program with the place, if it does not hold.
#define CHECK(condition)                                                        \
    do {                                                                        \
        if (!(condition)) {                                                     \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);     \
            exit(1);                                                            \
        }                                                                       \
    } while (0)

// That a call gives this code, and notes it with a text if it is an error.
#define CHECK_CODE(code, call)                                                  \
    do {                                                                        \
        enum mz_error got = (call);                                             \
        if (got != (code)) {                                                    \
            fprintf(stderr, "%s:%d: %s: %s, %s\n", __FILE__, __LINE__, #call,   \
                    mz_error_name(got), mz_last_error_text());                  \
            exit(1);                                                            \
        }                                                                       \
        CHECK(got == MZ_OK || (mz_last_error() == got && mz_last_error_text()[0])); \
    } while (0)

// That a call gives NULL (or 0, or false), and notes this code.
#define CHECK_NOTHING(code, call)                                               \
    do {                                                                        \
        CHECK(!(call));                                                         \
        CHECK_CODE(code, mz_last_error());                                      \
    } while (0)

#endif
