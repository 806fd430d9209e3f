/** deploy/kubernetes: what is built is valid, and agrees with the worker, its file and its image. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { drainSeconds } from '../../src/hosting/create-worker';
import { readSettings } from '../../src/hosting/settings';
import { temporaryFolder } from '../support/config';
import {
  build,
  FOLDER,
  kubernetesValidate,
  kustomizer,
  manifestsIn,
  ROOT,
  type Container,
  type Manifest,
  type PodSpec,
} from './kubernetes';

const OVERLAYS = ['self-hosted', 'cloud-api-key', 'cloud-mtls'];
const CONTROLLER = 'worker-controller/worker-deployment.yaml';
/** What the worker's own settings read, and Temporal's. Found in the sources: a name that nothing reads is a mistake. */
const KNOWN_VARIABLES = new Set(
  [
    ...readdirSync(join(ROOT, 'src/hosting'))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(ROOT, 'src/hosting', name)),
    ...readdirSync(join(ROOT, 'node_modules/@temporalio/envconfig/lib'))
      .filter((name) => name.endsWith('.js'))
      .map((name) => join(ROOT, 'node_modules/@temporalio/envconfig/lib', name)),
  ].flatMap((path) => readFileSync(path, 'utf8').match(/\b(?:LRO|TEMPORAL)_[A-Z_]+[A-Z]\b/g) ?? []),
);
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const found = kustomizer();
const built = found === undefined ? [] : OVERLAYS.map((name) => [name, build(found, `overlays/${name}`)] as const);
const withKustomize = found === undefined ? describe.skip : describe;
if (found === undefined) console.warn('deploy/kubernetes is not built: neither kubectl nor kustomize is on the PATH');

/** Of a Deployment, a Job or Temporal's own kind. */
function podOf(manifests: Manifest[], kind: string): PodSpec {
  const spec = manifests.find((one) => one.kind === kind)?.spec.template?.spec;
  if (spec === undefined) throw new Error(`no ${kind}`);
  return spec;
}

/** The environment of a container, from its own values and the ConfigMaps that it names. */
function environmentOf({ env = [], envFrom = [] }: Container, manifests: Manifest[]): Record<string, string> {
  const maps = envFrom.map(({ configMapRef: { name } }) => {
    const map = manifests.find((one) => one.kind === 'ConfigMap' && one.metadata.name === name);
    if (map === undefined) throw new Error(`no ConfigMap ${name}`);
    return map.data ?? {};
  });
  return Object.assign({}, ...maps, Object.fromEntries(env.map(({ name, value }) => [name, value]))) as Record<string, string>;
}

/** Every pod template of all overlays and of the worker controller, by what it is. */
const pods: [string, PodSpec, Manifest[]][] = [
  ...built.flatMap(([name, text]) => {
    const manifests = manifestsIn(text);
    return manifests
      .filter(({ kind }) => ['Deployment', 'Job'].includes(kind))
      .map((one): [string, PodSpec, Manifest[]] => [`${one.kind} of ${name}`, podOf(manifests, one.kind), manifests]);
  }),
  ((): [string, PodSpec, Manifest[]] => {
    const manifests = manifestsIn(readFileSync(join(FOLDER, CONTROLLER), 'utf8'));
    return ['WorkerDeployment', podOf(manifests, 'WorkerDeployment'), manifests];
  })(),
];

describe.each(pods)('the pod of the %s', (_, pod, manifests) => {
  const container = pod.containers[0]!;
  const environment = environmentOf(container, manifests);

  test('gets only variables that the worker knows, and no secret among them', () => {
    for (const name of Object.keys(environment)) {
      expect(KNOWN_VARIABLES).toContain(name);
      expect(name).not.toMatch(/SECRET|PASSWORD|TOKEN|API_KEY|_DATA$|ENCRYPTION_KEYS$/);
    }
  });

  test('runs as the user of the image, writes only to its volumes, and can gain nothing', () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } });
    expect(container.securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    // In images of Node.js the user node is 1000.
    expect(/^FROM node:/m.test(read('Dockerfile')) && /^USER node$/m.test(read('Dockerfile'))).toBe(true);
    expect(pod.automountServiceAccountToken).toBe(false);
  });

  test('names the image of this version, what it needs, and how much memory it may take', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(container.image).toBe(`durable-lro:${version}`);
    expect(Object.keys(container.resources.requests)).toEqual(expect.arrayContaining(['cpu', 'memory']));
    expect(container.resources.limits.memory).toBeDefined();
    expect(container.resources.limits.cpu).toBeUndefined();
  });

  test('mounts each of its volumes, and has each that it mounts', () => {
    const mounted = (container.volumeMounts ?? []).map(({ name }) => name);
    expect([...mounted].sort()).toEqual((pod.volumes ?? []).map(({ name }) => name).sort());
  });
});

