/* One converter, and a line on standard input for each thing that happens to it: "WORD TIMES".
 * After each line prints {"trusted": 0 or 1, "fault": n, "passed": n}: how many conversions came
 * through since the line before. The words are the rows of `happenings`.
 */
#include <stdio.h>
#include <string.h>

#include "converter.h"
#include "hal.h"

#define GOOD_BITS 0x001234u

static uint64_t now_us = 1000000;
static bool ready; /* a conversion waits */
static bool seals; /* the line goes high after the last bit */
static uint32_t bits;
static int pulses;

static const struct {
    const char *word;
    uint32_t bits;
    bool ready, seals, late;
    uint32_t after_us;
} happenings[] = {
    {"good", GOOD_BITS, true, true, false, CONVERSION_US},
    {"late", GOOD_BITS, true, true, true, CONVERSION_US},
    {"torn", GOOD_BITS, true, false, false, CONVERSION_US},
    {"saturated", 0x7FFFFFu, true, true, false, CONVERSION_US},
    {"ones", 0xFFFFFFu, true, true, false, CONVERSION_US},
    {"silence", 0, false, false, false, 500},
};

uint64_t hal_now_us(void) {
    return now_us;
}

bool hal_converter_data(uint8_t channel) {
    (void)channel;
    return pulses == 25 ? seals : !ready;
}

bool hal_converter_pulse(uint8_t channel) {
    (void)channel;
    now_us++;
    if (pulses < 24) {
        return bits >> (23 - pulses++) & 1u;
    }
    pulses = 25;
    return true;
}

static bool happen(converter_t *converter, const char *word) {
    for (size_t i = 0; i < sizeof happenings / sizeof happenings[0]; i++) {
        if (strcmp(word, happenings[i].word) == 0) {
            int32_t counts;
            now_us += happenings[i].after_us;
            ready = happenings[i].ready;
            seals = happenings[i].seals;
            bits = happenings[i].bits;
            pulses = 0;
            return converter_poll(converter, 0, (uint32_t)now_us, happenings[i].late, &counts);
        }
    }
    fprintf(stderr, "no such word: %s\n", word);
    return false;
}

int main(void) {
    converter_t converter;
    char word[16];
    int times;
    converter_boot(&converter, (uint32_t)now_us);
    while (scanf("%15s %d", word, &times) == 2) {
        int passed = 0;
        for (; times > 0; times--) {
            passed += happen(&converter, word);
        }
        printf("{\"trusted\": %d, \"fault\": %u, \"passed\": %d}\n", converter_trusted(&converter),
               converter.fault, passed);
    }
    return 0;
}
