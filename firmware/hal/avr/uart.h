/* The UART: rings and interrupts; hal_receive and hal_send are its other half. */
#ifndef UART_H
#define UART_H

void uart_open(void);

#endif
