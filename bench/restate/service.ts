/** A durable handler per operation on Restate, as its own process. */
import './promise-with-resolvers';
import * as restate from '@restatedev/restate-sdk';
import { poll, resourceOf, submit } from '../http-operation';

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
  // Those that sleep longer leave the worker's memory.
  options: { inactivityTimeout: { seconds: 10 } },
});

restate.serve({ services: [operation], port: 0 }).then(
  (port) => console.log(`ready at http://127.0.0.1:${port}`),
  (err: unknown) => {
    console.error(err);
    process.exit(1);
  },
);
