/* What the core asks of a board. Each board is one folder in firmware/hal that gives these. */
#ifndef HAL_H
#define HAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t hal_now_us(void);                              /* since boot, never going back */
uint32_t hal_nonce(void);                               /* another number at every boot */
uint8_t hal_reset_cause(void);                          /* RESET_CAUSE_... of protocol.h */
int hal_receive(void);                                  /* next byte from the host, or -1 */
bool hal_send(const uint8_t *bytes, size_t size);       /* all of it, or nothing and false */
bool hal_conversion(int32_t *counts);                   /* a new conversion, if there is one */
void hal_light(uint8_t red, uint8_t green, uint8_t blue);
void hal_beep(uint16_t frequency_hz, uint16_t duration_ms);

#endif
