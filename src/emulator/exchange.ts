/**
 * One request from its arrival to the last byte of its answer: recorded, hit by a fault or not, served, sent.
 *
 * Keeps true: a fault with `beforeAccept` leaves no operation behind, one with `afterAccept` leaves exactly the operation that the
 * request would have made without it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Answer } from './answer';
import { Refusal, refusal } from './answer';
import type { Gate } from './gate';
import type { ActiveFault } from './fault-schema';
import type { Faults } from './faults';
import { bend, literalAnswer } from './faults';
import { preciseNowMs } from './operation';
import type { EmulatorSettings } from './options';
import type { RequestLog } from './request-log';
import type { Scripts } from './scripts';
import { cut, send } from './sender';
import type { Service } from './service';
import { ServiceRequest } from './service-request';

export interface ExchangeContext {
  settings: EmulatorSettings;
  requestLog: RequestLog;
  faults: Faults;
  gate: Gate;
  scripts: Scripts;
  /** Asked in order; the first that knows the path answers. */
  services: Service[];
  logger: Logger;
}

/** Serves one request. Never throws. */
export async function exchange(context: ExchangeContext, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const receivedAtMs = preciseNowMs();
  const request = new ServiceRequest(message, originOf(context.settings, message));
  const recorded = context.requestLog.arrived(request, receivedAtMs);
  let operationId: string | undefined;
  let finished = false;
  // Taken before: a process that is interrupted afterwards would call a client early that has its answer already.
  let answeredAtMs: number | undefined;
  response.once('finish', () => {
    finished = true;
    const { statusCode: httpStatus } = response;
    const retryAfter = response.getHeader('retry-after')?.toString();
    context.requestLog.ended(recorded, { bodyBytes: request.bodyBytes, httpStatus, retryAfter, operationId, answeredAtMs });
  });
  response.once('close', () => {
    const httpStatus = response.headersSent ? response.statusCode : undefined;
    if (!finished) context.requestLog.ended(recorded, { bodyBytes: request.bodyBytes, httpStatus, operationId, cut: true });
  });
  try {
    const served = await serve(context, request, response, (id) => (operationId = id));
    if (served !== undefined) await send(response, served.answer, served.bends, () => (answeredAtMs = preciseNowMs()));
  } catch (error) {
    // Either the client went away in the middle of its body, or the emulator has a bug: the log has the error.
    context.logger.error({ err: error, method: request.method, path: request.path }, 'request ended without an answer');
    if (response.headersSent || message.destroyed) response.destroy();
    else await send(response, refusal(500, 'InternalServerError', String(error)));
  }
}

interface Served {
  answer: Answer;
  bends?: ActiveFault['action'];
}

/** What to send; undefined when the connection was cut instead. */
async function serve(
  context: ExchangeContext,
  request: ServiceRequest,
  response: ServerResponse,
  accepted: (operationId: string | undefined) => void,
): Promise<Served | undefined> {
  const fault = context.faults.next(request);
  if (fault?.waitAt === 'beforeAccept') await wait(context, fault);
  const action = fault?.action ?? {};
  if (action.cut === 'beforeAccept') {
    cut(response);
    return undefined;
  }
  if (action.answer !== undefined) {
    await request.skipBody();
    return { answer: literalAnswer(action.answer, request.origin), bends: action };
  }
  const scripted = await context.scripts.answer(request);
  if (scripted === 'cut') {
    cut(response);
    return undefined;
  }
  const answer = scripted?.answer ?? (await serviceAnswer(context, request));
  accepted(answer.operationId);
  if (fault?.waitAt === 'afterAccept') await wait(context, fault);
  if (action.cut === 'afterAccept') {
    cut(response);
    return undefined;
  }
  if (action.answerAfterAccept !== undefined) return { answer: literalAnswer(action.answerAfterAccept, request.origin), bends: action };
  if (fault === undefined && scripted !== undefined) return scripted;
  return { answer: bend(answer, action, request.origin), bends: action };
}

async function wait(context: ExchangeContext, fault: ActiveFault): Promise<void> {
  if (fault.delayMs !== undefined) await sleep(fault.delayMs, undefined, { ref: false });
  if (fault.holdUntilReleased === true) await context.gate.wait();
}

/** The real behaviour. A refusal thrown anywhere in it is its answer. */
async function serviceAnswer(context: ExchangeContext, request: ServiceRequest): Promise<Answer> {
  const common = commonHeaders(request);
  try {
    for (const service of context.services) {
      const answer = await service(request);
      if (answer !== undefined) return { ...answer, headers: { ...common, ...answer.headers } };
    }
    return { ...refusal(404, 'NotFound', `There is nothing at ${request.path}.`), headers: common };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // The rest of a body that is too large is still arriving, so the connection cannot be used again.
    const closing: Record<string, string> = error.answer.httpStatus === 413 ? { Connection: 'close' } : {};
    return { ...error.answer, headers: { ...common, ...closing, ...error.answer.headers } };
  }
}

function commonHeaders(request: ServiceRequest): Record<string, string> {
  const clientRequestId = request.headers['x-ms-client-request-id'];
  return typeof clientRequestId === 'string' ? { 'x-ms-client-request-id': clientRequestId } : {};
}

function originOf(settings: EmulatorSettings, message: IncomingMessage): string {
  return (settings.publicUrl ?? `http://${message.headers.host ?? settings.host}`).replace(/\/$/, '');
}
