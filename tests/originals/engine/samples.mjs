// What tests say, and in which ways clients connect to say it.

/** The ways of connecting, with the transports the client is given. */
export const ways = {
  polling: ['polling'],
  websocket: ['websocket'],
  upgrade: ['polling', 'websocket'],
};

export const numbers = (count, first = 0) => Array.from({ length: count }, (_, index) => String(first + index));
export const characters = 'é漢😀';
export const bytes = Buffer.from([0, 1, 4, 0x1e, 0x7f, 0x80, 0xff, 0x0a, 0x62]);
export const manyBytes = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7) % 256));
export const long = `${characters} 30 kB `.repeat(2000);
