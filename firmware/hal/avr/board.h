/* The pins of the atmega328p (TQFP, 16 MHz crystal).
 *
 *   PD0, PD1   UART to the host, 115200 baud      PD4..PD7   clock lines of converters 0 to 3
 *   PC0..PC3   data lines of converters 0 to 3    PD2        wheel lock (high: locked)
 *   PD3        buzzer                             PB3, PB5   light ring: SK9822, data and clock
 *   ADC6       battery through 47 k over 10 k     ADC7       TMP36 thermometer at the load cells
 */
#ifndef BOARD_H
#define BOARD_H

#ifndef CHANNELS
#define CHANNELS 4 /* load cells on this cart */
#endif

#define LIGHTS 12

#define BATTERY_DIVIDER_NUMERATOR 57u /* (47 k + 10 k) / 10 k */
#define BATTERY_DIVIDER_DENOMINATOR 10u

#define REFERENCE_MV 5000u /* AVcc */

#endif
