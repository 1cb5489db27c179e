/* The bench around a simulated board: a pty for the wire, lines of control on standard input, and
 * what the board's surroundings do. Used by the host board and by the emulators' harnesses; each
 * of those gives the two functions at the end.
 *
 * Lines of control; each is answered by {"done": n}. C is a channel; without it, all of them.
 *   {"counts": N}  {"counts": [C, N]}    what the load cell gives
 *   {"noise": N}                         counts, peak
 *   {"fault": [C, "none"]}               or "stuck_low", "stuck_high" (silent)
 *   {"torn": [C, N]}                     N reads meet a new conversion half way
 *   {"drop": N}                          the next N bytes to the host never arrive
 *   {"junk": N}                          N bytes of junk to the host
 *   {"acceleration": [X, Y, Z]}          milli-g
 *   {"battery_mv": N}  {"temperature_centi_c": N}
 *   {"reset": true}                      the reset line
 *   {"reset_at_pulse": N}                the same, in the middle of the next read
 *   {"stat": true}                       the answer carries what the converters and the outputs did
 *   {"quit": true}
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hx711_model.h"

#define BENCH_CHANNELS_MAX 4

typedef struct {
    int channels;
    hx711_t converters[BENCH_CHANNELS_MAX];
    int acceleration_milli_g[3];
    int battery_mv;
    int temperature_centi_c;
    unsigned reset_at_pulse; /* 0: do not */

    int light[3]; /* what the board does: red, green, blue */
    bool locked;
    unsigned beeps;
    unsigned beep_hz;
    unsigned beep_ms;
} bench_t;

extern bench_t bench;

/* Makes `link` point to a pty and prints {"ready": "link"}. False: errno says why not. */
bool bench_open(const char *link, int channels, uint64_t now_ns);
bool bench_close(const char *link);

/* Whether the board is to be reset now, after this channel's clock went up. Says so once. */
bool bench_resets_now(int channel);

size_t bench_write(const uint8_t *bytes, size_t size); /* to the host; how many were taken */
size_t bench_read(uint8_t *bytes, size_t size);        /* from the host; how many came */

/* Obeys the lines that wait, after `wait_ms` at most. False at their end or when told to quit. */
bool bench_control(int wait_ms);

uint64_t bench_now_ns(void); /* the board's time */
void bench_reset(void);      /* the board's reset line */

#endif
