/* The RP2040 in rp2040js, with pin-level HX711s on its pins and its UART on a pty. A test program:
 * it knows nothing of the firmware but pins, and never ships. Started by rp2040_board.py.
 *
 * usage: node rp2040_board.cjs PTY_DESCRIPTOR LINK CHANNELS FIRMWARE.bin [SPEED]
 * SPEED is times real time, 1 unless said; 0: as fast as it goes.
 * Control: the lines of firmware/hal/host/bench.h on standard input.
 */
'use strict';

const fs = require('fs');
const { Simulator } = require('rp2040js');
const { Hx711 } = require('./hx711_model.cjs');

const [wire, link, channels, path, speed] = [
  Number(process.argv[2]), process.argv[3], Number(process.argv[4]), process.argv[5],
  Number(process.argv[6] ?? 1),
];
const CYCLE_NS = 1e9 / 12e6;
const QUANTUM_NS = 1e6;
const LOOK_NS_MAX = 1e6;
const SILENCE_NS = 25e6;
const INTERVALS_NS = [12_500_000, 12_537_500, 12_450_000, 12_512_500];
const PIN = { data: 2, clock: 6, buzzer: 10, lock: 11 };
const CODE_AT = 0x100;
const FLASH_AT = 0x10000000;
const ROSC = 0x40060, CHIP_RESET = 0x40064, WATCHDOG = 0x40058;
const RESET_FLAGS = { power: 1 << 8, pin: 1 << 16, watchdog: 1 << 8 };

const firmware = fs.readFileSync(path);
const world = { battery_mv: 12600, temperature_centi_c: 2100, acceleration: [0, 0, 1000] };
const outputs = { light: [0, 0, 0], locked: 0, beeps: 0, beep_hz: 0, beep_ms: 0 };
let tone = { edges: 0 };
let simulator, beganNs = 0, wanted = null, resetAtPulse = 0; /* wanted: a reset, and why */
let drop = 0, dice = 1, done = 0, control = '';
let said = [], waiting = [];

const nowNs = () => beganNs + (simulator ? simulator.clock.nanos : 0);
const converters = INTERVALS_NS.slice(0, channels).map((interval) => new Hx711(interval, 0));

function drive(channel) {
  const pin = simulator.rp2040.gpio[PIN.data + channel];
  const level = converters[channel].data(nowNs());
  if (pin.driven !== level) {
    pin.driven = level;
    pin.setInputValue(level);
  }
}

function watchConverters(mcu) {
  converters.forEach((converter, channel) => {
    mcu.gpio[PIN.clock + channel].addListener((state) => {
      converter.clock(state === 1, nowNs());
      drive(channel);
      if (resetAtPulse > 0 && converter.pulses === resetAtPulse) wanted = 'pin';
    });
  });
  const alarm = simulator.clock.createAlarm(() => {
    converters.forEach((_, channel) => drive(channel));
    const nextNs = Math.min(...converters.map((converter) => converter.nextNs)) - nowNs();
    alarm.schedule(Math.max(1000, Math.min(nextNs, LOOK_NS_MAX)));
  });
  alarm.schedule(1000);
}

function onTone() {
  if (tone.edges++ === 0) tone.firstNs = nowNs();
  tone.lastNs = nowNs();
}

function endTone() {
  if (tone.edges < 2 || nowNs() - tone.lastNs < SILENCE_NS) return;
  const seconds = (tone.lastNs - tone.firstNs) / 1e9;
  outputs.beeps++;
  outputs.beep_hz = Math.round((tone.edges - 1) / 2 / seconds);
  outputs.beep_ms = Math.round(seconds * 1000);
  tone = { edges: 0 };
}

/* SK9822: words of four bytes; brightness, blue, green, red. */
function watchOutputs(mcu) {
  let word = [];
  mcu.spi[0].onTransmit = (byte) => {
    word.push(byte);
    if (word.length === 4) {
      if (word[0] === 0xff) outputs.light = [word[3], word[2], word[1]];
      word = [];
    }
    mcu.spi[0].completeTransmit(0);
  };
  mcu.gpio[PIN.lock].addListener((state) => (outputs.locked = state === 1 ? 1 : 0));
  mcu.gpio[PIN.buzzer].addListener((state, old) => state <= 1 && old <= 1 && onTone());
}

/* Two blocks that rp2040js does not have: a random bit, and why the chip started. */
function addRegisters(mcu, why) {
  const block = (read) => ({ readUint32: read, writeUint32() {}, writeUint32Atomic() {} });
  mcu.peripherals[ROSC] = block(() => (Math.random() < 0.5 ? 0 : 1));
  mcu.peripherals[CHIP_RESET] = block((offset) => (offset === 8 ? RESET_FLAGS[why] : 0));
  const watchdog = mcu.peripherals[WATCHDOG];
  watchdog.reason = why === 'watchdog' ? 1 : 0;
  watchdog.onWatchdogTrigger = () => {
    wanted = 'watchdog';
    watchdog.alarm.enable = false; /* or it would ring again at once, for ever */
  };
}

