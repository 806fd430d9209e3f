/**
 * A worker process that has worked: operations that ended well and badly, some in trouble, a batch that has lost its report, and what it tells
 * Prometheus.
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerResponse } from 'node:http';
import { Client, Connection } from '@temporalio/client';
import { LroClient } from '../../src/client';
import type { OperationOptions } from '../../src/contract';
import type { Child } from '../../src/devserver';
import { findFreePorts } from '../../src/devserver/free-ports';
import { service, type Seen, type Service } from '../http/service';
import { temporaryFolder, writeConfig } from '../support/config';
import { eventually } from '../support/eventually';
import { sharedAddress } from '../support/in-process';
import { startWorkerProcess } from '../support/programs';
import { scrape, sum, type Scrape } from './scrape';

/** More than one shard has. */
const ITEMS = 251;

/** A JSON Web Token that expires at `expSeconds`, signed by nobody. */
function token(expSeconds: number): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ exp: expSeconds })}.signature-of-the-test`;
}

export class Worked {
  readonly taskQueue = `lro-${randomUUID()}`;
  readonly secret = token(Math.floor(Date.now() / 1000) + 3600);
  private readonly done = new Set<string>();
  private readonly held = new Map<string, ServerResponse>();
  private readonly folder = temporaryFolder();
  client!: Client;
  lro!: LroClient;
  worker!: Child;
  service!: Service;
  port = 0;
  private temporal!: Connection;

  async start(): Promise<this> {
    this.service = await service((request, response) => this.answer(request, response));
    [this.port = 0] = await findFreePorts(1);
    const key = join(temporaryFolder(), 'key');
    writeFileSync(key, this.secret);
    const { url: baseUrl } = this.service;
    const poll = { defaultSeconds: 0.2, unreadableSeconds: 600, maxUnreadable: 10_000 };
    const configPath = writeConfig(
      { maps: { baseUrl, poll, auth: { type: 'bearer', value: { file: key } } }, down: { baseUrl, poll }, odd: { baseUrl, poll } },
      { files: { writeBelow: [this.folder] } },
    );
    this.temporal = await Connection.connect({ address: sharedAddress() });
    this.client = new Client({ connection: this.temporal });
    this.lro = new LroClient({ client: this.client, taskQueue: this.taskQueue });
    const env = { LRO_METRICS_ADDRESS: `127.0.0.1:${this.port}`, LRO_METRICS_TAGS: 'site=test', LRO_METRICS_COUNT_SECONDS: '1' };
    this.worker = await startWorkerProcess({ configPath, address: sharedAddress(), taskQueue: this.taskQueue, env });
    return this;
  }

  /** What there is to be read, once it is the wanted. */
  scraped(isWanted: (found: Scrape) => boolean): Promise<Scrape> {
    return eventually(() => scrape(this.port), isWanted);
  }

  /** One operation of the service, by its name. */
  begin(name: string, connection: string, more: OperationOptions = {}): ReturnType<LroClient['start']> {
    return this.lro.start({ connection, submit: { path: `/${name}`, body: {} }, ...more }, { id: `${name}-${this.taskQueue}` });
  }

  /** Whatever the operation waited for at the service is over. */
  release(name: string): void {
    this.done.add(name);
    this.held.get(name)?.end(JSON.stringify({ status: 'Succeeded' }));
  }

  /** A workflow that cannot go on, and an activity whose workflow is gone: what the SDK counts of trouble with Temporal. */
  async troubleTemporal(): Promise<void> {
    const { workflowService } = this.client;
    const workflowId = `broken-${this.taskQueue}`;
    const input = { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{') }] };
    const place = { namespace: 'default', taskQueue: { name: this.taskQueue }, requestId: randomUUID() };
    await workflowService.startWorkflowExecution({ ...place, workflowId, workflowType: { name: 'runOperation' }, input });
    const { id } = await this.begin('heldForNobody', 'maps');
    await this.untilHeld('heldForNobody');
    await this.client.workflow.getHandle(id).terminate();
    await this.scraped((found) => sum(found, 'temporal_workflow_task_execution_failed_total') !== undefined);
    await this.client.workflow.getHandle(workflowId).terminate();
    await this.scraped((found) => sum(found, 'temporal_request_failure_total', { status_code: 'NOT_FOUND' }) !== undefined);
    this.release('heldForNobody');
  }

  /** Waits until the service holds a request of the operation. */
  async untilHeld(name: string): Promise<void> {
    await eventually(
      () => this.held.has(name),
      (isHeld) => isHeld,
    );
  }

  /** A batch of which one item is open when the pages of the report that are there are taken away. Ends without a report. */
  async loseReport(): Promise<void> {
    const items = Array.from({ length: ITEMS }, (_, index) => (index === 0 ? 'open' : `item-${index}`));
    const batch = await this.lro.startBatch(
      {
        defaults: { connection: 'maps' },
        items: items.map((name) => ({ id: name, submit: { path: name === 'open' ? '/open' : '/atOnce', body: {} } })),
        report: { path: join(this.folder, 'report.jsonl') },
      },
      { id: `batch-${this.taskQueue}` },
    );
    const parts = (): string[] => readdirSync(this.folder).filter((name) => name.endsWith('.part'));
    await eventually(parts, (found) => found.length > 0);
    // A shard tells its batch every 10 s.
    if (process.env['LRO_LONG'] === '1') await this.scraped((found) => sum(found, 'lro_batch_open_items') === 1);
    for (const part of parts()) rmSync(join(this.folder, part));
    this.release('open');
    await batch.result().catch(() => undefined);
  }

  async close(): Promise<void> {
    for (const response of this.held.values()) response.destroy();
    await this.worker.kill();
    await this.temporal.close();
  }

  private answer({ method, url, headers }: Seen, response: ServerResponse): void {
    const [, place = '', polled = ''] = url.split('/');
    response.setHeader('content-type', 'application/json');
    if (method === 'POST') {
      if (place === 'atOnce') return void response.end('{"status":"Succeeded"}');
      if (place === 'bad') return void response.writeHead(400).end('{}');
      if (place === 'unsure') return void response.writeHead(500).end('{}');
      if (place === 'busy' && !this.done.has('busy')) {
        this.done.add('busy');
        return void response.writeHead(429, { 'retry-after': '1' }).end('{}');
      }
      return void response.writeHead(202, { 'operation-location': `/status/${place}`, 'retry-after': '0' }).end();
    }
    const isDone = this.done.has(polled);
    if (polled.startsWith('held') && !isDone) return void this.held.set(polled, response);
    if (polled === 'down' && !isDone) return void response.writeHead(503).end();
    if (polled === 'odd' && !isDone) return void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    if (headers.authorization !== undefined && headers.authorization !== `Bearer ${this.secret}`) return void response.writeHead(401).end();
    const isOpen = (polled === 'open' || polled === 'running') && !isDone;
    response.end(JSON.stringify({ status: isOpen ? 'Running' : 'Succeeded' }));
  }
}
