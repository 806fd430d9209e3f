/**
 * All variables `LRO_…` of all programs, for `--help` and for names that are mistyped: such a variable would be ignored without a word.
 */
import { nearest } from '../config';

/** Those that a worker reads, and what each is. docs/configuration.md says more. */
export const WORKER_VARIABLES: Readonly<Record<string, string>> = {
  LRO_CONFIG: 'the file with connections (lro.config.yaml)',
  LRO_TASK_QUEUE: 'task queue (lro)',
  LRO_LOG_LEVEL: 'trace, debug, info, warn or error (info)',
  LRO_LOG_FORMAT: 'json or pretty (pretty on a terminal)',
  LRO_HEALTH_ADDRESS: 'host:port of /livez and /readyz',
  LRO_METRICS_ADDRESS: 'host:port of the metrics for Prometheus',
  LRO_METRICS_TAGS: 'labels of all metrics: site=berlin,stage=production',
  LRO_METRICS_COUNT_SECONDS: 'how often open operations are counted (30)',
  LRO_ENCRYPTION_KEYS_FILE: 'file with the keys that payloads are encrypted with',
  LRO_ENCRYPTION_KEYS: 'the same keys, in the variable itself',
  LRO_NEXUS: 'true: the worker serves the Nexus service (false)',
  LRO_DOCS_URL: 'where these docs are published, for links in the Web UI',
  LRO_CONTINUE_AS_NEW_AFTER_EVENTS: 'continue workflows as new after so many events',
  LRO_MAX_CACHED_WORKFLOWS: 'workflows that are kept in memory',
  LRO_MAX_CONCURRENT_ACTIVITIES: 'activities at once',
  LRO_MAX_CONCURRENT_WORKFLOW_TASKS: 'workflow tasks at once',
  LRO_ACTIVITY_TASK_POLLERS: 'polls for activities at once',
  LRO_WORKFLOW_TASK_POLLERS: 'polls for workflow tasks at once',
};

/** Of the other programs: one environment often serves several. */
const OTHER_VARIABLES = ['LRO_WEBHOOKS_LISTEN', 'LRO_CACHE_DIR', 'LRO_CODEC_TOKEN', 'LRO_CODEC_TOKEN_FILE', 'LRO_LONG'];

/** What Kubernetes sets in every pod for a Service called `lro` or `lro-…`. */
const OF_KUBERNETES = /^LRO_(.+_)?(SERVICE_(HOST|PORT)(_.+)?|PORT(_\d+_(TCP|UDP).*)?)$/;

/** A line for each variable `LRO_…` that no program reads, with the one that was probably meant. */
export function unknownVariables(env: NodeJS.ProcessEnv): string[] {
  const known = [...Object.keys(WORKER_VARIABLES), ...OTHER_VARIABLES];
  return Object.keys(env)
    .filter((name) => name.startsWith('LRO_') && !known.includes(name) && !OF_KUBERNETES.test(name))
    .sort()
    .map((name) => {
      const near = nearest(
        name.slice('LRO_'.length),
        known.map((one) => one.slice('LRO_'.length)),
      );
      return `${name} is no variable that is read${near === undefined ? '' : `; did you mean LRO_${near}?`}`;
    });
}

const HELP = `Usage: node dist/worker.js

Takes long-running operations from a task queue of Temporal and carries them to their end, until SIGTERM. At SIGHUP it reads its file again.
It has no flags: all is set in its environment.

Its own variables:
${Object.entries(WORKER_VARIABLES)
  .map(([name, what]) => `  ${name.padEnd(34)}${what}`)
  .join('\n')}

Where Temporal is:
  TEMPORAL_ADDRESS                  host:port (127.0.0.1:7233)
  TEMPORAL_NAMESPACE                namespace (default)
  TEMPORAL_API_KEY, TEMPORAL_TLS…   for Temporal Cloud and TLS
  TEMPORAL_PROFILE                  a profile of temporal.toml (TEMPORAL_CONFIG_FILE)

A file to begin with: "lro init"; whether it is right: "lro config check"; what is wrong: "lro doctor".
docs/configuration.md has all of it.

Exit codes: 0 after a clean drain, 1 it failed, 2 wrong configuration or arguments, 3 Temporal cannot be reached.
`;

const RECEIVER_HELP = `Usage: node dist/webhooks.js

Receives webhooks for the workers, until SIGTERM. At SIGHUP it reads its file again. It has no flags: all is set in its environment.

  LRO_CONFIG                        the file of the workers, with "webhooks: { publicUrl, secret }" (lro.config.yaml)
  LRO_WEBHOOKS_LISTEN               host:port (that of the file, or 0.0.0.0:8090)
  LRO_LOG_LEVEL, LRO_LOG_FORMAT     as of the worker
  LRO_ENCRYPTION_KEYS_FILE          file with the keys that payloads are encrypted with
  TEMPORAL_ADDRESS, …               as of the worker

docs/webhooks.md has all of it.

Exit codes: 0 after SIGTERM, 1 it failed, 2 wrong configuration or arguments.
`;

/**
 * Answers the arguments of a program that has none but `--help`.
 * @returns the exit code; undefined: go on
 */
export function answerArguments(args: readonly string[], program: 'worker' | 'webhooks' = 'worker'): number | undefined {
  if (args.length === 0) return undefined;
  if (args.some((arg) => arg === '--help' || arg === '-h')) {
    process.stdout.write(program === 'worker' ? HELP : RECEIVER_HELP);
    return 0;
  }
  const name = program === 'worker' ? 'the worker' : 'the receiver of webhooks';
  process.stderr.write(
    `${name} has no argument "${String(args[0])}": it reads its environment, "node dist/${program}.js --help" lists it\n`,
  );
  return 2;
}