function boot(why) {
  beganNs = nowNs();
  simulator = new Simulator();
  wanted = null;
  resetAtPulse = 0;
  outputs.locked = 0; /* pins are inputs until the firmware says otherwise, and pulled down */
  converters.forEach((converter) => converter.clock(false, nowNs()));
  const mcu = simulator.rp2040;
  mcu.flash.set(firmware, CODE_AT);
  mcu.core.VTOR = FLASH_AT + CODE_AT;
  mcu.core.reset();
  mcu.uart[0].onByte = (byte) => said.push(byte);
  addRegisters(mcu, why);
  watchOutputs(mcu);
  watchConverters(mcu);
}

function run() {
  const { rp2040: mcu, clock } = simulator;
  const endNs = clock.nanos + QUANTUM_NS;
  while (clock.nanos < endNs && !wanted) {
    if (mcu.core.waiting) clock.tick(clock.nanosToNextAlarm);
    else clock.tick(mcu.core.executeInstruction() * CYCLE_NS);
  }
  if (wanted) boot(wanted);
}

function read(descriptor) {
  const buffer = Buffer.alloc(4096);
  try {
    const size = fs.readSync(descriptor, buffer);
    return size === 0 ? null : buffer.subarray(0, size);
  } catch (error) {
    if (error.code === 'EAGAIN') return Buffer.alloc(0);
    throw error;
  }
}

/* Whole, or what the wire takes. */
function write(bytes) {
  try {
    return fs.writeSync(wire, Buffer.from(bytes));
  } catch (error) {
    if (error.code === 'EAGAIN') return 0;
    throw error;
  }
}

function moveBytes() {
  const dropped = Math.min(drop, said.length);
  drop -= dropped;
  said = said.slice(dropped);
  if (said.length > 0) said = said.slice(write(said));
  waiting.push(...(read(wire) ?? []));
  const uart = simulator.rp2040.uart[0];
  for (let room = 12; room > 0 && waiting.length > 0 && !uart.rxFIFO.full; room--) {
    uart.feedByte(waiting.shift()); /* 12 bytes in a millisecond are 115200 baud */
  }
  const adc = simulator.rp2040.adc.channelValues;
  adc[0] = Math.round(((world.battery_mv * 10) / 57 / 3300) * 4095);
  adc[1] = Math.round(((500 + world.temperature_centi_c / 10) / 3300) * 4095);
}

function junk(size) {
  const bytes = [];
  for (; size > 0; size--) {
    dice = (Math.imul(dice, 1664525) + 1013904223) >>> 0;
    bytes.push(dice >>> 24);
  }
  write(bytes);
}

const forAll = (value, give) =>
  Array.isArray(value) ? give(converters[value[0]], value[1]) : converters.forEach((c) => give(c, value));
const CONTROLS = {
  counts: (value) => forAll(value, (converter, counts) => (converter.counts = counts)),
  noise: (value) => forAll(value, (converter, noise) => (converter.noise = noise)),
  fault: (value) => forAll(value, (converter, fault) => (converter.fault = fault)),
  torn: (value) => forAll(value, (converter, tears) => (converter.tears = tears)),
  drop: (value) => (drop = value),
  junk,
  acceleration: (value) => (world.acceleration = value),
  battery_mv: (value) => (world.battery_mv = value),
  temperature_centi_c: (value) => (world.temperature_centi_c = value),
  reset: () => boot('pin'),
  reset_at_pulse: (value) => (resetAtPulse = value),
  stat: () => ({
    now_ms: Math.round(nowNs() / 1e6), converters: converters.map((c) => c.stat), ...outputs,
  }),
  quit: () => null,
};

/* False when told to quit, or at the end of the input. */
function obeyLines() {
  const data = read(0);
  if (data === null) return false;
  const lines = (control + data.toString()).split('\n');
  control = lines.pop();
  for (const line of lines) {
    const [name, value] = Object.entries(JSON.parse(line))[0];
    const known = Object.hasOwn(CONTROLS, name);
    const more = known ? CONTROLS[name](value) : { error: 'no such line' };
    const answer = { done: ++done, ...(name === 'stat' || !known ? more : {}) };
    fs.writeSync(1, JSON.stringify(answer) + '\n');
    if (name === 'quit') return false;
  }
  return true;
}

function main() {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  const startedMs = performance.now();
  boot('power');
  fs.writeSync(1, JSON.stringify({ ready: link }) + '\n');
  while (obeyLines()) {
    run();
    endTone();
    moveBytes();
    const aheadMs = speed > 0 ? nowNs() / 1e6 / speed - (performance.now() - startedMs) : 0;
    if (aheadMs > 0.5) Atomics.wait(pause, 0, 0, aheadMs);
  }
  fs.unlinkSync(link);
}

main();