const workers = pods.filter(([name]) => !name.startsWith('Job'));

describe.each(workers)('the worker of the %s', (_, pod, manifests) => {
  const container = pod.containers[0]!;
  const environment = environmentOf(container, manifests);
  const fileMap = manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('lro-config'));
  const file = fileMap?.data?.['lro.config.yaml'] ?? readFileSync(join(FOLDER, 'base/lro.config.yaml'), 'utf8');

  test('has settings that it accepts, with the file that it is given', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'azure-maps-key'), 'key');
    const path = join(folder, 'lro.config.yaml');
    writeFileSync(path, file.replaceAll('/var/run/secrets/lro', folder));
    const { config, taskQueue } = readSettings({ ...environment, LRO_CONFIG: path });
    expect(taskQueue).toBe('lro');
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(drainSeconds(config) + 10 + 10);
  });

  test('finds its file, its secrets and its data where they are mounted', () => {
    const mounts = Object.fromEntries(
      (container.volumeMounts ?? []).map(({ mountPath, name, readOnly }) => [mountPath, { name, readOnly }]),
    );
    expect(environment.LRO_CONFIG).toBe('/etc/lro/lro.config.yaml');
    expect(mounts['/etc/lro']).toEqual({ name: 'config', readOnly: true });
    const inFile = [...file.matchAll(/file: (\S+?) /g), ...file.matchAll(/\[(\/\S+)\]/g)].map(([, path = '']) => path);
    const inEnvironment = Object.values(environment).filter((value) => value.startsWith('/'));
    expect(inFile.length).toBeGreaterThan(2);
    for (const path of [...inFile, ...inEnvironment]) {
      const mount = Object.keys(mounts).find((at) => path.startsWith(`${at}/`));
      expect([path, mount]).toEqual([path, expect.any(String)]);
      expect(mounts[mount!]?.readOnly).toBe(path.startsWith('/data/') ? undefined : true);
    }
    expect(mounts['/tmp']).toBeDefined();
  });

  test('is asked for its health where it listens', () => {
    const portOf = (address: string | undefined): number => Number(address?.split(':')[1]);
    const ports = Object.fromEntries((container.ports ?? []).map(({ name, containerPort }) => [name, containerPort]));
    expect(ports).toEqual({ health: portOf(environment.LRO_HEALTH_ADDRESS), metrics: portOf(environment.LRO_METRICS_ADDRESS) });
    expect(environment.LRO_HEALTH_ADDRESS).toMatch(/^0\.0\.0\.0:/);
    expect(container.startupProbe?.httpGet).toEqual({ path: '/livez', port: 'health' });
    expect(container.livenessProbe?.httpGet).toEqual({ path: '/livez', port: 'health' });
    expect(container.readinessProbe?.httpGet).toEqual({ path: '/readyz', port: 'health' });
  });
});

test('the worker controller runs the same pod as the Deployment', () => {
  const ours = (kind: string): PodSpec => workers.find(([name]) => name.startsWith(kind))![1];
  if (found === undefined) return;
  // The variables come from ConfigMaps here, and stand in the pod there.
  const same = { env: undefined, envFrom: undefined, imagePullPolicy: undefined };
  expect({ ...ours('WorkerDeployment').containers[0]!, ...same }).toEqual({ ...ours('Deployment').containers[0]!, ...same });
});

