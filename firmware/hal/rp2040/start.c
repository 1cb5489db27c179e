/* From reset to main, and the two functions that the compiler calls on its own. The image lies
 * behind the 256 bytes of a second-stage boot loader, which the boot ROM wants. */
#include <stddef.h>
#include <stdint.h>

#include "rp2040.h"

extern uint32_t stack_top, bss_begin, bss_end, data_begin, data_end, data_source;
int main(void);
void wake(void);

void *memset(void *out, int value, size_t size) {
    uint8_t *bytes = out;
    while (size-- > 0) {
        *bytes++ = (uint8_t)value;
    }
    return out;
}

void *memcpy(void *restrict out, const void *restrict in, size_t size) {
    uint8_t *to = out;
    const uint8_t *from = in;
    while (size-- > 0) {
        *to++ = *from++;
    }
    return out;
}

void start(void);
void start(void) {
    for (uint32_t *word = &bss_begin; word < &bss_end; word++) {
        *word = 0;
    }
    const uint32_t *source = &data_source;
    for (uint32_t *word = &data_begin; word < &data_end; word++) {
        *word = *source++;
    }
    main();
}

/* The watchdog ends it. */
static void fault(void) {
    for (;;) {
    }
}

typedef void (*vector_t)(void);

__attribute__((section(".vectors"), used)) static const vector_t vectors[48] = {
    [0] = (vector_t)&stack_top, [1] = start, [2] = fault, [3] = fault, [16] = wake,
};

void use_vectors(void);
void use_vectors(void) {
    VECTOR_TABLE = (uint32_t)(uintptr_t)vectors;
}
