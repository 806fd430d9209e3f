/** Restate's side of the comparison as its own process: a durable handler for each operation, and one for each set of them. */
import './promise-with-resolvers';
import * as restate from '@restatedev/restate-sdk';
import { poll, resourceOf, submit } from '../http-operation';
import { applied, pollSet, submitSet, waitMs } from '../set-loop';

// Those that sleep longer leave the worker's memory.
const options = { inactivityTimeout: { seconds: 10 } };

const operation = restate.service({
  name: 'operation',
  handlers: {
    run: async (ctx: restate.Context, { url, body }: { url: string; body: unknown }): Promise<string> => {
      const accepted = await ctx.run('submit', () => submit(url, body));
      let waitSeconds = accepted.waitSeconds;
      for (;;) {
        if (waitSeconds > 0) await ctx.sleep(waitSeconds * 1000);
        const answer = await ctx.run('poll', () => poll(accepted.statusUrl));
        const resource = resourceOf(answer);
        if (resource !== undefined) return resource;
        waitSeconds = answer.waitSeconds;
      }
    },
  },
  options,
});

const set = restate.service({
  name: 'set',
  handlers: {
    run: async (ctx: restate.Context, input: { url: string; body: unknown; operations: number }): Promise<string[]> => {
      const resources: string[] = [];
      const first = await ctx.run('submit', async () => {
        const submitted = await submitSet(input.url, input.body, input.operations);
        return { submitted, waitMs: waitMs(submitted, Date.now()) };
      });
      for (let { submitted: open, waitMs: wait } = first; Object.keys(open.dueAtMs).length > 0;) {
        if (wait > 0) await ctx.sleep(wait);
        const answers = await ctx.run('poll', () => pollSet(open));
        resources.push(...Object.values(answers.resources));
        open = applied(open, answers);
        wait = answers.waitMs;
      }
      if (resources.length !== input.operations) throw new restate.TerminalError(`only ${resources.length} operations have ended`);
      return resources;
    },
  },
  options,
});

restate.serve({ services: [operation, set], port: 0 }).then(
  (port) => console.log(`ready at http://127.0.0.1:${port}`),
  (err: unknown) => {
    console.error(err);
    process.exit(1);
  },
);
