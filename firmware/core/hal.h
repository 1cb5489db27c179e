/* What the core asks of a board. Each board is one folder in firmware/hal that gives these.
 * None of them may wait longer than a millisecond, but for hal_nonce, which is asked for once at
 * boot and may take twenty. */
#ifndef HAL_H
#define HAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CHANNELS_MAX 4
#define NO_TEMPERATURE INT16_MIN

uint64_t hal_now_us(void);                         /* since boot, never going back */
uint32_t hal_nonce(void);                          /* another number at every boot */
uint8_t hal_reset_cause(void);                     /* RESET_CAUSE_... of protocol.h */
void hal_feed_watchdog(void);                      /* unfed for 250 ms it starts the chip anew */

int hal_receive(void);                             /* next byte from the host, or -1 */
bool hal_send(const uint8_t *bytes, size_t size);  /* all of it, or nothing and false */

uint8_t hal_channels(void);                        /* converters, 1 to CHANNELS_MAX */
bool hal_converter_data(uint8_t channel);          /* the level of its data line */
/* One pulse of its clock line; the data line just before the pulse ends. No interrupt may fall
 * into it: an HX711 whose clock is high for 60 us switches itself off. */
bool hal_converter_pulse(uint8_t channel);

bool hal_acceleration(int16_t milli_g[3]);         /* front, left, up; false: nothing new */
uint16_t hal_battery_mv(void);                     /* 0: not measured */
int16_t hal_temperature_centi_c(void);             /* NO_TEMPERATURE: not measured. Of a broken
                                                    * wire it may say anything outside -40..85 C */

/* Outputs. At boot: dark, silent, free. */
void hal_light(uint8_t red, uint8_t green, uint8_t blue);
void hal_beep(uint16_t frequency_hz, uint16_t duration_ms); /* begins it; does not wait */
void hal_wheel_lock(bool locked);

#endif
