#include "hx711_model.h"

#define SETTLING_CONVERSIONS 4 /* after power is back, until the first one */
#define POWER_OFF_NS 60000u
#define TEAR_AT_PULSE 12

static int32_t clamp(int64_t value) {
    if (value > 0x7FFFFF) {
        return 0x7FFFFF;
    }
    return value < -0x800000 ? -0x800000 : (int32_t)value;
}

static void settle(hx711_t *chip, uint64_t now_ns) {
    chip->off = false;
    chip->ready = false;
    chip->pulses = 0;
    chip->next_ns = now_ns + (uint64_t)chip->interval_ns * SETTLING_CONVERSIONS;
}

void hx711_power_on(hx711_t *chip, uint32_t interval_ns, uint64_t now_ns) {
    *chip = (hx711_t){.interval_ns = interval_ns, .dice = 1 + interval_ns};
    settle(chip, now_ns);
}

static void convert(hx711_t *chip) {
    chip->dice = chip->dice * 1664525u + 1013904223u;
    const int64_t noise = (int64_t)(chip->dice >> 8) % (2 * chip->noise + 1) - chip->noise;
    chip->shift = (uint32_t)clamp(chip->counts + noise) & 0xFFFFFFu;
    chip->torn += chip->pulses > 0 && chip->pulses < 25;
    chip->missed += chip->ready && chip->pulses == 0;
    chip->pulses = 0;
    chip->ready = true;
}

static void advance(hx711_t *chip, uint64_t now_ns) {
    if (chip->clock && !chip->off && now_ns - chip->rose_ns > POWER_OFF_NS) {
        chip->off = true;
        chip->powered_off++;
    }
    while (!chip->off && chip->next_ns <= now_ns) {
        convert(chip);
        chip->next_ns += chip->interval_ns;
    }
}

static void rise(hx711_t *chip, uint64_t now_ns) {
    chip->rose_ns = now_ns;
    if (chip->off || !chip->ready) {
        return;
    }
    chip->pulses++;
    if (chip->pulses == TEAR_AT_PULSE && chip->tears > 0) {
        chip->tears--;
        convert(chip); /* the bits that follow are those of a new conversion, from its first */
        chip->pulses = 1;
    }
    chip->reads += chip->pulses == 25;
}

static void fall(hx711_t *chip, uint64_t now_ns) {
    const uint64_t high_ns = now_ns - chip->rose_ns;
    chip->high_ns_max = high_ns > chip->high_ns_max ? (uint32_t)high_ns : chip->high_ns_max;
    if (chip->off) {
        settle(chip, now_ns);
    } else if (chip->pulses >= 25) {
        chip->ready = false;
        chip->pulses = 0;
    }
}

void hx711_clock(hx711_t *chip, bool high, uint64_t now_ns) {
    advance(chip, now_ns);
    if (high == chip->clock) {
        return;
    }
    chip->clock = high;
    if (high) {
        rise(chip, now_ns);
    } else {
        fall(chip, now_ns);
    }
}

bool hx711_data(hx711_t *chip, uint64_t now_ns) {
    advance(chip, now_ns);
    if (chip->fault != HX711_SOUND) {
        return chip->fault == HX711_STUCK_HIGH;
    }
    if (chip->off || !chip->ready || chip->pulses > 24) {
        return true;
    }
    return chip->pulses > 0 && (chip->shift >> (24 - chip->pulses) & 1u) != 0;
}
