/** What an operator sees of a tracker in the Temporal UI: its current details, and its search attributes in lists. */
import type { LearntSettings } from '../../activities/messages';
import type { TrackerInput } from '../../activities/tracker/messages';
import type { TroubleKind } from '../../contract';
import { considerableTrouble, troubledItems } from '../batch/trouble';
import { SearchAttributes, type CarriedAttributes } from '../search-attributes';
import { plain, showLines } from '../show';
import type { Tracker } from './tracker';

export class TrackerView {
  private readonly attributes: SearchAttributes;
  private trouble: TroubleKind | undefined;

  /** @param written by the run before */
  constructor(
    private readonly input: TrackerInput,
    settings: LearntSettings,
    written: Record<string, string> | undefined,
  ) {
    this.attributes = new SearchAttributes(settings, written);
  }

  show({ engine, isSplit }: Tracker): void {
    const { connection, path } = this.input;
    const jobs = engine.jobs();
    const troubled = troubledItems(jobs);
    const kinds = Object.entries(troubled.byKind).map(([kind, count]) => `${count} ${kind}`);
    showLines([
      isSplit ? `**split** · ${plain(connection)}: two others poll its operations` : `**polling ${jobs.length}** · ${plain(connection)}`,
      '',
      path === '' ? undefined : `- part: ${path}`,
      kinds.length === 0 ? undefined : `- **in trouble**: ${kinds.join(', ')}`,
    ]);
    this.trouble = considerableTrouble(troubled, this.trouble);
    this.attributes.show({ connection, trouble: this.trouble });
  }

  /** What the next run needs of what was shown. Not to be cut by a cancellation. */
  carried(): Promise<CarriedAttributes> {
    return SearchAttributes.carried(this.attributes);
  }
}
