/* The pins of the RP2040 (12 MHz crystal, which is also its clock: it is idle most of the time).
 *
 *   GP0, GP1   UART to the host, 115200 baud      GP6..GP9    clock lines of converters 0 to 3
 *   GP2..GP5   data lines of converters 0 to 3    GP18, GP19  light ring: SK9822, clock and data
 *   GP10       buzzer                             GP11        wheel lock (high: locked)
 *   GP26       battery through 47 k over 10 k     GP27        TMP36 thermometer at the load cells
 */
#ifndef BOARD_H
#define BOARD_H

#ifndef CHANNELS
#define CHANNELS 4 /* load cells on this cart */
#endif

#define CRYSTAL_MHZ 12u

#define PIN_DATA 2u
#define PIN_CLOCK 6u
#define PIN_BUZZER 10u
#define PIN_LOCK 11u
#define PIN_LIGHT_CLOCK 18u
#define PIN_LIGHT_DATA 19u
#define PIN_BATTERY 26u
#define PIN_THERMOMETER 27u
#define BUZZER_SLICE 5u

#define LIGHTS 12

#define BATTERY_DIVIDER_NUMERATOR 57u /* (47 k + 10 k) / 10 k */
#define BATTERY_DIVIDER_DENOMINATOR 10u

#define REFERENCE_MV 3300u

#endif
