/** What an operator sees of a tracker in the Temporal UI. */
import type { TrackerInput } from '../../activities/tracker/messages';
import { troubledItems } from '../batch/trouble';
import { plain, showLines } from '../show';
import type { Tracker } from './tracker';

export function showTracker({ connection, path }: TrackerInput, { engine, isSplit }: Tracker): void {
  const jobs = engine.jobs();
  const troubled = Object.entries(troubledItems(jobs).byKind).map(([kind, count]) => `${count} ${kind}`);
  showLines([
    isSplit ? `**split** · ${plain(connection)}: two others poll its operations` : `**polling ${jobs.length}** · ${plain(connection)}`,
    '',
    path === '' ? undefined : `- part: ${path}`,
    troubled.length === 0 ? undefined : `- **in trouble**: ${troubled.join(', ')}`,
  ]);
}
