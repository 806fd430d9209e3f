/**
 * A TCP link in front of a server: what goes over it is passed on, slowed down, held back, or cut off.
 *
 *     passes ──slow──▶ slow        held: nothing moves, connections stay open        shut: new connections are refused
 *        ◀──heal── from each
 *
 * Keeps true: bytes arrive in their order or not at all; `heal` ends whatever was done to it, `cut` happens once.
 */
import { createServer, connect, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Slowness {
  /** Added to every chunk that passes, each way. */
  latencyMs: number;
  /** Of each connection, each way. */
  bytesPerSecond: number;
}

const HOST = '127.0.0.1';

export class Link {
  private readonly pairs = new Set<readonly [Socket, Socket]>();
  private slowness: Slowness | undefined;
  private isShut = false;
  private held: Promise<void> | undefined;
  private release: () => void = () => undefined;

  private constructor(
    private readonly server: Server,
    readonly port: number,
    private readonly targetPort: () => number,
  ) {}

  /** @param targetPort on this machine; asked for every connection */
  static async open(targetPort: () => number): Promise<Link> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((listening) => server.listen(0, HOST, listening));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server without a port');
    const link = new Link(server, address.port, targetPort);
    server.on('connection', (client) => link.accept(client));
    return link;
  }

  get address(): string {
    return `${HOST}:${this.port}`;
  }

  slow(slowness: Slowness): void {
    this.slowness = slowness;
  }

  /** Nothing moves until `heal`: what has been sent meanwhile arrives then. */
  hold(): void {
    this.held ??= new Promise((resolve) => (this.release = resolve));
  }

  /** Resets what is open, and refuses what comes until `heal`. @returns how many connections were open */
  shut(): number {
    this.isShut = true;
    return this.cut();
  }

  /** Resets what is open: what is under way is lost. @returns how many connections that were */
  cut(): number {
    const count = this.pairs.size;
    for (const pair of this.pairs) for (const socket of pair) socket.resetAndDestroy();
    return count;
  }

  heal(): void {
    this.slowness = undefined;
    this.isShut = false;
    this.held = undefined;
    this.release();
  }

  async close(): Promise<void> {
    this.heal();
    this.cut();
    await new Promise((closed) => this.server.close(closed));
  }

  private accept(client: Socket): void {
    client.on('error', () => undefined);
    if (this.isShut) return void client.resetAndDestroy();
    const upstream = connect({ host: HOST, port: this.targetPort(), allowHalfOpen: true });
    const pair = [client, upstream] as const;
    this.pairs.add(pair);
    for (const socket of pair) {
      socket.setNoDelay(true);
      socket.once('close', () => this.pairs.delete(pair));
    }
    // A server that is not there, or was killed, is told to the other side as it is: by a reset.
    upstream.once('error', () => client.resetAndDestroy());
    client.once('error', () => upstream.resetAndDestroy());
    void this.pass(client, upstream);
    void this.pass(upstream, client);
  }

  private async pass(from: Socket, to: Socket): Promise<void> {
    try {
      // The other way may go on when this one has ended.
      for await (const chunk of from.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        await this.delay(chunk.length);
        if (to.destroyed) return;
        if (!to.write(chunk)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
      }
      to.end();
    } catch {
      to.destroy();
    }
  }

  private async delay(bytes: number): Promise<void> {
    while (this.held !== undefined) await this.held;
    if (this.slowness === undefined) return;
    const { latencyMs, bytesPerSecond } = this.slowness;
    await sleep(latencyMs + (bytes / bytesPerSecond) * 1000);
  }
}

function once(socket: Socket, event: 'drain' | 'close'): Promise<void> {
  return new Promise((resolve) => socket.once(event, () => resolve()));
}
