/** Puts the parts together and listens. */
import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify from 'fastify';
import type { Logger } from 'pino';
import pino from 'pino';
import type { AdminContext } from './admin-api';
import { registerAdminApi } from './admin-api';
import { EmulatorAdmin } from './admin-client';
import { creatorService } from './creator';
import { credentialCheck } from './credentials';
import { dialectsService, graphMonitorService } from './dialects';
import { jobApisService } from './job-apis';
import { exchange } from './exchange';
import { Faults } from './faults';
import { Gate } from './gate';
import { Operations } from './operations';
import type { EmulatorOptions } from './options';
import { emulatorOptionsSchema } from './options';
import { RequestLog } from './request-log';
import { Scripts } from './scripts';
import type { ServiceContext } from './service';
import { Store } from './store';

/** A running emulator. */
export interface Emulator {
  /** `http://127.0.0.1:4010` */
  url: string;
  port: number;
  admin: EmulatorAdmin;
  /** Stops listening and cuts what is open. State stays in the database file. */
  close(): Promise<void>;
}

/**
 * Starts an emulator in this process. Resolves when it listens.
 * Throws when an option is wrong, the port is in use, or the database cannot be opened.
 */
export async function startEmulator(options: EmulatorOptions = {}, logger: Logger = pino({ level: 'silent' })): Promise<Emulator> {
  const settings = emulatorOptionsSchema.parse(options);
  const inMemory = settings.databasePath === ':memory:';
  const uploadDirectory = inMemory ? mkdtempSync(join(tmpdir(), 'emulator-uploads-')) : `${settings.databasePath}-uploads`;
  mkdirSync(uploadDirectory, { recursive: true });

  const store = new Store(settings.databasePath);
  const operations = new Operations(store, settings);
  const requestLog = new RequestLog(store, settings.maxRecordedRequests);
  const faults = new Faults(store);
  const gate = new Gate();
  const scripts = new Scripts(store, gate);
  const closing = new AbortController();
  const serviceContext: ServiceContext = { store, operations, settings, uploadDirectory };
  const services = [
    graphMonitorService(serviceContext),
    credentialCheck(settings),
    creatorService(serviceContext),
    dialectsService(serviceContext),
    jobApisService(serviceContext),
  ];

  const server = fastify({ forceCloseConnections: true, bodyLimit: 256 * 1024 ** 2, http: { maxHeaderSize: 256 * 1024 } });
  const adminContext: AdminContext = {
    store,
    operations,
    requestLog,
    faults,
    gate,
    scripts,
    token: settings.adminToken,
    closing: closing.signal,
  };
  await server.register((scope, _options, done) => {
    registerAdminApi(scope, adminContext);
    done();
  });
  await server.register((scope, _options, done) => {
    // The services read bodies themselves: streamed, limited, and whatever their type.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
    scope.all('*', (request, reply) => {
      reply.hijack();
      void exchange({ settings, requestLog, faults, gate, scripts, services, logger }, request.raw, reply.raw);
    });
    done();
  });
  await server.listen({ host: settings.host, port: settings.port });
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('The emulator does not listen on a port.');
  const url = `http://${settings.host}:${address.port}`;
  return {
    url,
    port: address.port,
    admin: new EmulatorAdmin(url, settings.adminToken),
    close: async () => {
      closing.abort();
      await server.close();
      store.close();
      if (inMemory) rmSync(uploadDirectory, { recursive: true, force: true });
    },
  };
}
