/** `/_admin`: makes the emulator misbehave, and lists the requests it got. Requests to `/_admin` are not recorded. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { adminRefusal } from './admin-guard';
import { faultSchema, patternSchema, scriptSchema } from './fault-schema';
import type { Faults } from './faults';
import type { Gate } from './gate';
import { operationPlanSchema } from './operation';
import type { Operations } from './operations';
import type { RequestLog } from './request-log';
import type { Scripts } from './scripts';
import type { Store } from './store';

export interface AdminContext {
  store: Store;
  operations: Operations;
  requestLog: RequestLog;
  faults: Faults;
  gate: Gate;
  scripts: Scripts;
  /** Wanted of every request; without one only this machine may ask. */
  token: string | undefined;
  /** Aborts when the emulator closes, so that long polls end. */
  closing: AbortSignal;
}

const filterSchema = z.strictObject({
  method: z.string().optional(),
  path: patternSchema.optional(),
  query: patternSchema.optional(),
  since: z.coerce.number().optional(),
  answered: z.stringbool().optional(),
});
const waitSchema = filterSchema.extend({ count: z.coerce.number().int().min(1).default(1), timeoutSeconds: z.coerce.number().default(30) });
const releaseSchema = z.strictObject({ count: z.number().int().min(0).default(0), timeoutSeconds: z.number().default(30) });

export function registerAdminApi(server: FastifyInstance, context: AdminContext): void {
  const { store, operations, requestLog, faults, gate, scripts, closing } = context;

  server.setErrorHandler((error, _request, reply) => {
    const httpStatus = error instanceof z.ZodError || error instanceof SyntaxError ? 400 : 500;
    const message = error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    return reply.code(httpStatus).send({ error: { code: httpStatus === 400 ? 'InvalidInput' : 'InternalServerError', message } });
  });

  server.addHook('onRequest', async (request, reply) => {
    const message = adminRefusal(request, context.token);
    if (message !== undefined) await reply.code(403).send({ error: { code: 'Forbidden', message } });
  });

  // A kept connection of a test would break with the emulator's next restart on the same port.
  server.addHook('onSend', async (_request, reply) => void reply.header('connection', 'close'));

  server.get('/_admin/health', () => ({ status: 'ok' }));

  server.get('/_admin/requests', ({ query }) => requestLog.select(filterSchema.parse(query)));
  server.get('/_admin/requests/wait', async ({ query }, reply) => {
    const { count, timeoutSeconds, ...filter } = waitSchema.parse(query);
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutSeconds * 1000), closing]);
    const found = await requestLog.waitFor(filter, count, signal);
    if (found !== undefined) return found;
    const soFar = requestLog.select(filter).length;
    const message = `Waited ${timeoutSeconds} s for ${count} requests ${JSON.stringify(filter)}, ${soFar} came.`;
    return reply.code(408).send({ error: { code: 'RequestTimeout', message } });
  });

  server.get('/_admin/faults', () => faults.all());
  server.post('/_admin/faults', ({ body }, reply) => reply.code(201).send(faults.add(faultSchema.parse(body))));
  server.delete('/_admin/faults', (_request, reply) => {
    faults.remove();
    return reply.code(204).send();
  });
  server.delete<{ Params: { id: string } }>('/_admin/faults/:id', ({ params }, reply) => {
    faults.remove(params.id);
    return reply.code(204).send();
  });
  server.post('/_admin/release', async ({ body }, reply) => {
    const { count, timeoutSeconds } = releaseSchema.parse(body ?? {});
    await gate.waitForHeld(count, AbortSignal.any([AbortSignal.timeout(timeoutSeconds * 1000), closing]));
    if (gate.count >= count) return { released: gate.release() };
    const message = `Waited ${timeoutSeconds} s for ${count} requests to be held, ${gate.count} are.`;
    return reply.code(408).send({ error: { code: 'RequestTimeout', message } });
  });

  server.get('/_admin/operations', () => ({ operations: operations.all(), submits: store.submits() }));
  server.get<{ Params: { id: string } }>('/_admin/operations/:id', ({ params }, reply) => {
    const operation = operations.find(params.id);
    return operation === undefined ? reply.code(404).send(unknownOperation(params.id)) : operations.view(operation);
  });
  server.post<{ Params: { id: string } }>('/_admin/operations/:id', ({ params, body }, reply) => {
    const changed = operations.change(params.id, operationPlanSchema.parse(body));
    return changed ?? reply.code(404).send(unknownOperation(params.id));
  });
  server.get('/_admin/defaults', () => operations.defaults());
  server.post('/_admin/defaults', ({ body }) => {
    operations.setDefaults(operationPlanSchema.parse(body));
    return operations.defaults();
  });

  server.post('/_admin/scripts', ({ body, host }, reply) => {
    const script = scripts.set(scriptSchema.parse(body));
    return reply.code(201).send({ name: script.name, url: `http://${host}/scripts/${script.name}` });
  });

  server.get('/_admin/counts', () => ({ requests: requestLog.count, operations: store.operationCount(), held: gate.count }));
  server.post('/_admin/reset', (_request, reply) => {
    store.clear();
    requestLog.clear();
    faults.remove();
    scripts.clear();
    gate.release();
    return reply.code(204).send();
  });
  server.all('/_admin/*', ({ method, url }, reply) => {
    return reply.code(404).send({ error: { code: 'NotFound', message: `The admin API has no ${method} ${url}.` } });
  });
}

function unknownOperation(id: string): object {
  return { error: { code: 'NotFound', message: `There is no operation ${id}.` } };
}
