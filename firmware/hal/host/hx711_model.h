/* A pin-level model of the HX711, from its data sheet: a clock line in, a data line out. It knows
 * no firmware and no emulator; time is the caller's, in nanoseconds, and never goes back. */
#ifndef HX711_MODEL_H
#define HX711_MODEL_H

#include <stdbool.h>
#include <stdint.h>

typedef enum { HX711_SOUND, HX711_STUCK_LOW, HX711_STUCK_HIGH } hx711_fault_t;

typedef struct {
    int32_t counts;   /* what the cell gives */
    uint32_t noise;   /* counts, peak */
    hx711_fault_t fault;
    uint32_t tears;   /* so many of the next reads meet a new conversion half way */
    uint32_t interval_ns;
    uint32_t dice;

    bool clock;
    bool off;
    bool ready;
    uint8_t pulses;   /* since the conversion was ready */
    uint32_t shift;
    uint64_t next_ns; /* when the next conversion is ready */
    uint64_t rose_ns;

    uint32_t reads;       /* whole reads */
    uint32_t missed;      /* conversions that nobody read */
    uint32_t torn;        /* reads into which a new conversion fell */
    uint32_t powered_off; /* the clock was high for too long */
    uint32_t high_ns_max; /* the longest that the clock was high */
} hx711_t;

void hx711_power_on(hx711_t *chip, uint32_t interval_ns, uint64_t now_ns);
void hx711_clock(hx711_t *chip, bool high, uint64_t now_ns);
bool hx711_data(hx711_t *chip, uint64_t now_ns);

#endif
