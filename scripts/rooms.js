/**
 * The rooms of `src`, lowest first: what each is for and which others it may import. `.dependency-cruiser.js` makes rules of it,
 * `architecture.js` the table in docs/architecture.md.
 *
 * Keeps true: a room imports only rooms that stand before it here, so that no circle of rooms is possible. `typesOf` are rooms of which it
 * may import types only; `packages` are all that it may import from elsewhere (absent: any, and Node's own modules).
 */
module.exports = [
  {
    name: 'text',
    purpose: 'what thrown values say to people',
    imports: [],
    packages: [],
  },
  {
    name: 'contract',
    purpose: 'names, inputs and results that callers see; fields are only added',
    imports: [],
    packages: [],
  },
  {
    name: 'lro',
    purpose: 'the protocol: an HTTP answer in, a decision out. Pure',
    imports: ['contract'],
    packages: ['luxon', 'tough-cookie', 'uuid'],
  },
  {
    name: 'jobs',
    purpose: 'a job of one to n operations: a state and an event in, a state or an end out. Pure',
    imports: ['contract'],
    typesOf: ['lro'],
    packages: [],
  },
  {
    name: 'identity',
    purpose: 'one id, one request: the digest of an input, and what is said of another one. Pure',
    imports: ['contract'],
    packages: ['canonicalize', 'fast-sha256'],
  },
  {
    name: 'metrics',
    purpose: 'the metrics of this project: what each is, and counting by the meter of the SDK',
    imports: ['contract', 'lro'],
    packages: ['@temporalio/common'],
  },
  {
    name: 'config',
    purpose: "the worker's file: read, checked, every mistake named",
    imports: ['text', 'contract', 'lro'],
  },
  {
    name: 'encryption',
    purpose: 'payloads encrypted between a client or worker and Temporal: keys, codec, failures',
    imports: ['text', 'contract', 'config'],
  },
  {
    name: 'codec-server',
    purpose: "decrypts for Temporal's Web UI and command line, over HTTP",
    imports: ['text', 'config', 'encryption'],
  },
  {
    name: 'sharing',
    purpose: 'how the workers of a task queue share the rates of a connection. Pure',
    imports: [],
    packages: [],
  },
  {
    name: 'transport',
    purpose: 'sockets, TLS, tokens and secrets for whoever speaks HTTP',
    imports: ['text', 'config'],
  },
  {
    name: 'files',
    purpose: 'body files, manifests and reports: on disk, at a URL, in blob storage',
    imports: ['text', 'contract', 'lro', 'config', 'transport'],
  },
  {
    name: 'http',
    purpose: 'a connection to a service: credentials, trusted hosts, limits, redaction',
    imports: ['text', 'contract', 'lro', 'metrics', 'config', 'sharing', 'transport', 'files'],
  },
  {
    name: 'schema',
    purpose: 'which inputs are valid, with every mistake named',
    imports: ['text', 'contract', 'lro', 'jobs', 'config'],
  },
  {
    name: 'setup',
    purpose: 'what a namespace of Temporal needs: search attributes, found and registered',
    imports: ['contract'],
  },
  {
    name: 'activities',
    purpose: 'the side effects: send, apply a decision of `lro`, return it; manifest and report of batches',
    imports: ['text', 'contract', 'lro', 'jobs', 'config', 'files', 'http', 'schema', 'identity', 'setup'],
  },
  {
    name: 'workflows',
    purpose: 'time and state: the engine, and what runs on it',
    imports: ['contract', 'jobs', 'identity', 'metrics', 'sharing'],
    typesOf: ['lro', 'activities'],
    packages: ['@temporalio/common', '@temporalio/workflow'],
  },
  {
    name: 'client',
    purpose: 'the typed client for TypeScript services, and schedules',
    imports: ['text', 'contract', 'config', 'encryption', 'schema', 'identity'],
  },
  {
    name: 'nexus',
    purpose: 'the Nexus service: what callers in other namespaces name, and its handlers over the client',
    imports: ['text', 'contract', 'lro', 'sharing', 'schema', 'client'],
  },
  {
    name: 'generate',
    purpose: 'functions and a connection for the long-running operations of an OpenAPI specification',
    imports: ['text', 'contract', 'lro', 'config'],
  },
  {
    name: 'receiver',
    purpose: 'webhooks of services: verified, and passed on as a signal',
    imports: ['text', 'contract', 'config', 'transport'],
  },
  {
    name: 'hosting',
    purpose: 'what makes a worker: settings, connection to Temporal, log, bundle of the workflows',
    imports: [
      'text',
      'contract',
      'jobs',
      'metrics',
      'config',
      'encryption',
      'sharing',
      'transport',
      'http',
      'setup',
      'activities',
      'nexus',
      'receiver',
    ],
  },
  {
    name: 'plugin',
    purpose: "workflows and activities in a worker that is somebody else's",
    imports: ['metrics', 'config', 'encryption', 'http', 'activities', 'workflows', 'nexus', 'hosting'],
  },
  {
    name: 'worker',
    purpose: 'the process: settings, connect, run, drain',
    imports: ['text', 'config', 'hosting'],
  },
  {
    name: 'webhooks',
    purpose: 'the receiver as a process of its own',
    imports: ['text', 'config', 'receiver', 'hosting'],
  },
  {
    name: 'emulator',
    purpose: 'the services of the family, for demo and tests; knows nothing of the rest',
    imports: ['text'],
  },
  {
    name: 'devserver',
    purpose: "Temporal's own servers for demo and tests: found, fetched, started",
    imports: ['text'],
  },
  {
    name: 'cli',
    purpose: 'the `lro` command line and the demo',
    imports: [
      'text',
      'contract',
      'lro',
      'config',
      'encryption',
      'codec-server',
      'transport',
      'schema',
      'setup',
      'client',
      'generate',
      'devserver',
      'emulator',
    ],
  },
];