withKustomize.each(OVERLAYS)('the overlay %s', (name) => {
  const manifests = manifestsIn(new Map(built).get(name) ?? '');
  const kind = (name: string): Manifest => manifests.find((one) => one.kind === name)!;

  test('has everything in one namespace', () => {
    expect(new Set(manifests.filter((one) => one.kind !== 'Namespace').map(({ metadata }) => metadata.namespace))).toEqual(
      new Set(['lro']),
    );
  });

  test('rolls one by one, never below what it had, and loses one at a time to drains', () => {
    const { spec } = kind('Deployment');
    expect(spec.replicas).toBe(2);
    expect(spec.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
    expect(kind('PodDisruptionBudget').spec.maxUnavailable).toBe(1);
  });

  test('selects the same pods everywhere', () => {
    const wanted = { 'app.kubernetes.io/name': 'lro-worker' };
    expect(kind('Deployment').spec.template?.metadata.labels).toMatchObject(wanted);
    const selectors = [
      kind('PodDisruptionBudget').spec.selector,
      kind('PodMonitor').spec.selector,
      { matchLabels: kind('NetworkPolicy').spec.podSelector },
    ];
    for (const selector of selectors) expect(JSON.stringify(selector)).toContain(JSON.stringify(wanted).slice(1, -1));
    expect((kind('PodMonitor').spec.podMetricsEndpoints as { port: string }[]).map(({ port }) => port)).toEqual(['metrics']);
    // The set-up's pods are no workers.
    const job = manifests.find((one) => one.kind === 'Job');
    if (job !== undefined) expect(job.spec.template?.metadata.labels).not.toMatchObject(wanted);
  });

  test('sends its file under a name that changes with it', () => {
    const names = manifests.filter((one) => one.kind === 'ConfigMap').map(({ metadata }) => metadata.name);
    expect(names).toEqual([expect.stringMatching(/^lro-config-\w{10}$/), expect.stringMatching(/^lro-settings-\w{10}$/)]);
    expect(podOf(manifests, 'Deployment').volumes?.find(({ name }) => name === 'config')?.configMap?.name).toBe(names[0]);
  });

  test('lets workers out to names, Temporal and HTTPS only, and in for metrics and health', () => {
    const rules = z
      .array(z.looseObject({ ports: z.array(z.looseObject({ port: z.union([z.string(), z.number()]) })) }))
      .array()
      .parse([kind('NetworkPolicy').spec.egress, kind('NetworkPolicy').spec.ingress])
      .map((rule) => [...new Set(rule.flatMap(({ ports }) => ports.map(({ port }) => port)))].sort());
    expect(rules).toEqual([[443, 53, 7233].sort(), ['health', 'metrics']]);
  });
});

withKustomize('scaling', () => {
  test.each([
    ['keda', 'ScaledObject', 'minReplicaCount'],
    ['hpa', 'HorizontalPodAutoscaler', 'minReplicas'],
  ])('by %s takes over the number of workers, and never goes below two', (component, kind, minimum) => {
    const folder = temporaryFolder();
    const from = (path: string): string => relative(realpathSync(folder), join(FOLDER, path));
    writeFileSync(
      join(folder, 'kustomization.yaml'),
      `resources: ['${from('overlays/self-hosted')}']\ncomponents: ['${from(`components/${component}`)}']\n`,
    );
    const { status, stdout, stderr } = spawnSync(found![0]!, [...found!.slice(1), folder], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    const manifests = manifestsIn(stdout);
    expect(manifests.find((one) => one.kind === 'Deployment')?.spec.replicas).toBeUndefined();
    expect(manifests.find((one) => one.kind === kind)?.spec[minimum]).toBe(2);
  });
});

const validator = found === undefined ? { reason: 'nothing is built' } : kubernetesValidate();
if ('reason' in validator) console.warn(`kubernetes-validate is skipped: ${validator.reason}`);

('command' in validator ? test : test.skip)('all that is built is valid for Kubernetes 1.31 and 1.34', () => {
  const folder = temporaryFolder();
  const paths = [...built, ['wrong', built[0]![1].replace('maxSurge', 'maxSurges')] as const].map(([name, text]) => {
    const path = join(folder, `${name}.yaml`);
    writeFileSync(path, text);
    return path;
  });
  const { command } = validator as { command: string };
  const validate = (...files: string[]) =>
    spawnSync(command, ['--strict', '--no-warn', '-k', '1.31', '-k', '1.34', ...files], { encoding: 'utf8' });
  const { status, stdout } = validate(...paths.slice(0, -1));
  expect([status, stdout.split('\n').filter((line) => line !== '' && !line.startsWith('INFO'))]).toEqual([0, []]);
  expect(stdout).toContain('deployment/lro-worker');
  expect(validate(paths.at(-1)!).status).not.toBe(0);
});
