import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config';

interface ComposeService {
  image?: string;
  build?: string;
  user?: string;
  privileged?: boolean;
  command?: string[];
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  stop_grace_period?: string;
  ports?: string[];
  read_only?: boolean;
  tmpfs?: string[];
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  volumes?: string[];
}

/** How long the worker drains after SIGTERM. */
const DRAIN_SECONDS = 40;

const root = join(__dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const { services } = parse(read('docker-compose.yml'), { merge: true }) as { services: Record<string, ComposeService> };
const entries = Object.entries(services);
const dockerfile = read('Dockerfile');

/** Services that end by themselves, because others wait for that. */
const jobs = new Set(
  entries.flatMap(([, { depends_on = {} }]) =>
    Object.entries(depends_on).flatMap(([name, { condition }]) => (condition === 'service_completed_successfully' ? [name] : [])),
  ),
);

describe('the compose file', () => {
  it('gives the worker more time to stop than it takes to drain', () => {
    expect(Number.parseInt(services.worker?.stop_grace_period ?? '', 10)).toBeGreaterThan(DRAIN_SECONDS);
  });

  it('pins every image to a version', () => {
    const images = [...entries.map(([, { image }]) => image), ...[...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)];
    for (const image of images) expect(image).toMatch(/:\d+\.\d+(\.\d+)?(-[\w.-]+)?$/);
  });

  it('names the version of the system below an image, too', () => {
    for (const [, { image = '' }] of entries) expect(image).not.toMatch(/-(alpine|slim|bookworm|trixie)$/);
  });

  it.each(entries)('lets %s write nowhere but to its volumes, and gain nothing', (name, service) => {
    const { read_only, tmpfs, cap_drop, security_opt, cap_add } = service;
    expect({ read_only, cap_drop, security_opt }).toEqual({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    expect(tmpfs).toContain('/tmp');
    // An entrypoint that begins as root and gives that up.
    if (name !== 'postgresql') expect(cap_add).toBeUndefined();
  });

  it('has no password, key or token that works without being set', () => {
    const settings = entries.flatMap(([, { environment = {} }]) => Object.entries(environment));
    const secrets = settings.filter(([name]) => /PASSWORD|PWD|KEY|SECRET|TOKEN/.test(name));
    expect(secrets.map(([name]) => name).sort()).toEqual(
      ['AZURE_MAPS_KEY', 'EMULATOR_ADMIN_TOKEN', 'EMULATOR_SUBSCRIPTION_KEYS', 'POSTGRES_PASSWORD', 'POSTGRES_PWD', 'SQL_PASSWORD'].sort(),
    );
    // Without a token the emulator's admin API is closed to others.
    for (const [name, value] of secrets) expect(value).toMatch(name === 'EMULATOR_ADMIN_TOKEN' ? /^\$\{\w+:-\}$/ : /^\$\{\w+:\?set \w+ in/);
  });

  it('checks the health of every service that stays', () => {
    expect([...jobs].sort()).toEqual(['temporal-schema', 'temporal-setup']);
    const unchecked = entries.filter(([name, { healthcheck }]) => !jobs.has(name) && healthcheck === undefined);
    expect(unchecked.map(([name]) => name)).toEqual([]);
  });

  it('starts the worker only when `lro setup` has made the namespace and registered the search attributes', () => {
    expect(services.worker?.depends_on?.['temporal-setup']?.condition).toBe('service_completed_successfully');
    const { command = [], environment, image } = services['temporal-setup'] ?? {};
    expect(command.slice(0, 4)).toEqual(['node', 'dist/cli/lro.js', 'setup', '--create-namespace']);
    expect(image).toBe(services.worker?.image);
    for (const name of ['TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE']) expect(environment?.[name]).toBe(services.worker?.environment?.[name]);
  });

  it('waits for services that exist', () => {
    for (const [, { depends_on = {} }] of entries) for (const name of Object.keys(depends_on)) expect(services).toHaveProperty([name]);
  });

  it('runs nothing of ours as root', () => {
    expect(/^USER (\S+)$/gm.exec(dockerfile.slice(dockerfile.lastIndexOf('\nFROM ')))?.[1]).toBe('node');
    for (const [, { user, privileged }] of entries) expect({ user, privileged }).toEqual({ user: undefined, privileged: undefined });
  });

  it('opens its ports on this machine only', () => {
    for (const port of entries.flatMap(([, { ports = [] }]) => ports)) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('has scripts that a shell can read', () => {
    for (const script of ['temporal-schema.sh']) execFileSync('/bin/sh', ['-n', join(root, 'deploy', script)]);
  });
});

describe("the worker's file in the compose file", () => {
  it('is accepted with the variables that the worker gets, and points maps at the emulator', () => {
    const environment = Object.keys(services.worker?.environment ?? {});
    const { connections } = loadConfig(join(root, 'deploy/lro.config.yaml'), Object.fromEntries(environment.map((name) => [name, 'set'])));
    expect(connections.maps?.baseUrl).toBe('http://emulator:8080');
    expect(services.emulator?.command).toEqual(expect.arrayContaining(['--port', '8080']));
  });
});
