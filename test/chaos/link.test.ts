/** The link of the chaos program: bytes arrive in their order or not at all. */
import { createServer, connect, type Server, type Socket } from 'node:net';
import { eventually } from '../support/eventually';
import { Link } from './link';

let server: Server;
let link: Link;
let port = 0;
const sockets: Socket[] = [];

/** Sends back what it gets. */
beforeEach(async () => {
  server = createServer((socket) => void socket.on('error', () => undefined).pipe(socket));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  port = (server.address() as { port: number }).port;
  link = await Link.open(() => port);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await link.close();
  await new Promise((closed) => server.close(closed));
});

interface Caller {
  socket: Socket;
  heard: () => string;
  /** Error code, or `closed`; undefined while it is open. */
  end: () => string | undefined;
}

function call(): Caller {
  let heard = '';
  let end: string | undefined;
  const socket = connect({ host: '127.0.0.1', port: link.port });
  sockets.push(socket);
  socket.on('data', (chunk) => (heard += chunk.toString()));
  socket.on('error', (err: NodeJS.ErrnoException) => (end = err.code));
  socket.on('close', () => (end ??= 'closed'));
  return { socket, heard: () => heard, end: () => end };
}

test('passes on what both sides say, and their ends', async () => {
  const caller = call();
  const text = 'x'.repeat(300_000);
  caller.socket.end(text);
  await eventually(caller.end, (end) => end === 'closed');
  expect([caller.heard() === text, caller.heard().length]).toEqual([true, text.length]);
});

test('holds back what is said until it is healed, and loses nothing', async () => {
  const caller = call();
  caller.socket.write('one');
  await eventually(caller.heard, (heard) => heard === 'one');
  link.hold();
  const later = call();
  caller.socket.write('two');
  later.socket.write('three');
  await eventually(
    () => caller.socket.bytesWritten + later.socket.bytesWritten,
    (bytes) => bytes === 11,
  );
  expect([caller.heard(), later.heard()]).toEqual(['one', '']);
  link.heal();
  await eventually(caller.heard, (heard) => heard === 'onetwo');
  await eventually(later.heard, (heard) => heard === 'three');
});

test('slows down what passes, in order', async () => {
  link.slow({ latencyMs: 30, bytesPerSecond: 1000 });
  const caller = call();
  const beganMs = performance.now();
  caller.socket.write('a'.repeat(100));
  await eventually(caller.heard, (heard) => heard.length === 100);
  // Both ways: twice the latency, and twice a tenth of a second for the bytes.
  expect(performance.now() - beganMs).toBeGreaterThan(250);
});

test('cuts what is open by a reset, and takes new connections at once', async () => {
  const caller = call();
  caller.socket.write('one');
  await eventually(caller.heard, (heard) => heard === 'one');
  expect(link.cut()).toBe(1);
  await eventually(caller.end, (end) => end === 'ECONNRESET');
  const next = call();
  next.socket.write('two');
  await eventually(next.heard, (heard) => heard === 'two');
});

test('refuses new connections while it is shut', async () => {
  link.shut();
  const refused = call();
  await eventually(refused.end, (end) => end !== undefined);
  link.heal();
  const taken = call();
  taken.socket.write('one');
  await eventually(taken.heard, (heard) => heard === 'one');
});

test('a server that is not there is a reset', async () => {
  port = 1;
  const caller = call();
  await eventually(caller.end, (end) => end === 'ECONNRESET');
});
