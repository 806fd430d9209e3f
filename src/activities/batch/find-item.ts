/**
 * Activity `findItem`: the state of one item of a running batch. Its shard knows an open item, the pages of the report one that has ended,
 * and the manifest one that is not started.
 */
import { Context } from '@temporalio/activity';
import type { FileRef, ItemReport, ItemStanding } from '../../contract';
import { FileRefusedError, type Files, type OpenedFile } from '../../files';
import type { Connections } from '../../http';
import { withHeartbeat } from '../heartbeat';
import type { FindItem, ShardAnswer } from './messages';
import { ITEM_QUERY } from './messages';
import { lineItem } from '../pages';
import { linesOf } from '../lines';
import { partOf, reportWithoutSignatures } from './report';

const READ_SECONDS = 300;

export function makeFindItem({ files }: Connections) {
  return function findItem(request: FindItem): Promise<ItemStanding | undefined> {
    return withHeartbeat(async () => {
      const { client } = Context.current();
      const pagesOfShards: number[] = [];
      for (const shardId of request.shardIds) {
        const answer = await client.workflow.getHandle(shardId).query<ShardAnswer, [string]>(ITEM_QUERY, request.id);
        if (answer.standing !== undefined) return withoutSignaturesIn(answer.standing);
        pagesOfShards.push(answer.reportPages);
      }
      return (await inReport(request, pagesOfShards, files)) ?? (await inManifest(request, files));
    });
  };
}

function withoutSignaturesIn(standing: ItemStanding): ItemStanding {
  return standing.report === undefined ? standing : { ...standing, report: reportWithoutSignatures(standing.report) };
}

async function inReport({ target, id }: FindItem, pagesOfShards: number[], files: Files): Promise<ItemStanding | undefined> {
  if (target === undefined) return undefined;
  const signal = AbortSignal.timeout(READ_SECONDS * 1000);
  for (const [shard, count] of pagesOfShards.entries()) {
    for (let number = 0; number < count; number++) {
      const report = await lineIn(partOf(target, shard, number), id, files, signal);
      // Pages are removed once all of them are in the report.
      if (report === 'notThere') return ended(id, await lineIn(target.report, id, files, signal));
      if (report !== undefined) return ended(id, report);
    }
  }
  return undefined;
}

function ended(id: string, report: ItemReport | 'notThere' | undefined): ItemStanding | undefined {
  return report === undefined || report === 'notThere' ? undefined : { id, state: 'ended', report };
}

async function lineIn(file: FileRef, id: string, files: Files, signal: AbortSignal): Promise<ItemReport | 'notThere' | undefined> {
  const wanted = JSON.stringify(id);
  let opened: OpenedFile;
  try {
    opened = await files.open(file, { signal });
  } catch (error) {
    if (error instanceof FileRefusedError && error.notThere) return 'notThere';
    throw error;
  }
  try {
    for await (const raw of linesOf(opened.bytes)) {
      const text = raw.toString('utf8');
      if (!text.includes(wanted)) continue;
      const report = JSON.parse(text) as ItemReport;
      if (report.id === id) return report;
    }
  } finally {
    await opened.close();
  }
  return undefined;
}

async function inManifest({ source, id }: FindItem, files: Files): Promise<ItemStanding | undefined> {
  if (source.file === undefined) return undefined;
  const wanted = JSON.stringify(id);
  const opened = await files.open(source.file, { signal: AbortSignal.timeout(READ_SECONDS * 1000) });
  try {
    for await (const raw of linesOf(opened.bytes)) {
      const text = raw.toString('utf8');
      if (text.includes(wanted) && lineItem(text, 2, source)?.id === id) return { id, state: 'notStarted' };
    }
  } finally {
    await opened.close();
  }
  return undefined;
}
