import { join } from 'node:path';
import { loadConfig } from '../../src/config';
import { folderWith, load } from './file';

describe('a file that says only what it must', () => {
  const { connections, files } = load('connections:\n  maps:\n    baseUrl: https://us.atlas.microsoft.com\n');
  const maps = connections.maps!;

  it('gets every default', () => {
    expect(maps).toEqual({
      name: 'maps',
      baseUrl: 'https://us.atlas.microsoft.com',
      query: {},
      headers: {},
      auth: { type: 'none' },
      allow: {},
      follow: 'own',
      overridable: { query: [], headers: [] },
      privateHosts: 'refuse',
      limits: {
        timeoutSeconds: 30,
        maxBodyBytes: 1_048_576,
        concurrentRequests: 50,
        submitsPerSecond: 50,
        pollsPerSecond: 5000,
        share: true,
      },
      protocol: {
        poll: {
          defaultSeconds: 5,
          minSeconds: 1,
          maxSeconds: 3600,
          goneAfterSeconds: 60,
          maxUnreadable: 10,
          unreadableSeconds: 300,
          unauthorizedSeconds: 3600,
        },
        statusHeaders: ['Operation-Location', 'Azure-AsyncOperation', 'Location'],
        statusWords: { succeeded: [], failed: [], canceled: [], running: [] },
        statusUrls: { through: 'asGiven', resolveBelow: 'origin', credentials: true },
        trust: {
          baseUrl: 'https://us.atlas.microsoft.com',
          trustedHosts: ['us.atlas.microsoft.com'],
          attachHosts: [],
          otherHosts: 'refuse',
        },
        credentialParameters: ['subscription-key'],
        idempotencyHeaders: ['Operation-Id', 'Repeatability-Request-ID'],
      },
      webhooks: { pollSeconds: 0 },
    });
  });

  it('allows callers to name no file at all', () =>
    expect(files).toEqual({
      readBelow: [],
      writeBelow: [],
      urlHosts: [],
      privateHosts: 'refuse',
      blobContainers: [],
      maxResultBytes: 2 ** 30,
    }));
});

describe('a file that says everything', () => {
  const yaml = `
connections:
  maps:
    baseUrl: https://us.atlas.microsoft.com
    query: { api-version: 2.0 }
    headers: { x-ms-client-id: abc }
    auth: { type: key, in: query, name: code, value: { env: MAPS_KEY } }
    trustedHosts: ["*.atlas.microsoft.com", "localhost:8080"]
    attachHosts: ["*.example.com"]
    otherHosts: withoutCredentials
    privateHosts: allow
    poll: { defaultSeconds: 0.5, minSeconds: 0 }
    statusWords: { succeeded: [partiallySucceeded], running: [Simmering] }
    statusUrls: { through: baseUrl }
    idempotencyHeaders: []
    limits: { submitsPerSecond: 0.5 }
  graph:
    baseUrl: https://graph.microsoft.com
    auth: { type: bearer, value: { file: token } }
    poll:
    limits: # all of it commented out
files:
  readBelow: [./data]
  writeBelow: [/var/reports]
  urlHosts: [example.blob.core.windows.net]
  blobContainers:
    - { url: "https://maps.blob.core.windows.net/nightly/", auth: { type: sharedKey, value: { env: MAPS_KEY } }, writable: true }
    - { url: "http://127.0.0.1:10000/devstoreaccount1/venues", auth: { type: sharedKey, value: { file: token } } }
    - { url: "https://vanity.example.com/venues", auth: { type: sharedKey, account: maps, value: { file: token } } }
    - { url: "https://maps.blob.core.windows.net/venues", auth: { type: sas, value: { file: token } } }
    - { url: "https://maps.blob.core.windows.net/$web", auth: { type: entra, tenantId: t, clientId: c, tokenFile: token } }
    - { url: "https://maps.blob.core.windows.net/public" }
`;
  const folder = folderWith(yaml, { token: 'secret' });
  const { connections, files } = loadConfig(join(folder, 'lro.config.yaml'), { MAPS_KEY: 'k' });

  it('keeps a number in query and headers as it is written', () => expect(connections.maps!.query).toEqual({ 'api-version': '2.0' }));

  it('cuts the parameter that carries the key from every URL', () =>
    expect(connections.maps!.protocol.credentialParameters).toEqual(['code', 'subscription-key']));

  it('lets fractions and 0 be seconds', () =>
    expect(connections.maps!.protocol.poll).toMatchObject({ defaultSeconds: 0.5, minSeconds: 0, maxSeconds: 3600 }));

  it('takes an empty list of idempotency headers for none', () => expect(connections.maps!.protocol.idempotencyHeaders).toEqual([]));

  it('takes a key without a value for absent', () => expect(connections.graph!.protocol.poll.maxSeconds).toBe(3600));

  it('names secrets by where they are, with absolute paths', () => {
    expect(connections.maps!.auth).toMatchObject({ value: { env: 'MAPS_KEY' } });
    expect(connections.graph!.auth).toEqual({ type: 'bearer', value: { file: join(folder, 'token') } });
  });

  it('resolves folders against its own folder', () => {
    expect(files).toMatchObject({
      readBelow: [join(folder, 'data')],
      writeBelow: ['/var/reports'],
      urlHosts: ['example.blob.core.windows.net'],
    });
  });

  it('knows a container by its URL, its credentials by where they are, and its account by its URL', () => {
    const tokenFile = join(folder, 'token');
    const account = 'https://maps.blob.core.windows.net';
    expect(files.blobContainers).toEqual([
      { url: `${account}/nightly`, auth: { type: 'sharedKey', account: 'maps', value: { env: 'MAPS_KEY' } }, writable: true },
      {
        url: 'http://127.0.0.1:10000/devstoreaccount1/venues',
        auth: { type: 'sharedKey', account: 'devstoreaccount1', value: { file: tokenFile } },
        writable: false,
      },
      {
        url: 'https://vanity.example.com/venues',
        auth: { type: 'sharedKey', account: 'maps', value: { file: tokenFile } },
        writable: false,
      },
      { url: `${account}/venues`, auth: { type: 'sas', value: { file: tokenFile } }, writable: false },
      { url: `${account}/$web`, auth: { type: 'entra', tenantId: 't', clientId: 'c', tokenFile }, writable: false },
      { url: `${account}/public`, auth: { type: 'none' }, writable: false },
    ]);
  });

  it('asks status URLs and reads their words as it says', () => {
    const { statusUrls, statusWords } = connections.maps!.protocol;
    expect(statusUrls).toEqual({ through: 'baseUrl', resolveBelow: 'origin', credentials: true });
    expect(statusWords).toEqual({ succeeded: ['partiallySucceeded'], failed: [], canceled: [], running: ['Simmering'] });
  });

  it('trusts and polls as it says', () =>
    expect(connections.maps!.protocol.trust).toEqual({
      baseUrl: 'https://us.atlas.microsoft.com',
      trustedHosts: ['*.atlas.microsoft.com', 'localhost:8080'],
      attachHosts: ['*.example.com'],
      otherHosts: 'withoutCredentials',
    }));

  it('reaches private addresses where it says so', () => {
    expect(connections.maps!.privateHosts).toBe('allow');
    expect(connections.graph!.privateHosts).toBe('refuse');
  });
});
