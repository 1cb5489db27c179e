#include "converter.h"

#include "hal.h"
#include "protocol.h"

#define TRUST_AFTER 8
#define DOUBTED_MAX 8                /* an impact may touch the end of the range for a moment */
#define SILENT_US 200000u
#define PAUSE_US (CONVERSION_US / 2) /* no conversion can follow another sooner */
#define READ_US_MAX 2000u            /* 25 pulses take 0.1 ms */
#define COUNTS_MAX 0x7FFFFF
#define COUNTS_MIN (-0x7FFFFF - 1)
#define ALL_ONES (-1) /* also what a converter that is not ready reads as */

void converter_boot(converter_t *converter, uint32_t now_us) {
    *converter = (converter_t){.fault = FAULT_CODE_NONE, .read_us = now_us};
}

bool converter_trusted(const converter_t *converter) {
    return converter->good == TRUST_AFTER;
}

static void refuse(converter_t *converter, uint8_t fault) {
    converter->refused++;
    converter->good = 0;
    if (converter->fault == FAULT_CODE_NONE) {
        converter->fault = fault; /* the first one is the cause; it stays until all is well */
    }
}

/* Shifts a conversion out, and chooses input A with gain 128 for the next. False when the line
 * does not go high after the last bit, or when it took so long that the next conversion may have
 * fallen into it: then the bits were not those of one conversion. */
static bool shift_out(uint8_t channel, int32_t *counts) {
    const uint32_t began_us = (uint32_t)hal_now_us();
    uint32_t bits = 0;
    for (uint8_t i = 0; i < 24; i++) {
        bits = bits << 1 | (hal_converter_pulse(channel) ? 1u : 0u);
    }
    const bool sealed = hal_converter_pulse(channel);
    *counts = bits & 0x800000u ? (int32_t)bits - 0x1000000 : (int32_t)bits;
    const bool quick = (uint32_t)hal_now_us() - began_us < READ_US_MAX;
    return sealed && hal_converter_data(channel) && quick;
}

static void look_for_silence(converter_t *converter, uint32_t now_us) {
    if (now_us - converter->read_us <= SILENT_US) {
        return;
    }
    converter->good = 0;
    if (converter->fault == FAULT_CODE_NONE) {
        refuse(converter, FAULT_CODE_CONVERTER_SILENT);
    }
}

static bool is_doubted(converter_t *converter, int32_t counts) {
    if (counts > COUNTS_MIN && counts < COUNTS_MAX && counts != ALL_ONES) {
        converter->doubted = 0;
        return false;
    }
    if (++converter->doubted >= DOUBTED_MAX) {
        converter->doubted = DOUBTED_MAX;
        refuse(converter, counts == ALL_ONES ? FAULT_CODE_CONVERTER_STUCK
                                             : FAULT_CODE_CONVERTER_SATURATED);
    }
    return true;
}

/* One that is trusted may miss a conversion; one that is not begins to count again. */
static void leave_out(converter_t *converter) {
    if (!converter_trusted(converter)) {
        converter->good = 0;
    }
}

bool converter_poll(converter_t *converter, uint8_t channel, uint32_t now_us, bool late,
                    int32_t *counts) {
    if (now_us - converter->read_us < PAUSE_US) {
        return false;
    }
    if (hal_converter_data(channel)) { /* not ready yet */
        look_for_silence(converter, now_us);
        return false;
    }
    converter->read_us = now_us;
    if (!shift_out(channel, counts)) {
        refuse(converter, *counts == 0 ? FAULT_CODE_CONVERTER_STUCK : FAULT_CODE_CONVERSION_TORN);
        return false;
    }
    if (late || is_doubted(converter, *counts)) {
        leave_out(converter);
        return false;
    }
    if (!converter_trusted(converter) && ++converter->good == TRUST_AFTER) {
        converter->fault = FAULT_CODE_NONE;
    }
    return converter_trusted(converter);
}
