/* One HX711 and how far it is to be trusted. A conversion that cannot be vouched for is refused;
 * a fault is latched until TRUST_AFTER good conversions came in a row. */
#ifndef CONVERTER_H
#define CONVERTER_H

#include <stdbool.h>
#include <stdint.h>

#define CONVERSION_US 12500u /* at 80 a second */

typedef struct {
    uint8_t fault;    /* FAULT_CODE_... of protocol.h */
    uint8_t good;     /* good conversions in a row, up to TRUST_AFTER */
    uint8_t doubted;  /* conversions in a row at the end of the range, or all ones */
    uint16_t refused; /* conversions refused since boot */
    uint32_t read_us; /* when a conversion was last read */
} converter_t;

void converter_boot(converter_t *converter, uint32_t now_us);
bool converter_trusted(const converter_t *converter);

/* True with a conversion that can be trusted. `late`: nobody looked for so long that the
 * conversion which waits may be overwritten while it is read, so it is thrown away. */
bool converter_poll(converter_t *converter, uint8_t channel, uint32_t now_us, bool late,
                    int32_t *counts);

#endif
