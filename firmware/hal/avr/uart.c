#include "uart.h"

#include <avr/interrupt.h>
#include <avr/io.h>

#include "hal.h"

#define RECEIVE_BYTES 128u /* powers of two, at most 256; a frame is shorter than either */
#define SEND_BYTES 256u

static volatile uint8_t received[RECEIVE_BYTES];
static volatile uint8_t received_head, received_tail;
static volatile uint8_t sending[SEND_BYTES];
static volatile uint8_t sending_head, sending_tail;

ISR(USART_RX_vect) {
    const uint8_t byte = UDR0;
    const uint8_t next = (uint8_t)((received_head + 1) % RECEIVE_BYTES);
    if (next != received_tail) { /* else it is lost, and the frame's checksum tells */
        received[received_head] = byte;
        received_head = next;
    }
}

ISR(USART_UDRE_vect) {
    if (sending_head == sending_tail) {
        UCSR0B &= (uint8_t)~_BV(UDRIE0);
        return;
    }
    UDR0 = sending[sending_tail];
    sending_tail = (uint8_t)((sending_tail + 1) % SEND_BYTES);
}

int hal_receive(void) {
    if (received_head == received_tail) {
        return -1;
    }
    const uint8_t byte = received[received_tail];
    received_tail = (uint8_t)((received_tail + 1) % RECEIVE_BYTES);
    return byte;
}

bool hal_send(const uint8_t *bytes, size_t size) {
    const uint8_t used = (uint8_t)((sending_head - sending_tail) % SEND_BYTES);
    if (size >= SEND_BYTES - used) {
        return false;
    }
    uint8_t head = sending_head;
    for (size_t i = 0; i < size; i++) {
        sending[head] = bytes[i];
        head = (uint8_t)((head + 1) % SEND_BYTES);
    }
    sending_head = head;
    UCSR0B |= _BV(UDRIE0);
    return true;
}

void uart_open(void) {
    UCSR0A = _BV(U2X0);
    UBRR0 = F_CPU / 8 / 115200 - 1; /* 2 % fast, which a receiver still takes */
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UCSR0B = _BV(RXCIE0) | _BV(RXEN0) | _BV(TXEN0);
}
